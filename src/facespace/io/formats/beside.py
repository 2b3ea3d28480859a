"""Ids that are kept beside vectors: name.ids.csv with the column id (and a set's others), or name.ids.txt, one a line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ...errors import FileFormatError, shorten
from ..column_names import ROLES, Fields, Wanted, choose_columns
from ..text import delimiter_of, read_text


def names_beside(path: Path) -> tuple[Path, Path]:
    """Where the ids of the vectors in `path` may be."""
    return path.with_suffix(".ids.csv"), path.with_suffix(".ids.txt")


def ids_beside(path: Path, wanted: Wanted) -> Fields:
    """The ids and columns beside `path`, under "table" all columns as they are. Raises FileFormatError if there are none."""
    table, plain = names_beside(path)
    if not table.exists():
        if not plain.exists():
            raise FileFormatError(
                f"{path} has no ids beside it",
                f"Put {table.name} (a csv with the column id) or {plain.name} (one id a line) into the same folder.",
            )
        return {"ids": read_text(plain, "a list of ids").rstrip().split("\n")}
    text = read_text(table, "a list of ids").lstrip("\n")
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter_of(text.partition("\n")[0])) if any(row)]
    except csv.Error as error:
        raise FileFormatError(f"{table} can't be read as csv: {error}", "Are its quotation marks closed?") from None
    names = [name.strip().lower() for name in (rows or [[]])[0]]
    chosen = choose_columns(str(table), names, (), wanted, [role for role in ROLES if role != "vector"])
    if short := [number for number, row in enumerate(rows[1:], 1) if len(row) != len(names)]:
        raise FileFormatError(f"{table}: rows {shorten(short)} have not {len(names)} fields, as the header has")
    columns = {name: [row[at] for row in rows[1:]] for at, name in enumerate(names)}
    found = {role: columns[name] for role, name in chosen.items()}
    if "quality" in found:
        found["quality"] = [value or "nan" for value in found["quality"]]
    return {"ids": found.pop("id"), **found, "columns": chosen, "table": columns}
