"""A collection of Qdrant as a gallery."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ....embeddings import check_width
from ....errors import FacespaceError, GalleryError, InputError, OutputError
from ..nearest import check_turn, is_begun, nearest, of_width
from ..protocol import ROWS, Found, GalleryInfo, Origin, Place, Templates
from ..url import GalleryURL
from .collection import (
    KEY,
    POINTS,
    Client,
    Collection,
    alias_of,
    client_of,
    like,
    new_collection,
    point_of,
    text_of,
    turn,
)

_DISTANCE = "Cosine"  # of a new collection
_PLACES: tuple[Place, ...] = ("current", "next", "old")


class QdrantGallery:
    """A gallery in a collection of Qdrant; see Store.

    `next` is a second collection that takes each point's payload and other vectors over; what is written behind # is an
    alias, which `switch` points to it. Ids that are neither whole numbers nor UUIDs are kept in the payload.
    """

    ranges: ClassVar[bool] = True
    alone: ClassVar[bool] = True

    def __init__(self, url: str, address: GalleryURL) -> None:
        self.url, self._place, self._name = url, address.place, address.table or "faces"
        self._options = dict(address.options)
        self._client: Client | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_client": None}

    def info(self) -> GalleryInfo:
        """See Store."""
        with self._told() as client:
            aliases = self._aliases(client)
            there = self._open(client, "current")
            found = client.raw.get_collection(there.name)
            notes = [
                "What others change of a point's payload or vector after its part was read is not seen.",
                "A scan sees what others add and delete meanwhile.",
            ]
            if client.is_server:
                notes.append("This was written against Qdrant's client, and not tried with a server.")
            if there.params.distance == "Cosine":
                notes.append("Qdrant keeps vectors that are compared by cosine at length 1.")
            if self._name not in aliases:
                notes.append(f"{self._name} is a collection and no alias, which can't be switched. {self._remedy()}")
            return GalleryInfo(
                self.url, "qdrant", client.raw.count(there.name, exact=True).count, there.dim,
                str(there.params.datatype or "float32"), str(there.params.distance.value).lower(), there.origin.model,
                there.fields, ("HNSW",) if found.indexed_vectors_count else (),
                {place: self._open(client, place).origin for place in _PLACES[1:] if alias_of(self._name, place) in aliases},
                tuple(notes),
                mapped=dict(there.origin.mapped),
            )  # fmt: skip

    def scan(self, place: Place = "current", rows: int = ROWS) -> Iterator[Templates]:
        """See Store: of the collection that the alias stands for at the beginning."""
        with self._told() as client:
            there = self._open(client, place)
            for records in there.pages(rows):
                yield there.templates(records)

    def parts(self, rows: int) -> list[str]:
        """See Store: a part is a range of ids, the first and last one open."""
        with self._told() as client:
            there = self._open(client, "current")
            starts = [page[0].id for page in there.pages(rows, vectors=False)]
            return [json.dumps(pair) for pair in zip([None, *starts[1:]], [*starts[1:], None], strict=True)]

    def read(self, part: str, rows: int = ROWS) -> Iterator[Templates]:
        """See Store."""
        start, end = json.loads(part)
        with self._told() as client:
            there = self._open(client, "current")
            for records in there.pages(rows, start, end):
                yield there.templates(records)

    def begin(self, origin: Origin) -> None:
        """See Store."""
        with self._told() as client:
            aliases = self._aliases(client)
            there = self._open(client, "current")
            begun = alias_of(self._name, "next") in aliases
            if not is_begun(self._open(client, "next").origin if begun else None, origin):
                name = like(client, there, self._name, origin, [there.name, *aliases.values()])
                turn(client, {alias_of(self._name, "next"): name}, ())

    def put(self, part: str, templates: Iterator[Templates]) -> None:
        """See Store. All of a part is mapped before the first point is written; a point that is written is whole."""
        with self._told() as client:
            origin = self._open(client, "next").origin
        made = list(of_width(templates, origin.dim))
        with self._told() as client:
            there, new = self._open(client, "current"), self._open(client, "next")
            for batch in made:
                self._write(new, there, batch, origin.model)

    def missing(self, rows: int = ROWS) -> Iterator[Templates]:
        """See Store."""
        with self._told() as client:
            there, new = self._open(client, "current"), self._open(client, "next")
            for page in there.pages(rows, vectors=False):
                have = new.held([record.id for record in page])
                left = there.held([record.id for record in page if record.id not in have], vectors=True)
                if left:
                    yield there.templates(list(left.values()))

    def replace(self, templates: Templates, place: Place) -> int:
        """See Store."""
        with self._told() as client:
            there = self._open(client, place)
            written = 0
            for batch in of_width([templates], there.dim):
                written += self._write(there, there, batch, None)
            if place == "current" and alias_of(self._name, "next") in self._aliases(client):
                points = [point_of(id_) for id_ in templates.ids]
                client.raw.delete(self._open(client, "next").name, points, wait=True)
            return written

    def complete(self) -> None:
        """See Store. Waits until the server has built its index."""
        with self._told() as client:
            there, new = self._open(client, "current"), self._open(client, "next")
            for page in new.pages(POINTS, vectors=False):
                have = there.held([record.id for record in page])
                if gone := [record.id for record in page if record.id not in have]:
                    client.raw.delete(new.name, gone, wait=True)
            while client.raw.get_collection(new.name).status == "yellow":
                time.sleep(1)

    def switch(self) -> None:
        """See Store: aliases are changed in one request. OutputError where the gallery's name is no alias."""
        self._turn("next", "old")

    def back(self) -> None:
        """See Store: as `switch`."""
        self._turn("old", "next")

    def _turn(self, to: Place, other: Place) -> None:
        with self._told() as client:
            aliases = self._aliases(client)
            here, there, gone = (alias_of(self._name, place) for place in ("current", to, other))
            check_turn(there in aliases, to, gone in aliases, other)
            if here not in aliases:
                raise OutputError(f"{self.url} is a collection and no alias, which can't be switched", self._remedy())
            turn(client, {here: aliases[there], gone: aliases[here]}, (here, there))

    def drop(self, place: Literal["next", "old"]) -> None:
        """See Store."""
        with self._told() as client:
            if name := self._aliases(client).get(alias_of(self._name, place)):
                turn(client, {}, [alias_of(self._name, place)])
                client.raw.delete_collection(name)

    def search(self, queries: NDArray[Any], count: int, place: Place = "current") -> Found:
        """See Store: by Qdrant where it compares by cosine; else exact, with a look at every row."""
        with self._told() as client:
            there = self._open(client, place)
            queries = np.asarray(queries, np.float32)
            check_width(queries, there.dim, f"a search of {self.url}")
            if not np.isfinite(queries).all():
                raise InputError("NaN or infinite values in what is searched for", "Leave such vectors out.")
            if there.params.distance != "Cosine":
                return nearest(self.scan(place), queries, count)
            from qdrant_client import models

            fields = [KEY, there.model]
            asked = [
                models.QueryRequest(query=query, using=there.vector or None, limit=count, with_payload=fields)
                for query in queries.tolist()
            ]
            found = [answer.points for answer in client.raw.query_batch_points(there.name, asked)]
            default = there.origin.model
            return Found(
                tuple(tuple(text_of(point) for point in points) for points in found),
                tuple(np.array([point.score for point in points], np.float32) for points in found),
                tuple(tuple((point.payload or {}).get(there.model) or default for point in points) for points in found),
            )

    def write_all(self, templates: Iterator[Templates], model: str, mapped: Mapping[str, Any] | None = None) -> int:
        """See Store: a collection compared by cosine, and the gallery's name an alias of it."""
        with self._told(new=True) as client:
            if self._name in self._aliases(client) or client.raw.collection_exists(self._name):
                raise OutputError(f"{self.url} is there already", "Name another collection.")
        first = next(templates, None)
        if first is None:
            raise InputError("there are no templates to write", "Is what they come from empty?")
        origin, name, total = Origin("", model, first.vectors.shape[1], dict(mapped or {})), f"{self._name}--0", 0
        with self._told() as client:
            client.raw.delete_collection(name)  # of a run that was killed, or it would have an alias
            new_collection(client, name, origin, _DISTANCE)
            there = Collection(client, name, self._options, self.url)
        for batch in of_width(chain([first], templates), origin.dim):
            with self._told():
                there.create(batch)
            total += len(batch)
        with self._told() as client:
            turn(client, {self._name: name}, ())
        return total

    def _write(self, to: Collection, source: Collection, batch: Templates, model: str | None) -> int:
        written = 0
        for start in range(0, len(batch), POINTS):
            cut = slice(start, start + POINTS)
            names = None if batch.models is None else batch.models[cut]
            some = Templates(batch.ids[cut], batch.vectors[cut], names)
            records = source.held([point_of(id_) for id_ in some.ids], vectors=source.has_others)
            to.write(some, records, model)
            written += len(records)
        return written

    def _aliases(self, client: Client) -> dict[str, str]:
        return {found.alias_name: found.collection_name for found in client.raw.get_aliases().aliases}

    def _open(self, client: Client, place: Place) -> Collection:
        name = self._aliases(client).get(alias_of(self._name, place))
        if place != "current":
            check_turn(name is not None, place, blocked=False, other="")
        elif name is None and not client.raw.collection_exists(self._name):
            there = ", ".join(sorted(found.name for found in client.raw.get_collections().collections)) or "none"
            raise GalleryError(f"{self.url}: there is no collection {self._name!r}", f"Collections there: {there}.")
        return Collection(client, name or self._name, self._options, self.url)

    def _remedy(self) -> str:
        return (
            f"Give it one (client.update_collection_aliases, say {self._name}-live for {self._name}), let every program "
            f"that searches it use that, and write #{self._name}-live here."
        )

    @contextmanager
    def _told(self, *, new: bool = False) -> Iterator[Client]:
        from importlib.util import find_spec

        kinds: tuple[type[Exception], ...] = (OSError, RuntimeError, ValueError)
        if find_spec("qdrant_client"):
            from qdrant_client.http.exceptions import ApiException

            kinds = (*kinds, ApiException)
        try:
            here = not self._place.startswith(("http://", "https://"))
            if here and not new and self._client is None and not Path(self._place).exists():  # its client makes a folder
                raise GalleryError(f"{self.url}: there is no folder {self._place}", "Check the path.")
            self._client = self._client or client_of(self._place)
            yield self._client
        except FacespaceError:
            raise
        except kinds as error:
            hint = "Is it there, and is no other program in its folder? Run the same again: what is done stays."
            raise GalleryError(f"{self.url}: {error}", hint) from error
