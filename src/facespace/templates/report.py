"""The report of a verification of templates: TAR@FAR table, ROC and DET down to a FAR of 1e-6, and warnings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..metrics import Roc
from ..report import Curve, Figure, KeyFigure, KeyFigures, Report, Text, curves
from ..verification import auc_and_eer, roc_figure, tar_table
from .result import TemplateVerificationResult

_LOWEST_FAR = 1e-6
_SHOWN = 20_000  # points of the curve that are handed to the charts, which thin them further


def template_report(result: TemplateVerificationResult, title: str = "Verification of templates") -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    people = "" if result.people is None else f" of {result.people:,} people"
    counts = (
        f"{result.pairs:,} pairs of {result.templates:,} templates{people}: {result.genuine:,} genuine, "
        f"{result.impostor:,} impostor"
    )
    report = Report(title, counts, result.signature)
    cards = auc_and_eer(result.auc, result.eer, result.curve)
    safe = [row for row in result.tar if not row.warning]
    if safe:
        row = min(safe, key=lambda r: r.far)
        note = "" if row.low is None or row.high is None else f"95 %: {100 * row.low:.2f} to {100 * row.high:.2f}"
        cards.insert(0, KeyFigure(f"{100 * row.tar:.2f} %", f"TAR at FAR {row.far:g}", note))
    report.add(KeyFigures(cards))
    report.warn(result.warnings)
    report.add(tar_table(result.tar, result.interval, result.nearest))
    x, tar = roc_points(result.roc, _SHOWN)
    left = max(_LOWEST_FAR, min(0.1, 1 / result.impostor))
    first = max(int(np.searchsorted(x, left, side="right")) - 1, 0)
    caption = "Share of genuine pairs accepted, by the share of impostor pairs accepted."
    report.add(roc_figure((x, tar), (left, tar[first]), (result.auc, result.eer), caption))
    missed = 1.0 - tar
    foot = 10.0 ** np.floor(np.log10(max(float(missed[missed > 0].min(initial=0.5)), 0.5 / result.genuine)))
    top = 10.0 ** np.ceil(np.log10(max(float(missed[first]), 10 * foot)))
    report.add(
        Figure(
            "det",
            curves(
                [Curve("", x, missed)],
                y_title="False reject rate",
                x_range=(left, 1.0),
                y_range=(float(foot), float(min(top, 1.0))),
                log_y=True,
            ),
            title="DET",
            caption="Share of genuine pairs rejected, by the share of impostor pairs accepted; zero lies on the foot.",
            description="DET curve: false reject rate by false accept rate, both axes logarithmic.",
        )
    )
    report.add(
        Text(
            "How it was measured",
            [
                "The embeddings of one video are averaged; videos and still images of a template are summed and the sum is "
                "brought to unit length. The score of a pair is the cosine of its templates"
                + (", after the map has brought both into one space." if "|map:" in result.signature else "."),
                f"AUC and EER are of all scores; the AUC is exact to {result.auc_error:.1g}."
                if result.auc_error
                else "AUC and EER are those of a full sort of all scores.",
            ],
        )
    )
    return report


def roc_points(roc: Roc, limit: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """FAR, ascending, and TAR of at most `limit` points: all where few pairs pass, then evenly spaced in log FAR."""
    # The last point of each FAR: a step of the ROC is drawn by its upper corner.
    last = np.flatnonzero(np.append(np.diff(roc.false_accepts) > 0, True))
    if len(last) > limit:
        last = last[np.unique(np.geomspace(1, len(last), limit).astype(np.intp)) - 1]
    return roc.far[last], roc.tar[last]
