"""A gallery in files of any size, and the choice between it and one in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import EmbeddingSet, Floats, StoredSet
from ..io import Shard
from .exact import GALLERY, Codes, Entries, Gallery, MemoryGallery

Compared = Callable[[EmbeddingSet], tuple[NDArray[Any], Floats | None]]


@dataclass(frozen=True, eq=False)
class StoredGallery:
    """Entries in files; `person` and `compared` are those of `gallery_of`."""

    faces: StoredSet[EmbeddingSet]
    person: Codes
    compared: Compared

    def parts(self) -> list[Shard]:
        """A part is some row groups."""
        return self.faces.shards(2 * GALLERY)

    def people(self, part: Shard) -> Codes:
        """See Gallery."""
        codes = self.person[part.start : part.start + part.rows]
        return codes[codes >= 0]

    def read(self, part: Shard) -> Iterator[Entries]:
        """See Gallery."""
        at = part.start
        for batch in self.faces.batches(part):
            codes = self.person[at : at + len(batch)]
            at += len(batch)
            if (known := np.flatnonzero(codes >= 0)).size:
                vectors, offset = self.compared(batch if len(known) == len(batch) else batch.take(known))
                yield Entries(vectors, codes[known], offset)


def gallery_of(
    faces: EmbeddingSet | StoredSet[EmbeddingSet], person: Codes, compared: Compared, block: int = GALLERY
) -> Gallery:
    """The entries of a set whose people are `person` (n,); those of −1 are unknown, and left out.

    `compared` brings entries to where they are compared: vectors (m, r), and what is taken off their scores, (m,) or None.
    """
    if isinstance(faces, StoredSet):
        return StoredGallery(faces, person, compared)
    known = np.flatnonzero(person >= 0)
    vectors, offset = compared(faces if len(known) == len(faces) else faces.take(known))
    return MemoryGallery(Entries(vectors, person[known], offset), block)
