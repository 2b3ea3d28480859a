"""What lies behind a gallery in Milvus: a client, collections and their rows."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from ....errors import missing_extra
from ..columns import columns_of, origin_of, origin_text
from ..protocol import Origin, Templates

ROWS_AT_ONCE = 1000  # that are written, or asked for by their ids
MOST = 16384  # rows that Milvus gives at once
_ORIGIN, _BESIDE = "facespace.origin", "facespace.beside"  # properties of a collection that was made
_COUNTS = {"total_rows", "indexed_rows", "pending_index_rows", "state"}
_NAMED = {"field_name", "index_name", "index_type", "metric_type"}
_LONGEST = 2048  # bytes of a text in a new collection
Key = int | str


class Client:
    """A connection to a server, or to a file. Closed with the last gallery that holds it."""

    def __init__(self, place: str) -> None:
        try:
            from pymilvus import MilvusClient
        except ImportError:
            raise missing_extra("pymilvus", "milvus", "a gallery in Milvus") from None
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it prints what it raises too
        self.is_server = place.startswith(("http://", "https://"))
        if not self.is_server:  # Milvus Lite's own server, in this process, lacks the clock that an iterator asks for
            logging.getLogger("grpc._server").setLevel(logging.CRITICAL)
        self.raw: Any = MilvusClient(place)
        self.loaded = set[str]()  # collections that can be searched

    def __del__(self) -> None:
        if hasattr(self, "raw"):
            self.raw.close()


_CLIENTS: WeakValueDictionary[str, Client] = WeakValueDictionary()


def client_of(place: str) -> Client:
    """The client of a place, one a process. Raises MissingExtraError."""
    found = _CLIENTS.get(place)
    if found is None:
        found = _CLIENTS[place] = Client(place)
    return found


class Collection:
    """A collection, by its own name.

    Attributes: name: of it. told: Milvus's description. names: its columns; `names.model` is "" where it has none.
    """

    def __init__(self, client: Client, name: str, options: Mapping[str, str], url: str) -> None:
        from pymilvus import DataType

        self.raw, self.name = client.raw, name
        self.told = self.raw.describe_collection(name)
        if name not in client.loaded:
            self.raw.load_collection(name)
            client.loaded.add(name)
        kinds = {field["name"]: field["type"] for field in self.told["fields"]}
        self.key = next(field["name"] for field in self.told["fields"] if field.get("is_primary"))
        dynamic = self.told.get("enable_dynamic_field")
        sample = self.raw.query(self.name, filter="", limit=1, output_fields=["*"]) if dynamic else ()
        names = list(dict.fromkeys([*kinds, *(key for row in sample for key in row)]))
        vectors = [name for name, kind in kinds.items() if kind == DataType.FLOAT_VECTOR]
        texts = [name for name in names if kinds.get(name, DataType.VARCHAR) == DataType.VARCHAR]
        self.names = columns_of(url, names, vectors, options, self.key, texts)
        self.others = tuple(name for name in names if name not in (self.key, self.names.vector, self.names.model))

    @cached_property
    def indexes(self) -> list[dict[str, Any]]:
        """What Milvus tells of its indexes."""
        return [self.raw.describe_index(self.name, index) for index in self.raw.list_indexes(self.name)]

    @property
    def dim(self) -> int:
        """Width of its vectors."""
        return int(next(field for field in self.told["fields"] if field["name"] == self.names.vector)["params"]["dim"])

    @property
    def origin(self) -> Origin:
        """Who made it."""
        return origin_of(self.told["properties"].get(_ORIGIN)) or Origin("", "", self.dim)

    @property
    def beside(self) -> str:
        """The collection beside which it was made, "" for none."""
        return str(self.told["properties"].get(_BESIDE, ""))

    @property
    def index(self) -> dict[str, Any]:
        """Of its vectors; empty for none."""
        return next((index for index in self.indexes if index["field_name"] == self.names.vector), {})

    def pages(self, rows: int, fields: Sequence[str], start: Key | None = None, end: Key | None = None) -> Iterator[Any]:
        """Lists of rows in the order of ids, from `start` to before `end`."""
        ends = [(">=", start), ("<", end)]
        where = " and ".join(f"{self.key} {sign} {literal(to)}" for sign, to in ends if to is not None)
        found = self.raw.query_iterator(self.name, batch_size=min(rows, MOST), filter=where, output_fields=list(fields))
        try:
            while page := found.next():
                yield page
        finally:
            found.close()

    def held(self, keys: Sequence[Key], fields: Sequence[str]) -> dict[Key, Any]:
        """The rows that it has of these ids."""
        found: dict[Key, Any] = {}
        for start in range(0, len(keys), ROWS_AT_ONCE):
            cut = keys[start : start + ROWS_AT_ONCE]
            where = f"{self.key} in [{', '.join(map(literal, cut))}]"
            rows = self.raw.query(self.name, filter=where, output_fields=list(fields))
            found |= {row[self.key]: row for row in rows}
        return found

    def delete(self, keys: Sequence[Key]) -> None:
        """Rows of these ids."""
        for start in range(0, len(keys), ROWS_AT_ONCE):
            cut = keys[start : start + ROWS_AT_ONCE]
            self.raw.delete(self.name, filter=f"{self.key} in [{', '.join(map(literal, cut))}]")

    def keys_of(self, ids: Sequence[str]) -> list[Key]:
        """The ids as the collection has them; what is no number is none of its ids where these are numbers."""
        from pymilvus import DataType

        kind = next(field for field in self.told["fields"] if field["name"] == self.key)["type"]
        if kind == DataType.VARCHAR:
            return list(ids)
        return [int(id_) if id_.removeprefix("-").isdecimal() else -(2**63) for id_ in ids]

    @property
    def fields(self) -> list[str]:
        """Those that templates are made of."""
        return [name for name in (self.key, self.names.vector, self.names.subject, self.names.model) if name]

    def templates(self, rows: Sequence[Any]) -> Templates:
        """Rows of Milvus as rows of ours."""
        names, default = self.names, self.origin.model
        models = [(row.get(names.model) if names.model else None) or default for row in rows]
        people = [row.get(names.subject) for row in rows] if names.subject else None
        return Templates(
            [str(row[self.key]) for row in rows], np.array([row[names.vector] for row in rows], np.float32),
            [str(model) for model in models] if any(models) else None,
            None if people is None else [None if who is None else str(who) for who in people],
        )  # fmt: skip

    def write(self, templates: Templates, source: Collection, model: str | None) -> int:
        """Rows, whole: what the source has beside goes with them. Rows that it hasn't are left out; how many it has."""
        keys = source.keys_of(templates.ids)
        there = source.held(keys, ["*"])
        rows = []
        for at, key in enumerate(keys):
            if key in there:
                name = model if templates.models is None else templates.models[at]
                told = {} if name is None else {self.names.model or "model": name}
                rows.append({**there[key], **told, self.names.vector: np.asarray(templates.vectors[at], np.float32)})
        for start in range(0, len(rows), ROWS_AT_ONCE):
            self.raw.upsert(self.name, rows[start : start + ROWS_AT_ONCE])
        return len(rows)


def make_like(client: Client, source: Collection, name: str, origin: Origin) -> None:
    """Make an empty collection as the source is, for vectors of another width and with a column for networks."""
    from pymilvus import DataType

    schema = client.raw.create_schema(auto_id=False, enable_dynamic_field=source.told.get("enable_dynamic_field", False))
    same = ("is_primary", "nullable", "is_partition_key", "is_clustering_key", "default_value", "element_type")
    for field in source.told["fields"]:
        told = {key: field[key] for key in same if field.get(key)} | field.get("params", {})
        if field["name"] == source.names.vector:
            told["dim"] = origin.dim
        schema.add_field(field["name"], field["type"], **told)
    if not source.names.model:
        schema.add_field("model", DataType.VARCHAR, max_length=_LONGEST, nullable=True)
    params = client.raw.prepare_index_params()
    for index in source.indexes:
        params.add_index(
            index["field_name"], index_type=index["index_type"], index_name=index["index_name"],
            metric_type=index.get("metric_type", ""),
            params={key: told for key, told in index.items() if key not in _COUNTS | _NAMED},
        )  # fmt: skip
    kept = {_ORIGIN: origin_text(origin), _BESIDE: source.name}
    client.raw.create_collection(name, schema=schema, index_params=params, properties=kept)


def make_new(client: Client, name: str, origin: Origin, columns: Sequence[str]) -> None:
    """Make a collection with an id, a vector compared by cosine, and columns of text."""
    from pymilvus import DataType

    schema = client.raw.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=_LONGEST)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=origin.dim)
    for column in columns:
        schema.add_field(column, DataType.VARCHAR, max_length=_LONGEST, nullable=True)
    params = client.raw.prepare_index_params()
    params.add_index("vector", index_type="AUTOINDEX" if client.is_server else "FLAT", metric_type="COSINE")
    client.raw.create_collection(name, schema=schema, index_params=params, properties={_ORIGIN: origin_text(origin)})


def literal(key: Key) -> str:
    """An id in an expression of Milvus.

    >>> literal("it's"), literal(7)
    ('"it\\'s"', '7')
    """
    return json.dumps(key, ensure_ascii=False)
