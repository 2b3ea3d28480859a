"""The figures of the cross-model report: ROC curves and score histograms of telling pairs of networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...metrics import Roc, best_threshold
from ...report import Curve, Figure, curves, histograms
from .study import Cell, CrossModelResult

NEAR_CHANCE = 0.24  # of the way from chance to 1: unrelated spaces compared directly stay below it


def near_chance(accuracy: float, chance: float) -> bool:
    """Whether `accuracy` says little more than the shares of the classes do."""
    return accuracy <= chance + NEAR_CHANCE * (1 - chance)


def examples(result: CrossModelResult, pairing: str, method: str) -> list[Cell]:
    """The pairs of networks with the least, the median and the largest loss."""
    cells = sorted(
        (c for c in result.cells if (c.pairing, c.method) == (pairing, method)), key=lambda cell: cell.loss_target
    )
    return [cells[i] for i in dict.fromkeys((0, len(cells) // 2, len(cells) - 1))]


def roc_figure(result: CrossModelResult, shown: Sequence[Cell]) -> Figure:
    lines = []
    names = ("least loss", "median loss", "largest loss")
    for title, cell in zip(names[: len(shown) - 1] + names[-1:], shown, strict=True):
        panel = f"{cell.source} →\n{cell.target} ({title})"
        roc = _roc(cell, result.same)
        lines.append(Curve("no map" if cell.method == "identity" else f"mapped ({cell.method})", roc.far, roc.tar, panel))
        own = {"source alone": cell.source, "target alone": cell.target}
        for label, name in own.items():
            roc = result.native[result.models.index(name)].roc
            lines.append(Curve(label, roc.far, roc.tar, panel))
    left = max(1 / int((~result.same).sum()), 1e-4)
    # From the tenth that the lowest curve begins in; spaces compared without a map run along the diagonal and would
    # squeeze all others into the top, so they are in the histograms instead.
    start = min(float(np.interp(left, np.asarray(line.x), np.asarray(line.y))) for line in lines)
    bottom = max(0.0, float(np.floor(10 * start - 0.5)) / 10)
    return Figure(
        "roc",
        curves(lines, x_range=(left, 1.0), y_range=(bottom, 1.0)),
        title="ROC curves",
        caption="Scores of all folds together, each under the map of its own fold. The x axis begins at one false accept, "
        f"the y axis at {bottom:g}.",
        description="ROC curves of up to three pairs of networks: both networks alone, and compared with each other.",
    )


def histogram_figure(result: CrossModelResult, cell: Cell) -> Figure:
    panels, cuts = {}, {}
    for method, title in (("identity", "without a map"), (cell.method, f"mapped ({cell.method})")):
        match = [c for c in result.cells if (c.source, c.target, c.pairing, c.method) == (*_names(cell), method)]
        if not match:
            continue
        scores = match[0].scores.astype(np.float64)
        panels[title] = {"genuine": scores[result.same], "impostor": scores[~result.same]}
        if not near_chance(match[0].accuracy.mean, result.chance):  # at chance no threshold means anything
            cuts[title] = best_threshold(scores, result.same)[0]
    own = result.native[result.models.index(cell.target)]
    panels["target alone"] = {"genuine": own.genuine_scores, "impostor": own.impostor_scores}
    cuts["target alone"] = best_threshold(
        np.concatenate([own.genuine_scores, own.impostor_scores]), np.arange(own.pairs) < own.genuine
    )[0]
    finite = {panel: cut for panel, cut in cuts.items() if np.isfinite(cut)}
    return Figure(
        "scores",
        histograms(panels, thresholds=finite),
        title=f"Scores before and after mapping: {cell.source} → {cell.target}",
        caption="The pair of networks with the largest loss. The line is the threshold with the fewest errors.",
        description="Histograms of genuine and impostor scores without a map, mapped, and of the target network alone.",
    )


def _names(cell: Cell) -> tuple[str, str, str]:
    return cell.source, cell.target, cell.pairing


def _roc(cell: Cell, same: np.ndarray) -> Roc:
    return Roc(cell.scores[same], cell.scores[~same])
