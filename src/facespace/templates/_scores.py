"""Scores of long lists of pairs between few vectors, a tile of the score matrix at a time.

IJB-C compares 3,531 gallery templates with 19,593 others in 15.7 million pairs: a fifth of all there could be. Multiplying
whole tiles of the matrix and picking the pairs out of them is several times faster than gathering two vectors for each
pair. Lists that use little of their matrix are gathered.

A tile always spans the same templates, whichever of its pairs are wanted, so a score has the same bits whatever the number
of workers and of shards (on one machine: another processor's linear algebra may round the last bit differently).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Floats = NDArray[np.float32]
Codes = NDArray[np.int32]
Work = tuple[Callable[[Any], None], Iterable[Any]]  # what to do, and with what, in any order

_ROWS, _COLUMNS = 256, 32_768  # of a tile: 34 MB a worker at most
_SPARSE = 12  # cells of the matrix per pair, above which gathering is faster
_GATHER = 2048  # pairs gathered at a time: they stay near the processor
_BATCH = 1 << 18  # pairs that offsets are gathered for at a time


class TemplateScores:
    """Scores ⟨x_l, y_r⟩ of unit vectors x (t, d) and y (t, d) for the pairs (l, r) of a whole list.

    `left`, `right`: (p,) int32 places in x and y of all pairs of the list. What is to be scored is chosen in `scores`.
    """

    def __init__(self, left: Codes, right: Codes) -> None:
        self.left, self.right = left, right
        self._lefts, self._left_place = _places(left)
        self._rights, self._right_place = _places(right)
        self._dense = len(self._lefts) * len(self._rights) <= _SPARSE * len(left)

    def shard(self, index: int, count: int) -> NDArray[np.bool_]:
        """(p,) bool, the pairs of part `index` (from 1) of `count`: those of a run of the left templates."""
        low, high = (len(self._lefts) * i // count for i in (index - 1, index))
        place = self._left_place[self.left]
        return (place >= low) & (place < high)

    def scores(
        self,
        x: Floats,
        y: Floats,
        pairs: NDArray[np.intp] | None = None,
        workers: int = 2,
        offsets: tuple[Floats, Floats] | None = None,
    ) -> Floats:
        """(k,) float32 scores in −1 … 1 of the pairs with the given numbers, or of all; less the `offsets` (t,) of both."""
        out = np.empty(len(self.left) if pairs is None else len(pairs), dtype=np.float32)
        left = self.left if pairs is None else self.left[pairs]
        right = self.right if pairs is None else self.right[pairs]
        work, tasks = self._by_tiles(x, y, left, right, out) if self._dense else _by_pairs(x, y, left, right, out)
        with threadpool_limits(1), ThreadPoolExecutor(workers) as threads:
            for _ in threads.map(work, tasks):
                pass
        np.clip(out, -1.0, 1.0, out=out)
        for start in range(0, len(out) if offsets else 0, _BATCH):
            part = slice(start, start + _BATCH)
            for offset, codes in zip(offsets or (), (left, right), strict=True):
                out[part] -= offset[codes[part]]
        return out

    def _by_tiles(self, x: Floats, y: Floats, left: Codes, right: Codes, out: Floats) -> Work:
        starts = range(0, len(self._rights), _COLUMNS)
        width = min(_COLUMNS, len(self._rights))
        local = threading.local()  # a tile for each worker, used again: fresh memory costs more than the products
        blocks = [(start, np.ascontiguousarray(y[self._rights[start : start + _COLUMNS]])) for start in starts]

        def work(task: tuple[int, Any]) -> None:
            row, part = task
            mine = x[self._lefts[row : row + _ROWS]]
            rows, places = self._left_place[left[part]] - row, self._right_place[right[part]]
            if not hasattr(local, "tile"):
                local.tile = np.empty(_ROWS * width, dtype=np.float32)
            for start, block in blocks:
                tile = local.tile[: len(mine) * len(block)].reshape(len(mine), len(block))
                np.matmul(mine, block.T, out=tile)
                if len(blocks) == 1:
                    out[part] = tile[rows, places]
                    continue
                where = np.flatnonzero((places >= start) & (places < start + len(block)))
                numbers = where + part.start if isinstance(part, slice) else part[where]
                out[numbers] = tile[rows[where], places[where] - start]

        return work, self._tiles(left)

    def _tiles(self, left: Codes) -> Iterator[tuple[int, Any]]:
        """(first row of the tile, its pairs as a slice or as numbers)."""
        tiles = -(-len(self._lefts) // _ROWS)
        if (left[1:] >= left[:-1]).all():  # the lists are, by their first template
            ends = np.searchsorted(left, self._lefts[np.arange(1, tiles) * _ROWS])
            slices = [slice(a, b) for a, b in zip([0, *ends.tolist()], [*ends.tolist(), len(left)], strict=True)]
            yield from ((k * _ROWS, part) for k, part in enumerate(slices) if part.stop > part.start)
            return
        tile = (self._left_place[left] // _ROWS).astype(np.uint16 if tiles <= 1 << 16 else np.int32)  # 16 bits sort by radix
        order = np.argsort(tile, kind="stable")
        ends = np.cumsum(np.bincount(tile, minlength=tiles))
        for k, (a, b) in enumerate(zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True)):
            if b > a:
                yield k * _ROWS, order[a:b]


def _by_pairs(x: Floats, y: Floats, left: Codes, right: Codes, out: Floats) -> Work:
    def work(start: int) -> None:
        part = slice(start, start + _GATHER)
        np.vecdot(x[left[part]], y[right[part]], out=out[part])

    return work, range(0, len(out), _GATHER)


def _places(codes: Codes) -> tuple[Codes, Codes]:
    """The distinct codes, ascending, and a table from code to place among them."""
    used = np.zeros(int(codes.max()) + 1 if len(codes) else 0, dtype=np.bool_)
    used[codes] = True
    distinct = np.flatnonzero(used).astype(np.int32)
    table = np.zeros(len(used), dtype=np.int32)
    table[distinct] = np.arange(len(distinct), dtype=np.int32)
    return distinct, table
