"""JSON: an object a line, a list of objects, an object of columns, or one of vectors (or DeepFace's faces) by id."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import FileFormatError, shorten
from ..column_names import Fields, Wanted, choose_columns, named_as
from ..objects import fields_of_faces
from ..text import read_text
from ..vectors import looks_like_vector, vectors_of_lists, vectors_of_texts


def load_json_lines(path: Path, wanted: Wanted) -> Fields:
    """The set in objects, one a line."""
    records = []
    for number, line in enumerate(read_text(path, "a list of JSON objects").split("\n"), 1):
        if line.strip():
            try:
                records.append(json.loads(line))
            except (ValueError, RecursionError) as error:
                raise FileFormatError(f"{path}:{number}: {line[:60]!r} is no JSON: {error}", "Is it truncated?") from None
    return _of_records(path, records, wanted)


def load_json(path: Path, wanted: Wanted) -> Fields:
    """The set in a document: objects, columns, or vectors by id."""
    try:
        found = json.loads(read_text(path, "a JSON document"))
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path} can't be read as JSON: {error}", "Is it truncated?") from None
    if not isinstance(found, dict):
        return _of_records(path, found, wanted)
    if not all(isinstance(value, list) for value in found.values()):
        hint = "A list of objects with id and vector is read; of a data frame df.to_json(path, orient='records')."
        raise FileFormatError(f"{path} is one object with {shorten(list(found), 3)}, not a list of objects", hint)
    if all(value and isinstance(value[0], dict) for value in found.values()) and not wanted:
        return fields_of_faces(found, None, "all")  # what DeepFace.represent gave, by image
    if any(named_as("vector", name) for name in found) or wanted:
        return _of_columns(path, found, wanted)
    return {"vectors": vectors_of_lists(list(found.values()), str(path)), "ids": list(found)}


def _of_records(path: Path, records: Any, wanted: Wanted) -> Fields:
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise FileFormatError(f"{path} is no list of JSON objects", "Each needs an id and a vector.")
    names = list(dict.fromkeys(name for record in records for name in record))
    return _of_columns(path, {name: [record.get(name) for record in records] for name in names}, wanted)


def _of_columns(path: Path, columns: dict[str, Sequence[Any]], wanted: Wanted) -> Fields:
    if not any(columns.values()):
        raise FileFormatError(f"{path} holds no rows: an embedding set needs a vector; this one is empty")
    vectors = [name for name, column in columns.items() if isinstance(column[:1], list) and _is_vector(column[0])]
    chosen = choose_columns(str(path), list(columns), vectors, wanted)
    found: dict[str, Any] = {role: columns[name] for role, name in chosen.items()}
    given, what = found.pop("vector"), f"{path}: {chosen['vector']!r}"
    if odd := [row for row, value in enumerate(given) if not isinstance(value, type(given[0])) or not value]:
        raise FileFormatError(f"{what} is no vector in rows {shorten(odd)}", "Leave rows without an embedding out.")
    read = vectors_of_texts if isinstance(given[0], str) else vectors_of_lists
    for role, column in found.items():
        if nested := [row for row, value in enumerate(column) if isinstance(value, list | dict)]:
            raise FileFormatError(f"{path}: {chosen[role]!r} is no text or number in rows {shorten(nested)}")
    if "quality" in found:
        found["quality"] = ["nan" if value is None else value for value in found["quality"]]
    return {"vectors": read(given, what), "ids": found.pop("id"), **found, "columns": chosen}


def _is_vector(value: Any) -> bool:
    return looks_like_vector(value) or (isinstance(value, list) and bool(value) and isinstance(value[0], float | int))
