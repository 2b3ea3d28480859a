"""Mutual nearest neighbours of two galleries by the cosine, tile by tile: no matrix of all scores is ever made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...embeddings import Floats

Rows = NDArray[np.intp]
Unit = Callable[[slice | Rows], Floats]  # rows of a gallery in the common space, of unit length


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


def mutual_neighbours(searched: Rows, source: Unit, n: int, target: Unit, m: int, block: int) -> Mutual:
    """The mutual nearest neighbours among rows `searched` of the source (n rows) and all m rows of the target."""
    there, best, second = best_two(source(searched), target, m, block)
    hit, place = np.unique(there, return_inverse=True)
    back, back_best, back_second = best_two(target(hit), source, n, block)
    mutual = np.flatnonzero(back[place] == searched)
    margin = np.minimum(best - second, (back_best - back_second)[place])[mutual]
    order = np.argsort(-margin, kind="stable")
    chosen = mutual[order]
    return Mutual(searched[chosen], there[chosen], margin[order], len(mutual) / len(searched))


def best_two(probes: Floats, gallery: Unit, m: int, block: int) -> tuple[Rows, Floats, Floats]:
    """Row of the best of m gallery rows for each probe (k,), its score and the second best score."""
    k = len(probes)
    row, best, second = np.zeros(k, dtype=np.intp), np.full(k, -2, np.float32), np.full(k, -2, np.float32)
    for start in range(0, m, block):
        columns = gallery(slice(start, min(start + block, m))).T
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
    return row, best, second
