"""PostgreSQL's text dumps of pgvector's columns (vector, halfvec) and of arrays: pg_dump's .sql, and what COPY wrote."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...errors import FileFormatError, shorten
from ..column_names import Fields, Wanted, choose_columns
from ..text import read_text
from ..vectors import looks_like_vector, vectors_of_texts

_COPY = re.compile(r"COPY (.+?) \((.*)\) FROM stdin;")
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def load_sql(path: Path, wanted: Wanted) -> Fields:
    """The table of a plain dump whose rows have a vector; where several have, the one that is named as TABLE.COLUMN."""
    text = read_text(path, "a dump of PostgreSQL")
    tables = {
        name: (columns, rows)
        for name, columns, rows in _tables(path, text.split("\n"))
        if rows and any(looks_like_vector(cell) for cell in rows[0].split("\t"))
    }
    if not tables:
        hint = "It is read as pg_dump writes it without --inserts: blocks COPY table (id, embedding) FROM stdin;"
        raise FileFormatError(f"{path} holds no rows with a vector such as [0.1,0.2]", hint)
    table, _, column = wanted.get("vector", "").rpartition(".")
    if fitting := [name for name in tables if table and table in (name, name.rpartition(".")[2])]:
        tables, wanted = {fitting[0]: tables[fitting[0]]}, {**wanted, "vector": column}
    if len(tables) > 1:
        raise FileFormatError(
            f"{path}: the tables {shorten(list(tables))} each have vectors",
            "Say which: columns={'vector': 'TABLE.COLUMN'} in Python, FILE:vector=TABLE.COLUMN on the command line.",
        )
    ((name, (columns, rows)),) = tables.items()
    return set_of_rows(f"{path}: table {name}", columns, rows, wanted)


def set_of_rows(what: str, names: Sequence[str], lines: Sequence[str], wanted: Wanted) -> Fields:
    """The set in lines of COPY's text format. Without `names` the columns are called by their numbers from 1."""
    rows = [[_cell(cell) for cell in line.split("\t")] for line in lines]
    unnamed, names = not names, names or [f"{number}" for number in range(1, len(rows[0]) + 1)]
    if odd := [number for number, row in enumerate(rows, 1) if len(row) != len(names)]:
        raise FileFormatError(f"{what}: rows {shorten(odd)} have not {len(names)} fields", "Is it truncated?")
    vectors = [name for name, cell in zip(names, rows[0], strict=True) if looks_like_vector(cell)]
    if unnamed and len(rest := [name for name in names if name not in vectors]) == 1:
        wanted = {"id": rest[0], **wanted}
    chosen = choose_columns(what, names, vectors, wanted)
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    found = {role: list(columns[name]) for role, name in chosen.items()}
    for role in ("id", "vector"):
        if none := sum(value is None for value in found[role]):
            raise FileFormatError(f"{what}: {none:,} rows have no {chosen[role]}", "Leave rows without an embedding out.")
    texts = [value or "" for value in found.pop("vector")]
    if "quality" in found:
        found["quality"] = [value or "nan" for value in found["quality"]]
    vectors_found = vectors_of_texts(texts, f"{what}: column {chosen['vector']!r}")
    return {"vectors": vectors_found, "ids": found.pop("id"), **found, "columns": chosen}


def load_copy(path: Path, wanted: Wanted) -> Fields:
    """What `COPY table TO 'file'` wrote."""
    return set_of_rows(str(path), [], read_text(path, "what COPY wrote").rstrip("\n").split("\n"), wanted)


def _tables(path: Path, lines: Sequence[str]) -> Iterator[tuple[str, list[str], Sequence[str]]]:
    start = 0
    while start < len(lines):
        head = _COPY.fullmatch(lines[start])
        start += 1
        if head is None:
            continue
        try:
            end = lines.index("\\.", start)
        except ValueError:
            raise FileFormatError(
                f"{path}: the rows of table {head[1]} have no end (a line \\.)", "Is it truncated?"
            ) from None
        yield head[1], next(csv.reader([head[2]], skipinitialspace=True)), lines[start:end]
        start = end


def _cell(text: str) -> str | None:
    if text == "\\N":
        return None
    return re.sub(r"\\(.)", lambda found: _ESCAPED.get(found[1], found[1]), text) if "\\" in text else text
