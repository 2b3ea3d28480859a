"""What happens as the gallery grows: counted where this set has so many people, by the model everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...metrics import open_end
from ..gallery_growth import false_positive_rate, unseen_fpir
from .evidence import Impostors
from .model import Model
from .result import Estimated, SizeCurve
from .searches import Searches
from .shape import Shape
from .tail import Doubles

_CURVE, _BEYOND = 25, 10  # sizes on the curve, to so many times the set's people at least
_LEVELS, _FEW_DRAWS = 40, 100  # thresholds at which FPIR is counted for the counted FNIR; draws of the counted rank-1
ENDS = (2.5, 97.5)


@dataclass(frozen=True, eq=False)
class Answer:
    """The model, its draws, and what they say at the rates that are asked for; sizes, fars: (b,) of each draw."""

    model: Model
    draws: list[Model]
    shape: Shape
    people: Estimated
    threshold: Estimated
    far: Estimated
    sizes: Doubles
    fars: Doubles


def above(found: Impostors, threshold: float, weights: Doubles | None = None) -> Doubles:
    """(P,) how many others score so high against each person."""
    first = int(np.searchsorted(found.scores, threshold))
    left, right = found.left[first:], found.right[first:]
    w = np.ones(found.people) if weights is None else weights
    return np.asarray(np.bincount(left, w[right], found.people) + np.bincount(right, w[left], found.people), np.float64)


def _weights(one: Model, people: int) -> Doubles:
    """(P,) of a draw, of mean 1."""
    w = one.weights[:people] if one.weights is not None else np.ones(people)
    return np.asarray(w * (people / w.sum()))


def _about(value: Doubles, drawn: list[Doubles]) -> Doubles:
    """(3, k) the value with an interval as wide as that of the draws: these hold some people twice, whose galleries have
    fewer to be confused with, so that only their spread is taken."""
    low, high = np.percentile(drawn, ENDS, axis=0)
    middle = np.mean(drawn, axis=0)
    ends = [value, np.minimum(value + low - middle, value), np.maximum(value + high - middle, value)]
    return np.asarray(np.clip(ends, 0, 1))


def _counted(found: Impostors, answer: Answer, sizes: np.ndarray) -> Doubles:
    """(3, k) measured FPIR with its interval at the threshold, for galleries of the set's own people."""
    tau, others = answer.threshold.value, found.people - 1
    value = false_positive_rate(above(found, tau), others, sizes)
    drawn = []
    for one in answer.draws:
        w = _weights(one, found.people)
        drawn.append(false_positive_rate(above(found, tau, w), others, sizes, w))
    counted = _about(value, drawn)
    if not value.any():
        counted[2] = np.maximum(counted[2], unseen_fpir(found.people, sizes))
    return counted


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


def _counted_rank1(found: Impostors, searches: Searches, answer: Answer, sizes: np.ndarray) -> Doubles:
    """(3, k) measured: the searches' own people above all others of the gallery."""
    others, own = found.people - 1, searches.weights
    # A gallery of N people has the searched one and N − 1 of the others.
    value = 1 - false_positive_rate(searches.above(), others, sizes - 1, own)
    drawn = []
    for one in answer.draws[:_FEW_DRAWS]:
        w = _weights(one, found.people)
        drawn.append(1 - false_positive_rate(searches.above(w), others, sizes - 1, own * w[searches.mates]))
    counted = _about(value, drawn)
    if not searches.higher.nnz:
        wrong = unseen_fpir(found.people, sizes - 1, len(np.unique(searches.mates)))
        counted[1] = np.minimum(counted[1], 1 - wrong)
    return counted


def _counted_fnir(found: Impostors, searches: Searches, answer: Answer, fpir: float, sizes: np.ndarray) -> Doubles:
    """(3, k) measured: searches below the threshold at which FPIR is counted as `fpir`; NaN where that is below u.

    The interval takes these thresholds as they are."""
    ranks = np.unique(np.geomspace(1, len(found.scores), _LEVELS).astype(np.intp))
    levels = np.append(found.scores[len(found.scores) - ranks][::-1], np.nextafter(found.scores[-1], 2))
    rates = np.array([false_positive_rate(above(found, tau), found.people - 1, sizes) for tau in levels])
    whole = np.ones(found.people)
    counted = np.full((3, len(sizes)), np.nan)
    for place in np.flatnonzero(rates[0] >= fpir):
        tau = float(np.interp(fpir, rates[::-1, place], levels[::-1]))
        drawn = [searches.below(tau, _weights(one, found.people)) for one in answer.draws]
        value = searches.below(tau, whole)
        low, high = np.percentile(drawn, ENDS)
        counted[:, place] = value, *open_end(value, (min(low, value), max(high, value)), len(np.unique(searches.mates)))
    return counted


def size_curve(found: Impostors, searches: Searches, answer: Answer, fpir: float) -> SizeCurve:
    """From 10 people to ten times the set's and more, and exactly as many as a gallery of this set can have."""
    most = max(_BEYOND * found.people, min(3 * answer.people.value, 1e3 * found.people))
    sizes = np.unique(np.round(np.append(np.geomspace(min(10, found.people - 1), most, _CURVE), found.people - 1)))
    inside = sizes <= found.people - 1
    counted = np.full((9, len(sizes)), np.nan)
    within = sizes[inside].astype(np.intp)
    if answer.threshold.value >= found.start:
        counted[:3, inside] = _counted(found, answer, within)
    if len(searches.mates):
        counted[3:6, inside] = _counted_fnir(found, searches, answer, fpir, within)
        counted[6:, inside] = _counted_rank1(found, searches, answer, within)
    tau = answer.threshold.value
    rows: list[Doubles] = []
    for what in ("fpir", "fnir", "rank1"):
        value, *drawn = (_at(one, what, tau, fpir, sizes) for one in (answer.model, *answer.draws))
        low, high = np.percentile(drawn, ENDS, axis=0)
        rows += [np.minimum(each, 1.0) for each in (value, np.minimum(low, value), np.maximum(high, value))]
    return SizeCurve(sizes, inside, *rows, *counted)


def _at(model: Model, what: str, threshold: float, fpir: float, sizes: Doubles) -> Doubles:
    if what == "fpir":
        return model.fpir(threshold, sizes)
    return model.fnir(fpir, sizes) if what == "fnir" else model.rank1(sizes)
