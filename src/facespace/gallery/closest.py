"""Of each probe the one entry that scores most, and which it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import Floats, normalize
from ..engine import Engine
from .exact import PROBES, Codes, Gallery


@dataclass(frozen=True, eq=False)
class Closest:
    """`entry` (n,): place of the entry among those of the gallery, in their order; `score` (n,) float32, its score."""

    entry: Codes
    score: Floats


def closest_entries(
    probes: NDArray[Any], gallery: Gallery, engine: Engine, *, probe_offset: Floats | None = None, rows: int = PROBES
) -> Closest:
    """Each probe's (n, d) best entry by cosine, less the offsets; of equal ones the first. Memory as of `search_gallery`."""
    x = normalize(probes)
    parts = list(gallery.parts())
    start = np.cumsum([0, *(len(gallery.people(part)) for part in parts)])
    entry, score = np.zeros(len(x), dtype=np.intp), np.full(len(x), -np.inf, dtype=np.float32)
    work: Callable[[Any], tuple[Codes, Floats]] = partial(_best, x, gallery, rows)
    for first, (place, best) in zip(start, engine.map(work, parts), strict=False):
        better = best > score
        entry[better], score[better] = first + place[better], best[better]
    return Closest(entry, score if probe_offset is None else score - probe_offset)


def _best(x: Floats, gallery: Gallery, size: int, part: Any) -> tuple[Codes, Floats]:
    entry, score = np.zeros(len(x), dtype=np.intp), np.full(len(x), -np.inf, dtype=np.float32)
    at = 0
    for entries in gallery.read(part):
        y = normalize(entries.vectors).T
        for begin in range(0, len(x), size):
            rows = slice(begin, begin + size)
            scores = x[rows] @ y
            if entries.offset is not None:
                scores -= entries.offset
            place = scores.argmax(axis=1)
            best = np.take_along_axis(scores, place[:, None], axis=1)[:, 0]
            better = best > score[rows]
            entry[rows] = np.where(better, at + place, entry[rows])
            score[rows] = np.where(better, best, score[rows])
        at += len(entries.person)
    return entry, score
