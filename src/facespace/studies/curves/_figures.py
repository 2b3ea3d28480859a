"""The figures of the sensitivity and the rank report, and the words that they share with its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...report import Band, Figure, lines_with_bands
from ._curve import CurvePoint, CurveResult, points

NEAR = 0.05  # loss that the second figure shows
SHOWN = 40  # values that a figure or table shows of many


@dataclass(frozen=True)
class Words:
    title: str
    question: str
    axis: str
    enough: str  # of a number
    full: str


WORDS = {
    "pairs": Words(
        "Sensitivity study",
        "How many pairs does the map need?",
        "Pairs fitted on",
        "{:,} pairs are enough",
        "all {:,} pairs",
    ),
    "rank": Words(
        "Rank study", "How few directions carry the map?", "Rank of the map", "Rank {:,} is enough", "full rank {:,}"
    ),
}


def accuracy_figure(result: CurveResult) -> Figure:
    bands = [_band(method, thinned(result.curve(method))) for method in result.methods]
    marks, reference = _mark(result)
    verb = "is" if 100 * result.loss == 1 else "are"
    dashed = f" Dashed upright: from where at most {points(result.loss)} of {reference} {verb} lost."
    return Figure(
        result.axis if result.axis == "rank" else "sensitivity",
        lines_with_bands(
            bands,
            x_title=f"{WORDS[result.axis].axis} (logarithmic)",
            y_title="Accuracy (%)",
            log_x=True,
            level=("target alone", 100 * result.own[1]),
            marks=marks,
        ),
        title=f"Accuracy, {result.source} → {result.target}",
        caption=intervals(result) + (dashed if marks else ""),
        description=f"Accuracy against {result.axis}, one line per method, with the target's own accuracy as a level.",
    )


def loss_figure(result: CurveResult) -> Figure | None:
    """The end of the curves, where the first figure is flat."""
    bands = []
    for method in result.methods:
        curve = result.curve(method)
        near = [p for p in curve if p.loss_target <= NEAR]
        if len(near) >= 3:
            bands.append(_band(method, thinned(near), own=result.own[1]))
    if not bands:
        return None
    return Figure(
        "loss",
        lines_with_bands(
            bands,
            x_title=f"{WORDS[result.axis].axis} (logarithmic)",
            y_title="Loss against the target (points)",
            log_x=True,
            level=("allowed", 100 * result.loss),
        ),
        title="The last points",
        caption=f"The same curves where at most {100 * NEAR:g} points are lost, as the loss against {result.target} alone.",
        description=f"Loss in points against {result.axis}, one line per method, with the allowed loss as a level.",
    )


def _mark(result: CurveResult) -> tuple[dict[str, float], str]:
    """The answer's number, labelled, and what the loss is counted from; several would write over each other."""
    for against, reference in (("target", f"{result.target}'s own accuracy"), ("full", "the full fit")):
        found = {m: n.value for m in result.methods if (n := result.needed(m, against)).value is not None}
        if found:
            method = min(found, key=lambda m: found[m] or 0)
            value = found[method] or 0
            label = f"{value:,} pairs ({method})" if result.axis == "pairs" else f"rank {value:,} ({method})"
            return {label: float(value)}, reference
    return {}, ""


def _band(method: str, points: Sequence[CurvePoint], own: float | None = None) -> Band:
    def shown(share: float | None, point: CurvePoint) -> float:
        value = point.accuracy if share is None else share
        return 100 * (value if own is None else own - value)

    lows, highs = [shown(p.low, p) for p in points], [shown(p.high, p) for p in points]
    if own is not None:
        lows, highs = highs, lows
    return Band(method, [p.value for p in points], [shown(None, p) for p in points], lows, highs)


def thinned(points: Sequence[CurvePoint], shown: int = SHOWN) -> list[CurvePoint]:
    """About `shown` of many points, evenly over the logarithm, with both ends."""
    if len(points) <= shown:
        return list(points)
    values = np.array([p.value for p in points])
    wanted = np.geomspace(values[0], values[-1], shown)
    return [points[i] for i in np.unique(np.abs(values[None] - wanted[:, None]).argmin(axis=1))]


def intervals(result: CurveResult) -> str:
    if result.axis == "rank":
        return "Bands: 95 % interval of the difference to full rank over the folds, about the accuracy."
    if result.repeats < 2:
        return "Each size was drawn once, so there are no intervals over draws."
    draws = result.repeats * result.accuracy.shape[3]
    return f"Bands: 95 % interval of the mean over {draws} draws of pairs ({result.repeats} in each fold)."
