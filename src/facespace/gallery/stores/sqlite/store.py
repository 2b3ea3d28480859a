"""A table of an SQLite database whose vectors are blobs of float32 or float64, or JSON: DeepFace's, photo programs'."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from numpy.typing import NDArray

from ....errors import GalleryError, OutputError
from ..columns import Columns
from ..nearest import check_turn, is_begun, nearest, of_width
from ..protocol import ROWS, Found, GalleryInfo, Origin, Place, Templates
from ..url import GalleryURL
from .table import Table, encode, quoted

_WAIT = 30.0  # seconds for another program's lock
_LEFT = {
    "next": "Run the migration again, for these rows.",
    "old": "They came after the switch: give them vectors of the old network by replace(…, 'old'), or delete them.",
}
_HINT = {
    "locked": "Another program writes to it, or reads for long: try again, or stop that one meanwhile.",
    "full": "Make room, and run the same again: what is done stays.",
    "disk I/O": "Is its disk still there, and not full? Run the same again: what is done stays.",
    "readonly": "Choose a file that you may write to.",
}


class SQLiteGallery:
    """A gallery in a table of an SQLite file; see Store.

    `next` is a second column of the same table. `switch` renames columns in one transaction; where they are NOT NULL, which
    SQLite can't take back, it exchanges their values in one transaction instead. A database in WAL mode is scanned as of one
    moment; in another mode every page is a short look, so that nobody has to wait, and a scan during which the gallery is
    switched ends in a GalleryError.
    """

    ranges: ClassVar[bool] = True
    alone: ClassVar[bool] = True

    def __init__(self, url: str, address: GalleryURL) -> None:
        self.url, self._address = url, address
        self._file, self._table = Path(address.place), address.table or "faces"

    def info(self) -> GalleryInfo:
        """See Store."""
        with self._opened() as table:
            origins = table.origins()
            current = origins.pop("current", None)
            form, dim = table.form()
            return GalleryInfo(
                self.url, "sqlite", table.one(f"SELECT count({quoted(table.columns.vector)}) FROM {table.name}"), dim, form,
                model=current.model if current else "",
                mapped=dict(current.mapped) if current else {}, columns=table.others(), places=origins,
                notes=("Vectors that other programs change during a migration are not seen; added and deleted rows are.",),
            )  # fmt: skip

    def scan(self, place: Place = "current", rows: int = ROWS) -> Iterator[Templates]:
        """See Store."""
        with self._opened() as table:
            yield from table.pages(place, "true", (), rows)

    def parts(self, rows: int) -> list[str]:
        """See Store: a part is a range of keys, the last one open."""
        with self._opened() as table:
            key = quoted(table.columns.id)
            starts = f"SELECT {key}, row_number() OVER (ORDER BY {key}) AS n FROM {table.name}"
            found = table.all(f"SELECT {key} FROM ({starts}) WHERE n % ? = 1 AND n > 1 ORDER BY n" if rows > 1 else starts,
                              (rows,) if rows > 1 else ())  # fmt: skip
            ends = [None, *(row[0] for row in (found if rows > 1 else found[1:])), None]
            table.check_values(ends[1:-1])
            return [json.dumps(pair) for pair in pairwise(ends)]

    def read(self, part: str, rows: int = ROWS) -> Iterator[Templates]:
        """See Store."""
        low, high = json.loads(part)
        with self._opened() as table:
            key = quoted(table.columns.id)
            bounds = [(f"{key} >= ?", low), (f"{key} < ?", high)]
            tests = [(test, end) for test, end in bounds if end is not None]
            where = " AND ".join(test for test, _ in tests) or "true"
            yield from table.pages("current", where, tuple(end for _, end in tests), rows)

    def begin(self, origin: Origin) -> None:
        """See Store."""
        with self._opened(write=True) as table:
            if is_begun(table.origins().get("next"), origin):
                return
            table.check_key()
            kind = {"json": "TEXT"}.get(table.form()[0], "BLOB")
            for name, of in ((table.columns.vector_at("next"), kind), (table.columns.model_at("next"), "TEXT")):
                table.run(f"ALTER TABLE {table.name} ADD COLUMN {quoted(name)} {of}")
            table.set_origin("next", origin)

    def put(self, part: str, templates: Iterator[Templates]) -> None:
        """See Store."""
        with self._opened() as table:
            origin = table.origin("next")
        made = list(of_width(templates, origin.dim))  # all of it first: no lock is held while vectors are mapped
        with self._opened(write=True) as table:
            for batch in made:
                table.update(batch, "next", origin)

    def missing(self, rows: int = ROWS) -> Iterator[Templates]:
        """See Store."""
        with self._opened() as table:
            table.origin("next")
            yield from table.pages("current", f"{quoted(table.columns.vector_at('next'))} IS NULL", (), rows)

    def replace(self, templates: Templates, place: Place) -> int:
        """See Store."""
        with self._opened(write=True) as table:
            origin = table.origin(place) if place != "current" else table.origins().get(place)
            dim = origin.dim if origin else table.form()[1]
            return sum(table.update(batch, place, origin) for batch in of_width([templates], dim))

    def complete(self) -> None:
        """See Store."""
        with self._opened(write=True) as table:
            table.origin("next")
            new, model = (quoted(name) for name in (table.columns.vector_at("next"), table.columns.model_at("next")))
            gone = f"{quoted(table.columns.vector)} IS NULL AND {new} IS NOT NULL"
            table.run(f"UPDATE {table.name} SET {new} = NULL, {model} = NULL WHERE {gone}")

    def switch(self) -> None:
        """See Store."""
        self._turn("next", "old")

    def back(self) -> None:
        """See Store."""
        self._turn("old", "next")

    def _turn(self, to: Place, other: Place) -> None:
        with self._opened(write=True) as table:
            origins, columns = table.origins(), table.columns
            check_turn(to in origins, to, other in origins, other)
            pairs = [(at("current"), at(to), at(other)) for at in (columns.vector_at, columns.model_at)]
            for current, new, old in pairs:
                if current in table.not_null:
                    if left := table.one(f"SELECT count(*) FROM {table.name} WHERE {quoted(new)} IS NULL"):
                        raise OutputError(f"{left:,} rows have no {new}, and {current} is NOT NULL", _LEFT[to])
                    now, then = quoted(current), quoted(new)
                    table.run(f"UPDATE {table.name} SET {now} = {then}, {then} = {now}")
                    table.rename(new, old)
                else:
                    table.rename(current, old)
                    table.rename(new, current)
            table.set_origin(other, origins.get("current") or Origin("", "", table.form(other)[1]))
            table.set_origin("current", origins[to])
            table.set_origin(to, None)

    def drop(self, place: Literal["next", "old"]) -> None:
        """See Store."""
        with self._opened(write=True) as table:
            for name in (table.columns.vector_at(place), table.columns.model_at(place)):
                if name in table.names:
                    table.run(f"ALTER TABLE {table.name} DROP COLUMN {quoted(name)}")
            table.set_origin(place, None)

    def search(self, queries: NDArray[Any], count: int, place: Place = "current") -> Found:
        """See Store."""
        return nearest(self.scan(place), queries, count)

    def write_all(self, templates: Iterator[Templates], model: str, mapped: Mapping[str, Any] | None = None) -> int:
        """See Store: columns id, vector, and where the rows have them subject and model."""
        made = columns = None
        total = 0
        with self._connected(write=True, make=True) as connection:
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (self._table,)).fetchone():
                raise OutputError(f"{self.url} is there already", "Name another table.")
            for batch in templates:
                if made is None:
                    columns = Columns("id", "vector", "subject" if batch.people else "", "model" if batch.models else "")
                    texts = "".join(f", {name} TEXT" for name in (columns.subject, columns.model) if name)
                    connection.execute(f"CREATE TABLE {quoted(self._table)} (id TEXT PRIMARY KEY, vector BLOB{texts})")
                    made = Table(connection, self._table, self.url, {})
                    made.set_origin("current", Origin("", model, batch.vectors.shape[1], dict(mapped or {})))
                    dim = batch.vectors.shape[1]
                for checked in of_width([batch], dim):
                    told = [column for column in (checked.people, checked.models) if column]
                    rows = zip(checked.ids, encode(checked.vectors, "float32"), *told, strict=True)
                    connection.executemany(f"INSERT INTO {quoted(self._table)} VALUES (?, ?{', ?' * len(told)})", rows)
                    total += len(checked)
        return total

    @contextmanager
    def _opened(self, *, write: bool = False) -> Iterator[Table]:
        with self._connected(write=write) as connection:
            yield Table(connection, self._table, self.url, self._address.options)

    @contextmanager
    def _connected(self, *, write: bool, make: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection; with `write` all that is done by it is one transaction."""
        if make:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        mode = "rwc" if make else "rw"
        try:
            place = f"file:{quote(str(self._file))}?mode={mode}"
            # Whoever reads a scan may do so in another thread than asked for it (LanceDB does); never two at a time.
            options: Any = {"timeout": _WAIT, "isolation_level": None, "uri": True, "check_same_thread": False}
            with closing(sqlite3.connect(place, **options)) as connection:
                if write:
                    connection.execute("BEGIN IMMEDIATE")
                elif connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                    connection.execute("BEGIN")
                yield connection
                if write:
                    connection.execute("COMMIT")
        except sqlite3.Error as error:
            hint = next((text for word, text in _HINT.items() if word in str(error)), "Is it an SQLite database?")
            if not self._file.exists():
                hint = "There is no such file."
            raise GalleryError(f"{self.url}: {error}", hint) from error
        except (UnicodeDecodeError, MemoryError) as error:
            told = str(error) or "it asks for more memory than there is"
            raise GalleryError(f"{self.url} can't be read: {told}", "Is it damaged?") from error
