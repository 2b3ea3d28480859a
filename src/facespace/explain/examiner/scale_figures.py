"""The pair's score among genuine and impostor scores, and the ratio as a function of the score."""

from __future__ import annotations

import re

import numpy as np

from ...metrics import ScoreTable
from ...report import Band, Figure, lines_with_bands, marked_shares
from ..deciding import FAR
from .examine import Examination


def minus(words: str) -> str:
    """Negative numbers in prose with a minus sign, not a hyphen."""
    return re.sub(r"(?<![\w.])-(?=\d)", "−", words)


def scale_figure(found: Examination) -> Figure:
    """Both distributions of the network's table, with the score and the threshold."""
    assert found.table is not None
    e = found.explanation
    return scores_figure(found.table, e.score, e.threshold, found.headline)


def scores_figure(table: ScoreTable, score: float, threshold: float | None, description: str) -> Figure:
    """Both distributions of a table, with a score, and a threshold or else that of FMR 0.1 %."""
    marks = {minus(f"this pair {score:.3f}"): score}
    if threshold is not None:
        rate = table.false_match_rate(threshold)
        marks[f"threshold {threshold:.3f}" + (f", FMR {100 * rate:.2g} %" if rate else "")] = threshold
    else:
        at = table.threshold(FAR)
        marks[f"FMR {100 * FAR:g} % at {at:.2f}"] = at
    caption = (
        f"Scores of {table.network} on {table.people:,} people: two photographs of one person ({table.genuine_people:,} "
        "people), and of two. FMR: share of pairs of two people that score as high or higher."
    )
    chart = marked_shares(
        {"one person": table.genuine, "two people": table.impostor}, table.edges, marks=marks, x_title="score"
    )
    return Figure("scale", chart, title="The score among others", caption=caption, description=description)


def ratio_figure(found: Examination) -> Figure:
    """The likelihood ratio over the score, with its band."""
    table, e = found.table, found.explanation
    assert table is not None
    middles = (table.edges[:-1] + table.edges[1:]) / 2
    used = np.flatnonzero(table.genuine + table.impostor)
    low, high = min(middles[used[0]], e.score), max(middles[used[-1]], e.score)
    part = (middles >= low - 0.02) & (middles <= high + 0.02)
    ratios = [table.ratio(score) for score in middles[part].tolist()]
    ends = [[r.value for r in ratios], [r.low or r.value for r in ratios], [r.high or r.value for r in ratios]]
    chart = lines_with_bands(
        [Band("likelihood ratio", middles[part], *ends)],
        x_title="score",
        y_title="likelihood ratio",
        log_y=True,
        level=("no support either way:", 1.0),
        marks={minus(f"this pair {e.score:.3f}"): e.score},
        size=(620, 260),
    )
    caption = (
        "The ratio of every score with its 95 % band. Where the line has no band, at the ends, the reference has too few "
        "pairs of the one kind, and the line is a bound: at least so large on the right, at most on the left."
    )
    return Figure("ratio", chart, title="What scores are worth", caption=caption, description="likelihood ratio over score")
