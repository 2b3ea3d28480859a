"""A gallery of any size, as refine goes through it: again and again in blocks, and some rows of it at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ...embeddings import EmbeddingSet, Floats, normalize
from ...io import prefetched
from ...row_index import AnySet
from ..statistics import Moments
from ._neighbours import Rows

_BLOCK = 16384


@dataclass(frozen=True, eq=False)
class Gallery:
    """L2-normalised vectors of a set about their mean, made a block at a time.

    Of a stored set the rows that were asked for last are kept: refine asks for some, and then for a part of these.
    """

    faces: AnySet
    _kept: list[tuple[Rows, Floats]] = field(default_factory=list, repr=False)

    def __len__(self) -> int:
        return len(self.faces)

    @cached_property
    def moments(self) -> Moments:
        """Moments of all L2-normalised vectors (not about the mean)."""
        d = self.faces.dim
        total = Moments(0, np.zeros(d), np.zeros((d, d)))
        for block in self.blocks(_BLOCK):
            total = total + Moments.of(normalize(block))
        return total

    @cached_property
    def mean(self) -> Floats:
        """(d,) float32."""
        return self.moments.mean.astype(np.float32)

    @cached_property
    def dimensions(self) -> float:
        """Effective number of dimensions, (Σλ)² / Σλ² of the covariance's eigenvalues."""
        scatter = self.moments.scatter(center=True)
        return float(np.trace(scatter) ** 2 / np.sum(scatter**2))

    def rows(self, rows: Rows) -> Floats:
        """(k, d) of the given rows, about the mean."""
        return normalize(self.given(rows)) - self.mean

    def given(self, rows: Rows) -> Floats:
        """(k, d) of the given rows, as the network gave them."""
        if isinstance(self.faces, EmbeddingSet):
            return self.faces.vectors[rows]
        for known, vectors in self._kept:
            place = np.minimum(np.searchsorted(known, rows), len(known) - 1)
            if np.array_equal(known[place], rows):
                return vectors[place]
        known = np.unique(rows)
        self._kept[:] = [(known, self.faces.take(known).vectors)]
        return self.given(rows)

    def blocks(self, size: int) -> Iterator[Floats]:
        """All vectors as the network gave them, at most `size` at a time."""
        if isinstance(self.faces, EmbeddingSet):
            yield from _cut(self.faces.vectors, size)
            return
        for batch in prefetched(self.faces.batches()):
            yield from _cut(batch.vectors, size)


@dataclass(frozen=True, eq=False)
class Moved:
    """A gallery in the common space; `way` brings vectors there as the network gave them."""

    gallery: Gallery
    way: Callable[[Floats], Floats]

    def __len__(self) -> int:
        return len(self.gallery)

    def rows(self, rows: Rows) -> Floats:
        """See `_neighbours.Side`."""
        return normalize(self.way(self.gallery.given(rows)))

    def blocks(self, size: int) -> Iterator[Floats]:
        """See `_neighbours.Side`."""
        return (normalize(self.way(block)) for block in self.gallery.blocks(size))


def _cut(vectors: Floats, size: int) -> Iterator[Floats]:
    return (vectors[start : start + size] for start in range(0, len(vectors), size))
