"""Which rows of two sets are pairs, and whose: from ids alone, before a vector is looked at."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...datasets import PairProtocol, exclude_people
from ...embeddings import EmbeddingSet, Floats, StoredSet, Strings
from ...engine import Engine, LocalEngine
from ...errors import InputError
from ...io import Shard
from ...people import People, people_in, people_named, people_of
from ...row_index import AnySet, Hashes, Progress, RowIndex, ids_of, mixed, rows_of, shared_rows, steps, text_hashes
from ..provenance import FittedOn
from ..statistics import Moments
from .sums import Division, PairSums, Rows, T, stored_pairs, sum_pairs


@dataclass(frozen=True, eq=False)
class MemoryPairs:
    """Pairs in memory: L2-normalised x (k, p) and y (k, q), as one block; ids and people are known without them."""

    x: Floats
    y: Floats
    division: Division

    @property
    def rows(self) -> int:
        """How many pairs."""
        return len(self.x)

    def blocks(self) -> Iterator[tuple[None, None, Floats, Floats]]:
        """All of them."""
        yield None, None, self.x, self.y


@dataclass(frozen=True, eq=False)
class Pairing:
    """The pairs of two sets.

    Attributes:
        n: how many. facts: how they were paired and who told the people, for the map's record.
        division: their people, folds and sample.
        fitted_on: what pairs in memory are of; that of stored ones comes with their sums.
        tasks: what is to be read, given a folder for what has to be put into another order first.
        names: ids of the pairs of these numbers. only: the pairs of a mask (n,).
        engine, progress: where sums are made, and who hears of it.
    """

    n: int
    facts: dict[str, Any]
    division: Division
    fitted_on: FittedOn | None
    tasks: Callable[[Path], list[Any]]
    names: Callable[[Rows], Strings]
    only: Callable[[NDArray[np.bool_]], Pairing]
    engine: Engine
    progress: Progress | None = None

    @classmethod
    def of(
        cls,
        source: AnySet,
        target: AnySet,
        protocol: PairProtocol | None = None,
        *,
        exclude: PairProtocol | None = None,
        seed: int = 0,
        engine: Engine,
        progress: Progress | None = None,
    ) -> Pairing:
        """The ids that both have, or the genuine pairs of `protocol`; without `exclude`'s images and people.

        Raises InputError where there are no pairs.
        """
        if protocol is not None or isinstance(source, EmbeddingSet) or isinstance(target, EmbeddingSet):
            # What is asked for is in memory, a list or one of the sets; so then are the embeddings of it.
            whole = len(source), len(target)
            source = _in_memory(source, target if protocol is None else protocol, engine)
            target = _in_memory(target, source if protocol is None else protocol, engine)
            return cls._of_memory(source, target, protocol, exclude, seed, whole, engine)
        return cls._of_stored(source, target, exclude, seed, engine, progress)

    @classmethod
    def _of_memory(
        cls,
        source: EmbeddingSet,
        target: EmbeddingSet,
        protocol: PairProtocol | None,
        exclude: PairProtocol | None,
        seed: int,
        whole: tuple[int, int],
        engine: Engine,
    ) -> Pairing:
        excluded = None
        if exclude is not None:
            excluded, theirs = excluded_rows(source, target, exclude, engine)
            source, target = (f.take(np.flatnonzero(~out)) for f, out in ((source, excluded), (target, theirs)))
        x, y, people, keys, facts = paired_vectors(source, target, protocol)
        if protocol is None:
            facts |= _unmatched(whole, len(x), excluded)
        return cls._of_vectors((x, y), people, keys, facts, seed)

    @classmethod
    def _of_vectors(
        cls,
        both: tuple[Floats, Floats],
        people: People,
        keys: tuple[Strings, ...],
        facts: dict[str, Any],
        seed: int,
    ) -> Pairing:
        x, y = both
        named = people.names[people.known]
        facts = facts | _counted(people.source, len(np.unique(named)), len(x) - len(named))
        codes = text_hashes(people.names)
        hashes = _combined([text_hashes(part) for part in keys])
        division = Division.of(hashes, codes, seed)
        fitted = FittedOn.of(np.concatenate(keys), people.names)

        def only(mask: NDArray[np.bool_]) -> Pairing:
            rows = np.flatnonzero(mask)
            kept = tuple(key[rows] for key in keys)
            return cls._of_vectors((x[rows], y[rows]), people.take(rows), kept, facts, seed)

        def names(rows: Rows) -> Strings:
            return np.array([" ".join(parts) for parts in zip(*(key[rows].tolist() for key in keys), strict=True)], np.str_)

        tasks = [MemoryPairs(x, y, division)]
        return cls(len(x), facts, division, fitted, lambda _: tasks, names, only, LocalEngine(1))

    @classmethod
    def _of_stored(
        cls,
        source: StoredSet[EmbeddingSet],
        target: StoredSet[EmbeddingSet],
        exclude: PairProtocol | None,
        seed: int,
        engine: Engine,
        progress: Progress | None,
    ) -> Pairing:
        both = []
        for side in (source, target):
            both.append(RowIndex.of(side, engine, steps(progress, "reading ids", len(side))))
        one, two = both
        rows, places = shared_rows(source, target, one, two)
        excluded = None
        if exclude is not None:
            excluded, _ = excluded_rows(source, target, exclude, engine, (one, two))
            rows, places = rows[~excluded[rows]], places[~excluded[rows]]
        unmatched = _unmatched((len(one), len(two)), len(rows), excluded)
        return cls._of_rows((source, target), (one, two), (rows, places), unmatched, seed, engine, progress)

    @classmethod
    def _of_rows(
        cls,
        sides: tuple[StoredSet[EmbeddingSet], StoredSet[EmbeddingSet]],
        indexes: tuple[RowIndex, RowIndex],
        at: tuple[Rows, Rows],
        unmatched: dict[str, int],
        seed: int,
        engine: Engine,
        progress: Progress | None,
    ) -> Pairing:
        (one, two), (rows, places) = indexes, at
        told = one if one.source == "subject" or two.source != "subject" else two
        people = told.people[rows] if told is one else told.people[places]
        facts = {
            "pairing": "same",
            **unmatched,
            **_counted(told.source, len(np.unique(people[people != 0])), int(np.count_nonzero(people == 0))),
        }
        division = Division.of(one.ids[rows], people, seed)
        tasks = partial(stored_pairs, *sides, rows, places, division)

        def only(mask: NDArray[np.bool_]) -> Pairing:
            kept = rows[mask], places[mask]
            return cls._of_rows(sides, indexes, kept, unmatched, seed, engine, progress)

        def names(wanted: Rows) -> Strings:
            order = np.argsort(wanted)
            found = np.empty(len(wanted), dtype=object)
            found[order] = ids_of(sides[0], rows[wanted[order]])
            return found.astype(np.str_)

        return cls(len(rows), facts, division, None, tasks, names, only, engine, progress)

    def sums(self, means: tuple[Floats, Floats] | None = None, *, folds: bool = False, provenance: bool = False) -> PairSums:
        """One pass over the pairs, about `means` if given: the statistics, of each of the `folds` if asked for."""
        work = partial(_work, means=means, folds=folds, provenance=provenance and self.fitted_on is None)
        total = self.total(work)
        return total if self.fitted_on is None or not provenance else total.of_images(self.fitted_on)

    def total(self, work: Callable[..., T], name: str = "adding pairs") -> T:
        """The sum of `work(ids, subjects, x, y, division)` over blocks of the pairs, in one pass."""
        with tempfile.TemporaryDirectory(prefix="facespace-") as scratch:
            tasks = self.tasks(Path(scratch))
            return self.engine.total(partial(sum_pairs, work), tasks, steps(self.progress, name, self.n))


def _work(
    ids: Strings | None, subjects: Strings | None, x: Floats, y: Floats, division: Division, *,
    means: tuple[Floats, Floats] | None, folds: bool, provenance: bool,
) -> PairSums:  # fmt: skip
    if means is not None:
        x, y = x - means[0], y - means[1]
    sums = PairSums.of(x, y, division, folds)
    if not provenance or ids is None:
        return sums
    return sums.of_images(FittedOn.of(ids, (people_in(ids) if subjects is None else people_named(subjects)).names))


def paired_vectors(
    source: EmbeddingSet, target: EmbeddingSet, protocol: PairProtocol | None
) -> tuple[Floats, Floats, People, tuple[Strings, ...], dict[str, Any]]:
    """L2-normalised vectors (n, p), (n, q) of pairs, their people (n,), their ids, each (n,), and how they were paired."""
    if protocol is None:
        joined = source.join(target)
        left, right = joined.left, joined.right
        return left.normalized(), right.normalized(), people_of(left, right), (left.ids,), {"pairing": "same"}
    genuine_left, genuine_right = protocol.left[protocol.same], protocol.right[protocol.same]
    left_rows, right_rows = source.find(genuine_left), target.find(genuine_right)
    both = (left_rows >= 0) & (right_rows >= 0)
    if not both.any():
        raise InputError(
            f"none of the {len(both):,} genuine pairs of {protocol.name!r} has an embedding in both sets",
            "Do the ids of the pairs list and of the sets have the same form?",
        )
    # One image may be in several pairs, so these are not sets but rows of sets.
    left_rows, right_rows = left_rows[both], right_rows[both]
    people = people_of(source).take(left_rows)
    if people.source == "nobody":
        people = people_of(target).take(right_rows)
    facts = {"pairing": "matched", "pairs_without_embedding": int((~both).sum())}
    ids = genuine_left[both], genuine_right[both]
    return source.normalized()[left_rows], target.normalized()[right_rows], people, ids, facts


def moments_of(faces: AnySet, engine: Engine, without: NDArray[np.bool_] | None = None) -> Moments:
    """The moments of all L2-normalised vectors of a set, `without` (n,) some."""
    if isinstance(faces, EmbeddingSet):
        return Moments.of(faces.normalized() if without is None else faces.normalized()[~without])
    return engine.total(partial(_moments, faces, without), faces.shards())


def _moments(faces: StoredSet[EmbeddingSet], without: NDArray[np.bool_] | None, shard: Shard) -> Moments:
    total, at = Moments.of(np.empty((0, faces.dim))), shard.start
    for batch in faces.batches(shard):
        unit = batch.normalized()
        total = total + Moments.of(unit if without is None else unit[~without[at : at + len(unit)]])
        at += len(unit)
    return total


def _in_memory(faces: AnySet, wanted: AnySet | PairProtocol, engine: Engine) -> EmbeddingSet:
    """Of a stored set the rows that `wanted` names."""
    if isinstance(faces, EmbeddingSet):
        return faces
    assert not isinstance(wanted, StoredSet)
    rows = rows_of(faces, wanted.ids, engine)
    return faces.take(rows if len(rows) else np.arange(1))  # of none, whoever looks for pairs will say so


def _combined(hashes: list[Hashes]) -> Hashes:
    return hashes[0] if len(hashes) == 1 else mixed(hashes[0] + mixed(hashes[1]))


def _counted(source: str, known: int, unknown: int) -> dict[str, Any]:
    """Who told the people, how many they are (None where nobody is known), and how many pairs are of unknown ones."""
    return {"people_by": source, "subjects": known or None, "pairs_of_unknown_people": unknown}


def _unmatched(whole: tuple[int, int], n: int, excluded: NDArray[np.bool_] | None) -> dict[str, int]:
    out = 0 if excluded is None else int(np.count_nonzero(excluded))
    found = {"source_unmatched": whole[0] - out - n, "target_unmatched": whole[1] - n}
    return found if excluded is None else {**found, "excluded": out}


def excluded_rows(
    source: AnySet,
    target: AnySet,
    exclude: PairProtocol,
    engine: Engine,
    indexes: tuple[RowIndex, RowIndex] | None = None,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Rows (n,) of the source and (m,) of the target that are images of `exclude` or of its people, as far as either tells.

    An image that one set alone knows to be of these people is left out of the other too. InputError where nothing is left.
    """
    one, two = indexes or (RowIndex.of(source, engine), RowIndex.of(target, engine))
    left, right = (
        ~exclude_people(faces, exclude) if isinstance(faces, EmbeddingSet) else _tested(faces, exclude, index, engine)
        for faces, index in ((source, one), (target, two))
    )
    both = left | np.isin(one.ids, two.ids[right]), right | np.isin(two.ids, one.ids[left])
    for out in both:
        if out.all():
            raise InputError(f"all {len(out)} images are of people in {exclude.name}", "Fit on others.")
    return both


def _tested(faces: StoredSet[EmbeddingSet], protocol: PairProtocol, index: RowIndex, engine: Engine) -> NDArray[np.bool_]:
    """`exclude_people` of a stored set, turned round: True for images of the list and of its people."""
    rows = rows_of(faces, protocol.ids, engine)
    tested = np.isin(np.arange(len(index)), rows)
    names = index.people[rows] if index.source == "subject" else text_hashes(people_in(protocol.ids).names)
    return np.asarray(tested | ((index.people != 0) & np.isin(index.people, names[names != 0])))
