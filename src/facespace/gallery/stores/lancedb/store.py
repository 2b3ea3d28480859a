"""A table of LanceDB, in a folder, as a gallery.

Every change is one commit of Lance, atomic for its readers. `put` keeps a part's rows in a folder beside the table;
`complete` writes one data file a fragment of them and commits all together. `switch` and `back` rename columns in one
commit: what was current stays a column of the newest version, so clean-up of old versions never takes it. (A tag would
protect it too, but then LanceDB's own `optimize` fails on the tagged version.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ....embeddings import check_width
from ....errors import GalleryError, InputError, OutputError
from ..columns import origin_text
from ..nearest import check_turn, is_begun, nearest, of_width
from ..protocol import ROWS, Found, GalleryInfo, Origin, Place, Templates
from ..staging import Staged, Staging, errors_told, texts_of, vector_array
from ..url import GalleryURL
from .table import ORIGIN, PLACES, Table, lance, quoted

_TRIES = 20  # of a commit, where others commit too
_FEW = 4  # searches
_BEAM = 64
_PART = re.compile(r"f(\d+)-(\d+)-(\d+)")
_NOTES = (
    "A vector that another program changes during a migration, leaving other columns as they are, is not seen: the mapped "
    "one is the old one's.",
    "Rows that LanceDB's optimize moves during a migration are read again.",
)


class LanceGallery:
    """A gallery in a table of LanceDB; see Store.

    `next` is a second column of the same table. A row that another program changes moves to another place of the table,
    where `missing` finds it.
    """

    ranges: ClassVar[bool] = False
    alone: ClassVar[bool] = False

    def __init__(self, url: str, address: GalleryURL) -> None:
        self.url, self._options = url, address.options
        self._path = Path(address.place, f"{address.table or 'faces'}.lance")
        self._staging = Staging(self._path.with_suffix(".facespace-next"))

    def info(self) -> GalleryInfo:
        """See Store. Rows without a vector in the current place don't count."""
        with self._told():
            table = self._open()
            names, kind, indexes = table.names, table.kind("current"), table.indexes()
            ours = {names.id, *(at(place) for at in (names.vector_at, names.model_at) for place in PLACES)}
            return GalleryInfo(
                self.url, "lancedb", table.data.count_rows(f"{quoted(names.vector)} IS NOT NULL"), kind.list_size,
                str(kind.value_type), next((told["metric_type"].lower() for told in indexes), ""),
                table.origin("current").model,
                tuple(name for name in table.data.schema.names if name not in ours),
                tuple(told["index_type"] for told in indexes),
                {place: table.origin(place) for place in PLACES[1:] if table.has(place)}, _NOTES,
                mapped=dict(table.origin("current").mapped),
            )  # fmt: skip

    def scan(self, place: Place = "current", rows: int = ROWS) -> Iterator[Templates]:
        """See Store: all of one version."""
        with self._told():
            table = self._open(place)
            yield from table.templates(place, table.data, rows)

    def parts(self, rows: int) -> list[str]:
        """See Store: a part is a range of a fragment's rows."""
        with self._told():
            found = [(fragment.fragment_id, fragment.physical_rows) for fragment in self._open().data.get_fragments()]
            return [f"f{key}-{start}-{min(start + rows, n)}" for key, n in found for start in range(0, n, rows)]

    def read(self, part: str, rows: int = ROWS) -> Iterator[Templates]:
        """See Store: nothing where the fragment is gone, by compaction or because all its rows are."""
        key, start, stop = self._range(part)
        with self._told():
            table = self._open()
            if fragment := table.data.get_fragment(key):
                yield from table.templates("current", fragment, rows, table.cut(fragment, start, stop))

    def begin(self, origin: Origin) -> None:
        """See Store: an empty column, which costs nothing."""
        with self._told():
            table = self._open()
            if not is_begun(table.origin("next") if table.has("next") else None, origin):
                self._staging.drop()  # of a table of this name that is gone
                kind = pa.list_(table.kind("current").value_type, origin.dim)
                vector = pa.field(table.names.vector_at("next"), kind, metadata={ORIGIN: origin_text(origin)})
                table.data.add_columns(pa.schema([vector, pa.field(table.names.model_at("next"), pa.string())]))
        self._staging.begin(origin)

    def put(self, part: str, templates: Iterator[Templates]) -> None:
        """See Store."""
        with self._told():
            table = self._open("next")
            origin = table.origin("next")
            self._staging.begin(origin)
            places = table.addresses(self._range(part) if part else None)
        part = part or f"missing-{len(self._staging.parts())}"
        self._staging.write(part, of_width(templates, origin.dim), places, origin.model)

    def missing(self, rows: int = ROWS) -> Iterator[Templates]:
        """See Store."""
        with self._told():
            table = self._open("next")
            waits = Staged(self._staging).places
            for fragment in table.data.get_fragments():
                left = fragment.to_table(columns=[], filter=table.empty_next(), with_row_address=True)["_rowaddr"].to_numpy()
                if not np.isin(left.astype(np.int64), waits).all():
                    yield from table.templates("current", fragment, rows, unless=waits)

    def replace(self, templates: Templates, place: Place) -> int:
        """See Store; for few rows: each is written anew with all its columns."""
        with self._told():
            table = self._open(place)
            vector, model = table.names.vector_at(place), table.names.model_at(place)
            if not list(of_width([templates], table.kind(place).list_size)):
                return 0
            if templates.models is not None and not table.has_models(place):
                table.data.add_columns(pa.field(model, pa.string()))
                table = self._open(place)
            keys = texts_of(table.data.to_table([table.names.id])[table.names.id])
            source = pc.index_in(keys, pa.array(templates.ids, pa.string()))
            full = table.data.take(np.flatnonzero(source.is_valid().to_numpy(zero_copy_only=False)))
            if not len(full):
                return 0
            source = source.drop_null()
            new: dict[str, pa.Array] = {}
            if place == "current" and table.has("next"):  # mapped from what it was
                new = {at("next"): pa.nulls(len(full)) for at in (table.names.vector_at, table.names.model_at)}
            new[vector] = vector_array(np.asarray(templates.vectors, table.kind(place).value_type.to_pandas_dtype())[source])
            if templates.models is not None:
                new[model] = pa.array(templates.models, pa.string()).take(source)
            for name, column in new.items():
                field = full.schema.field(name)
                full = full.set_column(full.schema.get_field_index(name), field, column.cast(field.type))
            return int(table.data.merge_insert(table.names.id).when_matched_update_all().execute(full)["num_updated_rows"])

    def complete(self) -> None:
        """See Store: one data file a fragment, all in one commit, then indexes as the current place has them."""
        with self._told():
            table = self._open("next")
            staged = Staged(self._staging)
            found = (table.data.get_fragment(key) for key in np.unique(staged.places >> 32).tolist())
            written = {fragment.fragment_id: table.data_file(fragment, staged) for fragment in found if fragment}
            for turn in range(_TRIES if written else 0):
                try:
                    self._open("next").commit(written)
                    break
                except OSError as error:
                    if turn + 1 == _TRIES or "conflict" not in str(error).lower():
                        raise
            self._staging.clear(staged.parts)
            table = self._open("next")
            if written or not table.indexes("next"):
                for index in table.indexes():
                    table.build_index(index)

    def switch(self) -> None:
        """See Store: columns are renamed in one commit, and indexes go with them."""
        self._turn("next", "old")
        self._staging.drop()

    def back(self) -> None:
        """See Store: as `switch`."""
        self._turn("old", "next")

    def _turn(self, to: Place, other: Place) -> None:
        with self._told():
            table = self._open()
            check_turn(table.has(to), to, table.has(other), other)
            if to == "next" and self._staging.parts():
                raise OutputError(f"{self.url}: parts of its next place are not in it yet", "Call complete() first.")
            turns: tuple[tuple[Place, Place], ...] = (("current", other), (to, "current"))
            moves = [(at(old), at(new)) for at in (table.names.vector_at, table.names.model_at) for old, new in turns]
            there = set(table.data.schema.names)
            table.data.alter_columns(*({"path": quoted(old), "name": new} for old, new in moves if old in there))

    def drop(self, place: Literal["next", "old"]) -> None:
        """See Store. The disk is given back when LanceDB's optimize takes versions of before away."""
        with self._told():
            table = self._open()
            if place == "next":
                self._staging.drop()
            there = set(table.data.schema.names)
            names = [at(place) for at in (table.names.vector_at, table.names.model_at) if at(place) in there]
            if names:
                table.data.drop_columns(names)

    def search(self, queries: NDArray[Any], count: int, place: Place = "current") -> Found:
        """See Store: by LanceDB, exact, or by its index where the place has one for the cosine.

        More than a few searches without an index are made in one pass over the table, not in one each.
        """
        with self._told():
            table = self._open(place)
            queries = np.asarray(queries, np.float32)
            check_width(queries, table.kind(place).list_size, f"a search of {self.url}")
            if not np.isfinite(queries).all():
                raise InputError("NaN or infinite values in what is searched for", "Leave such vectors out.")
            if len(queries) > _FEW and not table.indexes(place):
                return nearest(self.scan(place), queries, count)
            key, model, default = table.names.id, table.names.model_at(place), table.origin(place).model
            columns = [key, *([model] if table.has_models(place) else []), "_distance"]
            # LanceDB's own beam, 1.5 a match asked for, misses the very vector in about 1 of 200 searches among 600.
            graph = any("HNSW" in index["index_type"] for index in table.indexes(place))
            beam = {"ef": max(_BEAM, 2 * count)} if graph else {}
            asked = {"column": table.names.vector_at(place), "k": count, "metric": "cosine", **beam}
            rows = [table.data.to_table(columns, nearest={**asked, "q": query}) for query in queries]
            names = [row[model].to_pylist() if table.has_models(place) else [""] * len(row) for row in rows]
            return Found(
                tuple(tuple(texts_of(row[key]).to_pylist()) for row in rows),
                tuple(1 - row["_distance"].to_numpy().astype(np.float32) for row in rows),
                tuple(tuple(name or default for name in row) for row in names),
            )

    def write_all(self, templates: Iterator[Templates], model: str, mapped: Mapping[str, Any] | None = None) -> int:
        """See Store: columns id, vector, and where the rows have them subject and model; one commit."""
        package = lance()
        if self._path.exists() and any(self._path.glob("_versions/*")):
            raise OutputError(f"{self.url} is there already", "Name another table.")
        first = next(templates, None)
        if first is None:
            raise InputError("there are no templates to write", "Is what they come from empty?")
        dim, told = first.vectors.shape[1], (first.people is not None, first.models is not None)
        names = [self._options.get(role, role) for role in ("id", "vector", "subject", "model")]
        fields = [
            pa.field(names[0], pa.string()),
            pa.field(
                names[1],
                pa.list_(pa.float32(), dim),
                metadata={ORIGIN: origin_text(Origin("", model, dim, dict(mapped or {})))},
            ),
            *(pa.field(name, pa.string()) for name, there in zip(names[2:], told, strict=True) if there),
        ]
        schema, failed = pa.schema(fields), list[BaseException]()

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                for rows in of_width(chain([first], templates), dim):
                    texts = [column for column, there in zip((rows.people, rows.models), told, strict=True) if there]
                    vectors = vector_array(np.ascontiguousarray(rows.vectors, np.float32))
                    columns = [pa.array(rows.ids, pa.string()), vectors, *(pa.array(text, pa.string()) for text in texts)]
                    yield pa.record_batch(columns, schema=schema)
            except BaseException as error:  # which Lance would make an OSError of
                failed.append(error)
                raise

        with self._told():
            try:
                reader = pa.RecordBatchReader.from_batches(schema, batches())
                return int(package.write_dataset(reader, str(self._path), mode="create").count_rows())
            except (OSError, ValueError, RuntimeError):
                if failed:
                    raise failed[0] from None
                raise

    def _open(self, place: Place = "current") -> Table:
        return Table(self._path, self._options, self.url, place)

    def _range(self, part: str) -> tuple[int, int, int]:
        if not (found := _PART.fullmatch(part)):
            raise GalleryError(f"{self.url} has no part {part!r}", "Take the names that parts() gives.")
        return int(found[1]), int(found[2]), int(found[3])

    def _told(self) -> AbstractContextManager[None]:
        return errors_told(self.url, OSError, ValueError, RuntimeError, NotImplementedError)
