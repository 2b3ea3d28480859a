"""Averaging the vectors of several models in one space, key by key, of sets of any size.

Hashes of the ids tell which rows are of one key. Keys lie in the order of their first appearance, so each set's new keys
come together: they are gone through in that order, and what the later sets have of them is looked up. A stored set whose
keys lie in another order is first brought into it, in temporary files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...embeddings import EmbeddingSet, Floats
from ...engine import Engine
from ...errors import InputError, unknown_name
from ...io import COLUMNS, GROUP, Scratch
from ...row_index import AnySet, Progress, RowIndex, steps
from ..linear_map import LinearMap

Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Member:
    """One model's set: `place` (n,) of each row among all keys, `new` (n,) True where no earlier set has the key."""

    faces: AnySet
    way: LinearMap
    weight: float
    place: Rows
    new: NDArray[np.bool_]
    scratch: Path
    keeping: Scratch = field(default_factory=Scratch)

    def batches(self) -> Iterator[EmbeddingSet]:
        """The set in its own order."""
        return iter([self.faces]) if isinstance(self.faces, EmbeddingSet) else self.faces.batches()

    def at(self, first: int, last: int) -> tuple[Rows, Floats]:
        """The places of its keys among `first` … `last` − 1, ascending, and their vectors as the network gave them."""
        if isinstance(self.faces, EmbeddingSet) or self._in_order:
            rows = self._order[slice(*np.searchsorted(self.place[self._order], (first, last)))]
            if isinstance(self.faces, EmbeddingSet):
                return self.place[rows], self.faces.vectors[rows]
            parts = [batch.vectors for batch in self.faces.slice(int(rows[0]), int(rows[-1]) + 1)] if len(rows) else []
            return self.place[rows], np.concatenate([np.empty((0, self.faces.dim), np.float32), *parts])
        found = [self._file(number) for number in range(first // GROUP, (last - 1) // GROUP + 1)]
        records = np.concatenate(
            [self.keeping.read(path, self._record) for path in found if path.exists()] or [self._nothing]
        )
        records = records[(records["place"] >= first) & (records["place"] < last)]
        records = records[np.argsort(records["place"], kind="stable")]
        return records["place"], records["vector"]

    def bring(self) -> None:
        """Bring what later places are asked for into their order, if it lies in another."""
        if isinstance(self.faces, EmbeddingSet) or self._in_order:
            return
        start = 0
        for batch in self.faces.batches():
            rows = np.flatnonzero(~self.new[start : start + len(batch)])
            place = self.place[start + rows]
            start += len(batch)
            for number in np.unique(place // GROUP).tolist():
                here = place // GROUP == number
                records = np.empty(np.count_nonzero(here), self._record)
                records["place"], records["vector"] = place[here], batch.vectors[rows[here]]
                self.keeping.append(self._file(number), records)

    @cached_property
    def _order(self) -> Rows:
        return np.arange(len(self.place)) if self._in_order else np.argsort(self.place)

    @cached_property
    def _in_order(self) -> bool:
        return bool(np.all(self.place[1:] > self.place[:-1]))

    @property
    def _record(self) -> np.dtype[Any]:
        return np.dtype([("place", np.int64), ("vector", np.float32, (self.faces.dim,))])

    @property
    def _nothing(self) -> NDArray[Any]:
        return np.empty(0, self._record)

    def _file(self, number: int) -> Path:
        return self.scratch.with_name(f"{self.scratch.name}-{number:06d}")


@dataclass(frozen=True, eq=False)
class Fusion:
    """Σ w_m x_m / Σ w_m over the models m that have a key, x_m in the hub `name`; `count` keys."""

    members: tuple[Member, ...]
    models: tuple[str, ...]
    name: str
    count: int

    @classmethod
    def of(
        cls,
        sets: Mapping[str, AnySet],
        ways: Mapping[str, LinearMap],
        weights: Mapping[str, float],
        name: str,
        scratch: Path,
        engine: Engine,
        progress: Progress | None = None,
    ) -> Fusion:
        """Of sets by their models, `ways` into the hub; files that are needed on the way lie in `scratch`.

        Raises InputError for no sets and weights that aren't positive, UnknownNameError for a weight of no model.
        """
        if not sets:
            raise InputError("there is nothing to fuse: no set is given")
        for model, weight in weights.items():
            if model not in sets:
                raise unknown_name("model", model, sets)
            if not (np.isfinite(weight) and weight > 0):
                message = f"the weight of {model} must be a positive number; got {weight}"
                raise InputError(message, "Leave its set out instead.")
        keys = [RowIndex.of(faces, engine, steps(progress, "reading ids", len(faces))).ids for faces in sets.values()]
        distinct, first, key = np.unique(np.concatenate(keys), return_index=True, return_inverse=True)
        number = np.empty(len(distinct), dtype=np.intp)
        number[np.argsort(first)] = np.arange(len(distinct))
        new = np.zeros(len(key), dtype=np.bool_)
        new[first] = True
        ends = np.cumsum([len(part) for part in keys])[:-1]
        members: list[Member] = []
        for model, place, fresh in zip(sets, np.split(number[key], ends), np.split(new, ends), strict=True):
            file = scratch / f"{len(members)}"
            members.append(
                Member(sets[model], ways[model], weights.get(model, 1.0), place, fresh, file, Scratch.like(sets[model]))
            )
        return cls(tuple(members), tuple(sets), name, len(distinct))

    def batches(self, start: int = 0) -> Iterator[EmbeddingSet]:
        """The fused set from key `start` on, some keys at a time, with the columns that all sets have."""
        everywhere = [member.faces for member in self.members]
        columns = [name for name in COLUMNS if all(_has(faces, name) for faces in everywhere)]
        for member in self.members:
            member.bring()
        first = 0
        for number, member in enumerate(self.members):
            row = 0
            for batch in member.batches():
                rows = np.flatnonzero(member.new[row : row + len(batch)])
                row += len(batch)
                first += len(rows)
                if first <= start or not len(rows):
                    continue
                # The whole batch, whatever the start: the last bits of a product depend on the rows beside it.
                own = batch if len(rows) == len(batch) else batch.take(rows)
                vectors = self._fused(number, own, first - len(rows))
                kept: dict[str, Any] = {name: getattr(own, name) for name in columns}
                fused = EmbeddingSet(vectors, own.ids, model=self.name, metadata={"fused": list(self.models)}, **kept)
                before = max(start - (first - len(rows)), 0)
                yield fused.take(np.arange(before, len(rows))) if before else fused

    def _fused(self, number: int, own: EmbeddingSet, first: int) -> NDArray[np.float64]:
        """The keys that `own`, of member `number`, brings: places from `first` on."""
        member, later = self.members[number], self.members[number + 1 :]
        total = member.weight * member.way.transform(own.vectors).astype(np.float64)
        weight = np.full(len(own), member.weight)
        for other in later:
            place, vectors = other.at(first, first + len(own))
            if len(place):
                total[place - first] += other.weight * other.way.transform(vectors).astype(np.float64)
                weight[place - first] += other.weight
        fused: NDArray[np.float64] = total / weight[:, None]
        return fused


def _has(faces: AnySet, column: str) -> bool:
    return getattr(faces, column) is not None if isinstance(faces, EmbeddingSet) else faces.has(column)
