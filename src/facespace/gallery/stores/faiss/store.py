"""An index of FAISS in a file as a gallery."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ....embeddings import check_width, normalize
from ....errors import GalleryError, InputError, OutputError
from ....io import atomic_write
from ..nearest import check_turn, is_begun, nearest, of_width
from ..protocol import ROWS, Found, GalleryInfo, Origin, Place, Templates
from ..staging import Staged, Staging, errors_told
from ..url import GalleryURL
from .ids import digest, ids_of, keys_of, numbered, write_ids
from .index import Index, faiss
from .places import Beside, Held, Places, Rows

_PART = re.compile(r"r(\d+)-(\d+)-([0-9a-f]+)")
_CANDIDATES = 4  # rows that an index's own search is asked for, a row that is wanted


class FaissGallery:
    """A gallery in an index of FAISS; see Store. `?ids=FILE` has an id a line, in the order of the index's own numbers.

    `next` is an index of the same kind in a folder beside; until `complete` makes it, its rows wait in that folder. Rows go
    by their ids, so that others may add and delete some by writing the index and its ids anew.
    """

    ranges: ClassVar[bool] = False
    alone: ClassVar[bool] = False

    def __init__(self, url: str, address: GalleryURL) -> None:
        self.url = url
        self._path = Path(address.place)
        self._ids_file = Path(address.options["ids"]) if "ids" in address.options else None
        self._beside = Beside(self._path)
        self._staging = Staging(self._beside.folder / "parts")

    def info(self) -> GalleryInfo:
        """See Store."""
        with self._told():
            places = self._beside.places()
            index, rows = self._read("current", places)
            return GalleryInfo(
                self.url, "faiss", int(rows.held.sum()), index.dim, "float32" if index.exact else index.kind, index.metric,
                places["current"].origin.model if "current" in places else "",
                indexes=(index.kind,) if index.searched else (),
                places={name: held.origin for name, held in places.items() if name != "current"}, notes=index.notes(),
                mapped=dict(places["current"].origin.mapped) if "current" in places else {},
            )  # fmt: skip

    def scan(self, place: Place = "current", rows: int = ROWS) -> Iterator[Templates]:
        """See Store: as of the file that is there at the beginning."""
        with self._told():
            places = self._beside.places()
            if place != "current":
                self._need(places, place)
            if place == "current" or places[place].index:
                yield from self._templates(places, place, rows)

    def parts(self, rows: int) -> list[str]:
        """See Store: a part is a range of rows with the digest of their ids."""
        with self._told():
            ids = self._read("current", self._beside.places())[1].ids
            starts = range(0, len(ids), rows)
            return [f"r{start}-{start + rows}-{digest(ids[start : start + rows])}" for start in starts]

    def read(self, part: str, rows: int = ROWS) -> Iterator[Templates]:
        """See Store: nothing where other rows are in that range by now."""
        if not (found := _PART.fullmatch(part)):
            raise GalleryError(f"{self.url} has no part {part!r}", "Take the names that parts() gives.")
        start, stop = int(found[1]), int(found[2])
        with self._told():
            places = self._beside.places()
            index, known = self._read("current", places)
            if digest(known.ids[start:stop]) == found[3]:
                at = np.arange(start, min(stop, len(known.ids)))
                yield from self._templates(places, "current", rows, at, (index, known))

    def begin(self, origin: Origin) -> None:
        """See Store. GalleryError where FAISS's kind of index can't be made anew."""
        with self._told():
            places = self._beside.places()
            index = self._read("current", places)[0]
            if not is_begun(places["next"].origin if "next" in places else None, origin):
                index.check_exact(self.url)
                self._staging.drop()
                self._beside.keep({**places, "next": Held(origin)})
        self._staging.begin(origin)

    def put(self, part: str, templates: Iterator[Templates]) -> None:
        """See Store."""
        origin = self._need(self._beside.places(), "next").origin
        self._staging.begin(origin)
        name = part if _PART.fullmatch(part) else f"missing-{len(self._staging.parts())}"
        self._staging.write(name, of_width(templates, origin.dim), keys_of, origin.model)

    def missing(self, rows: int = ROWS) -> Iterator[Templates]:
        """See Store."""
        with self._told():
            places = self._beside.places()
            there = self._beside.rows(self._need(places, "next"))
            index, known = self._read("current", places)
            have = np.append(Staged(self._staging).places, keys_of(there.ids)[there.held])
            left = np.flatnonzero(~np.isin(keys_of(known.ids), have))
            yield from self._templates(places, "current", rows, left, (index, known))

    def replace(self, templates: Templates, place: Place) -> int:
        """See Store; the whole index is made anew."""
        with self._told():
            places = self._beside.places()
            held = self._need(places, place) if place != "current" else places.get("current")
            index, rows = self._read(place if place != "next" else "current", places)
            index.check_exact(self.url)
            dim = held.origin.dim if held and place == "next" else index.dim
            given = {id_: at for batch in of_width([templates], dim) for at, id_ in enumerate(batch.ids)}
            count = len(given.keys() & set(rows.ids))
            if place == "next":
                self.put("", iter([templates]))
                if held and held.index:
                    self.complete()
                return count
            source = np.array([given.get(id_, -1) for id_ in rows.ids])
            vectors = np.asarray(templates.vectors, np.float32)

            def take(at: NDArray[np.int64]) -> NDArray[np.float32]:
                return np.where((source[at] >= 0)[:, None], vectors[source[at]], index.vectors(at))

            names: Sequence[str | None] = templates.models or [None] * len(vectors)
            models = [rows.models[at] if to < 0 else names[to] for at, to in enumerate(source)]
            rows = Rows(rows.ids, models, rows.held | (source >= 0))
            made = self._write(place, index, index.dim, take)
            after = Held(held.origin if held else Origin("", "", index.dim), made, self._beside.write_rows(place, rows))
            if place == "old":
                self._beside.keep({**places, "old": after})
                return count
            if "next" in places:  # without what was mapped from the vectors of before
                self._staging.forget(keys_of(templates.ids), places["next"].origin.dim)
                there = self._beside.rows(places["next"])
                stays = Rows(there.ids, there.models, there.held & ~np.isin(keys_of(there.ids), keys_of(templates.ids)))
                places["next"] = replace(places["next"], rows=self._beside.write_rows("next", stays))
            self._beside.turn(made, "", {**places, "current": replace(after, index="")})
            return count

    def complete(self) -> None:
        """See Store: the index is made, in memory as FAISS does, and written."""
        with self._told():
            places = self._beside.places()
            held = self._need(places, "next")
            index, known = self._read("current", places)
            staged, there = Staged(self._staging), self._beside.rows(held)
            if held.index and not staged.parts and there.ids == known.ids:
                return
            before = self._read("next", places)[0] if held.index else None
            dim, keys = held.origin.dim, keys_of(known.ids)
            at_before = {id_: at for at, id_ in enumerate(there.ids) if there.held[at]}
            source = np.array([at_before.get(id_, -1) for id_ in known.ids], np.int64)
            models, has = np.full(len(keys), None, object), np.zeros(len(keys), bool)

            def take(at: NDArray[np.int64]) -> NDArray[np.float32]:
                vectors, names, waited = staged.take(keys[at], dim)
                old = ~waited & (source[at] >= 0)
                if before is not None and old.any():
                    vectors[old] = before.vectors(source[at][old])
                    names[old] = [there.models[row] for row in source[at][old]]
                models[at], has[at] = names, waited | old
                return vectors

            made = self._write("next", index, dim, take)
            rows = self._beside.write_rows("next", Rows(known.ids, models.tolist(), has))
            self._beside.keep({**places, "next": Held(held.origin, made, rows)})
            self._staging.clear(staged.parts)

    def switch(self) -> None:
        """See Store: the file of the index is replaced, in one step of the file system."""
        with self._told():
            places = self._beside.places()
            check_turn("next" in places, "next", "old" in places, "old")
            index, known = self._read("current", places)
            there = self._beside.rows(places["next"])
            left = len(known.ids) - len(
                set(known.ids) & {id_ for id_, held in zip(there.ids, there.held, strict=True) if held}
            )
            if left or there.ids != known.ids or self._staging.parts():
                raise OutputError(
                    f"{self.url}: its next place is not complete: {left:,} rows of the current one are not in it",
                    "Put what missing() gives, call complete(), then switch.",
                )
            self._turn(places, "next", "old", places["next"].index, there, index, known)
        self._staging.drop()

    def back(self) -> None:
        """See Store. Rows that came after the switch have no vector in the old index: zeros, which are near nothing."""
        with self._told():
            places = self._beside.places()
            check_turn("old" in places, "old", "next" in places, "next")
            index, known = self._read("current", places)
            comes, (before, there) = places["old"].index, self._read("old", places)
            if there.ids != known.ids:
                at = {id_: row for row, id_ in enumerate(there.ids)}
                source = np.array([at.get(id_, -1) for id_ in known.ids], np.int64)

                def take(rows: NDArray[np.int64]) -> NDArray[np.float32]:
                    return np.where((source[rows] >= 0)[:, None], before.vectors(np.maximum(source[rows], 0)), np.float32(0))

                comes = self._write("old", index, before.dim, take)
                models = [there.models[row] if row >= 0 else None for row in source]
                there = Rows(known.ids, models, (source >= 0) & there.held[np.maximum(source, 0)])
            self._turn(places, "old", "next", comes, there, index, known)

    def _turn(self, places: Places, to: Place, other: Place, comes: str, there: Rows, index: Index, known: Rows) -> None:
        current = places.get("current", Held(Origin("", "", index.dim)))
        goes = self._beside.new_name(other, "index")
        then = {name: held for name, held in places.items() if name != to}
        then["current"] = Held(places[to].origin, "", self._beside.write_rows("current", there))
        then[other] = Held(current.origin, goes, self._beside.write_rows(other, known))
        self._beside.turn(comes, goes, then)

    def drop(self, place: Literal["next", "old"]) -> None:
        """See Store."""
        with self._told():
            places = self._beside.places()
            if place in places:
                if place == "next":
                    self._staging.drop()
                self._beside.keep({name: held for name, held in places.items() if name != place})

    def search(self, queries: NDArray[Any], count: int, place: Place = "current") -> Found:
        """See Store: exact for a flat index; by its own search for others, whose finds are scored by their cosine."""
        with self._told():
            places = self._beside.places()
            if place != "current":
                self._need(places, place)
            index, rows = self._read(place, places)
            queries = np.ascontiguousarray(queries, np.float32)
            check_width(queries, index.dim, f"a search of {self.url}")
            if not index.searched:
                return nearest(self._templates(places, place, ROWS, None, (index, rows)), queries, count)
            near = index.near(normalize(queries) if index.metric == "ip" else queries, _CANDIDATES * count)
            answers = [
                nearest(self._templates(places, place, len(at), at, (index, rows)), query[None], count)
                for query, at in zip(queries, (row[row >= 0] for row in near), strict=True)
            ]
            return Found(*(tuple(getattr(answer, name)[0] for answer in answers) for name in ("ids", "scores", "models")))

    def write_all(self, templates: Iterator[Templates], model: str, mapped: Mapping[str, Any] | None = None) -> int:
        """See Store: a flat index of the scalar product. Without a file of ids they must be whole numbers."""
        package = faiss()
        if self._path.exists():
            raise OutputError(f"{self.url} is there already", "Name another file.")
        made, ids, models = None, list[str](), list[str | None]()
        for rows in templates:
            made = made or package.IndexFlatIP(rows.vectors.shape[1])
            for batch in of_width([rows], made.d):
                made.add(np.ascontiguousarray(batch.vectors, np.float32))
                ids += batch.ids
                models += batch.models or [None] * len(batch)
        if made is None:
            raise InputError("there are no templates to write", "Is what they come from empty?")
        with self._told():
            if self._ids_file is None:
                made = numbered(made, ids)
            else:
                write_ids(self._ids_file, ids)
            rows_file = self._beside.write_rows("current", Rows(ids, models, np.ones(len(ids), bool))) if any(models) else ""
            self._beside.keep({"current": Held(Origin("", model, made.d, dict(mapped or {})), "", rows_file)})
            with atomic_write(self._path) as path:
                package.write_index(made, str(path))
        return len(ids)

    def _read(self, place: Place, places: Places) -> tuple[Index, Rows]:
        """The index of a place and its rows."""
        if place != "current":
            held = places[place]
            if not held.index:
                raise OutputError(f"{self.url}: its place {place!r} is not made yet", "Call complete() first.")
            return Index(self._beside.folder / held.index, self.url), self._beside.rows(held)
        index = Index(self._path, self.url)
        return index, self._beside.rows(places.get("current")).named(ids_of(index, self._ids_file, self.url))

    def _templates(
        self, places: Places, place: Place, rows: int, at: Any = None, read: tuple[Index, Rows] | None = None
    ) -> Iterator[Templates]:
        index, known = read or self._read(place, places)
        at = np.arange(len(known.ids)) if at is None else at
        at = at[known.held[at]]
        default = places[place].origin.model if place in places else ""
        for start in range(0, len(at), rows):
            cut = at[start : start + rows]
            models = [known.models[row] or default for row in cut]
            yield Templates([known.ids[row] for row in cut], index.vectors(cut), models if any(models) else None)

    def _write(self, place: Place, like: Index, dim: int, take: Any) -> str:
        """A new index of a place, of the kind of the current one; its name."""
        name = self._beside.new_name(place, "index")
        with atomic_write(self._beside.folder / name) as path:
            faiss().write_index(like.made_of(dim, take, like.labels), str(path))
        return name

    def _need(self, places: Places, place: Place) -> Held:
        check_turn(place in places, place, blocked=False, other="")
        return places[place]

    def _told(self) -> AbstractContextManager[None]:
        return errors_told(self.url, OSError, RuntimeError, MemoryError)
