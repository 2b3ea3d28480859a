"""A version of a Lance table as a gallery: its columns, places and indexes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ....errors import GalleryError, OutputError, missing_extra
from ..columns import columns_of, origin_of, origin_text
from ..protocol import ROWS, Origin, Place, Templates
from ..staging import Places, Staged, texts_of, vector_array, vectors_of

PLACES: tuple[Place, ...] = ("current", "next", "old")
ORIGIN = b"facespace.origin"  # in the metadata of a column of vectors, with which it is renamed
_BUFFER = 64 << 20  # bytes that Lance reads ahead; 2 GB if not said
_OFFSET = 0xFFFFFFFF  # of a row's address: its place in its fragment; above it the fragment
_GONE = -2  # the field of a column in a data file that another file holds by now


def lance() -> Any:
    """The package. Raises MissingExtraError."""
    os.environ.setdefault("LANCE_LOG", "error")  # else it tells the user's terminal of what it will change in later versions
    os.environ.setdefault("LANCE_INCLUDE_VECTOR_CENTROIDS", "false")
    try:
        import lance
    except ImportError:
        raise missing_extra("pylance", "lancedb", "a gallery in LanceDB") from None
    return lance


def quoted(name: str) -> str:
    """A column in an expression."""
    return "`" + name.replace("`", "``") + "`"


class Table:
    """The newest version of a table.

    Attributes: data: Lance's own object. names: its columns.
    Raises: GalleryError: it isn't there, or has no such columns. OutputError: it has no such place.
    """

    def __init__(self, path: Path, options: Mapping[str, str], url: str, place: Place = "current") -> None:
        package = lance()
        if not path.exists():
            there = ", ".join(sorted(other.stem for other in path.parent.glob("*.lance"))) or "none"
            raise GalleryError(f"{url}: there is no table {path.stem!r}", f"Tables in {path.parent}: {there}.")
        self.data = package.dataset(str(path))
        self.url, self.path = url, path
        types = dict(zip(self.data.schema.names, self.data.schema.types, strict=True))
        vectors = [name for name, kind in types.items() if pa.types.is_fixed_size_list(kind) and _is_float(kind.value_type)]
        texts = [name for name, kind in types.items() if pa.types.is_string(kind) or pa.types.is_large_string(kind)]
        self.names = columns_of(url, list(types), vectors, options, "", texts)
        if not self.has(place):
            remedy = "Begin one." if place == "next" else "There is one after a switch."
            raise OutputError(f"{url} has no place {place!r} beside the current one", remedy)

    def has(self, place: Place) -> bool:
        """Is there such a place?"""
        return self.names.vector_at(place) in self.data.schema.names

    def kind(self, place: Place) -> pa.FixedSizeListType:
        """The type of a place's vectors."""
        return self.data.schema.field(self.names.vector_at(place)).type

    def origin(self, place: Place) -> Origin:
        """Who made a place that is there; no plan and no model where nothing tells."""
        told = (self.data.schema.field(self.names.vector_at(place)).metadata or {}).get(ORIGIN, b"")
        return origin_of(told.decode()) or Origin("", "", self.kind(place).list_size)

    def has_models(self, place: Place) -> bool:
        """Is the network of each row of a place kept?"""
        return self.names.model_at(place) in self.data.schema.names

    def empty_next(self) -> str:
        """The expression for rows that `next` has not got; the names of networks are read, not the vectors."""
        return f"{quoted(self.names.model_at('next'))} IS NULL"

    def templates(
        self, place: Place, source: Any, rows: int, cut: range | None = None, unless: NDArray[np.int64] | None = None
    ) -> Iterator[Templates]:
        """Rows of the table or a fragment.

        Args: cut: of its live rows. unless: only those that `next` has not got, and that aren't at these addresses.
        """
        if cut is not None and not cut:
            return
        names, default = self.names, self.origin(place).model
        model = names.model_at(place) if self.has_models(place) else ""
        limits = {} if cut is None else {"offset": cut.start, "limit": len(cut)}
        scanner = source.scanner(
            columns=[name for name in dict.fromkeys((names.id, names.vector_at(place), model, names.subject)) if name],
            batch_size=rows, io_buffer_size=_BUFFER, filter=None if unless is None else self.empty_next(),
            with_row_address=unless is not None, **limits,
        )  # fmt: skip
        for batch in scanner.to_batches():
            held = batch[names.vector_at(place)].is_valid().to_numpy(zero_copy_only=False)
            if unless is not None:
                held &= ~np.isin(batch["_rowaddr"].to_numpy().astype(np.int64), unless)
            batch = batch if held.all() else batch.filter(pa.array(held))
            if len(batch):
                models = [name or default for name in batch[model].to_pylist()] if model else [default] * len(batch)
                yield Templates(
                    texts_of(batch[names.id]).to_pylist(), vectors_of(batch[names.vector_at(place)]),
                    models if model or default else None,
                    texts_of(batch[names.subject]).to_pylist() if names.subject else None,
                )  # fmt: skip

    def addresses(self, part: tuple[int, int, int] | None) -> Places:
        """Where rows of a part lie, or rows that `next` has not got, by id."""
        key = self.names.id
        if part is None:
            found = self.data.scanner([key], filter=self.empty_next(), with_row_address=True).to_table()
        else:
            fragment = self.data.get_fragment(part[0])
            cut = self.cut(fragment, *part[1:]) if fragment else range(0)
            if not cut:
                return lambda ids: np.full(len(ids), -1)
            found = fragment.to_table(columns=[key], offset=cut.start, limit=len(cut), with_row_address=True)
        places = dict(zip(texts_of(found[key]).to_pylist(), found["_rowaddr"].to_pylist(), strict=True))
        return lambda ids: np.fromiter(map(places.get, ids, repeat(-1)), np.int64, len(ids))

    @staticmethod
    def cut(fragment: Any, start: int, stop: int) -> range:
        """Rows `start` to `stop` of a fragment as it was written, as a range of those that live."""
        return range(start, stop) if not fragment.num_deletions else _between(_offsets(fragment), start, stop)

    def data_file(self, fragment: Any, staged: Staged) -> Any:
        """Write the columns of `next` for a fragment, seen by nobody yet: what is staged, else what it has, else null."""
        vector, model = self.names.vector_at("next"), self.names.model_at("next")
        schema = pa.schema([pa.field(vector, self.kind("next")), pa.field(model, pa.string())])
        number = self.kind("next").value_type.to_pandas_dtype()
        low, count = fragment.fragment_id << 32, fragment.physical_rows
        offsets = _offsets(fragment)
        fields = set(self.fields())
        begun = any(fields & set(file.fields) for file in fragment.metadata.files)

        def batches() -> Iterator[pa.RecordBatch]:
            chunks = staged.chunks(low, low + count, self.kind("next").list_size)
            for start, (vectors, models, held) in zip(range(0, count, ROWS), chunks, strict=True):
                cut = _between(offsets, start, start + len(held)) if begun and not held.all() else range(0)
                if cut:
                    there = fragment.to_table(columns=[vector, model], offset=cut.start, limit=len(cut))
                    at = offsets[cut.start : cut.stop] - start
                    kept = there[model].is_valid().to_numpy() & ~held[at]
                    vectors[at[kept]], models[at[kept]] = vectors_of(there[vector])[kept], there[model].to_numpy()[kept]
                    held[at[kept]] = True
                columns = [vector_array(np.asarray(vectors, number), held), pa.array(models, pa.string())]
                yield pa.record_batch(columns, schema=schema)

        reader = pa.RecordBatchReader.from_batches(schema, batches())
        version = self.data.data_storage_version
        create = lance().fragment.LanceFragment.create
        return create(str(self.path), reader, mode="create", data_storage_version=version).files[0]

    def fields(self) -> list[int]:
        """Lance's numbers of the columns of `next`."""
        numbers = {field.name(): field.id() for field in self.data.lance_schema.fields()}
        return [numbers[self.names.vector_at("next")], numbers[self.names.model_at("next")]]

    def commit(self, written: Mapping[int, Any]) -> None:
        """Make data files part of the table, by fragment, in one step. Raises OSError where another commit came first."""
        fields, fragments = self.fields(), []
        for fragment in self.data.get_fragments():
            told = fragment.metadata
            if new := written.get(fragment.fragment_id):
                kept = [_copy(file, [_GONE if n in fields else n for n in file.fields]) for file in told.files]
                told.files = [file for file in kept if set(file.fields) != {_GONE}] + [_copy(new, fields)]
            fragments.append(told)
        merge = lance().LanceOperation.Merge(fragments, self.data.lance_schema)
        lance().LanceDataset.commit(str(self.path), merge, read_version=self.data.version)

    def indexes(self, place: Place = "current") -> list[dict[str, Any]]:
        """What Lance tells of the indexes of a place's vectors."""
        at = self.names.vector_at(place)
        mine = [index.name for index in self.data.describe_indices() if list(index.field_names) == [at]]
        told = [self.data.stats.index_stats(name) for name in mine]
        return [{"index_type": index["index_type"], **part} for index in told for part in index["indices"][:1]]

    def build_index(self, like: Mapping[str, Any]) -> None:
        """Build over `next` an index as another place has it, with as many numbers a subvector."""
        sub, wide = like.get("sub_index", {}), self.kind("next").list_size
        wanted = {"num_partitions": like.get("num_partitions"), "num_bits": sub.get("nbits") or sub.get("num_bits")}
        if count := sub.get("num_sub_vectors"):
            each = self.kind("current").list_size // count
            wanted["num_sub_vectors"] = wide // each if wide % each == 0 else None
        if hnsw := sub.get("params"):
            wanted |= {"m": hnsw.get("m"), "ef_construction": hnsw.get("ef_construction")}
        plan = hashlib.sha256(origin_text(self.origin("next")).encode()).hexdigest()[:12]
        self.data.create_index(
            self.names.vector_at("next"), like["index_type"], name=f"{self.names.vector}_{plan}", replace=True,
            metric=like.get("metric_type", "cosine"), **{name: value for name, value in wanted.items() if value},
        )  # fmt: skip


def _is_float(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind))


def _offsets(fragment: Any) -> NDArray[np.int64]:
    """Where the live rows of a fragment lie in it, in ascending order."""
    if not fragment.num_deletions:
        return np.arange(fragment.physical_rows)
    found = fragment.to_table(columns=[], with_row_address=True)["_rowaddr"].to_numpy()
    return np.asarray(found & np.uint64(_OFFSET), np.int64)


def _between(offsets: NDArray[np.int64], start: int, stop: int) -> range:
    return range(*np.searchsorted(offsets, (start, stop)).tolist())


def _copy(file: Any, fields: list[int]) -> Any:
    """The entry of a data file, for these fields."""
    data_file = lance().fragment.DataFile
    return data_file(
        file.path, fields, file.column_indices, file.file_major_version, file.file_minor_version, file.file_size_bytes
    )
