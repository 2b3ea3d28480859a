"""What a linkage audit found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..results import fields
from ..shown import Result
from .rates import Rate, fnir_facts

FPIRS = (1e-1, 1e-2)


@dataclass(frozen=True)
class LinkagePoint:
    """The attack with one number of leaked pairs.

    Attributes:
        source, target: system of the anonymous probes, and of the gallery with names.
        leaked: pairs of embeddings of one image that the map was fitted on.
        refine: the map was sharpened on the probes and the gallery, without their labels.
        rank1: share of the mated probes that are named, mean over the repeats.
        low, high: 95 % interval, from draws of people and of repeats.
        fnir_at_fpir: by FPIR: FNIR and its interval.
        rank1_by_repeat: of each repeat, each with other leaked pairs.
        refused: repeats in which refine refused; the map as it was fitted stands in for them.
    """

    source: str
    target: str
    leaked: int
    refine: bool
    rank1: float
    low: float
    high: float
    fnir_at_fpir: dict[float, Rate]
    rank1_by_repeat: tuple[float, ...]
    refused: int = 0

    def to_dict(self) -> dict[str, Any]:
        """One of the document's "points"."""
        return {
            **fields(self, "source", "target", "leaked", "refine", "rank1", "low", "high"),
            **fnir_facts(self.fnir_at_fpir),
            **fields(self, "rank1_by_repeat", "refused"),
        }


@dataclass(frozen=True)
class LinkageBound:
    """One system's probes against its own gallery, in the same design: what is to be had without a map.

    An attack may do a little better than the poorer system by itself.
    """

    model: str
    rank1: float
    low: float
    high: float
    fnir_at_fpir: dict[float, Rate]

    def to_dict(self) -> dict[str, Any]:
        """One of the document's "bounds"."""
        return {**fields(self, "model", "rank1", "low", "high"), **fnir_facts(self.fnir_at_fpir)}


@dataclass(frozen=True, repr=False)
class LinkageResult(Result):
    """What the audit found; `points` of both directions, ascending in leaked pairs.

    `counts`: leaked_people, attacked_people, gallery (images), mated_probes, nonmated_probes.
    """

    reported_by: ClassVar[str] = "privacy.linkage_report"

    source: str
    target: str
    method: str
    chance: float
    points: tuple[LinkagePoint, ...]
    bounds: tuple[LinkageBound, ...]
    counts: dict[str, int]
    warnings: tuple[str, ...]
    signature: str
    fpirs: tuple[float, ...] = field(default=FPIRS)

    def direction(self, source: str, refine: bool) -> list[LinkagePoint]:
        """The points with probes of `source`."""
        return [p for p in self.points if p.source == source and p.refine == refine]

    def brief(self) -> str:
        """The headline and its counts in a line."""
        last = max(self.points, key=lambda point: point.leaked)
        return (
            f"{self.source} → {self.target}: rank-1 {100 * last.rank1:.2f} % [{100 * last.low:.2f}, {100 * last.high:.2f}] "
            f"with {last.leaked:,} leaked pairs, {100 * self.chance:.2f} % by chance; {self.counts['mated_probes']:,} probes"
        )

    def to_dict(self) -> dict[str, Any]:
        """The document of `facespace audit linkage`; rates between 0 and 1, intervals at 95 %."""
        return {
            **fields(self, "signature", "source", "target", "method", "chance"),
            "points": [point.to_dict() for point in self.points],
            "bounds": [bound.to_dict() for bound in self.bounds],
            **fields(self, "counts", "warnings"),
        }
