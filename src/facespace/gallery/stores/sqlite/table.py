"""A table of an open SQLite database as a gallery: its columns, its rows in pages, and who made which place."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import GalleryError, OutputError, shorten
from ....io import named_as, vectors_of_texts
from ..columns import columns_of, origin_of, origin_text
from ..protocol import Origin, Place, Templates

_PLACES = "facespace_places"  # a table: who made which place of which gallery
_FORMS: dict[str, np.dtype[Any]] = {"float32": np.dtype("<f4"), "float64": np.dtype("<f8")}


class Table:
    """A table of an open database, and which of its columns are the gallery's."""

    def __init__(self, connection: sqlite3.Connection, name: str, url: str, options: Any) -> None:
        self.connection, self.plain, self.name, self.url = connection, name, quoted(name), url
        about = connection.execute('SELECT name, type, "notnull", pk FROM pragma_table_info(?)', (name,)).fetchall()
        if not about:
            raise GalleryError(f"{url}: there is no table {name!r}", f"Its tables: {', '.join(self._tables()) or 'none'}.")
        self.names = [row[0] for row in about]
        self.not_null = {row[0] for row in about if row[2]}
        keys = [row[0] for row in about if row[3]]
        vectors = [row[0] for row in about if "BLOB" in row[1].upper() or named_as("vector", row[0])]
        texts = [row[0] for row in about if row[0] not in vectors]
        self.columns = columns_of(url, self.names, vectors, options, keys[0] if len(keys) == 1 else "", texts)

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Do it; how many rows it changed."""
        return self.connection.execute(statement, values).rowcount

    def all(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """The rows that it gives."""
        return self.connection.execute(statement, values).fetchall()

    def one(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """The one value that it gives."""
        return self.connection.execute(statement, values).fetchone()[0]

    def rename(self, old: str, new: str) -> None:
        """Call a column otherwise, if it is there."""
        if old in [row[0] for row in self.all("SELECT name FROM pragma_table_info(?)", (self.plain,))]:
            self.run(f"ALTER TABLE {self.name} RENAME COLUMN {quoted(old)} TO {quoted(new)}")

    def others(self) -> tuple[str, ...]:
        """The columns beside key, vectors and what is ours."""
        mine = {f(place) for place in ("current", "next", "old") for f in (self.columns.vector_at, self.columns.model_at)}
        return tuple(name for name in self.names if name not in {*mine, self.columns.id} or name == self.columns.model)

    def form(self, place: Place = "current") -> tuple[str, int]:
        """How a place keeps its vectors, and their width, by the first of them."""
        name = quoted(self.columns.vector_at(place))
        row = self.connection.execute(f"SELECT {name} FROM {self.name} WHERE {name} IS NOT NULL LIMIT 1").fetchone()
        if row is None:
            return "float32", 0
        if isinstance(row[0], str):
            return "json", vectors_of_texts(row, self.url).shape[1]
        with np.errstate(all="ignore"):  # the halves of float64, read as float32, are spread over all orders of magnitude
            size = np.abs(np.frombuffer(row[0][: len(row[0]) // 4 * 4], "<f4").astype(np.float64))
            odd = len(row[0]) % 8 == 0 and not (np.median(size) > 1e-4 * size.max() and np.isfinite(size).all())
        form = "float64" if odd else "float32"
        return form, len(row[0]) // _FORMS[form].itemsize

    def pages(self, place: Place, where: str, values: tuple[Any, ...], rows: int) -> Iterator[Templates]:
        """The rows of a place in the order of their keys; GalleryError if it becomes another place meanwhile."""
        columns, vector = self.columns, self.columns.vector_at(place)
        if vector not in self.names:
            raise OutputError(f"{self.url} has no place {place!r} beside the current one")
        origin = self.origins().get(place)
        form = self.form(place)[0]
        taken = {"id": columns.id, "vector": vector, "people": columns.subject, "models": columns.model_at(place)}
        there = {role: name for role, name in taken.items() if name in self.names}
        listed, key = ", ".join(map(quoted, there.values())), quoted(columns.id)
        after: tuple[Any, ...] = ()
        ends = set()
        while True:
            on = f" AND {key} > ?" if after else ""
            which = f"{where} AND {quoted(vector)} IS NOT NULL{on} ORDER BY {key} LIMIT ?"
            page = self.all(f"SELECT {listed} FROM {self.name} WHERE {which}", (*values, *after, rows))
            if self.origins().get(place) != origin:
                raise GalleryError(f"{self.url} was switched while it was read", "Read it again.")
            if not page:
                return
            self.check_values(row[0] for row in page)
            after = (page[-1][0],)
            if after in ends:
                raise GalleryError(f"{self.url}: the index of its keys goes in a circle", "Is it damaged? REINDEX may help.")
            ends.add(after)
            got = dict(zip(there, zip(*page, strict=True), strict=True))
            known = origin.model if origin else ""
            yield Templates(
                [str(one) for one in got["id"]],
                _decode(got["vector"], form, f"{self.url}: column {vector!r}"),
                [one or known for one in got["models"]] if "models" in got else [known] * len(page) if known else None,
                [None if one is None else str(one) for one in got["people"]] if "people" in got else None,
            )

    def update(self, batch: Templates, place: Place, origin: Origin | None) -> int:
        """Give rows their vectors in a place; how many of them there are."""
        vector, model = self.columns.vector_at(place), self.columns.model_at(place)
        if batch.models and model not in self.names:
            self.run(f"ALTER TABLE {self.name} ADD COLUMN {quoted(model)} TEXT")
            self.names.append(model)
        form = self.form("current")[0]
        models = batch.models or [origin.model if origin else ""] * len(batch)
        sets = [vector, model] if model in self.names else [vector]
        columns = [encode(batch.vectors, form), models][: len(sets)]
        told = ", ".join(f"{quoted(name)} = ?" for name in sets)
        keys = [batch.ids, [_number(id_) for id_ in batch.ids]] if self._untyped else [batch.ids]
        statement = f"UPDATE {self.name} SET {told} WHERE {quoted(self.columns.id)} IN ({', '.join('?' * len(keys))})"
        return self.connection.executemany(statement, zip(*columns, *keys, strict=True)).rowcount

    def check_values(self, keys: Iterable[Any]) -> None:
        """GalleryError where a key is nothing, or bytes."""
        if wrong := next((f"{key!r:.40}" for key in keys if key is None or isinstance(key, bytes)), ""):
            raise GalleryError(
                f"{self.url}: the column {self.columns.id!r} holds {wrong.replace('None', 'NULL')}, which is no id",
                "An id is a text or a number: give every row one, or name another column with ?id=.",
            )

    def check_key(self) -> None:
        """GalleryError unless an index makes the ids unique, and finds them."""
        unique = self.all('SELECT i.name FROM pragma_index_list(?) i WHERE i."unique" AND NOT i.partial', (self.plain,))
        of = partial(self.all, "SELECT name FROM pragma_index_info(?)")
        whole = "SELECT name FROM pragma_table_info(?) WHERE pk"
        if [(self.columns.id,)] not in [of(row) for row in unique] + [self.all(whole, (self.plain,))]:
            hint = f"CREATE UNIQUE INDEX ON {self.name} ({quoted(self.columns.id)}), or name another with ?id=."
            raise GalleryError(f"{self.url}: the column {self.columns.id!r} has no unique index", hint)
        key = quoted(self.columns.id)
        self.check_values(row[0] for row in self.all(f"SELECT min({key}) FROM {self.name} GROUP BY typeof({key})"))
        if self._untyped and (twice := self.all(
            f"SELECT CAST({key} AS TEXT) AS told FROM {self.name} GROUP BY told HAVING count(*) > 1 LIMIT 5"
        )):  # fmt: skip
            told = shorten([row[0] for row in twice])
            raise GalleryError(f"{self.url}: a number and a text are the same id: {told}", "Rename one of the two.")

    @property
    def _untyped(self) -> bool:
        """Does the column of keys keep numbers and texts as they come? Else SQLite makes a number of a text that is one."""
        kind = self.one("SELECT upper(type) FROM pragma_table_info(?) WHERE name = ?", (self.plain, self.columns.id))
        return not kind or "BLOB" in kind

    def origins(self) -> dict[str, Origin]:
        """Who made which place."""
        if not self.all("SELECT 1 FROM sqlite_master WHERE name = ?", (_PLACES,)):
            return {}
        found = self.all(f"SELECT place, origin FROM {_PLACES} WHERE gallery = ?", (self._gallery,))
        return {place: origin for place, text in found if (origin := origin_of(text))}

    def origin(self, place: Place) -> Origin:
        """Who made a place; OutputError if it isn't there."""
        if (found := self.origins().get(place)) is None:
            raise OutputError(f"{self.url} has no place {place!r} beside the current one")
        return found

    def set_origin(self, place: str, origin: Origin | None) -> None:
        """Keep who made a place; None: it is gone."""
        self.run(f"CREATE TABLE IF NOT EXISTS {_PLACES} (gallery, place, origin, PRIMARY KEY (gallery, place))")
        self.run(f"DELETE FROM {_PLACES} WHERE gallery = ? AND place = ?", (self._gallery, place))
        if origin is not None:
            self.run(f"INSERT INTO {_PLACES} VALUES (?, ?, ?)", (self._gallery, place, origin_text(origin)))

    @property
    def _gallery(self) -> str:
        return f"{self.plain}.{self.columns.vector}"

    def _tables(self) -> list[str]:
        return [row[0] for row in self.all("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]


def quoted(name: str) -> str:
    """A name in a statement."""
    return '"' + name.replace('"', '""') + '"'


def _number(text: str) -> int | float | str:
    """The number that this is the text of, or the text."""
    for kind in (int, float):
        with suppress(ValueError):
            if str(number := kind(text)) == text and abs(number) < 1 << 63:
                return number
    return text


def encode(vectors: NDArray[np.float32], form: str) -> Iterator[Any]:
    """(n, d) vectors as n values of a column."""
    if form == "json":
        return (json.dumps(row) for row in vectors.tolist())
    return (row.tobytes() for row in vectors.astype(_FORMS[form]))


def _decode(values: Sequence[Any], form: str, what: str) -> NDArray[np.float32]:
    if form == "json":
        return vectors_of_texts(values, what)
    if len(widths := {len(value) if isinstance(value, bytes) else -1 for value in values}) != 1 or min(widths) < 0:
        raise GalleryError(
            f"{what} has vectors of different widths",
            "A gallery is of one network: keep others' rows in a table of their own.",
        )
    return np.frombuffer(b"".join(values), _FORMS[form]).reshape(len(values), -1).astype(np.float32)
