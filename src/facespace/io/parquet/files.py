"""Parquet as one table that is never whole in memory: a file, a folder of them or a pattern; footers first, then batches.

A folder is flat or in Hive's layout (`subject=ann/part-0.parquet`), where the folders' names are columns. Rows are numbered
through all files, in the order of their paths.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from ...errors import FileFormatError, GuessWarning, shorten
from ..column_names import Fields, Wanted, guessed
from ..eight_bits import unit_vectors
from ..keys import AnyKey
from .footers import Locks, about_file, footer, named, vectors_of
from .pages import check_pages
from .pointer import paths_of, stamp_of
from .values import TEXTS, column_of
from .writing import GROUP


@dataclass(frozen=True)
class Shard:
    """Some row groups of one file: what one worker takes at a time. Rows `start` … `start + rows` − 1 of the whole."""

    path: Path
    groups: tuple[int, ...]
    start: int
    rows: int


@dataclass(frozen=True)
class ParquetFiles:
    """One table in Parquet files: what their footers tell, and the rows a batch at a time.

    Attributes:
        place: what was opened, for messages.
        groups: one Shard for each row group.
        names: the column of each role: id, vector, and what else there is of subject, template, media, quality.
        dim: width of the vectors. model: what the files say, "" where nothing. metadata: further facts of each file.
        packed: what numbers a column of bytes holds, "" for float32. coded: columns that are read as a dictionary, lest a
            text that many rows share be multiplied.
        stamps: size and time of each file (st_mtime_ns) when it was opened.
        locks: which files are encrypted, and the keys.
        directions: whether they hold the vectors' directions alone, in 8 bits a number (`save_parquet`).
    """

    place: str
    groups: tuple[Shard, ...]
    names: Mapping[str, str]
    dim: int
    model: str
    metadata: tuple[Mapping[str, Any], ...]
    packed: str = ""
    coded: tuple[str, ...] = ()
    stamps: Mapping[Path, tuple[int, int]] = field(default_factory=dict)
    locks: Locks = field(default_factory=Locks)
    directions: bool = False

    @classmethod
    def open(
        cls,
        place: str | Path,
        columns: Wanted | None = None,
        *,
        follow: bool = True,
        key: AnyKey | None = None,
        called: str = "",
    ) -> ParquetFiles:
        """Look at the footers. `columns` as of `read_set`; a guess is told by a GuessWarning. Raises FileFormatError.

        A folder in which a gallery's successor was made current is read there; its own files if not `follow`. `key` is for
        encrypted files, None for the keys in use; `called` is the name that a file was written under, if it isn't its own.
        """
        wanted = dict(columns or {})
        packed = wanted.pop("bytes", "")
        paths, groups, first = paths_of(str(place), follow), [], None
        stamps = {path: stamp_of(path) for path in paths}
        locks = Locks.of(paths, key, called)
        metadata = []
        start = 0
        for path in paths:
            with named(path, locks):
                about = footer(path, locks)
            found = about_file(path, about, wanted, packed, locks)
            metadata.append(found.pop("metadata"))
            if first is None:
                first = found
            if what := next((name for name in ("names", "dim", "model") if found[name] != first[name]), None):
                told = {"names": "columns", "dim": "width", "model": "network"}[what]
                raise FileFormatError(
                    f"{path} and {paths[0]} are not of one set: {told} {found[what]!r} and {first[what]!r}",
                    "A folder is one set: keep another network's files in a folder of their own.",
                )
            for number in range(about.num_row_groups):
                if rows := about.row_group(number).num_rows:
                    groups.append(Shard(path, (number,), start, rows))
                    start += rows
        assert first is not None  # paths_of gives one at least
        if not start:
            raise FileFormatError(f"{place} holds no rows: an embedding set needs a vector; this one is empty")
        if told := guessed(first["names"], {}):
            metadata[0] = {**metadata[0], "columns": told}
        if told := guessed(first["names"], wanted):
            warnings.warn(f"{place} was read with {told}", GuessWarning, stacklevel=4)
        return cls(str(place), tuple(groups), metadata=tuple(metadata), packed=packed, stamps=stamps, locks=locks, **first)

    def read(self) -> Fields:
        """The whole of it in memory."""
        vectors: Any = None
        columns: dict[str, list[Any]] = {}
        at = 0
        for group in self.groups:
            for fields in self.batches(group):
                part = fields.pop("vectors")
                if vectors is None:
                    vectors = np.empty((len(self), self.dim), dtype=part.dtype)
                vectors[at : at + len(part)] = part
                at += len(part)
                for name in fields.keys() - {"model", "metadata"}:
                    columns.setdefault(name, []).extend(fields[name])
        return {"vectors": vectors, "model": self.model, "metadata": dict(self.metadata[0]), **columns}

    def __len__(self) -> int:
        return self.groups[-1].start + self.groups[-1].rows

    @property
    def encrypted(self) -> bool:
        """Whether the files are."""
        return self.locks.encrypted

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """The files, in the order of their rows."""
        return tuple(dict.fromkeys(group.path for group in self.groups))

    @cached_property
    def columns(self) -> frozenset[str]:
        """The roles beside id and vector that there are."""
        return frozenset({*self.names, *self._folders(self.groups[0].path, 1)} - {"id", "vector"})

    def shards(self, rows: int = 8 * GROUP) -> list[Shard]:
        """The row groups, neighbours of one file put together up to about `rows` rows."""
        shards: list[Shard] = []
        for group in self.groups:
            last = shards[-1] if shards else None
            if last and last.path == group.path and last.rows + group.rows <= rows:
                shards[-1] = Shard(last.path, (*last.groups, *group.groups), last.start, last.rows + group.rows)
            else:
                shards.append(group)
        return shards

    def batches(self, shard: Shard, *, vectors: bool = True, rows: int = GROUP) -> Iterator[Fields]:
        """What EmbeddingSet takes, by its names, for at most `rows` rows at a time; without `vectors` the texts alone."""
        for table in self.tables(shard, vectors=vectors, rows=rows):
            yield self.fields(shard.path, table)

    def tables(
        self,
        shard: Shard,
        *,
        vectors: bool = True,
        everything: bool = False,
        names: Sequence[str] | None = None,
        rows: int = GROUP,
    ) -> Iterator[Any]:
        """pyarrow Tables of at most `rows` rows: the set's columns, these `names`, or `everything` that the file has.

        Raises FileFormatError: damaged, or another file than the one that was opened.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        with named(shard.path, self.locks):
            options = {**self.locks.options(shard.path), "read_dictionary": list(self.coded), "pre_buffer": False}
            if not self.encrypted:
                check_pages(shard.path, shard.groups)
                options["page_checksum_verification"] = True
            with pq.ParquetFile(shard.path, buffer_size=1 << 22, **options) as file:
                if stamp_of(shard.path) != self.stamps.get(shard.path, stamp_of(shard.path)):  # else two sets would be mixed
                    raise FileFormatError(f"{shard.path} was changed while it was read", "Open it again.")
                if names is None and not everything:
                    names = [name for role, name in self.names.items() if vectors or role != "vector"]
                read = 0
                for batch in file.iter_batches(rows, row_groups=list(shard.groups), columns=names, use_threads=False):
                    read += batch.num_rows
                    yield pa.Table.from_batches([batch])
            if read != shard.rows:
                raise FileFormatError(
                    f"{shard.path} promises {shard.rows:,} rows in row groups {shorten(shard.groups)} and holds {read:,}",
                    "Is it damaged?",
                )

    def moved(self, shard: Shard, move: Callable[[Fields], tuple[Any, int]], rows: int) -> Iterator[tuple[Any, int]]:
        """Tables of all that a shard has, the columns of roles by our names, and the vectors as `move` gives them.

        `move` takes the set's fields of a batch to other vectors (n, q), and a number that is handed on.
        """
        import pyarrow as pa

        for table in self.tables(shard, everything=True, rows=rows):
            fields = self.fields(shard.path, table)
            made, known = move(fields)
            arrays: dict[str, Any] = {role: pa.array(fields[role], pa.string()) for role in TEXTS if role in fields}
            if "quality" in fields:
                arrays["quality"] = pa.array(fields["quality"], pa.float32())
            taken = {*self.names.values(), *arrays, "id", "vector"}
            arrays |= {name: table[name] for name in table.column_names if name not in taken}
            lists = pa.FixedSizeListArray.from_arrays(pa.array(made.reshape(-1)), made.shape[1])
            yield pa.table({"id": pa.array(fields["ids"], pa.string()), **arrays, "vector": lists}), known

    def slice(self, start: int, stop: int, rows: int = GROUP) -> Iterator[Fields]:
        """Rows `start` … `stop` − 1 of the whole, as `batches` gives them."""
        for group in self.groups:
            if group.start < stop and start < group.start + group.rows:
                at = group.start
                for fields in self.batches(group, rows=rows):
                    count = len(fields["ids"])
                    part = slice(max(start - at, 0), min(stop - at, count))
                    at += count
                    if part.start < part.stop:
                        yield {name: value[part] if name not in ("model", "metadata") else value
                               for name, value in fields.items()}  # fmt: skip

    def fields(self, path: Path, table: Any) -> Fields:
        """What EmbeddingSet takes, by its names, of a table of the file `path`."""
        fields: Fields = {"model": self.model, "metadata": dict(self.metadata[0])}
        for role, name in self.names.items():
            if name not in table.column_names:
                continue
            if role != "vector":
                if role == "id" and table[name].null_count:
                    raise FileFormatError(f"{path}: {table[name].null_count} rows have no {name}")
                fields["ids" if role == "id" else role] = column_of(path, role, name, table[name])
            else:
                fields["vectors"] = vectors_of(path, name, table[name].combine_chunks(), self.packed)
                if fields["vectors"].shape[1] != self.dim:
                    widths = f"{fields['vectors'].shape[1]} and {self.dim}"
                    raise FileFormatError(f"{path}: column {name!r} has vectors of different widths ({widths})")
                if self.directions:
                    fields["vectors"] = unit_vectors(fields["vectors"])
        return fields | self._folders(path, table.num_rows)

    def _folders(self, path: Path, rows: int) -> Fields:
        """The columns that the names of the folders tell, as Hive lays them out."""
        inside = path.relative_to(self.place).parts[:-1] if Path(self.place).is_dir() else ()
        keys = dict(part.split("=", 1) for part in inside if "=" in part)
        return {role: [unquote(keys[role])] * rows for role in ("subject", "template", "media") if role in keys}
