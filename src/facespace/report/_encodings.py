"""Scales, axes and legends that several charts share, and fewer points for the same line."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._theme import DASHES, INK, SERIES, config


def altair() -> Any:
    """The altair module, imported late. As Any, because its overloads take a type checker longer than all else here."""
    import altair

    return altair


def panels(chart: Any, names: Sequence[str], columns: int) -> Any:
    """The chart split by the column `panel` of its data, with the configuration of all charts."""
    alt = altair()
    if len(names) > 1:
        header = alt.Header(title=None, labelExpr=r"split(datum.label, '\n')")  # a name may have several lines
        chart = chart.facet(facet=alt.Facet("panel:N", sort=list(names), header=header), columns=columns, spacing=34)
    elif names[0]:
        chart = chart.properties(title=names[0])
    return chart.configure(**config())


def series(names: Sequence[str]) -> dict[str, Any]:
    """Colour and dash pattern by `series`, in one legend (none for a single unnamed series)."""
    alt = altair()
    legend = alt.Legend(title=None, symbolType="stroke", symbolSize=700, symbolOpacity=1) if any(names) else None
    dashes = [list(DASHES[i % len(DASHES)]) for i in range(len(names))]
    colours = [SERIES[i % len(SERIES)] for i in range(len(names))]
    return {
        "color": alt.Color("series:N", scale=alt.Scale(domain=list(names), range=colours), legend=legend),
        "strokeDash": alt.StrokeDash("series:N", scale=alt.Scale(domain=list(names), range=dashes), legend=legend),
    }


def log(domain: tuple[float, float]) -> Any:
    """A logarithmic scale from end to end."""
    alt = altair()
    return alt.Scale(type="log", domain=list(domain), nice=False)


def log_axis(domain: tuple[float, float]) -> Any:
    """An axis of the powers of ten, written as the tables write them: 1e-4, and counts as counts: 100."""
    alt = altair()
    low, high = np.log10(domain)
    powers = [10.0**p for p in range(int(np.ceil(low - 1e-9)), int(np.floor(high + 1e-9)) + 1)]
    counts = "datum.value > 0.5 && datum.value < 1e6 ? format(datum.value, ',.0f')"
    return alt.Axis(values=powers, labelExpr=f"{counts} : '1e' + round(log(datum.value) / LN10)")


def label_axis(orient: str, labels: Sequence[str], title: str) -> Any:
    """Labels without lines; both axes' titles stand in the corner between them, above each other."""
    alt = altair()
    upright = orient == "left" or sum(map(len, labels)) <= 6 * len(labels)
    return alt.Axis(
        orient=orient,
        title=title or None,
        domain=False,
        ticks=False,
        labelLimit=260,
        labelColor=INK,
        labelAngle=0 if upright else -90,
        titleAngle=0,
        titleAlign="right",
        titleBaseline="bottom",
        titleX=-10,
        titleY=-8 if orient == "left" else -26,
    )


def unique(names: Iterable[str]) -> list[str]:
    """The names, each once, in the order of their first appearance."""
    return list(dict.fromkeys(names))


Array = NDArray[np.float64]


def thin(x: Array, y: Array, limit: int = 400, tolerance: float = 2e-4) -> NDArray[np.intp]:
    """Indices of at most `limit` points whose polyline stays closest to that of all (x, y), both within 0…1.

    Ramer, Douglas and Peucker's split at the farthest point, the worst segment first; it ends when no point is farther
    than `tolerance` (of the plot's side) from the line. Kept points are given points, so corners stay where they are.
    """
    last = len(x) - 1
    if last < 2:
        return np.arange(len(x))
    kept = [0, last]
    heap = [_farthest(x, y, 0, last)]
    while heap and len(kept) < limit:
        negative, split, start, end = heapq.heappop(heap)
        if -negative <= tolerance:
            break
        kept.append(split)
        for a, b in ((start, split), (split, end)):
            if b - a > 1:
                heapq.heappush(heap, _farthest(x, y, a, b))
    return np.sort(np.asarray(kept))


def _farthest(x: Array, y: Array, start: int, end: int) -> tuple[float, int, int, int]:
    """(−distance, index, start, end) of the point between start and end that is farthest from their line."""
    dx, dy = x[end] - x[start], y[end] - y[start]
    px, py = x[start + 1 : end] - x[start], y[start + 1 : end] - y[start]
    length = float(np.hypot(dx, dy))
    distance = np.abs(dx * py - dy * px) / length if length else np.hypot(px, py)
    index = int(np.argmax(distance))
    return -float(distance[index]), start + 1 + index, start, end


def stairs(x: Array, y: Array) -> tuple[Array, Array]:
    """The corners of the step function that keeps y[i] until x[i + 1].

    >>> stairs(np.array([0.0, 1.0]), np.array([2.0, 3.0]))
    (array([0., 1., 1.]), array([2., 2., 3.]))
    """
    return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
