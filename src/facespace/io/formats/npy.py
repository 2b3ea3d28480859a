"""npy, with the ids beside it; the column `row_digest` there ties each id to its vector."""

from __future__ import annotations

import csv
import hashlib
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError, shorten
from ..column_names import COLUMNS, Fields, Wanted
from ..files import atomic_write
from ._npy import read_npy
from .beside import ids_beside, names_beside

_TEXTS = ("id", "subject", "template", "media")


def save_npy(fields: Fields, path: Path) -> None:
    """The matrix, and beside it a csv of ids and columns."""
    columns = {name: fields[name] for name in COLUMNS if name in fields}
    cells = {"id": fields["ids"].tolist(), **{name: column.tolist() for name, column in columns.items()}}
    digests = _row_digests(cells, fields["vectors"])
    # Both are whole before either takes its name; the ids are first, and know their vectors.
    with atomic_write(path) as vectors:
        with vectors.open("wb") as file:
            np.save(file, fields["vectors"])
        with atomic_write(path.with_suffix(".ids.csv")) as ids, ids.open("w", newline="", encoding="utf-8") as text:
            writer = csv.writer(text)
            writer.writerow([*cells, "row_digest"])
            writer.writerows(zip(*cells.values(), digests, strict=True))


def load_npy(path: Path, wanted: Wanted) -> Fields:
    """The matrix and what is beside it, row by row as they were saved."""
    matrix = read_npy(path)
    found = ids_beside(path, wanted)
    cells, ids = found.pop("table", {}), found["ids"]
    if "row_digest" in cells and "id" in cells and len(ids) == len(matrix):
        table = names_beside(path)[0].name
        told = zip(_row_digests(cells, matrix), cells["row_digest"], strict=True)
        if wrong := [row for row, (now, then) in enumerate(told) if now != then]:
            raise FileFormatError(
                f"{path}: {len(wrong):,} of {len(ids):,} rows are not those that {table} was written for: "
                f"{shorten([f'row {row} ({ids[row]})' for row in wrong])}",
                f"One of the two is damaged or of another save. If you changed them, take column row_digest out of {table}.",
            )
    return {"vectors": matrix, **found}


def _row_digests(cells: dict[str, list[str]], vectors: Any) -> list[str]:
    """Of each row one word that hangs on its texts and its numbers; with an x, lest a spreadsheet take it for a number."""
    texts = zip(*([f"{name}={value}" for value in cells[name]] for name in _TEXTS if name in cells), strict=True)
    told = [unicodedata.normalize("NFC", "\0".join(row)).encode() for row in texts]
    rows = zip(told, np.ascontiguousarray(vectors), strict=True)
    return ["x" + hashlib.blake2b(text + row.tobytes(), digest_size=8).hexdigest() for text, row in rows]
