"""What happens as the gallery grows: counted where this set has so many people, by the model everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..gallery_growth import false_positive_rate
from .evidence import Impostors
from .model import Model
from .result import Estimated, SizeCurve
from .tail import Doubles

_CURVE, _BEYOND = 25, 10  # sizes on the curve, to so many times the set's people at least
ENDS = (2.5, 97.5)


@dataclass(frozen=True, eq=False)
class Answer:
    """The model, its draws, and what they say at the rates that are asked for."""

    model: Model
    draws: list[Model]
    people: Estimated
    threshold: Estimated
    far: Estimated


def _above(found: Impostors, threshold: float, weights: Doubles | None = None) -> Doubles:
    """(P,) how many others score so high against each person."""
    kept = found.scores >= threshold
    left, right = found.left[kept], found.right[kept]
    w = np.ones(found.people) if weights is None else weights
    return np.asarray(np.bincount(left, w[right], found.people) + np.bincount(right, w[left], found.people), np.float64)


def _counted(found: Impostors, answer: Answer, sizes: np.ndarray) -> np.ndarray:
    """(3, k) measured FPIR with its interval at the threshold, for galleries of the set's own people."""
    tau, others = answer.threshold.value, found.people - 1
    value = false_positive_rate(_above(found, tau), others, sizes)
    drawn = []
    for one in answer.draws:
        w = one.weights[: found.people] if one.weights is not None else np.ones(found.people)
        w = w * (found.people / w.sum())
        drawn.append(false_positive_rate(_above(found, tau, w), others, sizes, w))
    low, high = np.percentile(drawn, ENDS, axis=0)
    middle = np.mean(drawn, axis=0)
    return np.asarray(
        np.clip([value, np.minimum(value + low - middle, value), np.maximum(value + high - middle, value)], 0, 1)
    )


def measured(found: Impostors, answer: Answer, fpir: float) -> Estimated | None:
    """The gallery in which FPIR is reached by counting, at the threshold as it is."""
    if answer.threshold.value < found.start:
        return None
    sizes = np.unique(np.geomspace(1, found.people - 1, 200).astype(np.intp))
    value, low, high = _counted(found, answer, sizes)
    if value[-1] < fpir:
        return None
    # Where FPIR may be higher the gallery is smaller; an end that the set does not reach is the set.
    ends = [float(np.interp(fpir, curve, sizes)) for curve in (value, high, low)]
    return Estimated(*ends)


def size_curve(found: Impostors, answer: Answer, fpir: float) -> SizeCurve:
    """From 10 people to ten times the set's and more, and exactly as many as a gallery of this set can have."""
    most = max(_BEYOND * found.people, min(3 * answer.people.value, 1e3 * found.people))
    sizes = np.unique(np.round(np.append(np.geomspace(min(10, found.people - 1), most, _CURVE), found.people - 1)))
    inside = sizes <= found.people - 1
    counted = np.full((3, len(sizes)), np.nan)
    if answer.threshold.value >= found.start:
        counted[:, inside] = _counted(found, answer, sizes[inside].astype(np.intp))
    tau = answer.threshold.value
    rows: list[Doubles] = []
    for what in ("fpir", "fnir", "rank1"):
        value, *drawn = (_at(one, what, tau, fpir, sizes) for one in (answer.model, *answer.draws))
        low, high = np.percentile(drawn, ENDS, axis=0)
        rows += [np.minimum(each, 1.0) for each in (value, np.minimum(low, value), np.maximum(high, value))]
    return SizeCurve(sizes, inside, *rows[:3], *counted, *rows[3:])


def _at(model: Model, what: str, threshold: float, fpir: float, sizes: Doubles) -> Doubles:
    if what == "fpir":
        return model.fpir(threshold, sizes)
    return model.fnir(fpir, sizes) if what == "fnir" else model.rank1(sizes)
