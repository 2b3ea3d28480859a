"""A table of PostgreSQL, with pgvector's columns or without, changed in place: the second place is a second column."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ....embeddings import check_width
from ....errors import GalleryError, OutputError, missing_extra
from ....io import prefetched
from ..nearest import check_turn, is_begun, nearest, of_width
from ..protocol import ROWS, Found, GalleryInfo, Origin, Place, Templates
from ..url import GalleryURL, without_password
from .binary import FORMS
from .indexes import beside, look_wide, notes_of, rebuilt
from .table import Raw, Table, quoted, unnested

_TRIES, _LOCK, _PAUSE = 40, "200ms", 0.3  # of a rename: how often, for how long readers may queue behind it, seconds between
_OPERATIONS = {
    "vector_cosine_ops": "cosine",
    "halfvec_cosine_ops": "cosine",
    "_ip_ops": "inner product",
    "_l2_ops": "euclidean",
}
_HINTS = {  # by SQLSTATE or its class
    "53": "Make room on the server, and run the same again: what is done stays.",
    "42501": "Ask for that right, or use another role.",
    "55P03": "Another program holds the table for long: try again, or end its transaction.",
    "57P01": "The server was stopped: run the same again when it is back, what is done stays.",
    "3D000": "Name a database that is there: postgresql://user@host/DATABASE#table.",
    "28": "See user and password: postgresql://user:password@host/database#table, or ~/.pgpass.",
}


class PostgresGallery:
    """A gallery in a table of PostgreSQL; see Store.

    The key is any column with a unique index. `next` is a second column of the same table, filled a part a transaction;
    `switch` renames columns and indexes in one transaction that waits for its lock in short tries, so that readers never
    queue for long. Readers are given pages of the column that they began with, switched or not.
    """

    ranges: ClassVar[bool] = True
    alone: ClassVar[bool] = False

    def __init__(self, url: str, address: GalleryURL) -> None:
        self.url, self._address = url, address
        self._shown, self._table = without_password(url), address.table or "faces"

    def info(self) -> GalleryInfo:
        """See Store."""
        with self._opened() as table:
            origins, column = table.origins(), table.vector("current")
            current = origins.pop("current", None)
            (count,) = table.connection.execute(f"SELECT count({quoted(column.name)}) FROM {table.name}", ()).fetchone()
            indexes = tuple(definition for _, definition, _ in table.indexes("current"))
            operations = [name for word, name in _OPERATIONS.items() if any(word in one for one in indexes)]
            mine = {
                at(place) for place in ("current", "next", "old") for at in (table.columns.vector_at, table.columns.model_at)
            }
            others = [name for name in table.there if name not in mine - {table.columns.model} and name != table.columns.id]
            return GalleryInfo(
                self._shown, "postgresql", count, table.dim("current"), column.type, metric=(operations or [""])[0],
                model=current.model if current else "",
                mapped=dict(current.mapped) if current else {}, columns=tuple(others), indexes=indexes, places=origins,
                notes=tuple(notes_of(table, indexes)),
            )  # fmt: skip

    def scan(self, place: Place = "current", rows: int = ROWS) -> Iterator[Templates]:
        """See Store."""
        with self._opened() as table:
            yield from table.pages(place, "true", (), rows)

    def parts(self, rows: int) -> list[str]:
        """See Store: a part is a range of keys, the last one open."""
        with self._opened() as table:
            key = quoted(table.key.name)
            numbered = f"SELECT {key}::text AS key, row_number() OVER (ORDER BY {key}) AS n FROM {table.name}"
            found = table.connection.execute(
                f"SELECT key FROM ({numbered}) s WHERE (n - 1) %% %s = 0 AND n > 1 ORDER BY n", (rows,)
            ).fetchall()
            return [json.dumps(ends) for ends in pairwise([None, *(row[0] for row in found), None])]

    def read(self, part: str, rows: int = ROWS) -> Iterator[Templates]:
        """See Store."""
        low, high = json.loads(part)
        with self._opened() as table:
            yield from table.pages("current", *table.range(low, high), rows)

    def begin(self, origin: Origin) -> None:
        """See Store."""
        with self._opened() as table, self._alone(table):
            if is_begun(table.origins().get("next"), origin):
                return
            if table.columns.id not in table.unique:
                hint = f"CREATE UNIQUE INDEX ON {table.name} ({quoted(table.columns.id)}), or name another with ?id=."
                raise GalleryError(f"{self._shown}: the column {table.columns.id!r} has no unique index", hint)
            vector, name = table.vector("current"), table.columns.vector_at("next")
            kind = f"{vector.type}({origin.dim})" if vector.kind in ("vector", "halfvec") else vector.type
            added = f"ADD COLUMN {quoted(name)} {kind}, ADD COLUMN {quoted(table.columns.model_at('next'))} text"
            table.run(f"ALTER TABLE {table.name} {added}")
            model = table.there.get(table.columns.model)
            needed = {"vector": vector.not_null, "model": model is not None and model.not_null}
            table.tell(name, origin, [role for role, not_null in needed.items() if not_null])

    def put(self, part: str, templates: Iterator[Templates]) -> None:
        """See Store."""
        with self._opened() as table:
            table.vector("next")
            origin = table.origins()["next"]
            with table.connection.transaction():
                for batch in prefetched(of_width(templates, origin.dim), 1):  # mapped while the server writes the one before
                    table.update(batch, "next", origin)

    def missing(self, rows: int = ROWS) -> Iterator[Templates]:
        """See Store."""
        with self._opened() as table:
            yield from table.pages("current", f"{quoted(table.vector('next').name)} IS NULL", (), rows)

    def replace(self, templates: Templates, place: Place) -> int:
        """See Store."""
        with self._opened() as table:
            dim = table.dim(place) or table.origins()[place].dim
            with table.connection.transaction():
                return sum(table.update(batch, place, table.origins().get(place)) for batch in of_width([templates], dim))

    def complete(self) -> None:
        """See Store: indexes are built beside the running server's work (CONCURRENTLY), but on a partitioned table."""
        with self._opened() as table:
            new, now = table.vector("next"), table.vector("current")
            sets = f"{quoted(new.name)} = NULL, {quoted(table.columns.model_at('next'))} = NULL"
            table.run(f"UPDATE {table.name} SET {sets} WHERE {quoted(now.name)} IS NULL AND {quoted(new.name)} IS NOT NULL")
            there = {name: valid for name, _, valid in table.indexes("next")}
            schema = table.name.rpartition(".")[0]
            for name, definition, _ in table.indexes("current"):
                wanted = beside(name, "next")
                if there.get(wanted) is False:  # what a killed run left
                    table.run(f"DROP INDEX {schema}{'.' if schema else ''}{quoted(wanted)}")
                if not there.get(wanted):
                    table.run(rebuilt(definition, now.name, new.name, wanted, table.dim("next")))
            table.run(f"ANALYZE {table.name} ({quoted(new.name)})")

    def switch(self) -> None:
        """See Store."""
        self._turn("next", "old")

    def back(self) -> None:
        """See Store."""
        self._turn("old", "next")

    def _turn(self, to: Place, other: Place) -> None:
        with self._opened() as table, self._alone(table):
            origins, there = table.origins(), table.there
            check_turn(to in origins, to, other in origins, other)
            indexes = {place: [name for name, *_ in table.indexes(place)] for place in ("current", to)}
            for at in (table.columns.vector_at, table.columns.model_at):
                if at("current") in there:
                    if there[at("current")].not_null:  # it is not written by those who enrol from now on
                        table.run(f"ALTER TABLE {table.name} ALTER COLUMN {quoted(at('current'))} DROP NOT NULL")
                    table.run(f"ALTER TABLE {table.name} RENAME COLUMN {quoted(at('current'))} TO {quoted(at(other))}")
                if at(to) in there:
                    table.run(f"ALTER TABLE {table.name} RENAME COLUMN {quoted(at(to))} TO {quoted(at('current'))}")
            schema = table.name.rpartition(".")[0]
            prefix = f"{schema}." if schema else ""
            for name in indexes["current"]:
                table.run(f"ALTER INDEX {prefix}{quoted(name)} RENAME TO {quoted(beside(name, other))}")
            for name in indexes[to]:
                if (plain := name.removesuffix(f"__{to}")) != name:
                    table.run(f"ALTER INDEX {prefix}{quoted(name)} RENAME TO {quoted(plain)}")

    def drop(self, place: Literal["next", "old"]) -> None:
        """See Store: a column that was NOT NULL before the migration is so again, if all rows have it."""
        with self._opened() as table, self._alone(table):
            noted = {*table.noted("current"), *table.noted(place)}
            for name in (table.columns.vector_at(place), table.columns.model_at(place)):
                table.run(f"ALTER TABLE {table.name} DROP COLUMN IF EXISTS {quoted(name)}")
            for role, at in (("vector", table.columns.vector_at), ("model", table.columns.model_at)):
                name = quoted(at("current"))
                if (
                    role in noted
                    and not table.connection.execute(
                        f"SELECT EXISTS (SELECT FROM {table.name} WHERE {name} IS NULL)", ()
                    ).fetchone()[0]
                ):
                    table.run(f"ALTER TABLE {table.name} ALTER COLUMN {name} SET NOT NULL")

    def search(self, queries: NDArray[Any], count: int, place: Place = "current") -> Found:
        """See Store: by pgvector's <=>, with its index where there is one for cosines; else all rows are looked at."""
        with self._opened() as table:
            column, dim = table.vector(place), table.dim(place)
            check_width(queries, dim, "a search of this gallery")
            if column.kind not in ("vector", "halfvec"):
                return nearest(table.pages(place, "true", (), ROWS), queries, count)
            name, model = quoted(column.name), table.columns.model_at(place)
            known = origin.model if (origin := table.origins().get(place)) else ""
            told = f"coalesce({quoted(model)}::text, %s)" if model in table.there else "%s"
            near = f"{name} <=> %b::{column.type}"
            statement = (
                f"SELECT {quoted(table.key.name)}::text, (1 - ({near}))::float4, {told} FROM {table.name} "
                f"WHERE {name} IS NOT NULL ORDER BY {near} LIMIT %s"
            )
            found = []
            with table.connection.transaction():
                look_wide(table, count)
                for query in np.asarray(queries, np.float32):
                    one = Raw(FORMS[column.kind].encode(query[None], column.oid)[24:])  # without the head of an array of it
                    found.append(table.connection.execute(statement, (one, known, one, count)).fetchall())
            return Found(
                tuple(tuple(row[0] for row in rows) for rows in found),
                tuple(np.array([row[1] for row in rows], np.float32) for rows in found),
                tuple(tuple(row[2] for row in rows) for rows in found),
            )

    def write_all(self, templates: Iterator[Templates], model: str, mapped: Mapping[str, Any] | None = None) -> int:
        """See Store: columns id, vector, and where the rows have them subject and model."""
        with self._connected() as connection, connection.transaction():
            name = ".".join(map(quoted, self._table.split(".", 1)))
            if connection.execute("SELECT to_regclass(%s)", (name.replace("%%", "%"),)).fetchone()[0] is not None:
                raise OutputError(f"{self._shown} is there already", "Name another table.")
            has = connection.execute(
                "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'vector'", ()
            )
            schema = has.fetchone()
            table, total = None, 0
            for batch in templates:
                if table is None:
                    dim = batch.vectors.shape[1]
                    kind = f"{schema[0]}.vector({dim})" if schema else "real[]"
                    texts = [name for name, column in (("subject", batch.people), ("model", batch.models)) if column]
                    listed = "".join(f", {text} text" for text in texts)
                    connection.execute(f"CREATE TABLE {name} (id text PRIMARY KEY, vector {kind}{listed})", ())
                    table = Table(connection, self._table, self._shown, {})
                    table.tell("vector", Origin("", model, dim, dict(mapped or {})))
                    names = ", ".join(["id", *texts, "vector"])
                    taken = ", ".join([*(f"c{n}" for n in range(1, len(texts) + 2)), "vector"])
                for one in of_width([batch], dim):
                    columns = [column for column in (one.ids, one.people, one.models) if column]
                    source, given = unnested(table.vector("current"), one.vectors, *columns)
                    total += table.run(f"INSERT INTO {name} ({names}) SELECT {taken} FROM {source}", given)
            return total

    @contextmanager
    def _opened(self) -> Iterator[Table]:
        with self._connected() as connection:
            yield Table(connection, self._table, self._shown, self._address.options)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """A connection; its errors are GalleryErrors."""
        try:
            import psycopg
            from psycopg.adapt import Dumper
            from psycopg.pq import Format
        except ImportError:
            raise missing_extra("psycopg", "postgresql", "a gallery in PostgreSQL") from None

        class RawDumper(Dumper):
            format = Format.BINARY

            def dump(self, obj: Any) -> bytes:
                return bytes(obj)

        try:
            with psycopg.connect(self._address.place, autocommit=True, application_name="facespace") as connection:
                connection.adapters.register_dumper(Raw, RawDumper)
                yield connection
        except psycopg.Error as error:
            code = error.sqlstate or ""
            hint = _HINTS.get(code) or _HINTS.get(code[:2]) or ""
            if not hint and isinstance(error, psycopg.OperationalError):
                hint = "Is the server there? Run the same again when it is: what is done stays."
            raise GalleryError(f"{self._shown}: {' '.join(str(error).split())}", hint) from error

    @contextmanager
    def _alone(self, table: Table) -> Iterator[None]:
        """A transaction that holds the table against everybody, which others let it wait for in short tries."""
        import psycopg

        for left in reversed(range(_TRIES)):
            with table.connection.transaction():
                try:
                    with table.connection.transaction():
                        table.run(f"SET LOCAL lock_timeout = '{_LOCK}'")
                        table.run(f"LOCK TABLE {table.name} IN ACCESS EXCLUSIVE MODE")
                except psycopg.errors.LockNotAvailable:
                    if not left:
                        raise
                else:
                    table.look()
                    yield
                    return
            time.sleep(_PAUSE)
