"""Exhaustive search of a gallery in blocks: what each probe's answer says of its mate and of the others.

The gallery is gone through twice: for the scores of the mates, and for what scores as much. It may lie in memory or in
files; an engine works on its parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..embeddings import Floats, normalize
from ..engine import Engine, LocalEngine

Codes = NDArray[np.intp]

PROBES, GALLERY = 1024, 16384  # a block of scores has 64 MiB
_MATES = 65536  # mated pairs scored at a time
# Two float32 cosines closer than this can't be told apart: they are within 1e-6 of the exact ones (scores.py).
TIE = 1e-6


@dataclass(frozen=True, eq=False)
class Search:
    """What a search of the gallery gave each of n probes.

    Attributes:
        mated: (n,) bool, the probe's person is in the gallery.
        mate: (n,) float32, greatest score of an entry of the probe's person; −∞ without a mate.
        rank: (n,) int64, place of that entry: 1 + entries of other people that score as much or more; 0 without a mate.
        other: (n,) float32, greatest score of an entry of another person; −∞ where there is none.
        closest: (n,) float32, greatest cosine of any entry, without offsets.
    """

    mated: NDArray[np.bool_]
    mate: Floats
    rank: NDArray[np.int64]
    other: Floats
    closest: Floats


@dataclass(frozen=True, eq=False)
class Entries:
    """Some entries: vectors (m, d) of any length, their people (m,), and what is taken off their scores, (m,) or None."""

    vectors: NDArray[Any]
    person: Codes
    offset: Floats | None = None


class Gallery(Protocol):
    """Entries in parts that can be read on their own."""

    def parts(self) -> Sequence[Any]:
        """Names of the parts, small and picklable."""
        ...

    def people(self, part: Any, /) -> Codes:
        """The people of the entries of a part, without reading these."""
        ...

    def read(self, part: Any, /) -> Iterator[Entries]:
        """The entries of a part, a block at a time."""
        ...


@dataclass(frozen=True, eq=False)
class MemoryGallery:
    """Entries in memory."""

    entries: Entries
    block: int = GALLERY

    def parts(self) -> Sequence[slice]:
        """A part is a block."""
        return [slice(first, first + self.block) for first in range(0, len(self.entries.person), self.block)]

    def people(self, part: slice) -> Codes:
        """See Gallery."""
        return self.entries.person[part]

    def read(self, part: slice) -> Iterator[Entries]:
        """See Gallery."""
        offset = self.entries.offset
        yield Entries(self.entries.vectors[part], self.people(part), None if offset is None else offset[part])


def search(
    probes: NDArray[Any],
    probe_person: Codes,
    gallery: NDArray[Any],
    gallery_person: Codes,
    *,
    probe_offset: Floats | None = None,
    gallery_offset: Floats | None = None,
    block: tuple[int, int] = (PROBES, GALLERY),
) -> Search:
    """Cosines of `probes` (n, d) with the whole `gallery` (m, d); people are whole numbers, (n,) and (m,).

    With offsets (n,) and (m,) the scores are the cosines less these. Memory: the normalised probes and a block of scores
    for each processor. A tie counts against the probe.
    """
    entries = MemoryGallery(Entries(gallery, gallery_person, gallery_offset), block[1])
    return search_gallery(probes, probe_person, entries, LocalEngine(), probe_offset=probe_offset, rows=block[0])


def search_gallery(
    probes: NDArray[Any],
    probe_person: Codes,
    gallery: Gallery,
    engine: Engine,
    *,
    probe_offset: Floats | None = None,
    rows: int = PROBES,
) -> Search:
    """`search` of entries that are read a part at a time; twice those of people whom a probe shows, once the others."""
    x = normalize(probes)
    known = np.unique(probe_person)
    parts = list(gallery.parts())
    with_mates = [part for part in parts if np.isin(gallery.people(part), known).any()]
    mate = np.full(len(x), -np.inf, dtype=np.float32)
    for best in engine.map(partial(_mates, x, probe_person, gallery), with_mates):
        np.maximum(mate, best, out=mate)
    mated = np.isfinite(mate)
    nothing = np.full(len(x), -np.inf, dtype=np.float32)
    found = _Others(nothing, nothing, nothing, np.zeros(len(x), dtype=np.int64))
    if parts:
        found = engine.total(partial(_others, x, probe_person, mate - np.float32(TIE), gallery, rows), parts)
    mate, other = found.mate, found.other  # both of the same products, so that a threshold cuts them alike everywhere
    if probe_offset is not None:  # the same for all answers to a probe, so no rank depends on it
        mate, other = mate - probe_offset, other - probe_offset
    return Search(mated, mate, np.where(mated, found.before + 1, 0), other, found.closest)


@dataclass(frozen=True, eq=False)
class _Others:
    """Of each probe the greatest score of its own person's entries and of others', the greatest cosine, and how many are
    before its mate."""

    mate: Floats
    other: Floats
    closest: Floats
    before: NDArray[np.int64]

    def __add__(self, more: _Others) -> _Others:
        mate, other = np.maximum(self.mate, more.mate), np.maximum(self.other, more.other)
        return _Others(mate, other, np.maximum(self.closest, more.closest), self.before + more.before)


def _others(x: Floats, person: Codes, level: Floats, gallery: Gallery, size: int, part: Any) -> _Others:
    other = np.full(len(x), -np.inf, dtype=np.float32)
    closest, mate = other.copy(), other.copy()
    before = np.zeros(len(x), dtype=np.int64)
    for entries in gallery.read(part):
        y, own = normalize(entries.vectors).T, _Own.of(person, entries.person)
        for start in range(0, len(x), size):
            rows = slice(start, start + size)
            scores = x[rows] @ y
            if entries.offset is not None:
                np.maximum(closest[rows], scores.max(axis=1), out=closest[rows])
                scores -= entries.offset
            mates = own.cells(rows)
            np.maximum.at(mate, rows.start + mates[0], scores[mates])
            if entries.offset is None:
                np.maximum.at(closest, rows.start + mates[0], scores[mates])
            scores[mates] = -np.inf
            np.maximum(other[rows], scores.max(axis=1), out=other[rows])
            before[rows] += np.count_nonzero(scores >= level[rows, None], axis=1)  # −∞ − TIE stays −∞
        if entries.offset is None:
            np.maximum(closest, other, out=closest)
    return _Others(mate, other, closest, before)


@dataclass(frozen=True, eq=False)
class _Own:
    """Which entries are of each probe's person: order[begin[i]] … order[end[i] − 1] of probe i."""

    order: Codes
    begin: Codes
    end: Codes

    @classmethod
    def of(cls, person: Codes, entry_person: Codes) -> _Own:
        order = np.argsort(entry_person, kind="stable")
        ordered = entry_person[order]
        return cls(order, *(np.searchsorted(ordered, person, side=side) for side in ("left", "right")))

    def cells(self, rows: slice) -> tuple[Codes, Codes]:
        """Cells (row within `rows`, entry) of one person."""
        begin, count = self.begin[rows], self.end[rows] - self.begin[rows]
        row = np.repeat(np.arange(len(count)), count)
        place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        return row, self.order[begin[row] + place]


def _mates(x: Floats, person: Codes, gallery: Gallery, part: Any) -> Floats:
    """(n,) the greatest score of an entry of the probe's own person, −∞ where there is none in this part."""
    best = np.full(len(x), -np.inf, dtype=np.float32)
    for entries in gallery.read(part):
        own = _Own.of(person, entries.person)
        ends = np.cumsum(own.end - own.begin)
        start = 0
        while start < len(x) and ends[-1]:
            done = ends[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, done + _MATES, side="right")))
            row, entry = own.cells(slice(start, stop))
            if len(row):
                scores = np.vecdot(x[start + row], normalize(entries.vectors[entry]))
                np.maximum.at(best, start + row, scores if entries.offset is None else scores - entries.offset[entry])
            start = stop
    return best
