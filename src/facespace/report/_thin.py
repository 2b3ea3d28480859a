"""Fewer points for the same line."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

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
