"""Pairs of two sets in one pass over their vectors, whatever their size: statistics of folds, and a sample to judge by.

Before a vector is read the ids decide which rows are pairs, of whom, in which fold and whether in the sample
(`row_index.py`). People are dealt to folds, and taken into the sample, in the order of their hashes: neither depends on the
order of the rows, nor on how they lie in files. So a set in memory and the same in a hundred files give the same map.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...embeddings import EmbeddingSet, Floats, StoredSet, Strings, normalize
from ...errors import FileFormatError
from ...io import GROUP, Scratch, Shard
from ...row_index import Hashes, mixed
from ..provenance import FittedOn
from ..statistics import PairStatistics

PARTS = 5  # folds
SAMPLE = 50_000  # pairs that maps are judged by
_PER_PERSON = 32  # of them of one person

T = TypeVar("T", bound=Any)  # what adds up
Rows = NDArray[np.intp]
Chunk = tuple[Strings, Floats, Strings | None]  # ids, vectors, subjects


@dataclass(frozen=True, eq=False)
class Division:
    """Of each of k pairs its `part` (0 … PARTS − 1, or PARTS where the person is unknown), its unit's hash (its person, or
    itself where nobody is known), its own hash `key`, and whether it is `sampled`."""

    part: NDArray[np.uint8]
    unit: Hashes
    key: Hashes
    sampled: NDArray[np.bool_]
    people: int
    labelled: bool

    @classmethod
    def of(cls, keys: Hashes, people: Hashes, seed: int) -> Division:
        """Of pairs with these hashes (k,), people 0 where unknown."""
        labelled = bool(people.any())
        unit = people if labelled else keys
        order = mixed(unit, seed)
        known = unit != 0
        distinct, counts = np.unique(order[known], return_counts=True)
        part = np.full(len(unit), PARTS, dtype=np.uint8)
        part[known] = (np.searchsorted(distinct, order[known]) % PARTS).astype(np.uint8)
        taken = np.cumsum(np.minimum(counts, _PER_PERSON))
        last = distinct[min(int(np.searchsorted(taken, SAMPLE)), len(distinct) - 1)] if len(distinct) else np.uint64(0)
        rows = np.flatnonzero(known & (order <= last))
        rows = rows[np.lexsort((mixed(keys[rows]), order[rows]))]
        place = np.arange(len(rows)) - np.searchsorted(order[rows], order[rows])
        sampled = np.zeros(len(unit), dtype=np.bool_)
        sampled[rows[place < _PER_PERSON]] = True
        return cls(part, unit, keys, sampled, len(distinct), labelled)

    def take(self, rows: slice) -> Division:
        """That of some pairs."""
        return replace(self, part=self.part[rows], unit=self.unit[rows], key=self.key[rows], sampled=self.sampled[rows])


@dataclass(frozen=True, eq=False)
class PairSums:
    """What one pass over pairs gives; a monoid under `+`.

    Attributes:
        parts: PARTS + 1 statistics, of each fold and of the pairs of unknown people; else one alone.
        sample: (x, y, unit, key, part) of the sampled pairs, in pieces.
        images: what they are of, for a map's provenance, in pieces.
    """

    parts: tuple[PairStatistics, ...]
    sample: tuple[tuple[NDArray[Any], ...], ...] = ()
    images: tuple[FittedOn, ...] = ()

    def __add__(self, other: PairSums) -> PairSums:
        added = tuple(a + b for a, b in zip(self.parts, other.parts, strict=True))
        return PairSums(added, self.sample + other.sample, self.images + other.images)

    @property
    def statistics(self) -> PairStatistics:
        """Of all pairs."""
        total = self.parts[0]
        for part in self.parts[1:]:
            total = total + part
        return total

    @property
    def fitted_on(self) -> FittedOn | None:
        """What all pairs are of; None where that was not asked for."""
        return FittedOn.union(self.images) if self.images else None

    def of_images(self, fitted: FittedOn) -> PairSums:
        """The same, and what the pairs are of."""
        return replace(self, images=(fitted,))

    @classmethod
    def of(cls, x: Floats, y: Floats, division: Division, folds: bool) -> PairSums:
        """Of pairs in memory: L2-normalised (k, p) and (k, q)."""
        if not folds:
            return cls((PairStatistics.of(x, y),))
        taken = np.flatnonzero(division.sampled)
        sample = (x[taken], y[taken], division.unit[taken], division.key[taken], division.part[taken])
        counts = np.bincount(division.part, minlength=PARTS + 1)
        if counts.max() < len(x):  # the folds' pairs together
            order = np.argsort(division.part, kind="stable")
            x, y = x[order], y[order]
        ends = np.cumsum(counts)
        rows = [slice(end - count, end) for end, count in zip(ends.tolist(), counts.tolist(), strict=True)]
        return cls(tuple(PairStatistics.of(x[part], y[part]) for part in rows), (sample,))


@dataclass(frozen=True, eq=False)
class StoredPairs:
    """Some pairs of two stored sets: the rows `picked` (k,) of a shard of the source, ascending, and `places` of the target.

    `moved` is None where `places` ascend too; else a file of the target's vectors, in the order of their places.
    """

    source: StoredSet[EmbeddingSet]
    target: StoredSet[EmbeddingSet]
    shard: Shard
    picked: Rows
    places: Rows
    division: Division
    moved: Path | None = None
    keeping: Scratch = field(default_factory=Scratch)

    @property
    def rows(self) -> int:
        """How many pairs."""
        return len(self.picked)

    def blocks(self) -> Iterator[tuple[Strings, Strings | None, Floats, Floats]]:
        """ids, subjects and L2-normalised x and y, some pairs at a time."""
        rows = min(self.source.block, self.target.block)
        left = _chunks(self.source.batches(self.shard), self.shard.start, self.picked, rows)
        if self.moved is not None:
            if not self.moved.exists():
                raise FileFormatError(
                    f"no such file: {self.moved}, where vectors were put into the other set's order",
                    "Every machine must see the temporary folder: TMPDIR=/shared/tmp.",
                )
            there = self.keeping.read(self.moved, np.float32).reshape(len(self.places), -1)
            line = np.argsort(np.argsort(self.places))
            for at, (ids, x, subjects) in zip(range(0, len(line), rows), left, strict=True):
                yield ids, subjects, normalize(x), normalize(there[line[at : at + rows]])
            return
        first, last = int(self.places[0]), int(self.places[-1])
        right = _chunks(self.target.slice(first, last + 1), first, self.places, rows)
        for (ids, x, subjects), (theirs, y, their_subjects) in zip(left, right, strict=True):
            if not np.array_equal(ids, theirs):
                raise FileFormatError(f"{self.source.files.place} or {self.target.files.place} changed while it was read")
            yield ids, their_subjects if subjects is None else subjects, normalize(x), normalize(y)


def sum_pairs(work: Callable[..., T], task: StoredPairs) -> T:
    """The sum of `work(ids, subjects, x, y, division)` over the blocks of one task."""
    total, at = None, 0
    for ids, subjects, x, y in task.blocks():
        part = work(ids, subjects, x, y, task.division.take(slice(at, at + len(x))))
        total, at = part if total is None else total + part, at + len(x)
    assert total is not None  # a task has pairs
    return total


def stored_pairs(
    source: StoredSet[EmbeddingSet],
    target: StoredSet[EmbeddingSet],
    rows: Rows,
    places: Rows,
    division: Division,
    scratch: Path,
) -> list[StoredPairs]:
    """The tasks of the pairs (row rows[i] of the source, row places[i] of the target); `rows` ascend.

    Where `places` do not, the target's vectors are first brought into the source's order, in files in `scratch`.
    """
    largest = max(group.rows for side in (source, target) for group in side.files.groups)
    tasks = []
    for shard in source.shards(max(2 * GROUP, largest)):
        part = slice(*np.searchsorted(rows, (shard.start, shard.start + shard.rows)))
        if part.start < part.stop:
            tasks.append(StoredPairs(source, target, shard, rows[part], places[part], division.take(part)))
    return tasks if np.all(places[1:] > places[:-1]) else _brought_together(tasks, scratch)


def _brought_together(tasks: list[StoredPairs], scratch: Path) -> list[StoredPairs]:
    """The tasks with the target's vectors in a file each: one pass over the target, every row to the file that needs it."""
    places = np.concatenate([task.places for task in tasks])
    owner = np.repeat(np.arange(len(tasks)), [len(task.places) for task in tasks])
    order = np.argsort(places)
    places, owner, at = places[order], owner[order], 0
    files = [scratch / f"{number:06d}" for number in range(len(tasks))]
    keeping = Scratch.like(tasks[0].target)
    for batch in tasks[0].target.batches():
        part = slice(*np.searchsorted(places, (at, at + len(batch))))
        rows, whose = places[part] - at, owner[part]
        for number in np.unique(whose).tolist():
            keeping.append(files[number], batch.vectors[rows[whose == number]])
        at += len(batch)
    return [replace(task, moved=file, keeping=keeping) for task, file in zip(tasks, files, strict=True)]


def _chunks(batches: Iterator[EmbeddingSet], start: int, rows: Rows, size: int) -> Iterator[Chunk]:
    """The chosen rows (numbers from `start`, ascending) of consecutive batches, `size` at a time."""
    ids: list[Strings] = []
    vectors: list[Floats] = []
    subjects: list[Strings] = []

    def chunk() -> Chunk:
        several = len(ids) > 1
        whole = (
            np.concatenate(ids) if several else ids[0],
            np.concatenate(vectors) if several else vectors[0],
            np.concatenate(subjects) if several and subjects else subjects[0] if subjects else None,
        )
        ids[:], vectors[:], subjects[:] = [whole[0][size:]], [whole[1][size:]], [] if whole[2] is None else [whole[2][size:]]
        return whole[0][:size], whole[1][:size], None if whole[2] is None else whole[2][:size]

    for batch in batches:
        here = rows[slice(*np.searchsorted(rows, (start, start + len(batch))))] - start
        start += len(batch)
        if not len(here):
            continue
        everything = len(here) == len(batch)
        ids.append(batch.ids if everything else batch.ids[here])
        vectors.append(batch.vectors if everything else batch.vectors[here])
        if batch.subject is not None:
            subjects.append(batch.subject if everything else batch.subject[here])
        while sum(map(len, ids)) >= size:
            yield chunk()
    if sum(map(len, ids)):
        yield chunk()
