"""The paper's bound for several networks, at one m for all: it depends more on m than on the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...embeddings import Floats
from ...errors import InputError
from ...results import fields
from ..bound import Work, bound_over_dims, whole_people
from ..gallery_growth import Entries, growth_curve
from ..intrinsic_dimension import intrinsic_dimension
from ..log_capacity import log_capacity
from ..person_pairs import Rows, pair_scores
from ..result import DimPoint
from ..students import EmbeddingStudent

_STEPS, _FEW_STEPS = 800, 300  # of training; the few for other m
_DRAWS = 20
_LEAST_CLASSES = 10


@dataclass(frozen=True)
class DimBound:
    """The bound of one network.

    Attributes:
        largest, median: at q = 1 % and the m of all, of the largest and the median person, with a student.
        by_dim: at other m, without a student.
        limit: the gallery of the set's own people in which half of the strangers are falsely identified at a FNMR of q;
            None where all of them are not enough; `people` in all.
        intrinsic_dimension: what this network's own m would have been.
    """

    largest: DimPoint
    median: DimPoint
    by_dim: tuple[DimPoint, ...]
    limit: float | None
    people: int
    intrinsic_dimension: int

    @property
    def contradicted(self) -> bool:
        """Whether galleries of this set's own people hold more than the bound of the largest person allows."""
        return self.largest.capacity < (self.limit or self.people)

    def to_dict(self) -> dict[str, Any]:
        """The document's "bound" of a network."""
        named = "largest", "median", "by_dim", "limit", "contradicted", "intrinsic_dimension"
        return fields(self, *named)


def dims_of(units: Sequence[Floats], seed: int) -> list[int]:
    """The intrinsic dimension of each network's images."""
    return [intrinsic_dimension(unit, seed=seed).chosen for unit in units]


def check_classes(person: Rows, q: float) -> None:
    """InputError where too few people have two images, or q is no share."""
    log_capacity(0.0, 0.0, 2, [q])
    classes = int(np.count_nonzero(np.bincount(person) >= 2))
    if classes < _LEAST_CLASSES:
        raise InputError(
            f"{classes:,} people have two images or more: the paper's bound needs {_LEAST_CLASSES}",
            "Compare without it: bound=False, --no-bound.",
        )


def dim_bound(
    unit: Floats, person: Rows, m: int, own: int, q: float, resamples: int, seed: int, done: Callable[[], None]
) -> DimBound:
    """The bound of rows of unit length (n, d), of people (n,), at m."""
    work = Work(unit, person, 2, seed)
    student = EmbeddingStudent(work.project(m, _STEPS), steps=_STEPS, seed=seed).fit(unit)
    done()
    ratios = work.ratios(student.moments(unit), resamples, _DRAWS)
    points = []
    for which in ("max", "median"):
        r = ratios.get("full", which)
        ends = (whole_people(log_capacity(np.float64(v), 0.0, m, q)) for v in (r.value, r.low, r.high))
        points.append(DimPoint(m, q, which, *ends))
    done()
    by_dim = bound_over_dims(work, m, (), q, _FEW_STEPS)
    done()
    scores = pair_scores(unit, person, seed)
    tau = scores.miss_threshold(q)
    people = len(scores.rows)
    # Without a genuine pair that falls short nothing is measured, and nothing contradicted.
    limit: float | None = 1.0
    if tau is not None:
        limit = growth_curve(Entries.by_cosine(unit[scores.rows]), tau, q, "fnmr", "embedding", seed=seed).limit
    return DimBound(points[0], points[1], by_dim, limit, people - 1, own)
