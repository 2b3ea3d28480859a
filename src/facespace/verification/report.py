"""The report of one verification: key figures, TAR@FAR table, ROC and score histograms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..metrics import CurveLimits, TarAtFar, best_threshold
from ..report import Column, Curve, Figure, KeyFigure, KeyFigures, Report, Table, curves, histograms, interval
from .result import VerificationResult

INTERVALS = {
    "subjects": "95 % intervals are of people, not of pairs, because pairs that share a person depend on each other.",
    "pairs": "95 % intervals take pairs as if they were independent, because the people are not known.",
    "none": "No intervals were computed.",
}

_AREA, _EQUAL = "area under the ROC curve", "where FAR equals 1 − TAR"


def verification_report(result: VerificationResult, title: str = "Verification") -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    report = Report(title, result.counts, result.signature)
    cards = auc_and_eer(result.auc, result.eer, result.curve)
    if result.accuracy is not None:
        note = f"± {100 * result.accuracy.sd:.2f} over {len(result.accuracy.folds)} folds"
        if result.accuracy_low is not None and result.accuracy_high is not None:
            note += f"; 95 %: {100 * result.accuracy_low:.2f} to {100 * result.accuracy_high:.2f}"
        cards.insert(0, KeyFigure(f"{100 * result.accuracy.mean:.2f} %", "accuracy", note))
    report.add(KeyFigures(cards))
    report.warn(result.warnings)
    report.add(tar_table(result.tar, result.interval))
    roc = result.roc
    left = min(0.1, 1 / roc.n_impostor)
    lowest = roc.tar_at_far(left).tar
    report.add(
        roc_figure((roc.far, roc.tar), (left, lowest), (result.auc, result.eer), "The axis begins at one false accept.")
    )
    scores = np.concatenate([result.genuine_scores, result.impostor_scores])
    cut, _ = best_threshold(scores, np.arange(len(scores)) < result.genuine)
    groups = {"genuine": result.genuine_scores, "impostor": result.impostor_scores}
    report.add(
        Figure(
            "scores",
            histograms({"": groups}, thresholds={"": cut} if np.isfinite(cut) else None),
            title="Scores",
            caption="Cosine similarity of the two images of a pair; the line is the threshold with the fewest errors.",
            description="Histograms of genuine and impostor scores.",
        )
    )
    if result.accuracy is not None:
        folds = zip(result.accuracy.folds.tolist(), result.accuracy.thresholds.tolist(), strict=True)
        report.add(
            Table(
                "folds",
                ["fold", Column("accuracy", "%", ".2f"), Column("threshold", format=".4f")],
                [[f, 100 * a, t] for f, (a, t) in enumerate(folds, 1)],
                title="Folds",
                caption="Each fold is judged with the threshold that is best on the others.",
            )
        )
    return report


def auc_and_eer(auc: float, eer: float, limits: CurveLimits) -> list[KeyFigure]:
    """The key figures that every verification has."""
    area, error = ("; ".join(filter(None, one)) for one in ((_AREA, limits.auc), (_EQUAL, limits.eer)))
    return [KeyFigure(f"{auc:.5f}", "AUC", area), KeyFigure(f"{100 * eer:.2f} %", "EER", error)]


def tar_table(rows: Sequence[TarAtFar], how: str, nearest: Sequence[TarAtFar] = ()) -> Table:
    """TAR at each FAR, with intervals made as `how` says; `nearest` are the TARs at the nearest FARs."""
    columns: list[str | Column] = [
        Column("FAR", format="g"),
        Column("TAR", "%", ".2f"),
        *interval(),
        Column("threshold", format=".4f", hint="accepted is a score at or above it"),
        Column("false accepts", format=",d"),
    ]
    cells = [[r.far, *map(_percent, (r.tar, r.low, r.high)), r.threshold, r.false_accepts] for r in rows]
    caption = (
        "The threshold is the smallest score whose false accept rate is not above the one asked for. "
        + INTERVALS[how.split("-")[0]]
    )
    if nearest:
        columns.append(Column("nearest FAR", "%", ".2f", "TAR at the point whose FAR is nearest, which may be above it"))
        cells = [[*row, _percent(near.tar)] for row, near in zip(cells, nearest, strict=True)]
        caption += " Nearest FAR is the reading of published scripts, for comparison with their tables."
    return Table("tar-at-far", columns, cells, title="TAR at FAR", caption=caption)


def roc_figure(
    curve: tuple[NDArray[np.float64], NDArray[np.float64]],
    corner: tuple[float, float],
    auc_eer: tuple[float, float],
    caption: str,
) -> Figure:
    """The ROC (FAR, TAR) from the FAR of `corner` on, where its TAR is about that of `corner`."""
    left, lowest = corner
    foot = max(0.0, float(np.floor(10 * lowest - 0.5) / 10))  # a good network's curve lies in the topmost tenth
    return Figure(
        "roc",
        curves([Curve("", *curve)], x_range=(left, 1.0), y_range=(foot, 1.0)),
        title="ROC",
        caption=caption,
        description=f"ROC curve with an area of {auc_eer[0]:.5f} and an equal error rate of {100 * auc_eer[1]:.2f} %.",
    )


def _percent(rate: float | None) -> float | None:
    return None if rate is None else 100 * rate
