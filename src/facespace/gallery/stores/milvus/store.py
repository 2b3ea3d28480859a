"""A collection of Milvus as a gallery."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
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
from .collection import MOST, ROWS_AT_ONCE, Client, Collection, client_of, make_like, make_new

_NOTES = (
    "What others change of a row after its part was read is not seen.",
    "A scan sees what others add and delete meanwhile.",
)
_READ_AT_ONCE = 4096  # rows, since Milvus is slow with few at a time


class MilvusGallery:
    """A gallery in a collection of Milvus; see Store.

    `next` is a second collection that takes each row's other fields over; what is written behind # is an alias, which
    `switch` points to it. Each collection that is made knows beside which it was made: which place it is follows from that
    and the alias.
    """

    ranges: ClassVar[bool] = True
    alone: ClassVar[bool] = True

    def __init__(self, url: str, address: GalleryURL) -> None:
        self.url, self._place, self._name = url, address.place, address.table or "faces"
        self._options = address.options
        self._client: Client | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_client": None}

    def info(self) -> GalleryInfo:
        """See Store."""
        with self._told() as client:
            places = self._places(client)
            there = places["current"]
            notes = list(_NOTES)
            if client.is_server:
                notes.append("This was tried with Milvus Lite, and not with a server.")
            else:
                notes.append("Milvus Lite does not tell an index's parameters: the new one has the usual ones.")
            if there.name == self._name:
                notes.append(f"{self._name} is a collection and no alias, which can't be switched. {self._remedy()}")
            if problem := _unlike(there):
                notes.append(f"{problem}: it is read only.")
            count = client.raw.query(there.name, filter="", output_fields=["count(*)"])[0]["count(*)"]
            return GalleryInfo(
                self.url, "milvus", int(count), there.dim, "float32", there.index.get("metric_type", "").lower(),
                there.origin.model, there.others, tuple(filter(None, [there.index.get("index_type", "")])),
                {place: found.origin for place, found in places.items() if place != "current"}, tuple(notes),
                mapped=dict(there.origin.mapped),
            )  # fmt: skip

    def scan(self, place: Place = "current", rows: int = ROWS) -> Iterator[Templates]:
        """See Store: of the collection that the alias stands for at the beginning."""
        with self._told() as client:
            yield from _batches(self._open(client, place), rows)

    def parts(self, rows: int) -> list[str]:
        """See Store: a part is a range of ids, the first and last one open."""
        with self._told() as client:
            there = self._open(client, "current")
            keys = sorted(row[there.key] for page in there.pages(MOST, [there.key]) for row in page)
            starts = keys[rows::rows]
            return [json.dumps(pair) for pair in zip([None, *starts], [*starts, None], strict=True)]

    def read(self, part: str, rows: int = ROWS) -> Iterator[Templates]:
        """See Store."""
        start, end = json.loads(part)
        with self._told() as client:
            yield from _batches(self._open(client, "current"), rows, start, end)

    def begin(self, origin: Origin) -> None:
        """See Store. GalleryError for a collection whose like can't be made."""
        with self._told() as client:
            places = self._places(client)
            if not is_begun(places["next"].origin if "next" in places else None, origin):
                if problem := _unlike(places["current"]):
                    raise GalleryError(f"{self.url}: {problem}", "Copy it (facespace gallery copy), and move the copy.")
                taken = [int(found[1]) for name in client.raw.list_collections() if (found := self._made(name))]
                make_like(client, places["current"], f"{self._name}__{max(taken, default=0) + 1}", origin)

    def put(self, part: str, templates: Iterator[Templates]) -> None:
        """See Store. All of a part is mapped before the first row is written; a row that is written is whole."""
        with self._told() as client:
            origin = self._open(client, "next").origin
        made = list(of_width(templates, origin.dim))
        with self._told() as client:
            places = self._places(client)
            for batch in made:
                places["next"].write(batch, places["current"], origin.model)

    def missing(self, rows: int = ROWS) -> Iterator[Templates]:
        """See Store."""
        with self._told() as client:
            new, there = self._open(client, "next"), self._open(client, "current")
            for page in there.pages(rows, [there.key]):
                keys = [row[there.key] for row in page]
                have = new.held(keys, [new.key])
                if left := there.held([key for key in keys if key not in have], there.fields):
                    yield there.templates(list(left.values()))

    def replace(self, templates: Templates, place: Place) -> int:
        """See Store."""
        with self._told() as client:
            places = self._places(client)
            there = self._open(client, place)
            written = sum(there.write(batch, there, None) for batch in of_width([templates], there.dim))
            if place == "current" and "next" in places:  # mapped from the vectors of before
                places["next"].delete(there.keys_of(templates.ids))
            return written

    def complete(self) -> None:
        """See Store. Waits until the server has built its indexes."""
        with self._told() as client:
            new, there = self._open(client, "next"), self._open(client, "current")
            for page in list(new.pages(MOST, [new.key])):
                keys = [row[new.key] for row in page]
                have = there.held(keys, [there.key])
                new.delete([key for key in keys if key not in have])
            names = [index["index_name"] for index in new.indexes]
            while any(client.raw.describe_index(new.name, name).get("state") == "InProgress" for name in names):
                time.sleep(1)

    def switch(self) -> None:
        """See Store: an alias is changed. OutputError where the gallery's name is none."""
        self._turn("next", "old")

    def back(self) -> None:
        """See Store: as `switch`."""
        self._turn("old", "next")

    def _turn(self, to: Place, other: Place) -> None:
        with self._told() as client:
            places = self._places(client)
            check_turn(to in places, to, other in places, other)
            if places["current"].name == self._name:
                raise OutputError(f"{self.url} is a collection and no alias, which can't be switched", self._remedy())
            client.raw.alter_alias(places[to].name, self._name)

    def drop(self, place: Literal["next", "old"]) -> None:
        """See Store."""
        with self._told() as client:
            if found := self._places(client).get(place):
                client.raw.drop_collection(found.name)

    def search(self, queries: NDArray[Any], count: int, place: Place = "current") -> Found:
        """See Store: by Milvus where it compares by cosine; else exact, with a look at every row."""
        with self._told() as client:
            there = self._open(client, place)
            queries = np.asarray(queries, np.float32)
            check_width(queries, there.dim, f"a search of {self.url}")
            if not np.isfinite(queries).all():
                raise InputError("NaN or infinite values in what is searched for", "Leave such vectors out.")
            if there.index.get("metric_type") != "COSINE" or count > MOST:
                return nearest(self.scan(place), queries, count)
            fields = [name for name in (there.key, there.names.model) if name]
            asked = {"anns_field": there.names.vector, "limit": count, "output_fields": fields}
            found = [list(hits) for hits in client.raw.search(there.name, data=queries.tolist(), **asked)]
            default = there.origin.model
            return Found(
                tuple(tuple(str(hit["entity"][there.key]) for hit in hits) for hits in found),
                tuple(np.array([hit["distance"] for hit in hits], np.float32) for hits in found),
                tuple(tuple(hit["entity"].get(there.names.model) or default for hit in hits) for hits in found),
            )

    def write_all(self, templates: Iterator[Templates], model: str, mapped: Mapping[str, Any] | None = None) -> int:
        """See Store: a collection compared by cosine, and the gallery's name an alias of it."""
        name, total = f"{self._name}__0", 0
        with self._told(new=True) as client:
            if client.raw.has_collection(self._name):
                raise OutputError(f"{self.url} is there already", "Name another collection.")
            client.raw.drop_collection(name)  # of a run that was killed, or it would have an alias
        first = next(templates, None)
        if first is None:
            raise InputError("there are no templates to write", "Is what they come from empty?")
        origin = Origin("", model, first.vectors.shape[1], dict(mapped or {}))
        columns = [name for name, told in (("subject", first.people), ("model", first.models)) if told is not None]
        with self._told() as client:
            make_new(client, name, origin, columns)
        for batch in of_width(chain([first], templates), origin.dim):
            texts = {"subject": batch.people, "model": batch.models}
            rows = [
                {"id": id_, "vector": batch.vectors[at], **{name: (texts[name] or [])[at] for name in columns}}
                for at, id_ in enumerate(batch.ids)
            ]
            with self._told() as client:
                for start in range(0, len(rows), ROWS_AT_ONCE):
                    client.raw.insert(name, rows[start : start + ROWS_AT_ONCE])
            total += len(batch)
        with self._told() as client:
            client.raw.create_alias(name, self._name)
        return total

    def _made(self, name: str) -> re.Match[str] | None:
        return re.fullmatch(re.escape(self._name) + r"__(\d+)", name)

    def _places(self, client: Client) -> dict[Place, Collection]:
        """The collections of the gallery."""
        names = client.raw.list_collections()
        if not client.raw.has_collection(self._name):
            there = ", ".join(sorted(names)) or "none"
            raise GalleryError(f"{self.url}: there is no collection {self._name!r}", f"Collections there: {there}.")
        alias = self._name not in names
        name = client.raw.describe_alias(self._name)["collection_name"] if alias else self._name
        current = Collection(client, name, self._options, self.url)
        found: dict[Place, Collection] = {"current": current}
        for name in names:
            if self._made(name) and name != current.name:
                made = Collection(client, name, self._options, self.url)
                if made.beside == current.name:
                    found["next"] = made
        if current.beside in names:
            found["old"] = Collection(client, current.beside, self._options, self.url)
        return found

    def _open(self, client: Client, place: Place) -> Collection:
        places = self._places(client)
        check_turn(place in places, place, blocked=False, other="")
        return places[place]

    def _remedy(self) -> str:
        return (
            f'Give it one (client.create_alias("{self._name}", "{self._name}_live")), let every program that searches it '
            f"use that, and write #{self._name}_live here."
        )

    @contextmanager
    def _told(self, *, new: bool = False) -> Iterator[Client]:
        kinds: tuple[type[Exception], ...] = (OSError, RuntimeError, ValueError)
        if find_spec("pymilvus"):
            from pymilvus.exceptions import MilvusException

            kinds = (*kinds, MilvusException)
        try:
            if not self._place.startswith(("http://", "https://")) and self._client is None:
                if not new and not Path(self._place).exists():
                    raise GalleryError(f"{self.url}: there is no {self._place}", "Check the path.")
                Path(self._place).parent.mkdir(parents=True, exist_ok=True)
            self._client = self._client or client_of(self._place)
            yield self._client
        except FacespaceError:
            raise
        except kinds as error:
            hint = "Is it there, and is no other program in its file? Run the same again: what is done stays."
            raise GalleryError(f"{self.url}: {error}", hint) from error


def _batches(there: Collection, rows: int, *ends: Any) -> Iterator[Templates]:
    """Rows of a collection, many of them read at a time."""
    for page in there.pages(max(rows, _READ_AT_ONCE), there.fields, *ends):
        for start in range(0, len(page), rows):
            yield there.templates(page[start : start + rows])


def _unlike(there: Collection) -> str:
    """Why another collection can't be made as this one is; "" if it can."""
    if there.told.get("auto_id") or any(field.get("auto_id") for field in there.told["fields"]):
        return "Milvus makes its ids (auto_id), so that another collection can't have the same"
    return "it has functions, which fill fields of their own" if there.told.get("functions") else ""
