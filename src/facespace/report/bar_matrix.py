"""A grid of small bar charts: rows × columns, the same few bars in every cell.

For what a heatmap can't show: several numbers of each cell side by side, with a mark at the value each is compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ._encodings import altair, label_axis
from ._format import number
from ._theme import INK, LINE, MUTED, PAPER, SERIES, config

_MARGIN = 0.07  # of a cell's width and height, on every side
_ROOM = 0.55  # of a cell's width, right of the last column: the ends of the scale


def bar_matrix(
    values: ArrayLike,
    rows: Sequence[str],
    columns: Sequence[str],
    bars: Sequence[str],
    *,
    marks: ArrayLike | None = None,
    hollow: ArrayLike | None = None,
    span: tuple[float, float] = (0.0, 1.0),
    row_title: str = "",
    column_title: str = "",
) -> Any:
    """One cell for each row and column, with a bar for each name in `bars`, at most six.

    Args:
        values: (rows, columns, bars); NaN leaves a bar out.
        marks: (rows, columns, bars) values that are drawn as short lines across the bars, such as what a bar should reach.
        hollow: (rows, columns) bool: cells whose bars are drawn as outlines, such as those that others are compared with.
        span: what a bar's foot and the top of its cell stand for; values beyond them end there.

    >>> chart = bar_matrix([[[0.9, 0.5]]], ["a"], ["b"], ["first", "second"])
    >>> len(chart.to_dict()["layer"])
    4
    """
    alt = altair()
    heights = _cells(values, rows, columns, bars, "values")
    frame: NDArray[np.bool_] = (
        np.zeros(heights.shape[:2], dtype=np.bool_) if hollow is None else np.asarray(hollow, np.bool_)
    )
    if frame.shape != heights.shape[:2]:
        raise InputError(f"hollow has shape {frame.shape}, but there are {heights.shape[0]} × {heights.shape[1]} cells")
    if not span[0] < span[1] or len(bars) > len(SERIES):
        raise InputError(
            f"a cell can't hold {len(bars)} bars from {span[0]:g} to {span[1]:g}",
            f"Give at most {len(SERIES)} bars, and a span whose first end is the smaller one.",
        )
    cell = float(np.clip(760 / len(columns), 48, 130))  # ten columns fit on a page
    colours = dict(zip(bars, SERIES, strict=False))
    foot = 0.5 - _MARGIN
    each = (1 - 2 * _MARGIN) / len(bars)

    def level(value: NDArray[np.float64]) -> NDArray[np.float64]:
        return foot - (1 - 2 * _MARGIN) * np.clip((value - span[0]) / (span[1] - span[0]), 0.0, 1.0)

    def place(array: NDArray[np.float64], inset: float) -> list[dict[str, Any]]:
        tops = level(array)
        return [
            {
                "bar": bars[k],
                "left": round(c - foot + each * (k + inset), 4),
                "right": round(c - foot + each * (k + 1 - inset), 4),
                "top": round(r + float(tops[r, c, k]), 4),
                "foot": round(r + foot, 4),
                "hollow": bool(frame[r, c]),
            }
            for r, c, k in np.argwhere(np.isfinite(array)).tolist()
        ]

    x_axis = label_axis("top", columns, column_title and f"{column_title} →")
    y_axis = label_axis("left", rows, row_title and f"{row_title} ↓")
    for axis, labels in ((x_axis, columns), (y_axis, rows)):
        axis.values, axis.grid = list(range(len(labels))), False
        axis.labelExpr = f"{[str(label) for label in labels]!r}[datum.value]"
    if 7 * max(map(len, columns)) <= cell:  # they fit beside each other
        x_axis.labelAngle = 0
    across = alt.Scale(domain=[-0.5, len(columns) - 0.5 + _ROOM], nice=False, zero=False)
    down = alt.Scale(domain=[-0.5, len(rows) - 0.5], reverse=True, nice=False, zero=False)
    # One table for all layers: the guides first, so that every bar lies over them.
    guides = [
        {"left": round(c - foot, 4), "right": round(c + foot, 4), "top": round(r + y, 4), "label": ""}
        for r in range(len(rows))
        for c in range(len(columns))
        for y in (foot, -foot)
    ]
    ends = [
        {"left": len(columns) - 0.5, "top": round(r + y, 4), "label": number(end, ".0%")}
        for r in range(len(rows))
        for y, end in ((foot, span[0]), (-foot, span[1]))
    ]
    x = alt.X("left:Q", scale=across, axis=x_axis)
    y = alt.Y("top:Q", scale=down, axis=y_axis)
    lines = alt.Chart(alt.InlineData(values=guides)).mark_rule(color=LINE, strokeWidth=1).encode(x=x, x2="right:Q", y=y)
    scale = alt.Chart(alt.InlineData(values=ends)).encode(x=x, y=y, text="label:N")
    # Each within its own row, or the foot of one row and the top of the next would touch.
    texts = [
        scale.transform_filter(f"datum.top - round(datum.top) {side} 0").mark_text(
            color=MUTED, fontSize=10, align="left", dx=4, baseline=baseline
        )
        for side, baseline in ((">", "bottom"), ("<", "top"))
    ]
    colour = {
        "scale": alt.Scale(domain=list(bars), range=[colours[name] for name in bars]),
        "legend": alt.Legend(title=None, symbolType="square", symbolSize=140, symbolStrokeWidth=0, offset=24),
    }
    drawn = (
        alt.Chart(alt.InlineData(values=place(heights, 0.08)))
        .mark_rect(strokeWidth=1.3)
        .encode(
            x=x,
            x2="right:Q",
            y=y,
            y2="foot:Q",
            fill=alt.condition("datum.hollow", alt.value(PAPER), alt.Fill("bar:N", **colour)),
            stroke=alt.Stroke("bar:N", scale=colour["scale"], legend=None),
        )
    )
    layers = [lines, *texts, drawn]
    if marks is not None:
        wanted = _cells(marks, rows, columns, bars, "marks")
        layers.append(
            alt.Chart(alt.InlineData(values=place(wanted, 0.03)))
            .mark_rule(color=INK, strokeWidth=1.6)
            .encode(x=x, x2="right:Q", y=y)
        )
    return (
        alt.layer(*layers, usermeta={"narrow": False})
        .properties(width=cell * (len(columns) + _ROOM), height=0.74 * cell * len(rows))
        # A browser's letters are wider than those the padding is measured in.
        .configure(**config() | {"padding": {"left": 28, "right": 12, "top": 12, "bottom": 12}})
    )


def _cells(
    values: ArrayLike, rows: Sequence[str], columns: Sequence[str], bars: Sequence[str], what: str
) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (len(rows), len(columns), len(bars)) or not array.size:
        raise InputError(
            f"{what} have shape {array.shape}, but there are {len(rows)} rows, {len(columns)} columns and {len(bars)} bars",
            "Rows come first, the bars of a cell last.",
        )
    return array
