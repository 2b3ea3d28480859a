"""Who is in an image, by a csv or tsv with a header: columns id and subject, or what others call them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ...errors import FileFormatError, shorten
from ..column_names import Wanted, choose_columns
from ..files import existing_file
from ..text import delimiter_of, read_text


def read_people(path: Path, columns: Wanted) -> dict[str, str]:
    """The person of each id. Raises FileFormatError, also where one id has two people."""
    text = read_text(existing_file(path, "a table of people"), "a table of people").lstrip("\n")
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter_of(text.partition("\n")[0])) if any(row)]
    except csv.Error as error:
        raise FileFormatError(f"{path} can't be read as csv: {error}", "Are its quotation marks closed?") from None
    names = [name.strip() for name in (rows or [[]])[0]]
    chosen = choose_columns(str(path), names, (), columns, ("id", "subject"))
    if "subject" not in chosen:
        raise FileFormatError(
            f"{path} has no column for people; its columns are {shorten(names, 20)}",
            "Name one subject, or say which: columns={'subject': 'NAME'}.",
        )
    if short := [number for number, row in enumerate(rows[1:], 2) if len(row) != len(names)]:
        raise FileFormatError(f"{path}: rows {shorten(short)} have not {len(names)} fields, as the header has")
    if len(rows) < 2:
        raise FileFormatError(f"{path} names nobody: it has a header and no rows", "One image a line, with its person.")
    found: dict[str, str] = {}
    for row in rows[1:]:
        name, person = (row[names.index(chosen[role])].strip() for role in ("id", "subject"))
        if found.setdefault(name, person) != person:
            raise FileFormatError(f"{path}: {name} is {found[name]!r} in one row and {person!r} in another")
    return found
