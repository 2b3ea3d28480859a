"""The likelihood ratio as a value with its interval, and in the words that forensic laboratories use."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ...results import fields

#: Support by the ratio from which on it is so called. Source: European Network of Forensic Science Institutes, ENFSI
#: guideline for evaluative reporting in forensic science, approved version 3.0, 2015, its example of verbal equivalents.
ENFSI = (
    (2.0, "weak"),
    (10.0, "moderate"),
    (100.0, "moderately strong"),
    (1_000.0, "strong"),
    (10_000.0, "very strong"),
    (1_000_000.0, "extremely strong"),
)


def verbal(ratio: float) -> str:
    """The word for a ratio of at least 1, "" below the first of ENFSI.

    >>> verbal(50), verbal(2e6), verbal(1.2)
    ('moderate', 'extremely strong', '')
    """
    return next((word for start, word in reversed(ENFSI) if ratio >= start), "")


@dataclass(frozen=True)
class LikelihoodRatio:
    """How many times more often such a score comes of two images of one person than of images of two people.

    Attributes:
        value: the ratio; where it is bounded, the bound.
        low, high: its 95 % interval; None where the reference doesn't bound it on this side.
        bound: "" for a measured ratio, "at least" where no two people of the reference scored so high, "at most" where
            no one person's images scored so low.
    """

    value: float
    low: float | None
    high: float | None
    bound: str = ""

    @property
    def cautious(self) -> float:
        """The end of the interval that is nearest to 1; 1 where the interval holds it."""
        low, high = self.low or 0.0, math.inf if self.high is None else self.high
        return 1.0 if low <= 1 <= high else (low if low > 1 else high)

    def words(self) -> str:
        """What the ratio says, on ENFSI's scale, by the end of its interval that is nearest to 1.

        >>> LikelihoodRatio(5_000, 1_200, 21_000).words()
        'strong support for one person rather than two'
        >>> LikelihoodRatio(0.01, 0.004, 0.02).words()
        'moderate support for two people rather than one'
        >>> LikelihoodRatio(1.4, 0.7, 3.0).words()
        'no support for one person or for two'
        """
        strength = self.cautious
        word = verbal(strength if strength >= 1 else 1 / max(strength, 1e-300))
        if not word:
            return "no support for one person or for two"
        one, other = ("one person", "two people") if strength > 1 else ("two people", "one person")
        return f"{word} support for {one} rather than {other.removesuffix(' person').removesuffix(' people')}"

    def text(self) -> str:
        """The ratio and its interval in one line.

        >>> LikelihoodRatio(5_123, 1_213, 21_470).text(), LikelihoodRatio(0.0042, 0.002, 0.0078).text()
        ('5,100 (1,200 to 21,000)', '1/240 (1/500 to 1/130)')
        >>> LikelihoodRatio(31_000, 31_000, None, "at least").text()
        'at least 31,000'
        """
        if self.bound or self.low is None or self.high is None:
            return f"{self.bound or 'about'} {_short(self.value)}"
        return f"{_short(self.value)} ({_short(self.low)} to {_short(self.high)})"

    def to_dict(self) -> dict[str, Any]:
        """The document: all fields, and the words."""
        return {**fields(self, "value", "low", "high", "bound"), "words": self.words()}


def _short(ratio: float) -> str:
    """Two digits: a ratio of 512,345 is known to no more."""
    if ratio == 0 or math.isinf(ratio):
        return "0" if ratio == 0 else "∞"
    times = ratio if ratio >= 1 else 1 / ratio
    digits = 1 - math.floor(math.log10(times))
    rounded = round(times, digits)
    text = f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:.1f}"
    return text if ratio >= 1 else f"1/{text}"
