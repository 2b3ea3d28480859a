"""How numbers and names are written, the same way in HTML, in figures and in the terminal."""

from __future__ import annotations

import math
import re

import numpy as np

BLANK = "–"


def number(value: object, spec: str = "") -> str:
    """`value` as text by the format `spec`; without one, whole numbers are grouped and others get two decimals.

    Missing values are a dash, the minus is a real minus and never stands before a zero.

    >>> number(6000), number(-0.312, ".1f"), number(-0.01, ".1f"), number(float("nan")), number("ridge")
    ('6,000', '−0.3', '0.0', '–', 'ridge')
    """
    if value is None:
        return BLANK
    if not is_number(value):
        return str(value)
    if isinstance(value, float | np.floating) and math.isnan(value):
        return BLANK
    text = format(value, spec or (",d" if isinstance(value, int | np.integer) else ",.2f"))
    if text.startswith("-") and not re.search("[1-9]", re.sub("e.*", "", text)):
        text = text[1:]
    return "−" + text[1:] if text.startswith("-") else text


class Valued(str):
    """A number with its interval in one text, which a table keeps in one line."""

    __slots__ = ()


def valued(value: float, low: float | None, high: float | None, spec: str = ".2f", unit: str = "") -> Valued:
    """A number with its interval, for a sentence or one cell of a table; alone where the interval was not computed.

    >>> valued(5, 4.1, 6, ".1f", " %"), valued(-0.5, None, None)
    ('5.0 % (4.1 to 6.0)', '−0.50')
    """
    if low is None or high is None:
        return Valued(number(value, spec) + unit)
    return Valued(f"{number(value, spec)}{unit} ({number(low, spec)} to {number(high, spec)})")


def rated(rate: float, low: float | None, high: float | None, spec: str = ".1f") -> Valued:
    """A share in percent with its interval.

    >>> rated(0.993, 0.979, 1.0)
    '99.3 % (97.9 to 100.0)'
    """
    least, most = percents(low, high)
    return valued(100 * rate, least, most, spec, " %")


def percents(*rates: float | None) -> list[float | None]:
    """Shares in percent; what is missing stays so.

    >>> percents(0.5, None)
    [50.0, None]
    """
    return [None if rate is None else 100 * rate for rate in rates]


def is_number(value: object) -> bool:
    """True for what is ordered and aligned as a number; bool is a word here."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def slug(text: str) -> str:
    """`text` as the id of an element or the stem of a file name.

    >>> slug("Accuracy, before & after")
    'accuracy-before-after'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "section"
