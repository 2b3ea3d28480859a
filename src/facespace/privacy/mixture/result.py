"""What an audit for mixed networks found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ...embeddings import Floats, Strings
from ...results import fields
from ...shown import Result

Verdict = Literal["one network", "two networks", "unlike the reference", "another network"]

_LISTED = 1000  # templates in the document, those of the highest scores


@dataclass(frozen=True, eq=False, repr=False)
class MixtureResult(Result):
    """Which of n templates seem to come from elsewhere.

    Attributes:
        model: network that the set names. reference: name of the reference's network, None without a reference.
        verdict: "one network"; "two networks" in the set; "another network": nearly all templates are not the reference's;
            "unlike the reference": its network's directions, but more unlikely templates than in it (other crops, colours,
            people, or a map).
        templates, people: in the set; people 0 where nobody is known. sampled: templates that the laws were fitted on.
        foreign: how many templates are named. share, low, high: their part and its 95 % interval, from draws of people.
        agreement: of the named ones with the directions of the rest (or of the reference); 1 where they are the same.
        false_alarms: the share of clean templates that a reference's threshold names; None without one.
        threshold: of the scores. scores: (n,) log odds, or improbability (`audit_mixture`); higher is stranger.
        ids: (foreign,) of the named templates, highest score first; their `foreign_scores`.
    """

    reported_by: ClassVar[str] = "privacy.mixture_report"

    model: str
    reference: str | None
    verdict: Verdict
    templates: int
    people: int
    sampled: int
    foreign: int
    share: float
    low: float
    high: float
    agreement: float
    false_alarms: float | None
    threshold: float
    scored_by: Literal["log odds", "improbability"]
    scores: Floats
    ids: Strings
    foreign_scores: Floats
    warnings: tuple[str, ...]
    signature: str

    @property
    def mixed(self) -> bool:
        """Are there templates of another network?"""
        return self.verdict in ("two networks", "another network")

    @property
    def named(self) -> NDArray[np.bool_]:
        """(n,) which templates are named."""
        return np.asarray(self.scores > self.threshold) if self.foreign else np.zeros(self.templates, dtype=np.bool_)

    def brief(self) -> str:
        """The headline in a line."""
        return f"{self.model}: {self.verdict}; {self.foreign:,} of {self.templates:,} templates named"

    def to_dict(self) -> dict[str, Any]:
        """The document of `facespace audit mixture`."""
        names = "signature", "model", "reference", "verdict", "mixed", "templates", "people", "sampled", "foreign", "share"
        return {
            **fields(self, *names, "low", "high", "agreement", "false_alarms", "threshold", "scored_by"),
            "strangest": [
                {"id": name, "score": score}
                for name, score in zip(self.ids[:_LISTED].tolist(), self.foreign_scores[:_LISTED].tolist(), strict=True)
            ],
            **fields(self, "warnings"),
        }
