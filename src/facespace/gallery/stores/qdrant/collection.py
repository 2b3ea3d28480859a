"""What lies behind a gallery in Qdrant: a client, collections and their points."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from ....errors import GalleryError, missing_extra
from ....io import named_as
from ..columns import origin_of, origin_text
from ..protocol import Origin, Place, Templates

KEY = "facespace_id"  # in the payload of a point whose own id, made of it, is another
_ORIGIN = "facespace"  # in a collection's metadata
POINTS = 512  # that go to a server at once
_SAMPLE = 100  # points whose payloads tell which fields there are
_SPACE = uuid.UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")
Point = int | str


class Client:
    """A connection to a server, or the one that a process has to a folder. Closed with the last gallery that holds it."""

    def __init__(self, place: str) -> None:
        try:
            from qdrant_client import QdrantClient
        except ImportError:
            raise missing_extra("qdrant-client", "qdrant", "a gallery in Qdrant") from None
        self.is_server = place.startswith(("http://", "https://"))
        try:
            told = (
                {"url": place, "check_compatibility": False} if self.is_server else {"path": place}
            )  # it warns in a thread
            self.raw: Any = QdrantClient(**told)
        except RuntimeError as error:
            if (file := getattr(error.__context__, "fh", None)) is not None:
                file.close()  # the lock that another program holds, which the client leaves open
            raise

    def __del__(self) -> None:
        if hasattr(self, "raw"):
            self.raw.close()


_CLIENTS: WeakValueDictionary[str, Client] = WeakValueDictionary()


def client_of(place: str) -> Client:
    """The client of a place: one a process, since a folder can be opened once only. Raises MissingExtraError."""
    found = _CLIENTS.get(place)
    if found is None:
        found = _CLIENTS[place] = Client(place)
    return found


def point_of(id_: str) -> Point:
    """The point's id in Qdrant, which has whole numbers and UUIDs: of another text a UUID made of it.

    >>> point_of("17"), point_of("ann/1")
    (17, '...')
    """
    if id_.isascii() and id_.isdigit() and str(int(id_)) == id_ and int(id_) < 2**64:
        return int(id_)
    try:
        if str(uuid.UUID(id_)) == id_:
            return id_
    except ValueError:
        pass
    return str(uuid.uuid5(_SPACE, id_))


def text_of(record: Any) -> str:
    """The id of a record, as text."""
    return str((record.payload or {}).get(KEY, record.id))


def order(point: Point) -> tuple[bool, int]:
    """Qdrant's order of ids: numbers, then UUIDs."""
    return (False, point) if isinstance(point, int) else (True, uuid.UUID(point).int)


class Collection:
    """A collection by its own name, not an alias.

    Attributes: name: its name. vector: which of its vectors, "" where it has one without a name. subject, model: fields of
    the payload with person and network, "" for none.
    """

    def __init__(self, client: Client, name: str, options: dict[str, str], url: str) -> None:
        self.raw, self.name, self.url = client.raw, name, url
        self.config = self.raw.get_collection(name).config
        vectors = self.config.params.vectors
        self.vector = options.get("vector", "")
        if isinstance(vectors, dict):
            if not self.vector and len(vectors) == 1:
                self.vector = next(iter(vectors))
            if self.vector not in vectors:
                raise GalleryError(f"{url}: which vector is meant? It has {', '.join(vectors)}", "Write #NAME?vector=…")
            self.params = vectors[self.vector]
        elif vectors is None or self.vector:
            raise GalleryError(f"{url} has no vector {self.vector!r}", "Is it a collection of dense vectors?")
        else:
            self.params = vectors
        records = self.raw.scroll(name, limit=_SAMPLE, with_payload=True)[0]
        self.fields = tuple(dict.fromkeys(key for record in records for key in record.payload or {} if key != KEY))
        self.subject = options.get("subject") or next((key for key in self.fields if named_as("subject", key)), "")
        self.model = options.get("model", "model")

    @property
    def dim(self) -> int:
        """Width of its vectors."""
        return int(self.params.size)

    @property
    def origin(self) -> Origin:
        """Who made it."""
        told = (self.config.metadata or {}).get(_ORIGIN)
        return origin_of(told) or Origin("", "", self.dim)

    def pages(
        self, rows: int, start: Point | None = None, end: Point | None = None, *, vectors: bool = True
    ) -> Iterator[Any]:
        """Lists of records in the order of ids, from `start` to before `end`."""
        while True:
            found, start = self.raw.scroll(
                self.name, limit=rows, offset=start, with_payload=True, with_vectors=self._which() if vectors else False
            )
            if end is not None:
                found = [record for record in found if order(record.id) < order(end)]
            if found:
                yield found
            if start is None or (end is not None and order(start) >= order(end)):
                return

    def held(self, points: Sequence[Point], *, vectors: bool = False) -> dict[Point, Any]:
        """The records that it has of these points."""
        found = self.raw.retrieve(self.name, list(points), with_payload=True, with_vectors=vectors)
        return {record.id: record for record in found}

    def templates(self, records: Sequence[Any]) -> Templates:
        """Records with vectors as rows."""
        default = self.origin.model
        models = [(record.payload or {}).get(self.model) or default for record in records]
        vectors = [record.vector[self.vector] if self.vector else record.vector for record in records]
        people = [(record.payload or {}).get(self.subject) for record in records]
        return Templates(
            [text_of(record) for record in records], np.array(vectors, np.float32),
            [str(model) for model in models] if any(models) else None,
            [None if who is None else str(who) for who in people] if self.subject else None,
        )  # fmt: skip

    def write(self, templates: Templates, source: dict[Point, Any], model: str | None) -> None:
        """Points of rows, whole: what the source's records have beside goes with them. Rows that it hasn't are left out."""
        from qdrant_client import models

        points = []
        for at, (id_, vector) in enumerate(
            zip(templates.ids, np.asarray(templates.vectors, np.float32).tolist(), strict=True)
        ):
            record = source.get(point_of(id_))
            if record is None:
                continue
            name = model if templates.models is None else templates.models[at]
            payload = {**(record.payload or {}), **({} if name is None else {self.model: name})}
            others = record.vector if isinstance(record.vector, dict) else {}
            points.append(
                models.PointStruct(
                    id=record.id, vector={**others, self.vector: vector} if self.vector else vector, payload=payload
                )
            )
        if points:
            self.raw.upsert(self.name, points, wait=True)

    def create(self, templates: Templates) -> None:
        """New points of rows."""
        from qdrant_client import models

        for start in range(0, len(templates), POINTS):
            points = []
            for at in range(start, min(start + POINTS, len(templates))):
                id_ = templates.ids[at]
                point = point_of(id_)
                columns = ((self.subject or "subject", templates.people), (self.model, templates.models))
                payload = {name: column[at] for name, column in columns if column is not None}
                payload |= {} if str(point) == id_ else {KEY: id_}
                points.append(models.PointStruct(id=point, vector=templates.vectors[at].tolist(), payload=payload))
            self.raw.upsert(self.name, points, wait=True)

    def _which(self) -> Any:
        return [self.vector] if self.vector else True

    @property
    def has_others(self) -> bool:
        """Has each point other vectors too?"""
        return bool(self.vector) and (len(self.config.params.vectors) > 1 or bool(self.config.params.sparse_vectors))


def like(client: Client, source: Collection, gallery: str, origin: Origin, taken: Sequence[str]) -> str:
    """Make an empty collection as the source is, for vectors of another width; its name, which none of `taken` is."""
    from qdrant_client import models

    name = next(new for n in count(1) if (new := f"{gallery}--{n}") not in taken)
    if client.raw.collection_exists(name):  # of a begin that was killed, or it would have an alias
        client.raw.delete_collection(name)
    config = source.config
    params = source.params.model_copy(update={"size": origin.dim})
    known: dict[str, Any] = {"hnsw_config": models.HnswConfigDiff, "optimizers_config": models.OptimizersConfigDiff}
    told = {
        "hnsw_config": config.hnsw_config, "optimizers_config": config.optimizer_config,
        "quantization_config": config.quantization_config, "sparse_vectors_config": config.params.sparse_vectors,
        "shard_number": config.params.shard_number, "replication_factor": config.params.replication_factor,
        "write_consistency_factor": config.params.write_consistency_factor, "on_disk_payload": config.params.on_disk_payload,
    }  # fmt: skip
    for key, kind in known.items():
        if told[key] is not None:
            same = {
                field: value
                for field, value in told[key].model_dump(exclude_none=True).items()
                if field in kind.model_fields
            }
            told[key] = kind(**same)
    client.raw.create_collection(
        name,
        vectors_config={**config.params.vectors, source.vector: params} if source.vector else params,
        metadata={_ORIGIN: origin_text(origin)},
        **{key: value for key, value in told.items() if value is not None},
    )
    if client.is_server:
        for field, schema in client.raw.get_collection(source.name).payload_schema.items():
            client.raw.create_payload_index(name, field, schema.params or schema.data_type, wait=True)
    return name


def new_collection(client: Client, name: str, origin: Origin, distance: str) -> None:
    """Make a collection of one vector without a name."""
    from qdrant_client import models

    vectors = models.VectorParams(size=origin.dim, distance=models.Distance(distance))
    client.raw.create_collection(name, vectors_config=vectors, metadata={_ORIGIN: origin_text(origin)})


def turn(client: Client, made: dict[str, str], gone: Sequence[str]) -> None:
    """Aliases to collections, and aliases taken away, all in one step."""
    from qdrant_client import models

    remove = [models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias)) for alias in gone]
    make = [
        models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=name, alias_name=alias))
        for alias, name in made.items()
    ]
    client.raw.update_collection_aliases([*remove, *make])


def alias_of(gallery: str, place: Place) -> str:
    """The alias under which a gallery's place goes."""
    return gallery if place == "current" else f"{gallery}--{place}"
