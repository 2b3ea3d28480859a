"""A table of an open PostgreSQL database as a gallery: its columns, types, indexes, and who made which place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from ....errors import GalleryError, OutputError, shorten
from ..columns import columns_of, origin_of, origin_text
from ..protocol import Origin, Place, Templates
from .binary import FORMS, Page

_ABOUT = """
SELECT a.attname, a.attnum, t.typname, t.oid, format_type(t.oid, NULL), a.atttypmod, a.attnotnull,
       col_description(a.attrelid, a.attnum)
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""
_KEYS = """
SELECT i.indisprimary, array_agg(a.attname) FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = %s AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
GROUP BY i.indexrelid, i.indisprimary"""
_INDEXES = """
SELECT DISTINCT c.relname, pg_get_indexdef(c.oid), i.indisvalid FROM pg_depend d
JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('i', 'I') JOIN pg_index i ON i.indexrelid = c.oid
WHERE d.classid = 'pg_class'::regclass AND d.refobjid = %s AND d.refobjsubid = %s ORDER BY 1"""
_VIEWS = """
SELECT DISTINCT r.ev_class::regclass::text FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid = %s AND d.refobjsubid = %s ORDER BY 1"""
_PIECE = 1 << 21  # bytes of a statement: within the memory that a server gives to one step (work_mem, 4 MiB)
_WHOLE = {"int2": 1 << 15, "int4": 1 << 31, "int8": 1 << 63}


@dataclass(frozen=True)
class Column:
    """A column as the catalogue has it: kind is the type's name, type as it is written, width behind it or −1."""

    name: str
    number: int
    kind: str
    oid: int
    type: str
    width: int
    not_null: bool
    comment: str | None


class Table:
    """A table, looked at now: a rename by others is seen by a new one."""

    def __init__(self, connection: Any, name: str, url: str, options: Any) -> None:
        self.connection, self.url, self._options = connection, url, options
        self.name, self._oid = self._found(name)
        self.look()

    def look(self) -> None:
        """See what columns there are now."""
        self.there = {row[0]: Column(*row) for row in self._rows(_ABOUT, self._oid)}
        unique = self._rows(_KEYS, self._oid)
        self.unique = [names[0] for _, names in unique if len(names) == 1]
        primary = next((names[0] for first, names in unique if first and len(names) == 1), "")
        vectors = [name for name, column in self.there.items() if column.kind in FORMS]
        texts = [name for name, column in self.there.items() if column.kind in ("text", "varchar")]
        self.columns = columns_of(self.url, list(self.there), vectors, self._options, primary, texts)
        kind = self.there[self.columns.vector].kind
        if kind not in FORMS:
            raise GalleryError(
                f"{self.url}: the column {self.columns.vector!r} is {kind}, which holds no vectors",
                "Name one of type vector, halfvec, bytea (float32), real[] or double precision[]: ?vector=NAME.",
            )
        self.key = self.there[self.columns.id]

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Do it; how many rows it changed."""
        return int(self.connection.execute(statement, values).rowcount)

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        return self.connection.execute(statement, values).fetchall()  # type: ignore[no-any-return]

    def _found(self, name: str) -> tuple[str, int]:
        for parts in ([name], name.split(".", 1)):
            quoted_name = ".".join(map(quoted, parts))
            found = self._rows("SELECT to_regclass(%s)::oid::bigint", quoted_name.replace("%%", "%"))
            if found[0][0] is not None:
                return quoted_name, int(found[0][0])
        listed = "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid)"
        tables = [row[0] for row in self._rows(f"{listed} AND relnamespace <> 'pg_catalog'::regnamespace ORDER BY 1")]
        raise GalleryError(f"{self.url}: there is no table {name!r}", f"Its tables: {shorten(tables, 10) or 'none'}.")

    def vector(self, place: Place) -> Column:
        """The vectors' column of a place; OutputError if it isn't there."""
        if (found := self.there.get(self.columns.vector_at(place))) is None:
            raise OutputError(f"{self.url} has no place {place!r} beside the current one")
        return found

    def origins(self) -> dict[str, Origin]:
        """Who made which place; one that is there and was nobody's is told without a plan."""
        found = {}
        for place in ("current", "next", "old"):
            if column := self.there.get(self.columns.vector_at(place)):
                if origin := origin_of(column.comment):
                    found[place] = origin
                elif place != "current":
                    found[place] = Origin("", "", self.dim(place))
        return found

    def noted(self, place: Place) -> list[str]:
        """Of vector and model those that were NOT NULL before the place was begun."""
        column = self.there.get(self.columns.vector_at(place))
        if column is None or origin_of(column.comment) is None:
            return []
        return [str(one) for one in json.loads(column.comment or "{}").get("not_null", [])]

    def tell(self, column: str, origin: Origin, not_null: Sequence[str] = ()) -> None:
        """Keep who made a column in its comment."""
        text = json.dumps({**json.loads(origin_text(origin)), "not_null": list(not_null)})
        self.run(f"COMMENT ON COLUMN {self.name}.{quoted(column)} IS {literal(text)}")

    def dim(self, place: Place) -> int:
        """The width of a place's vectors, 0 for one without rows."""
        column = self.vector(place)
        if column.kind in ("vector", "halfvec") and column.width > 0:
            return column.width
        listed, where = [quoted(column.name)], f"{quoted(column.name)} IS NOT NULL LIMIT 1"
        page = self._page(listed, where, ())
        return page.vectors(0, FORMS[column.kind], self._what(column)).shape[1] if len(page) else 0

    def indexes(self, place: Place) -> list[tuple[str, str, bool]]:
        """Name, definition and validity of what depends on a place's vectors."""
        column = self.there.get(self.columns.vector_at(place))
        return [tuple(row) for row in self._rows(_INDEXES, self._oid, column.number)] if column else []

    def views(self) -> list[str]:
        """Views that read the current vectors: they hold on to the column, whatever it is called."""
        return [row[0] for row in self._rows(_VIEWS, self._oid, self.vector("current").number)]

    def pages(self, place: Place, where: str, values: tuple[Any, ...], rows: int) -> Iterator[Templates]:
        """The rows of a place in the order of their keys, each page as of one moment.

        The columns are followed by their numbers: whoever reads while the gallery is switched reads on what he began with.
        """
        known = origin.model if (origin := self.origins().get(place)) else ""
        vector = self.vector(place)
        wanted = {"vector": vector.name, "people": self.columns.subject, "models": self.columns.model_at(place)}
        numbers = {role: self.there[name].number for role, name in wanted.items() if name in self.there}
        key, after = quoted(self.key.name), None
        while True:
            with self.connection.transaction():
                self.run(f"LOCK TABLE {self.name} IN ACCESS SHARE MODE")
                self.look()
                names = {column.number: column.name for column in self.there.values()}
                if lost := [role for role, number in numbers.items() if number not in names]:
                    raise GalleryError(f"{self.url}: the {lost[0]} were dropped while they were read", "Read it again.")
                there = {role: quoted(names[number]) for role, number in numbers.items()}
                listed = [f"{key}::text", *(f"{name}::text" if role != "vector" else name for role, name in there.items())]
                tests = f"({where}) AND {there['vector']} IS NOT NULL"
                if after is not None:
                    tests += f" AND {key} > {self._cast('%s')}"
                # "t.", lest it be ordered by the text that is listed
                given = values if after is None else (*values, after)
                page = self._page(listed, f"{tests} ORDER BY t.{key} LIMIT {rows}", given)
            if not len(page):
                return
            ids = page.texts(0)
            after = ids[-1]
            found: dict[str, Any] = {role: page.texts(at) for at, role in enumerate(there, 1) if role != "vector"}
            vectors = page.vectors(1, FORMS[vector.kind], self._what(vector))
            models = (
                [one or known for one in found["models"]] if "models" in found else [known] * len(page) if known else None
            )
            yield Templates([one or "" for one in ids], vectors, models, found.get("people"))

    def _page(self, listed: Sequence[str], where: str, values: tuple[Any, ...]) -> Page:
        statement = f"COPY (SELECT {', '.join(listed)} FROM {self.name} t WHERE {where}) TO STDOUT (FORMAT binary)"
        if not values:
            statement = statement.replace("%%", "%")
        with self.connection.cursor() as cursor, cursor.copy(statement, values or None) as copy:
            return Page(list(copy), len(listed))

    def range(self, low: str | None, high: str | None) -> tuple[str, tuple[str, ...]]:
        """A condition on keys from `low` to before `high`, and its values."""
        key = quoted(self.key.name)
        tests = [(f"{key} {sign} {self._cast('%s')}", end) for sign, end in ((">=", low), ("<", high)) if end is not None]
        return " AND ".join(test for test, _ in tests) or "true", tuple(end for _, end in tests if end is not None)

    def update(self, batch: Templates, place: Place, origin: Origin | None) -> int:
        """Give rows their vectors in a place; how many of them there are."""
        vector, model = self.vector(place), self.columns.model_at(place)
        if batch.models and model not in self.there:
            self.run(f"ALTER TABLE {self.name} ADD COLUMN {quoted(model)} text")
            self.look()
        kept = [row for row, id_ in enumerate(batch.ids) if self._may_be(id_)]
        if not kept:
            return 0
        models = batch.models or [origin.model if origin else ""] * len(batch)
        sets = f"{quoted(vector.name)} = s.vector" + (f", {quoted(model)} = s.c2" if model in self.there else "")
        where = f"t.{quoted(self.key.name)} = {self._cast('s.c1')}"
        # A part is small beside the table: by its index, a row at a time, whatever the planner thinks of unnest.
        self.run(
            "SELECT set_config('enable_' || way, 'off', true) FROM unnest(%s::text[]) AS way",
            (["hashjoin", "mergejoin", "seqscan"],),
        )
        done, step = 0, max(1, _PIECE // (4 * batch.vectors.shape[1]))
        for start in range(0, len(kept), step):
            rows = kept[start : start + step]
            texts = [batch.ids[row] for row in rows], [models[row] for row in rows]
            source, given = unnested(vector, np.asarray(batch.vectors)[rows], *texts)
            done += self.run(f"UPDATE {self.name} t SET {sets} FROM {source} WHERE {where}", given)
        return done

    def _cast(self, value: str) -> str:
        return f"{value}::{self.key.type}"

    def _may_be(self, text: str) -> bool:
        """Can this be a key of the table? Another id would be an error of the server, and no row has it."""
        if limit := _WHOLE.get(self.key.kind):
            return bool(re.fullmatch(r"-?[0-9]{1,19}", text)) and -limit <= int(text) < limit
        if self.key.kind == "uuid":
            try:
                return bool(UUID(text))
            except ValueError:
                return False
        return "\0" not in text

    def _what(self, column: Column) -> str:
        return f"{self.url}: column {column.name!r}"


class Raw(bytes):
    """A value in the server's own binary form."""


def unnested(vector: Column, vectors: Any, *columns: Sequence[str | None]) -> tuple[str, tuple[Any, ...]]:
    """A table s of vectors (n, d) in the type of a column and of texts c1, c2, … for FROM, and its values."""
    form, dim = FORMS[vector.kind], vectors.shape[1]
    texts, names = ", ".join(["%s::text[]"] * len(columns)), ", ".join(f"c{n}" for n in range(1, len(columns) + 1))
    given = tuple(list(column) for column in columns)
    if not form.number.names:
        listed = f"unnest({texts}, %b::{vector.type}[]) AS s ({names}, vector)"
        return listed, (*given, Raw(form.encode(vectors, vector.oid)))
    # PostgreSQL has no arrays of arrays: one of all numbers, of which each row takes its own.
    oid = {"_float4": 700, "_float8": 701}[vector.kind]
    rows = f"unnest({texts}) WITH ORDINALITY AS r ({names}, n)"
    one = f"(SELECT %b::{vector.type} AS flat OFFSET 0) AS a"
    listed = f"(SELECT {names}, a.flat[(n - 1) * {dim} + 1 : n * {dim}] AS vector FROM {one}, {rows}) AS s"
    return listed, (Raw(form.encode(vectors, oid)), *given)


def quoted(name: str) -> str:
    """A name in a statement."""
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'


def literal(text: str) -> str:
    """A text in a statement."""
    return " E'" + text.replace("\\", "\\\\").replace("'", "''").replace("%", "%%") + "'"
