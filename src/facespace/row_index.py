"""What is known of every row of a set without its vector: 64-bit hashes of its id and of its person's name.

Ten million rows so need 160 MB instead of gigabytes of text. Equal hashes of different texts are looked into where it
matters: a duplicate id is one only if the texts are equal, and pairs compare their ids when their vectors are read.

>>> import numpy as np
>>> bool(text_hashes(np.array(["ann/1"]))[0] == text_hashes(np.array(["bob/22", "ann/1"]))[1])
True
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .embeddings import EmbeddingSet, StoredSet, Strings
from .engine import Engine
from .errors import InputError, shorten
from .io import Fields, nfc, texts, without_suffix
from .people import People, Source, people_in, people_named, people_of

Hashes = NDArray[np.uint64]
Progress = Callable[[str, int, int], None]  # what is done, rows done, rows in all
AnySet = EmbeddingSet | StoredSet[EmbeddingSet]

_FACTOR = 0x9E3779B97F4A7C15  # odd, so that no character's weight is lost
_WORD = (1 << 64) - 1


def text_hashes(names: Strings) -> Hashes:
    """(n,) a hash of each text, 0 for "": the same on every machine, in every array. Vectorised; not for secrets."""
    points = np.ascontiguousarray(names, dtype=np.str_)
    total = np.zeros(len(points), dtype=np.uint64)
    factor = 1
    if points.itemsize:
        for column in points.view(np.uint32).reshape(len(points), -1).T:
            total += column.astype(np.uint64) * np.uint64(factor)  # what a shorter text has not is 0, and adds nothing
            factor = factor * _FACTOR & _WORD
    return mixed(total)


def mixed(hashes: Hashes, seed: int | None = None) -> Hashes:
    """The hashes shuffled (splitmix64's last steps), differently for each seed; different ones stay different."""
    z = hashes if seed is None else hashes ^ np.uint64((seed + 1) * _FACTOR & _WORD)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


@dataclass(frozen=True, eq=False)
class RowIndex:
    """Of each of n rows the hash of its id and of its person.

    Attributes:
        ids: (n,) hashes, of different ids.
        people: (n,) hashes of the names that `facespace.people` tells, 0 where a person is unknown.
        source: who told: "subject", "folder" or "nobody".
    """

    ids: Hashes
    people: Hashes
    source: Source

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, faces: AnySet, engine: Engine, done: Callable[[Any], None] | None = None) -> RowIndex:
        """Of a set in memory or in files. Raises InputError naming duplicate or empty ids."""
        if isinstance(faces, EmbeddingSet):
            people = people_of(faces)
            return cls(text_hashes(faces.ids), text_hashes(people.names), people.source)
        column = faces.has("subject")
        parts = list(engine.map(partial(_index, faces), faces.shards(), done))
        ids, names = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        _check_unique(faces, ids)
        return cls(ids, names, "nobody" if not names.any() else "subject" if column else "folder")


def ids_and_people(fields: Fields) -> tuple[Strings, People]:
    """The ids of a stored set's rows, and whose they are by the rule of `facespace.people`."""
    ids = texts(fields["ids"], "id")
    return ids, people_named(texts(fields["subject"], "subject")) if "subject" in fields else people_in(ids)


def _index(faces: StoredSet[EmbeddingSet], shard: Any) -> tuple[Hashes, Hashes]:
    parts, at = [], shard.start
    for fields in faces.texts(shard):
        ids, people = ids_and_people(fields)
        if np.any(ids == ""):
            row = at + int(np.argmax(ids == ""))
            raise InputError(f"{faces.files.place}: empty id in row {row}", "Every vector needs an id.")
        at += len(ids)
        parts.append((text_hashes(ids), text_hashes(people.names)))
    return np.concatenate([ids for ids, _ in parts]), np.concatenate([people for _, people in parts])


def _check_unique(faces: StoredSet[EmbeddingSet], ids: Hashes) -> None:
    ordered = np.sort(ids)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(twice):
        return
    found = []
    for shard in faces.shards():
        for fields in faces.texts(shard):
            names = nfc(texts(fields["ids"], "id"))
            found += names[np.isin(text_hashes(names), twice)].tolist()
    names, counts = np.unique(found, return_counts=True)
    if (counts > 1).any():
        repeats = shorten(names[counts > 1].tolist())
        raise InputError(f"{faces.files.place}: duplicate ids: {repeats}", "Ids must be unique; drop or rename the repeats.")
    raise InputError(
        f"the ids {shorten(names.tolist())} in {faces.files.place} have one hash of 64 bits", "Rename one of them."
    )


def shared_rows(source: AnySet, target: AnySet, one: RowIndex, two: RowIndex) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of the ids that both sets have, by their indexes: of the source ascending, and beside them those of the target.

    Raises InputError where there are none. That the ids are equal, and not their hashes alone, whoever reads them may check.
    """
    order = np.argsort(two.ids)
    place = order[np.minimum(np.searchsorted(two.ids, one.ids, sorter=order), len(order) - 1)]
    rows = np.flatnonzero(two.ids[place] == one.ids)
    if not len(rows):
        some = [shorten(ids_of(faces, np.arange(min(2, len(faces)))).tolist()) for faces in (source, target)]
        raise InputError(
            f"the sets share no id: {some[0]} against {some[1]}",
            "Ids are compared letter by letter; were both made from the same folder?",
        )
    return rows, place[rows]


def rows_of(faces: StoredSet[EmbeddingSet], ids: Strings, engine: Engine) -> NDArray[np.intp]:
    """Rows, ascending, of those of `ids` that a stored set has; with or without the suffix of an image's file, as `find`."""
    wanted = np.unique(without_suffix(nfc(np.asarray(ids, dtype=np.str_))))
    return np.concatenate(list(engine.map(partial(_among, faces, wanted), faces.shards())))


def _among(faces: StoredSet[EmbeddingSet], wanted: Strings, shard: Any) -> NDArray[np.intp]:
    rows, at = [], shard.start
    for fields in faces.texts(shard):
        ids = texts(fields["ids"], "id")
        rows.append(at + np.flatnonzero(np.isin(without_suffix(ids), wanted)))
        at += len(ids)
    return np.concatenate(rows)


def ids_of(faces: AnySet, rows: NDArray[np.intp]) -> Strings:
    """The ids of some rows, ascending."""
    if isinstance(faces, EmbeddingSet):
        return faces.ids[rows]
    found = [np.empty(0, dtype=np.str_)]
    for shard in faces.shards(1):
        here = rows[slice(*np.searchsorted(rows, (shard.start, shard.start + shard.rows)))] - shard.start
        if len(here):
            ids = np.concatenate([texts(fields["ids"], "id") for fields in faces.texts(shard)])
            found.append(ids[here])
    return np.concatenate(found)


def steps(progress: Progress | None, name: str, whole: int) -> Callable[[Any], None] | None:
    """What an engine calls after each task, which has `rows`: those of all that are done are told to `progress`."""
    if progress is None:
        return None
    told, done = progress, [0]

    def step(task: Any) -> None:
        done[0] += task.rows
        told(name, done[0], whole)

    return step
