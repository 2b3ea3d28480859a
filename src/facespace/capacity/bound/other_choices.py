"""What the bound would be by other choices, and at other m."""

from __future__ import annotations

import numpy as np

from ..classes import VolumeRatios
from ..log_capacity import log_capacity
from ..result import DimPoint, Sensitivity
from ..students import EmbeddingStudent, Student
from .work import Work, whole_people

_PASSES = (10, 100)
_RESAMPLES = 30
_TIMES = (0.5, 0.71, 1.0, 1.41, 2.0)  # m


def other_choices(work: Work, m: int, student: Student, ratios: VolumeRatios, q: float, steps: int) -> list[Sensitivity]:
    """Without a student, by eq. 9 as printed, and of other students or passes, at the same m."""
    found = [changed("no student: projected points as they are", m, work.bare_ratios(student.projection), q)]
    printed = (ratios.printed["full", "max"], ratios.printed["full", "median"])
    largest, median = (whole_people(log_capacity(value, 0.0, m, q)) for value in printed)
    found.append(Sensitivity("covariances by eq. 9 as printed, no model of few images", m, largest, median))
    if isinstance(student, EmbeddingStudent):
        for passes in _PASSES:
            moments = student.sampled_moments(work.unit, passes, seed=work.seed)
            found.append(changed(f"T = {passes} passes instead of the limit", m, work.ratios(moments), q))
    else:
        other = EmbeddingStudent(student.projection, steps=steps, seed=work.seed).fit(work.unit)
        found.append(changed("a student that sees embeddings", m, work.ratios(other.moments(work.unit)), q))
    return found


def changed(what: str, m: int, ratios: VolumeRatios, q: float) -> Sensitivity:
    """The bound by these volumes."""
    values = (ratios.get("full", which).value for which in ("max", "median"))
    largest, median = (whole_people(log_capacity(value, 0.0, m, q)) for value in values)
    return Sensitivity(what, m, largest, median)


def bound_over_dims(work: Work, m: int, also: tuple[int, ...], q: float, steps: int) -> tuple[DimPoint, ...]:
    """The bound from m/2 to 2m and at `also`, without a student: each with a projection of its own, of `steps`."""
    most = min(work.unit.shape[1], len(work.unit) - 1)
    dims = sorted({max(2, round(times * m)) for times in _TIMES} | {m, *also})
    found = []
    for dim in dims:
        if dim > most:
            continue
        ratios = work.bare_ratios(work.project(dim, steps), _RESAMPLES)
        for which in ("max", "median"):
            r = ratios.get("full", which)
            value, low, high = (whole_people(log_capacity(np.float64(v), 0.0, dim, q)) for v in (r.value, r.low, r.high))
            found.append(DimPoint(dim, q, which, value, low, high))
    return tuple(found)
