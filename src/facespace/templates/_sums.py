"""Weighted sums of faces by template, in float64: of a set in memory template by template, of one in files row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import EmbeddingSet, Floats, StoredSet
from ..engine import Engine
from ..io import GROUP, Shard
from ..row_index import AnySet

Rows = NDArray[np.intp]
Doubles = NDArray[np.float64]
Codes = NDArray[np.integer]
Transform = Callable[[Floats], NDArray[Any]]
Sums = tuple[Codes, Doubles]  # templates (k,), ascending, and their sums (k, d)

_BLOCK = 4096  # faces summed at a time in memory, in float64: 16 MB of 512-d vectors a worker


@dataclass(frozen=True, eq=False)
class TemplateSums:
    """What a list of n entries asks for, in the order in which it is read.

    Attributes:
        faces: the set.
        rows: (n,) rows of it. template: (n,) whose faces they are. share: (n,) their weights.
        unit: bring every face to unit length. transform: what it goes through first, or None.
    """

    faces: AnySet
    rows: Rows
    template: Codes
    share: Doubles
    unit: bool = False
    transform: Transform | None = None

    @classmethod
    def of(cls, faces: AnySet, rows: Rows, template: Codes, share: Doubles, *how: Any) -> TemplateSums:
        """In whatever order they are given."""
        key = template if isinstance(faces, EmbeddingSet) else rows
        if (key[1:] < key[:-1]).any():
            order = np.argsort(key, kind="stable")
            rows, template, share = rows[order], template[order], share[order]
        return cls(faces, rows, template, share, *how)

    def total(self, count: int, engine: Engine) -> Doubles:
        """(count, d) the sum of each template; zeros where it has no face."""
        sums = None
        for part in engine.map(self, self.parts()):
            for codes, some in part:
                sums = np.zeros((count, some.shape[1])) if sums is None else sums
                sums[codes] += some
        return np.zeros((count, self.faces.dim if self.transform is None else 0)) if sums is None else sums

    def parts(self) -> list[tuple[slice, Shard | None]]:
        """Entries that are summed at a time: some whole templates, or those of a part of the files."""
        if isinstance(self.faces, StoredSet):
            shards = self.faces.shards(GROUP)
            found = [slice(*np.searchsorted(self.rows, (s.start, s.start + s.rows)).tolist()) for s in shards]
            return [(part, shard) for part, shard in zip(found, shards, strict=True) if part.start < part.stop]
        starts = np.append(_starts(self.template), len(self.template))
        parts: list[tuple[slice, Shard | None]] = []
        first = 0
        while first < len(starts) - 1:
            last = max(int(np.searchsorted(starts, starts[first] + _BLOCK, side="right")) - 1, first + 1)
            parts.append((slice(int(starts[first]), int(starts[last])), None))
            first = last
        return parts

    def __call__(self, task: tuple[slice, Shard | None]) -> list[Sums]:
        """The sums of one part; a template may be in several."""
        return [self._sums(*read) for read in self._read(*task)]

    def _read(self, part: slice, shard: Shard | None) -> Iterator[tuple[Floats, Rows]]:
        """Vectors, and the numbers of their entries, by template."""
        rows, numbers = self.rows[part], np.arange(part.start, part.stop)
        if isinstance(self.faces, EmbeddingSet):
            straight = rows[-1] - rows[0] == len(rows) - 1 and bool((np.diff(rows) == 1).all())
            yield self.faces.vectors[rows[0] : rows[-1] + 1] if straight else self.faces.vectors[rows], numbers
            return
        assert shard is not None
        at = shard.start
        for batch in self.faces.batches(shard):
            here = slice(*np.searchsorted(rows, (at, at + len(batch))))
            entries = numbers[here][np.argsort(self.template[part][here], kind="stable")]
            if len(entries):
                yield batch.vectors[self.rows[entries] - at], entries
            at += len(batch)

    def _sums(self, vectors: Floats, entries: Rows) -> Sums:
        from scipy.sparse import csr_array

        x = np.asarray(vectors if self.transform is None else self.transform(vectors), dtype=np.float64)
        factor, codes = self.share[entries], self.template[entries]
        if self.unit:
            factor = factor / np.sqrt(np.einsum("ij,ij->i", x, x))
        starts = _starts(codes)
        ends = np.append(starts, len(codes))
        matrix = csr_array((factor, np.arange(len(codes)), ends), shape=(len(starts), len(codes)))
        return codes[starts], matrix @ x


def _starts(ordered: Codes) -> Rows:
    """Where each distinct number begins."""
    return np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
