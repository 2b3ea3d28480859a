"""The page that leads to many examined pairs: a picture of each, and all numbers in one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from ...report import Column, KeyFigure, KeyFigures, Note, Notes, Picture, Pictures, Report, Table
from .examine import Examination
from .scale_figures import minus


@dataclass(frozen=True)
class Listed:
    """A pair on the index: the names of its images, what was found, and its page below the index's folder ("" without)."""

    first: str
    second: str
    found: Examination
    page: str = ""


def index_report(
    pairs: Sequence[Listed],
    *,
    title: str,
    subtitle: str = "",
    scores: Sequence[tuple[str, float]] = (),
    skipped: Sequence[str] = (),
    signature: str = "",
) -> Report:
    """The index of pairs, in the order given.

    Args:
        scores: name and score of every candidate, where more were compared than are explained. skipped: images that gave no
            face, in words.
    """
    report = Report(title, subtitle, signature)
    table = pairs[0].found.table if pairs else None
    report.add(KeyFigures(_figures(pairs, scores)))
    if skipped:
        report.add(Notes([Note(text, "warning", "skipped") for text in skipped], "Images without a face"))
    rows = [[_thumbnail(p) for p in pairs]]
    report.add(Pictures("pages", rows, title="Pairs", caption="Each picture leads to the pair's own page."))
    columns: list[str | Column] = ["A", "B", Column("score", format=".3f"), "decision"]
    if table is not None:
        columns += [Column("ratio", "log10", ".2f", "likelihood ratio, or its bound"), "likelihood ratio", "support"]
    source = pairs[0].found.explanation.threshold_source if pairs else None
    caption = "" if source is None else source.source
    report.add(Table("pairs", columns, [_row(p, table is not None) for p in pairs], title="Numbers", caption=caption))
    if scores:
        cells: list[list[object]] = []
        for name, score in scores:
            cells.append([name, score, *([table.ratio(score).text()] if table is not None else [])])
        heads: list[str | Column] = ["candidate", Column("score", format=".3f")]
        heads += ["likelihood ratio"] if table is not None else []
        report.add(Table("candidates", heads, cells, title="All candidates"))
    if len(scores) > 1:
        note = (
            f"The best of {len(scores):,} candidates scores high by chance more often than one candidate does: the ratio of "
            "the best is about a candidate named beforehand, not about the best of many."
        )
        report.add(Notes([Note(note, "warning", "search")], "Caution"))
    return report


def _figures(pairs: Sequence[Listed], scores: Sequence[tuple[str, float]]) -> list[KeyFigure]:
    figures = [KeyFigure(f"{len(pairs):,}", "pairs explained")]
    if scores:
        figures.append(KeyFigure(f"{len(scores):,}", "candidates compared"))
    decided = [p.found.explanation.accepted for p in pairs if p.found.explanation.accepted is not None]
    if decided:
        figures.append(KeyFigure(f"{sum(decided):,}", "same person, by the threshold"))
    return figures


def _thumbnail(pair: Listed) -> Picture:
    e = pair.found.explanation
    crops = [face.crop for face in e.faces] + ([e.other_crop] if e.other_crop is not None else [])
    side = 160
    tiles = [cv2.resize(c, (round(side * c.shape[1] / c.shape[0]), side), interpolation=cv2.INTER_AREA) for c in crops]
    words = "" if pair.found.ratio is None else f", {pair.found.ratio.words()}"
    joined: Any = np.concatenate(tiles, axis=1)
    return Picture(f"{pair.first} and {pair.second}", joined, minus(f"{e.score:.3f}{words}"), pair.page)


def _row(pair: Listed, weighed: bool) -> list[object]:
    e, ratio = pair.found.explanation, pair.found.ratio
    cells: list[object] = [pair.first, pair.second, e.score, e.decision or "none"]
    if weighed:
        cells += [None, "", ""] if ratio is None else [float(np.log10(ratio.value)), ratio.text(), ratio.words()]
    return cells
