"""Plain tables for other programs: csv or Parquet by the suffix, whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, OutputError
from ..files import atomic_write
from ..parquet import write_tables

TABLES = (".csv", ".parquet")


def write_rows(path: str | Path, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Write a table as CSV in UTF-8, whole or not at all."""
    with atomic_write(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(heads)
        writer.writerows(rows)
    return Path(path)


def check_table(path: Path) -> Path:
    """The path, if a table can be written there. Raises OutputError, before the work and not after."""
    if path.suffix.lower() not in TABLES:
        raise OutputError(f"{path}: can't write this kind of table", f"End its name in {' or '.join(TABLES)}.")
    if path.is_dir():
        raise OutputError(f"can't write {path}: it is a folder", "Name a file in it.")
    return path


def write_table(path: Path, columns: Mapping[str, NDArray[np.generic]]) -> Path:
    """Write columns (n,) of texts, numbers or booleans; float32 with the digits that tell it from its neighbours.

    In csv true and false are 1 and 0. Raises OutputError for another suffix.
    """
    path = check_table(path)
    if len({len(column) for column in columns.values()}) > 1:
        raise InputError(f"columns of different lengths: { {name: len(c) for name, c in columns.items()} }")
    if path.suffix.lower() == ".parquet":
        import pyarrow as pa

        write_tables(path, [pa.table({name: pa.array(column.tolist(), _type(column)) for name, column in columns.items()})])
        return path
    cells = [column.astype(np.int8) if column.dtype == np.bool_ else column for column in columns.values()]
    texts = [cell.astype(np.str_) if cell.dtype.kind == "f" else cell for cell in cells]  # the shortest that is it
    return write_rows(path, tuple(columns), zip(*(text.tolist() for text in texts), strict=True))


def _type(column: NDArray[np.generic]) -> object:
    import pyarrow as pa

    return pa.string() if column.dtype.kind == "U" else pa.from_numpy_dtype(column.dtype)
