"""Mutual nearest neighbours of two galleries by the cosine, tile by tile: no matrix of all scores is ever made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...embeddings import Floats

Rows = NDArray[np.intp]


class Side(Protocol):
    """A gallery of any size in the common space; all vectors are of unit length."""

    def __len__(self) -> int: ...

    def rows(self, rows: Rows, /) -> Floats:
        """(k, q) of the given rows."""
        ...

    def blocks(self, size: int, /) -> Iterator[Floats]:
        """All of them in their order, at most `size` at a time."""
        ...


@dataclass(frozen=True, eq=False)
class Mutual:
    """Row left[i] of the source and row right[i] of the target are each other's best; by falling margin.

    `margin` is the smaller of both directions' best minus second best score, `share` the matches per searched row.
    """

    left: Rows
    right: Rows
    margin: Floats
    share: float

    def __len__(self) -> int:
        return len(self.left)


def mutual_neighbours(searched: Rows, source: Side, target: Side, block: int) -> Mutual:
    """The mutual nearest neighbours among rows `searched` of the source and all rows of the target."""
    there, best, second = best_two(source.rows(searched), target, block)
    hit, place = np.unique(there, return_inverse=True)
    back, back_best, back_second = best_two(target.rows(hit), source, block)
    mutual = np.flatnonzero(back[place] == searched)
    margin = np.minimum(best - second, (back_best - back_second)[place])[mutual]
    order = np.argsort(-margin, kind="stable")
    chosen = mutual[order]
    return Mutual(searched[chosen], there[chosen], margin[order], len(mutual) / len(searched))


def best_two(probes: Floats, gallery: Side, block: int) -> tuple[Rows, Floats, Floats]:
    """Row of the best of the gallery's rows for each probe (k,), its score and the second best score."""
    k, start = len(probes), 0
    row, best, second = np.zeros(k, dtype=np.intp), np.full(k, -2, np.float32), np.full(k, -2, np.float32)
    for unit in gallery.blocks(block):
        columns = unit.T
        for first in range(0, k, block):
            part = slice(first, min(first + block, k))
            scores = probes[part] @ columns
            lines = np.arange(len(scores))
            place = scores.argmax(axis=1)
            top = scores[lines, place]
            scores[lines, place] = -2
            runner_up = scores.max(axis=1)
            better = top > best[part]
            second[part] = np.where(better, np.maximum(best[part], runner_up), np.maximum(second[part], top))
            row[part] = np.where(better, place + start, row[part])
            best[part] = np.maximum(best[part], top)
        start += len(unit)
    return row, best, second
