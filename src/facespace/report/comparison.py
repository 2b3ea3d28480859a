"""Charts that stay readable with a dozen things to compare: values with intervals, and a small panel for each curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from ._encodings import altair, panels, series, unique
from ._theme import INK, MUTED, SERIES, config
from .figures import Curve

_SHAPES = ("circle", "diamond", "square", "triangle-up", "cross", "triangle-down")


@dataclass(frozen=True)
class Dot:
    """A value with its interval, in the row `label`; dots of one `series` look the same in every row."""

    label: str
    series: str
    value: float
    low: float
    high: float


def interval_dots(data: Sequence[Dot], *, x_title: str, format: str = ".2f", width: int = 620) -> Any:
    """Rows of values with intervals, each value written beside its interval; rows stand as they come in `data`."""
    if not data:
        raise InputError("there are no values to draw", "Give at least one.")
    alt = altair()
    names = unique(dot.series for dot in data)
    rows = unique(dot.label for dot in data)
    # Room for the labels also where the reader's font is wider than the one they are measured in.
    room = {"minExtent": 7.2 * max(len(row) for row in rows), "labelLimit": 400, "labelPadding": 8}
    axis = alt.Axis(title=None, labelColor=INK, domain=False, ticks=False, grid=False, **room)
    offset = {} if len(names) == 1 else {"yOffset": alt.YOffset("series:N", scale=alt.Scale(domain=names))}
    legend = alt.Legend(title=None, columns=1, symbolSize=70) if any(names) else None
    colours = alt.Scale(domain=names, range=[SERIES[i % len(SERIES)] for i in range(len(names))])
    shapes = alt.Scale(domain=names, range=[_SHAPES[i % len(_SHAPES)] for i in range(len(names))])
    base = alt.Chart(alt.InlineData(values=[vars(dot) for dot in data])).encode(
        y=alt.Y("label:N", sort=rows, axis=axis), color=alt.Color("series:N", scale=colours, legend=legend), **offset
    )
    x: dict[str, Any] = {"title": x_title, "scale": alt.Scale(zero=False, padding=12), "axis": alt.Axis(tickCount=8)}
    layers = [
        base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", **x), x2="high:Q"),
        base.mark_point(filled=True, size=60, opacity=1).encode(
            x=alt.X("value:Q", **x), shape=alt.Shape("series:N", scale=shapes, legend=legend)
        ),
        base.mark_text(align="left", dx=7, fontSize=11).encode(
            x=alt.X("high:Q", **x), text=alt.Text("value:Q", format=format), color=alt.value(INK)
        ),
    ]
    step = 22 * len(names) if len(names) > 1 else 26
    return alt.layer(*layers).properties(width=width, height=step * len(rows)).configure(**config())


def line_panels(
    data: Sequence[Curve],
    *,
    x_title: str,
    y_title: str,
    legend: Sequence[str] = (),
) -> Any:
    """Each curve in a panel of its own, with all others in grey behind it; panels stand as they come in `data`.

    The curve's `panel` is the head of its panel, in several lines where it holds line breaks, and must be its alone.
    `legend` orders the curves' names, which share colours; by default they stand as they come.
    """
    names = [curve.panel for curve in data]
    if not names or len(set(names)) < len(names):
        raise InputError("each curve needs a panel of its own", "Give every curve another `panel`.")
    alt = altair()
    points = [
        [{"x": float(x), "y": float(y)} for x, y in zip(curve.x, curve.y, strict=True)]  # type: ignore[arg-type]
        for curve in data
    ]
    values: list[dict[str, Any]] = []
    for i, curve in enumerate(data):
        for j, line in enumerate(points):
            own = {"series": curve.name} if i == j else {"behind": j}
            values += [{"panel": curve.panel, **own, **point} for point in line]
    base = alt.Chart().encode(
        x=alt.X("x:Q", title=x_title, axis=alt.Axis(grid=False, tickCount=5)),
        y=alt.Y("y:Q", title=y_title, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=4)),
    )
    shown = unique([*legend, *(curve.name for curve in data)])
    own = base.transform_filter("isValid(datum.series)").encode(**series(shown))
    layers = [
        base.transform_filter("isValid(datum.behind)")
        .mark_line(color=MUTED, opacity=0.3, strokeWidth=1)
        .encode(detail="behind:N"),
        own.mark_line(strokeWidth=2.2),
        own.mark_point(filled=True, size=22, opacity=1),
    ]
    width, height = (215, 140) if len(data) > 1 else (620, 320)
    chart = alt.layer(*layers, data=alt.InlineData(values=values)).properties(width=width, height=height)
    return panels(chart, names, min(4, len(names)))
