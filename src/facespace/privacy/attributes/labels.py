"""Labels that the user brings: a table with a column id and one column for each attribute."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ...embeddings import Strings
from ...errors import FileFormatError, shorten
from ...io import delimiter_of, existing_file, read_text

Labels = Mapping[str, Mapping[str, str]]


def read_labels(path: str | Path, columns: Sequence[str] | None = None) -> dict[str, dict[str, str]]:
    """By attribute, the label of each id; empty cells are unknown and left out.

    Raises FileFormatError for a table without a column id or an attribute that was asked for, and ids given twice.
    """
    path = existing_file(path, "labels")
    lines = read_text(path, "a table of labels").splitlines()
    if not lines:
        raise FileFormatError(f"{path} holds no labels", "A head id,NAME,… and a line for each image.")
    reader = csv.DictReader(lines, delimiter=delimiter_of(lines[0]))
    heads = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = heads
    found = [name for name in heads if name != "id"] if columns is None else list(columns)
    missing = [name for name in ("id", *found) if name not in heads]
    if missing or not found:
        told = f"no column {missing[0]!r}" if missing else "no column beside id"
        raise FileFormatError(f"{path} has {told}; its columns are {shorten(heads, 12)}", "Needed is a head id,NAME,…")
    labels: dict[str, dict[str, str]] = {name: {} for name in found}
    seen: set[str] = set()
    try:
        for row in reader:
            name = (row["id"] or "").strip()
            if name in seen:
                raise FileFormatError(f"{path} has id {name!r} twice", "Keep one line an image.")
            seen.add(name)
            for column in found:
                if value := (row[column] or "").strip():
                    labels[column][name] = value
    except csv.Error as error:
        raise FileFormatError(f"{path} can't be read as csv: {error}", "Are its quotation marks closed?") from None
    return labels


def labels_of(ids: Strings, given: Mapping[str, str]) -> Strings:
    """(n,) the label of each id, "" where there is none."""
    return np.array([given.get(name, "") for name in ids.tolist()], dtype=np.str_)
