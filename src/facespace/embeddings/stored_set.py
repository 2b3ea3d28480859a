"""StoredSet: a set in Parquet files of any size, of which a batch at a time is in memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, PlainFileWarning, shorten
from ..io import GROUP, AesKey, AnyKey, Fields, ParquetFiles, Seal, Shard, facts_text, prefetched, set_table, write_tables
from ._indexing import Stored, listed
from ._shown import set_html
from .origin import Origin

S = TypeVar("S")


@dataclass(frozen=True, repr=False)
class StoredSet(Stored, Origin, Generic[S]):
    """Embeddings of one network in a Parquet file, or in a folder of them; `EmbeddingSet.open` gives one.

    Opening reads the footers alone. Batches are EmbeddingSets, whose vectors are views of Arrow's memory where the file
    holds float32. That ids are unique in all files is not known before `facespace.row_index` has looked.

    Attributes:
        files: the files, their columns and row groups.
        make: what makes a batch of its fields: EmbeddingSet.
        block: rows of a batch, at most.
    """

    files: ParquetFiles
    make: Callable[..., S]
    block: int = GROUP

    @classmethod
    def open(
        cls,
        place: str | Path,
        make: Callable[..., S],
        columns: Mapping[str, str] | None = None,
        key: AnyKey | None = None,
    ) -> StoredSet[S]:
        """Open what lies at `place`. Raises FileFormatError."""
        return cls(ParquetFiles.open(place, columns, key=key), make)

    def __len__(self) -> int:
        return len(self.files)

    def __repr__(self) -> str:
        files = f", {len(self.files.paths):,} files" if len(self.files.paths) > 1 else ""
        return f"StoredSet({len(self):,} × {self.dim}, model={self.model!r}{files})"

    def _repr_html_(self) -> str:
        return set_html(self)

    @property
    def dim(self) -> int:
        """Width d of the vectors."""
        return self.files.dim

    @property
    def model(self) -> str:  # type: ignore[override]  # it is told by the files, and not set
        """Name of the network, "" when unknown."""
        return self.files.model

    @property
    def metadata(self) -> Mapping[str, Any]:  # type: ignore[override]
        """Further facts that the files tell; of the rows that a map was fitted on the sum over the files."""
        told = [facts.get("mapped") for facts in self.files.metadata]
        counts = [one["fitted"] for one in told if isinstance(one, dict) and isinstance(one.get("fitted"), int)]
        if len(told) < 2 or len(counts) < len(told):
            return self.files.metadata[0]
        return {**self.files.metadata[0], "mapped": {**(told[0] or {}), "fitted": sum(counts)}}

    def has(self, column: str) -> bool:
        """Is there such a column: subject, template, media, quality?"""
        return column in self.files.columns

    def shards(self, rows: int = 1 << 17) -> list[Shard]:
        """Parts of at most about `rows` rows that can be read on their own: whole row groups of one file."""
        return self.files.shards(rows)

    def batches(self, shard: Shard | None = None, rows: int | None = None) -> Iterator[S]:
        """The set, or one shard of it, at most `rows` rows at a time."""
        at = shard.start if shard else 0
        for part in [shard] if shard else self.files.groups:
            for fields in self.files.batches(part, rows=rows or self.block):
                yield self._made(fields, at)
                at += len(fields["ids"])

    def slice(self, start: int, stop: int) -> Iterator[S]:
        """Rows `start` … `stop` − 1, in batches."""
        for fields in self.files.slice(start, stop, self.block):
            yield self._made(fields, start)
            start += len(fields["ids"])

    def texts(self, shard: Shard) -> Iterator[Fields]:
        """ids, and of subject, template and media what there is, without the vectors; not checked."""
        return self.files.batches(shard, vectors=False)

    def rows(self, ids: Iterable[str] | NDArray[np.str_] | str) -> NDArray[np.intp]:
        """Row of each of `ids`, whose texts alone are read; InputError naming the missing ones."""
        wanted, at = listed(ids), 0
        found = dict.fromkeys(wanted.tolist(), -1)
        for group in self.files.groups:
            for fields in self.texts(group):
                for name in found.keys() & (here := np.asarray(fields["ids"]).tolist()):
                    found[name] = at + here.index(name)
                at += len(here)
        if missing := [name for name, row in found.items() if row < 0]:
            raise InputError(f"{len(missing):,} ids are not in {self.files.place}: {shorten(missing)}")
        return np.array([found[name] for name in wanted.tolist()], dtype=np.intp)

    def take(self, rows: NDArray[np.intp]) -> S:
        """The rows of these numbers, each once, in that order, in memory. What they lie among is read once."""
        order = np.argsort(rows, kind="stable")
        rows, back = rows[order], np.argsort(order)
        parts: list[Fields] = []
        for group in self.files.groups:
            wanted = rows[slice(*np.searchsorted(rows, (group.start, group.start + group.rows)))] - group.start
            if not len(wanted):
                continue
            at = 0
            for fields in self.files.batches(group):
                count = len(fields["ids"])
                here = wanted[slice(*np.searchsorted(wanted, (at, at + count)))] - at
                if len(here):
                    parts.append({name: np.asarray(value)[here] if name not in ("model", "metadata") else value
                                  for name, value in fields.items()})  # fmt: skip
                at += count
        if not parts:
            raise InputError(f"none of the rows of {self.files.place} was asked for")
        arrays = {name: [part[name] for part in parts] for name in parts[0] if name not in ("model", "metadata")}
        whole = {name: np.concatenate(pieces)[back] for name, pieces in arrays.items()}
        return self._made({**parts[0], **whole}, int(rows[0]))

    def bare(self, rows: NDArray[np.intp], path: Path) -> StoredSet[S]:
        """The rows of these numbers, ascending, copied to a Parquet file of their own: ids and vectors alone.

        Of encrypted files it is encrypted too, under a key that is nowhere but in memory.
        """
        key = AesKey.random("of this run") if self.files.encrypted else None

        def tables() -> Iterator[Any]:
            at = 0
            for group in self.files.groups:
                for fields in self.files.batches(group, rows=self.block):
                    here = rows[slice(*np.searchsorted(rows, (at, at + len(fields["ids"]))))] - at
                    at += len(fields["ids"])
                    if len(here):
                        yield set_table({name: np.asarray(fields[name])[here] for name in ("ids", "vectors")})

        facts = facts_text(self.model, self.dim, {})
        write_tables(path, prefetched(tables()), lambda: facts, seal=None if key is None else Seal.new(key))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PlainFileWarning)  # of a plain file there is a plain copy
            return replace(self.open(path, self.make, key=key), block=self.block)

    def load(self) -> S:
        """The whole set in memory."""
        return self._made(self.files.read())

    def _made(self, fields: Fields, start: int | None = None) -> S:
        try:
            made = self.make(**fields)
            if self.files.encrypted:
                object.__setattr__(made, "_secret", True)
            return made
        except InputError as error:  # say where the bad rows are
            rows = "" if start is None else f", rows from {start:,}"
            raise type(error)(f"{self.files.place}{rows}: {error.message}", error.hint) from None
