"""Distributions that were counted elsewhere, in bins, and single values marked on their axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError
from ._encodings import altair, series
from ._theme import INK, MUTED, PAPER, config


def marked_shares(
    data: Mapping[str, ArrayLike],
    edges: ArrayLike,
    *,
    marks: Mapping[str, float],
    x_title: str = "Score",
    y_title: str = "Share of the pairs",
    size: tuple[int, int] = (620, 280),
) -> Any:
    """Shares of several series in the same bins, and labelled vertical lines.

    Args:
        data: (m,) weights by series; heights are shares of each series. edges: (m + 1,) of the bins, rising.
        marks: values by label; the first is drawn strongest.

    Raises InputError for weights that don't fit the bins, or a series without any.
    """
    alt = altair()
    ends = np.asarray(edges, dtype=np.float64)
    values: list[dict[str, Any]] = []
    used: list[int] = []
    for name, weights in data.items():
        w = np.asarray(weights, dtype=np.float64)
        if w.shape != (len(ends) - 1,) or not w.sum() > 0:
            raise InputError(f"series {name!r} has weights of shape {w.shape} for {len(ends) - 1} bins, or none above 0")
        shares = w / w.sum()
        held = np.flatnonzero(shares > 1e-4)  # less than a pixel
        used += [int(held[0]), int(held[-1])]
        values += [
            {"series": name, "x": round(float(ends[i]), 5), "y": round(float(shares[i]), 6)}
            for i in range(held[0], held[-1] + 1)
        ]
        values.append({"series": name, "x": round(float(ends[held[-1] + 1]), 5), "y": 0.0})
    low, high = float(ends[min(used)]), float(ends[max(used) + 1])
    low, high = min([low, *marks.values()]), max([high, *marks.values()])
    room = 0.03 * (high - low)
    scale = alt.Scale(domain=[low - room, high + room], nice=False)
    x = alt.X("x:Q", title=x_title, scale=scale, axis=alt.Axis(tickCount=8))
    # Room for the labels above what they label.
    roof = max(v["y"] for v in values) * size[1] / (size[1] - 18 * len(marks) - 6)
    axis = alt.Axis(format="~%", tickCount=5)
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=x,
        y=alt.Y("y:Q", title=y_title, stack=None, scale=alt.Scale(domain=[0, roof]), axis=axis),
        **series(list(data)),
    )
    layers = [
        base.mark_area(interpolate="step-after", opacity=0.22),
        base.mark_line(interpolate="step-after", strokeWidth=1.6),
    ]
    middle = (low + high) / 2
    for place, (label, at) in enumerate(marks.items()):
        row = [{"x": at, "label": label}]
        line = alt.Chart(alt.InlineData(values=row)).encode(x=x)
        ink, wide, dash = (INK, 2.4, [1, 0]) if place == 0 else (MUTED, 1.2, [4, 3])
        layers.append(line.mark_rule(color=ink, strokeWidth=wide, strokeDash=dash))
        left = at <= middle
        look = {"align": "left" if left else "right", "dx": 6 if left else -6, "baseline": "top", "fontSize": 12}
        weight = {"fontWeight": 600} if place == 0 else {}
        for colour in ({"color": PAPER, "stroke": PAPER, "strokeWidth": 4}, {"color": ink}):
            text = line.mark_text(**look, **weight, **colour)
            layers.append(text.encode(y=alt.value(2 + 18 * place), text="label:N"))
    return alt.layer(*layers).properties(width=size[0], height=size[1]).configure(**config())
