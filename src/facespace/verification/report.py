"""The report of one verification: key figures, TAR@FAR table, ROC and score histograms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..metrics import best_threshold
from .verify import VerificationResult

if TYPE_CHECKING:
    from ..report import Report

INTERVALS = {
    "subjects": "95 % intervals are of people, not of pairs, because pairs that share a person depend on each other.",
    "pairs": "95 % intervals take pairs as if they were independent, because the people are not known.",
    "none": "No intervals were computed.",
}


def verification_report(result: VerificationResult, title: str = "Verification") -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    from ..report import Column, Curve, Figure, KeyFigure, KeyFigures, Note, Notes, Report, Table, curves, histograms

    counts = f"{result.pairs:,} pairs: {result.genuine:,} genuine, {result.impostor:,} impostor"
    report = Report(title, counts, result.signature)
    cards = [
        KeyFigure(f"{result.auc:.5f}", "AUC", "area under the ROC curve"),
        KeyFigure(f"{100 * result.eer:.2f} %", "EER", "where FAR equals 1 − TAR"),
    ]
    if result.accuracy is not None:
        note = f"± {100 * result.accuracy.sd:.2f} over {len(result.accuracy.folds)} folds"
        if result.accuracy_low is not None and result.accuracy_high is not None:
            note += f"; 95 %: {100 * result.accuracy_low:.2f} to {100 * result.accuracy_high:.2f}"
        cards.insert(0, KeyFigure(f"{100 * result.accuracy.mean:.2f} %", "accuracy", note))
    report.add(KeyFigures(cards))
    if result.warnings:
        report.add(Notes([Note(text, "warning") for text in result.warnings]))
    report.add(
        Table(
            "tar-at-far",
            [
                Column("FAR", format="g"),
                Column("TAR", "%", ".2f"),
                Column("low", "%", ".2f", "95 % interval"),
                Column("high", "%", ".2f", "95 % interval"),
                Column("threshold", format=".4f", hint="accepted is a score at or above it"),
                Column("false accepts", format=",d"),
            ],
            [[r.far, _percent(r.tar), _percent(r.low), _percent(r.high), r.threshold, r.false_accepts] for r in result.tar],
            title="TAR at FAR",
            caption="The threshold is the smallest score whose false accept rate is not above the one asked for. "
            + INTERVALS[result.interval.split("-")[0]],
        )
    )
    roc = result.roc
    left = min(0.1, 1 / roc.n_impostor)
    lowest = np.floor(10 * roc.tar_at_far(left).tar - 0.5) / 10  # a good network's curve lies in the topmost tenth
    report.add(
        Figure(
            "roc",
            curves([Curve("", roc.far, roc.tar)], x_range=(left, 1.0), y_range=(max(0.0, float(lowest)), 1.0)),
            title="ROC",
            caption="The axis begins at one false accept.",
            description=f"ROC curve with an area of {result.auc:.5f} and an equal error rate of {100 * result.eer:.2f} %.",
        )
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


def _percent(rate: float | None) -> float | None:
    return None if rate is None else 100 * rate
