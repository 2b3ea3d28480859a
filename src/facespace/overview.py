"""What is in a set of any size: `facespace info`.

One pass over the vectors keeps 40 bytes of each row: hashes (of the id, of the person, of the vector) and four projections
of its direction. Rows of equal hashes are equal; rows of one person whose projections lie within reach of one another are
read again and compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .copies import COPY, of_two_people
from .embeddings import EmbeddingSet, Floats, StoredSet
from .engine import Engine, LocalEngine
from .io import Shard
from .row_index import AnySet, Hashes, Progress, RowIndex, ids_of, mixed, steps, text_hashes
from .shown import Result

_PROJECTIONS = 4
_REACH = float(np.sqrt(2 * (1 - COPY))) * 1.01  # how far apart two directions of cosine COPY are, and rounding
_MOST = 50_000  # candidates that are read again
_BLOCK = 4096
_DOCUMENT = ("rows", "dim", "model", "columns", "people", "copies", "metadata", "mean_length", "vector_length", "first_ids")

Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False, repr=False)
class Overview(Result):
    """Counts and extremes of a set.

    Attributes:
        columns: distinct values of the optional columns. people: who told them, how many, images of unknown ones.
        copies: images that are copies of others, images with the vector of another person's. named: some of either kind.
        checked: all that may be copies were looked at; else `copies` counts the least.
        mean_length: of the mean unit vector. vector_length: the least, mean and greatest.
    """

    rows: int
    dim: int
    model: str
    columns: dict[str, dict[str, int]]
    people: dict[str, Any]
    copies: dict[str, int]
    named: tuple[list[str], list[str]]
    checked: bool
    metadata: dict[str, Any]
    mean_length: float
    vector_length: dict[str, float]
    first_ids: list[str]

    def brief(self) -> str:
        """The headline and its counts in a line."""
        people = f"{self.people['known']:,} people by {self.people['by']}, {self.copies['images']:,} copies"
        return f"{self.rows:,} × {self.dim} of {self.model or 'an unknown network'}, {people}"

    def to_dict(self) -> dict[str, Any]:
        """The `info` document of a set."""
        return {"kind": "set", **{name: getattr(self, name) for name in _DOCUMENT}}

    @classmethod
    def of(cls, faces: AnySet, engine: Engine | None = None, progress: Progress | None = None) -> Overview:
        """Of a set in memory or in files. Raises InputError for what no set may have, such as duplicate ids."""
        engine, n = engine or LocalEngine(), len(faces)
        index = RowIndex.of(faces, engine, steps(progress, "reading ids", n))
        looked = _all_looked(faces, engine, progress)
        person = np.unique(index.people, return_inverse=True)[1]
        person[index.people == 0] = -1
        first = _first(np.concatenate([part.hashes for part in looked]))
        near, checked = _near(faces, person, first, np.concatenate([part.projected for part in looked]))
        copied, shared = np.flatnonzero(near != np.arange(n)), of_two_people(first, person)
        columns = {name: np.concatenate([part.columns[name] for part in looked]) for name in looked[0].columns}
        lengths = [part.lengths for part in looked]
        return cls(
            rows=n,
            dim=faces.dim,
            model=faces.model,
            columns={name: {"distinct": len(np.unique(found[found != 0]))} for name, found in columns.items()},
            people={
                "by": index.source,
                "known": len(np.unique(person[person >= 0])),
                "images_of_unknown_people": int(np.count_nonzero(person < 0)),
            },
            copies={"images": len(copied), "of_two_people": len(shared)},
            named=(_named(faces, copied, near), _named(faces, shared, first)),
            checked=checked,
            metadata=dict(faces.metadata),
            mean_length=float(np.linalg.norm(np.sum([part.direction for part in looked], axis=0) / n)),
            vector_length={
                "min": min(least for least, _, _ in lengths),
                "mean": sum(whole for _, whole, _ in lengths) / n,
                "max": max(most for _, _, most in lengths),
            },
            first_ids=ids_of(faces, np.arange(min(3, n))).tolist(),
        )


@dataclass(frozen=True, eq=False)
class _Looked:
    """Of some rows the least, sum and greatest of lengths, the sum of directions, and what is kept of each row."""

    lengths: tuple[float, float, float]
    direction: NDArray[np.float64]
    hashes: Hashes
    projected: Floats
    columns: dict[str, Hashes]

    @classmethod
    def of(cls, batch: EmbeddingSet) -> _Looked:
        lengths = np.sqrt(np.einsum("ij,ij->i", batch.vectors, batch.vectors, dtype=np.float64))
        unit = batch.normalized()
        axes = np.random.default_rng(0).standard_normal((batch.dim, _PROJECTIONS))
        projected = unit @ (axes / np.linalg.norm(axes, axis=0)).astype(np.float32)
        columns = {
            # A quality's bits and one, since a hash of 0 is an empty text's.
            name: column.view(np.uint32).astype(np.uint64) + np.uint64(1) if name == "quality" else text_hashes(column)
            for name, column in batch.columns().items()
        }
        ends = float(lengths.min()), float(lengths.sum()), float(lengths.max())
        return cls(ends, unit.sum(axis=0, dtype=np.float64), _row_hashes(batch.vectors), projected, columns)


def _all_looked(faces: AnySet, engine: Engine, progress: Progress | None) -> list[_Looked]:
    if isinstance(faces, EmbeddingSet):
        return [_Looked.of(faces)]
    found = engine.map(partial(_look, faces), faces.shards(), steps(progress, "looking at vectors", len(faces)))
    return [part for parts in found for part in parts]


def _look(faces: StoredSet[EmbeddingSet], shard: Shard) -> list[_Looked]:
    return [_Looked.of(batch) for batch in faces.batches(shard)]


def _row_hashes(vectors: Floats) -> Hashes:
    """(n,) hashes of rows: two sums of the numbers' bits times random odd numbers, mixed."""
    odd = np.random.default_rng(0).integers(0, 1 << 63, (2, vectors.shape[1]), dtype=np.uint64) * 2 + 1
    found = np.empty(len(vectors), dtype=np.uint64)
    for start in range(0, len(vectors), _BLOCK):
        bits = (vectors[start : start + _BLOCK] + np.float32(0)).view(np.uint32).astype(np.uint64)  # no negative zeros
        one, two = (np.einsum("ij,j->i", bits, factors) for factors in odd)
        found[start : start + _BLOCK] = mixed(one) + mixed(two, 1)
    return found


def _first(hashes: Hashes) -> Rows:
    """(n,) for each row the first of the same hash."""
    _, first, group = np.unique(hashes, return_index=True, return_inverse=True)
    return np.asarray(first[group], dtype=np.intp)


def _near(faces: AnySet, person: Rows, first: Rows, projected: Floats) -> tuple[Rows, bool]:
    """`first`, or an earlier row of the person that differs by rounding; and whether all candidates were looked at."""
    rows = np.flatnonzero((person >= 0) & (first == np.arange(len(first))))
    rows = rows[np.lexsort((projected[rows, 0], person[rows]))]
    found = []
    for distance in range(1, len(rows)):
        a, b = rows[:-distance], rows[distance:]
        close = (person[a] == person[b]) & (projected[b, 0] - projected[a, 0] <= _REACH)
        if not close.any():
            break
        pairs = np.stack([a[close], b[close]])
        found.append(np.sort(pairs[:, np.all(np.abs(projected[pairs[0]] - projected[pairs[1]]) <= _REACH, axis=1)], axis=0))
    pairs = np.concatenate([np.empty((2, 0), dtype=np.intp), *found], axis=1)
    if not pairs.size:
        return first, True
    whole, pairs = pairs.shape[1] <= _MOST, pairs[:, :_MOST]
    needed = np.unique(pairs)
    unit, places = faces.take(needed).normalized(), np.searchsorted(needed, pairs)
    near = np.arange(len(first))
    for start in range(0, places.shape[1], _BLOCK):
        part = slice(start, start + _BLOCK)
        same = np.vecdot(unit[places[0, part]], unit[places[1, part]]) >= COPY
        np.minimum.at(near, pairs[1, part][same], pairs[0, part][same])
    return near[first], whole


def _named(faces: AnySet, copies: Rows, of: Rows) -> list[str]:
    """Some copies by their ids, with what they are copies of."""
    some = copies[of[copies] != copies][:5]
    rows = np.unique(np.concatenate([some, of[some]]))
    names = dict(zip(rows.tolist(), ids_of(faces, rows).tolist(), strict=True))
    return [f"{names[row]} = {names[of[row]]}" for row in some.tolist()]
