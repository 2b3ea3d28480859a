"""Charts from plain arrays: curves, histograms, lines with bands, heatmaps.

Each returns an Altair chart: it shows itself in a notebook, and `Figure` puts it into a report. Altair takes a second to
import, so that happens when the first chart is built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ._encodings import altair, label_axis, log, log_axis, panels, series, stairs, thin, unique
from ._format import number
from ._theme import CELL_INK, HEAT, INK, MUTED, PAPER, config

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A line: `x` ascending and `y` of the same length. Curves of one `name` look the same in every `panel`."""

    name: str
    x: ArrayLike
    y: ArrayLike
    panel: str = ""


@dataclass(frozen=True)
class Band:
    """A line with an interval around it: four arrays of one length."""

    name: str
    x: ArrayLike
    y: ArrayLike
    low: ArrayLike
    high: ArrayLike


def curves(
    data: Sequence[Curve],
    *,
    x_title: str = "False accept rate",
    y_title: str = "True accept rate",
    x_range: tuple[float, float] = (1e-4, 1.0),
    y_range: tuple[float, float] = (0.0, 1.0),
    steps: bool = True,
    points: int = 400,
    columns: int = 3,
    size: tuple[int, int] = (300, 240),
    log_y: bool = False,
) -> Any:
    """Curves over a logarithmic x axis, one panel for each `panel` of `data`: ROC by default.

    With `log_y` y is logarithmic too, as in a DET plot; lower values lie on the foot of `y_range`. With `steps` a value of
    y holds until the next x, as an empirical ROC does. Every curve is thinned to at most `points` points, each of them a
    corner of the whole curve.
    """
    alt = altair()
    values: list[dict[str, Any]] = []
    outside = False  # a clipped line loses half its stroke where it runs along the frame, so clip only what needs it
    for index, curve in enumerate(data):
        x, y = _pair(curve.name, curve.x, curve.y)
        x, y = _visible(*(stairs(x, y) if steps else (x, y)), x_range, steps)
        if log_y:
            y = np.maximum(y, y_range[0])
        outside |= bool(y.min() < y_range[0] or y.max() > y_range[1])
        kept = thin(_unit(x, x_range, True), _unit(y, y_range, log_y), points)
        values += [
            {"series": curve.name, "panel": curve.panel, "curve": index, "i": i, "x": _short(a), "y": _short(b)}
            for i, (a, b) in enumerate(zip(x[kept], y[kept], strict=True))
        ]
    names, shown = unique(c.name for c in data), unique(c.panel for c in data)
    width, height = size if len(shown) > 1 else (2 * size[0], int(1.4 * size[1]))
    y_axis = alt.Y("y:Q", title=y_title, scale=alt.Scale(domain=list(y_range)), axis=alt.Axis(tickCount=6))
    if log_y:
        axis = log_axis(y_range, height, upright=True, rates=y_range[1] <= 1)
        y_axis = alt.Y("y:Q", title=y_title, scale=log(y_range), axis=axis)
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_line(strokeWidth=1.8, clip=outside, strokeJoin="miter")
        .encode(
            x=alt.X("x:Q", title=x_title, scale=log(x_range), axis=log_axis(x_range, width, rates=x_range[1] <= 1)),
            y=y_axis,
            order="i:Q",
            detail="curve:N",
            **series(names),
        )
        .properties(width=width, height=height)
    )
    return panels(chart, shown, columns)


def histograms(
    data: Mapping[str, Mapping[str, ArrayLike]],
    *,
    thresholds: Mapping[str, float] | None = None,
    x_title: str = "Score",
    of: str = "pairs",
    bins: int = 60,
) -> Any:
    """Histograms of scores, one panel for each key of `data`, whose values are scores by series (genuine, impostor).

    All panels share bins and axes. Heights are shares of each series, so that unequal counts compare. A threshold, given
    per panel, is a vertical line with its value.
    """
    alt = altair()
    arrays = {panel: {n: np.asarray(v, dtype=np.float64) for n, v in groups.items()} for panel, groups in data.items()}
    everything = np.concatenate([v for groups in arrays.values() for v in groups.values()])
    if not len(everything) or not np.isfinite(everything).all():
        raise InputError("histograms need finite scores", "There are none, or some are NaN or infinite.")
    edges = np.linspace(everything.min(), everything.max() + 1e-9, bins + 1)
    values: list[dict[str, Any]] = []
    for panel, groups in arrays.items():
        for name, scores in groups.items():
            shares = np.histogram(scores, edges)[0] / max(len(scores), 1)
            used = np.flatnonzero(shares)
            for i in range(used[0], used[-1] + 1) if len(used) else ():
                values.append(_bin(panel, name, edges[i], shares[i]))
            # Heights hold until the next edge; the line starts and ends on the axis, and not where there are no scores.
            if len(used):
                values.append(_bin(panel, name, edges[used[-1] + 1], 0.0))
    names = unique(name for groups in arrays.values() for name in groups)
    rules = [{"panel": p, "threshold": t, "label": f"threshold {number(t, '.3f')}"} for p, t in (thresholds or {}).items()]
    ticks = alt.Axis(tickCount=6)
    # The layers have no data of their own, so that the facet around them can split its table; the rules are rows of it.
    base = alt.Chart().encode(
        x=alt.X("x:Q", title=x_title, scale=alt.Scale(domain=[float(edges[0]), float(edges[-1])], nice=True), axis=ticks),
        y=alt.Y("y:Q", title=f"Share of the {of}", stack=None, axis=alt.Axis(format="~%", tickCount=5)),
        **series(names),
    )
    marks = [
        base.mark_area(interpolate="step-after", opacity=0.22),
        base.mark_line(interpolate="step-after", strokeWidth=1.6),
    ]
    if rules:
        marks = [mark.transform_filter("isValid(datum.y)") for mark in marks]
        lines = alt.Chart().transform_filter("isValid(datum.threshold)").encode(x=alt.X("threshold:Q", title=x_title))
        marks.append(lines.mark_rule(color=INK, strokeWidth=1.2))
        middle = float(edges[0] + edges[-1]) / 2
        for side, dx, where in (("left", 5, "<="), ("right", -5, ">")):  # the label stands where there is room for it
            text = lines.transform_filter(f"datum.threshold {where} {middle}").mark_text(
                color=INK, align=side, dx=dx, dy=2, baseline="top", fontSize=11
            )
            marks.append(text.encode(y=alt.value(0), text="label:N"))
    width, height = (300, 200) if len(arrays) > 1 else (600, 280)
    chart = alt.layer(*marks, data=alt.InlineData(values=values + rules)).properties(width=width, height=height)
    return panels(chart, list(arrays), 3)


def lines_with_bands(
    data: Sequence[Band],
    *,
    x_title: str,
    y_title: str,
    log_x: bool = False,
    log_y: bool = False,
    level: tuple[str, float] | None = None,
    marks: Mapping[str, float] | None = None,
    y_range: tuple[float, float] | None = None,
    size: tuple[int, int] = (620, 340),
) -> Any:
    """Lines with markers and an interval band each.

    `level` is a labelled horizontal line to compare with, `marks` are labelled vertical lines at values of x. `y_range`: the
    ends of a linear y axis, which else are those of the values.
    """
    alt = altair()
    values = []
    for band in data:
        x, y = _pair(band.name, band.x, band.y)
        low, high = np.asarray(band.low, dtype=np.float64), np.asarray(band.high, dtype=np.float64)
        values += [
            {"series": band.name, "x": a, "y": b, "low": c, "high": d}
            for a, b, c, d in zip(x.tolist(), y.tolist(), low.tolist(), high.tolist(), strict=True)
        ]
    # Marks and the level have their place on the axes too.
    xs = [row["x"] for row in values] + list((marks or {}).values())
    across = min(xs), max(xs)
    scale = log(across) if log_x else alt.Scale(zero=False)
    axis = log_axis(across, size[0]) if log_x else alt.Axis(tickCount=8)
    axis.grid = False
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("x:Q", title=x_title, scale=scale, axis=axis),
        **series(unique(band.name for band in data)),
    )
    heights: dict[str, Any] = {"title": y_title, "scale": alt.Scale(zero=False), "axis": alt.Axis(tickCount=6)}
    if y_range is not None:
        heights["scale"] = alt.Scale(domain=list(y_range))
    if log_y:
        ys = [row[end] for row in values for end in ("low", "high")] + ([] if level is None else [level[1]])
        ends = min(ys), max(ys)
        heights |= {"scale": log(ends), "axis": log_axis(ends, size[1], upright=True)}
    y_axis = alt.Y("y:Q", **heights)
    layers = [
        base.mark_area(opacity=0.18).encode(y=alt.Y("low:Q", **heights), y2="high:Q"),
        base.mark_line(strokeWidth=2).encode(y=y_axis),
        base.mark_point(size=28, filled=True, opacity=1).encode(y=y_axis),
    ]
    if level is not None:
        rule = alt.Chart(alt.InlineData(values=[{"y": level[1], "label": f"{level[0]} {number(level[1])}"}]))
        layers.append(rule.mark_rule(color=MUTED, strokeWidth=1.2).encode(y="y:Q"))
        layers.append(
            rule.mark_text(color=INK, align="right", baseline="bottom", dy=-4, fontSize=11).encode(
                x=alt.value("width"), y="y:Q", text="label:N"
            )
        )
    # Labels of marks stand below each other at the foot, on the side where there is room.
    middle = float(np.sqrt(min(xs) * max(xs))) if log_x else (min(xs) + max(xs)) / 2
    for place, (label, at) in enumerate((marks or {}).items()):
        line = alt.Chart(alt.InlineData(values=[{"x": at, "label": label}])).encode(
            x=alt.X("x:Q", title=x_title, scale=scale)
        )
        left = at <= middle
        layers.append(line.mark_rule(color=MUTED, strokeWidth=1.2, strokeDash=[4, 3]))
        layers.append(
            line.mark_text(
                color=INK, align="left" if left else "right", dx=5 if left else -5, baseline="bottom", fontSize=11
            ).encode(y=alt.value(size[1] - 6 - 16 * place), text="label:N")
        )
    return alt.layer(*layers).properties(width=size[0], height=size[1]).configure(**config())


def heatmap(
    values: ArrayLike,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    title: str = "",
    row_title: str = "",
    column_title: str = "",
    format: str = ".1f",
    scale: tuple[float, float] | None = None,
    better: str = "high",
) -> Any:
    """A matrix as coloured cells with their values in them; `better` ("high" or "low") chooses blue or orange."""
    alt = altair()
    array = np.asarray(values, dtype=np.float64)
    finite = array[np.isfinite(array)]
    low, high = scale or ((float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0))
    cells = [
        {"row": r, "column": c, "value": None if np.isnan(v) else v, "text": number(v, format)}
        for r, line in zip(rows, array.tolist(), strict=True)
        for c, v in zip(columns, line, strict=True)
    ]
    base = alt.Chart(alt.InlineData(values=cells)).encode(
        x=alt.X("column:N", sort=list(columns), axis=label_axis("top", columns, column_title and f"{column_title} →")),
        y=alt.Y("row:N", sort=list(rows), axis=label_axis("left", rows, row_title and f"{row_title} ↓")),
    )
    ramp = alt.Scale(domain=[low, high], range=[PAPER, HEAT[better]], clamp=True, interpolate="rgb")
    text_ink = alt.condition("isValid(datum.value)", alt.value(CELL_INK), alt.value(MUTED))
    step = 20 + 7 * max(len(str(cell["text"])) for cell in cells)
    return (
        alt.layer(
            base.transform_filter("isValid(datum.value)")
            .mark_rect(stroke=PAPER, strokeWidth=2, cornerRadius=3)
            .encode(color=alt.Color("value:Q", scale=ramp, legend=None)),
            base.mark_text(fontSize=12).encode(text="text:N", color=text_ink),
            **({"title": title} if title else {}),
        )
        .properties(width=alt.Step(step), height=alt.Step(30))
        .configure(**config())
    )


def _unit(values: Array, ends: tuple[float, float], logarithmic: bool) -> Array:
    """Where the values lie on an axis between its ends, 0 … 1."""
    if logarithmic:
        values, ends = np.log10(values), (float(np.log10(ends[0])), float(np.log10(ends[1])))
    return (values - ends[0]) / (ends[1] - ends[0])


def _short(value: float) -> float:
    """Five significant digits: finer than a pixel, and half the size of the file."""
    return float(f"{value:.5g}")


def _bin(panel: str, series: str, left: float, share: float) -> dict[str, Any]:
    return {"panel": panel, "series": series, "x": round(float(left), 5), "y": round(float(share), 6)}


def _pair(name: str, x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    first, second = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1 or not len(first):
        raise InputError(
            f"curve {name!r} has {first.shape} x values and {second.shape} y values", "Give two vectors of one length."
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()) or (np.diff(first) < 0).any():
        raise InputError(f"curve {name!r} is not finite with ascending x", "Sort the points and leave out NaN.")
    return first, second


def _visible(x: Array, y: Array, x_range: tuple[float, float], steps: bool) -> tuple[Array, Array]:
    """The part of the line within `x_range`, cut exactly at its ends; a zero has no place on a logarithmic axis."""
    low, high = x_range
    inside = (x > low) & (x <= high)
    if steps:
        at = [y[max(int(np.searchsorted(x, end, side="right")) - 1, 0)] for end in (low, high)]
    else:
        at = np.interp(np.log10([low, high]), np.log10(np.maximum(x, 1e-300)), y).tolist()
    ends = [(max(low, x[0]), at[0]), (min(high, x[-1]), at[1])]
    return np.array([ends[0][0], *x[inside], ends[1][0]]), np.array([ends[0][1], *y[inside], ends[1][1]])
