"""Scales, axes and legends that several charts share, and fewer points for the same line."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._theme import DASHES, INK, SERIES, config

_COUNT = "format(datum.value, ',.0f')"
_POWER = "replace(format(datum.value, '~e'), '+', '')"
_ROOM = 640  # pixels that a legend's line may have


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
    look = {"symbolType": "stroke", "symbolSize": 700, "symbolOpacity": 1, "columns": legend_columns(names, _ROOM)}
    legend = alt.Legend(title=None, **look) if any(names) else None
    dashes = [list(DASHES[i % len(DASHES)]) for i in range(len(names))]
    colours = [SERIES[i % len(SERIES)] for i in range(len(names))]
    return {
        "color": alt.Color("series:N", scale=alt.Scale(domain=list(names), range=colours), legend=legend),
        "strokeDash": alt.StrokeDash("series:N", scale=alt.Scale(domain=list(names), range=dashes), legend=legend),
    }


def legend_columns(names: Sequence[str], room: int) -> int:
    """How many names of a legend stand side by side in `room` pixels: all, or as many as columns of the widest."""
    total, widest = sum(map(len, names)), max(map(len, names))
    return len(names) if 6.5 * total + 62 * len(names) <= room else max(1, int(room // (6.5 * widest + 62)))


def log(domain: tuple[float, float]) -> Any:
    """A logarithmic scale from end to end."""
    alt = altair()
    return alt.Scale(type="log", domain=list(domain), nice=False)


def log_axis(domain: tuple[float, float], length: int, *, upright: bool = False, rates: bool = False) -> Any:
    """An axis of `length` pixels whose labels have room: at 1, 2, 5, 10, 20, … or at powers of ten.

    Numbers are written out, counts with commas; where an axis goes beyond ten millions, from a million on as tables write
    them: 1e8. `rates` are the powers of ten, as in every table of them: 1e-4.
    """
    alt = altair()
    written = f"datum.value > {_counted(domain[1])} ? {_POWER} : datum.value < 1 ? format(datum.value, '~g') : {_COUNT}"
    label = f"datum.value == 1 ? '1' : {_POWER}" if rates else written
    values = log_ticks(domain, length, upright=upright, rates=rates)
    return alt.Axis(values=values, labelExpr=label)


def log_ticks(domain: tuple[float, float], length: int, *, upright: bool = False, rates: bool = False) -> list[float]:
    """The labelled values of a logarithmic axis: as many as have room, in the most regular order that has more than one.

    >>> log_ticks((20, 3200), 600)
    [20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0]
    >>> log_ticks((10, 1e6), 600), log_ticks((16, 64), 600)
    ([10.0, 100.0, 1000.0, 10000.0, 100000.0, 1000000.0], [20.0, 30.0, 40.0, 50.0, 60.0])
    """
    low, high = domain[0] * (1 - 1e-9), domain[1] * (1 + 1e-9)
    if domain[0] == domain[1]:
        return [float(domain[0])]
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    tries = [[d * 10.0**p for p in powers for d in digits] for digits in ((1, 2, 5), (1, 3), (1,))]
    tries = tries[2:] if rates else tries
    tries += [[10.0**p for p in powers if p % step == 0] for step in range(2, len(powers))]
    found = []
    for values in tries:
        inside = [float(f"{v:.6g}") for v in values if low <= v <= high]
        if len(inside) > 1 and _have_room(inside, domain, length, upright):
            found = inside
            break
    if len(found) < 4 and high < 12 * low and not rates:  # less than a decade: steps of one size say more
        for step in (d * 10.0**p for p in range(powers[0] - 1, powers[-1]) for d in (1, 2, 5)):
            inside = [float(f"{i * step:.6g}") for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
            if len(inside) <= 7 and _have_room(inside, domain, length, upright):
                return inside if len(inside) > len(found) else found
    return found


def _have_room(values: list[float], domain: tuple[float, float], length: int, upright: bool) -> bool:
    """Do labels of 12 pixels stand apart by a digit's width and more?"""
    scale = length / math.log10(domain[1] / domain[0])
    needs = [30.0 if upright else 6.8 * len(_told(value, domain[1])) + 12 for value in values]
    return all(
        math.log10(b / a) * scale >= (m + n) / 2 for (a, m), (b, n) in itertools.pairwise(zip(values, needs, strict=True))
    )


def _counted(top: float) -> int:
    """Up to where an axis with this upper end writes numbers out, so that it writes all its millions alike."""
    return 9_999_999 if top < 1e7 else 999_999


def _told(value: float, top: float) -> str:
    """About the label of `value`, for its length."""
    return f"{value:.0e}" if value > _counted(top) else f"{value:,.0f}" if value >= 1 else f"{value:g}"


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
