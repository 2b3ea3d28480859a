"""What `gallery_size` found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...io import jsonable
from ...results import fields
from ...shown import Result
from .suspects import SuspectPair
from .tail import Doubles

_CURVES = ("fpir", "measured", "fnir", "measured_fnir", "rank1", "measured_rank1")
_CONFUSED = 20  # in the document


@dataclass(frozen=True)
class Estimated:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Target:
    """N* at other rates than those asked for."""

    fpir: float
    fnir: float
    people: Estimated
    threshold: float


@dataclass(frozen=True)
class ConfusedPerson:
    """One person's false matches at the threshold.

    Attributes:
        id: the image that stands for the person.
        others: of how many other people it reaches the threshold.
        rate: the share of strangers that it would be taken for, with its interval.
        matches: these others' images and scores, highest first, 20 at most.
    """

    id: str
    others: int
    rate: Estimated
    matches: tuple[tuple[str, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """One of the document's "confused"."""
        found = fields(self, "id", "others", "rate")
        return {**found, "matches": [{"id": name, "score": score} for name, score in self.matches]}


@dataclass(frozen=True, eq=False)
class SizeCurve:
    """What happens as the gallery grows, (k,) each.

    Attributes:
        sizes: people in the gallery.
        inside: whether this set has so many people, so that the size is within what was measured.
        fpir: FPIR at the threshold; measured, measured_low, measured_high: the same by counting, NaN beyond the set.
        fnir: FNIR with the threshold raised until FPIR is as asked for.
        rank1: the share of searches whose own person is the best of all.
        measured_fnir, measured_rank1: these by counting: searches with the set's other images in galleries of its people.
        *_low, *_high: 95 % intervals.
    """

    sizes: Doubles
    inside: NDArray[np.bool_]
    fpir: Doubles
    fpir_low: Doubles
    fpir_high: Doubles
    fnir: Doubles
    fnir_low: Doubles
    fnir_high: Doubles
    rank1: Doubles
    rank1_low: Doubles
    rank1_high: Doubles
    measured: Doubles
    measured_low: Doubles
    measured_high: Doubles
    measured_fnir: Doubles
    measured_fnir_low: Doubles
    measured_fnir_high: Doubles
    measured_rank1: Doubles
    measured_rank1_low: Doubles
    measured_rank1_high: Doubles

    def to_dict(self) -> dict[str, Any]:
        """Of the document's "curve"; what is beyond the set has null where it was to be counted."""
        names = [f"{name}{end}" for name in _CURVES for end in ("", "_low", "_high")]
        return {"gallery": self.sizes, "inside": self.inside, **fields(self, *names)}


@dataclass(frozen=True, eq=False, repr=False)
class GallerySize(Result):
    """How many people the gallery may hold.

    Attributes:
        fpir, fnir: what was asked for.
        people: N*, with its interval.
        measured: the gallery of this set's own people in which FPIR is reached at the same threshold, counted; None
        where all
            of them are too few, or where the threshold is so low that FMR exceeds the share of scores that is kept.
        with_suspects: N* if the suspicious pairs count as strangers; None without such pairs.
        threshold: τ_β, with its interval.
        far: FMR there, with its interval.
        shape, scale, start, share: ξ, σ, u and k/M of the tail; theta: θ at this FPIR.
        shape_own, shape_error: ξ by this set alone with its standard error; shape_weight: its share in the draws of ξ, the
            rest being what other networks have (1 from 1,000 people; `shape.py`).
        targets: N* at other FPIR and FNIR.
        confused: all people by falling rate of false matches, with whom.
        curve: what happens as the gallery grows.
        suspects: pairs that were not counted.
        genuine_part: share of the variance of log N* that comes from the genuine scores.
        counts: images; excluded; people, of which one image each is compared; impostor_pairs; tail_pairs, k; genuine_pairs;
        genuine_people,
            who have them; halving_people and halving_pairs, how many of these would halve the interval (0: no number would).
    """

    reported_by: ClassVar[str] = "capacity.size_report"

    model: str
    fpir: float
    fnir: float
    people: Estimated
    measured: Estimated | None
    with_suspects: Estimated | None
    threshold: Estimated
    far: Estimated
    shape: float
    scale: float
    start: float
    share: float
    theta: float
    shape_own: float
    shape_error: float
    shape_weight: float
    targets: tuple[Target, ...]
    confused: tuple[ConfusedPerson, ...]
    curve: SizeCurve
    suspects: tuple[SuspectPair, ...]
    genuine_part: float
    counts: dict[str, int]
    warnings: tuple[str, ...]
    signature: str

    @property
    def extrapolated(self) -> bool:
        """Whether N* is beyond the people of this set."""
        return self.people.value >= self.counts["people"]

    def brief(self) -> str:
        """The headline and its counts in a line."""
        size, people = self.people, self.counts["people"]
        limits = f"[{size.low:,.0f}, {size.high:,.0f}]"
        return f"{size.value:,.0f} people {limits} at FPIR {self.fpir:g}, FNIR {self.fnir:g}, from {people:,} people"

    def to_dict(self) -> dict[str, Any]:
        """The document's "gallery_size": sizes are numbers of people, intervals at 95 %."""
        document = {
            **fields(self, "signature", "model", "fpir", "fnir", "people", "extrapolated", "measured", "with_suspects"),
            **fields(self, "threshold", "far"),
            "tail": fields(self, "shape", "shape_own", "shape_error", "shape_weight", "scale", "start", "share", "theta"),
            "targets": self.targets,
            "confused": self.confused[:_CONFUSED],
            "curve": self.curve.to_dict(),
            **fields(self, "suspects", "genuine_part", "counts", "warnings"),
        }
        return dict(jsonable(document))
