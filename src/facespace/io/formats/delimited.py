"""csv and tsv: a header, then an id and a vector a line, as pandas, DeepFace, OpenFace and R write them.

The vector is one column for each of its numbers (e0, e1, …), or one that holds them all ("[0.1, 0.2]").
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError
from ..column_names import Fields, Wanted, choose_columns, numbered
from ..text import delimiter_of, read_text
from ..vectors import looks_like_vector, vectors_of_texts
from .postgres import set_of_rows

_BLOCK = 1 << 26  # bytes: a row must be shorter


def load_delimited(path: Path, wanted: Wanted) -> Fields:
    """The set in a csv or tsv with a header, or in what COPY wrote."""
    text = read_text(path, "a table of embeddings").lstrip("\n")
    header, _, body = text.partition("\n")
    if "\t" in header and any(looks_like_vector(cell) for cell in header.split("\t")):
        return set_of_rows(str(path), [], text.rstrip("\n").split("\n"), wanted)  # of PostgreSQL's COPY, without a header
    delimiter = delimiter_of(header)
    names, first = _cells(path, header, delimiter), _cells(path, body[:_BLOCK], delimiter)
    if not first:
        raise FileFormatError(f"{path} holds no rows: an embedding set needs a vector; this one is empty")
    runs = numbered(names)
    if not runs and (any(map(looks_like_vector, names)) or sum(map(_is_number, names)) > 1):
        raise FileFormatError(
            f"{path} has no header: it begins {header[:60]!r}",
            "Put a line with the names of its columns first, such as id,e0,e1,e2 (one for each number) or id,embedding.",
        )
    if names[0] == "":
        names[0] = "Unnamed: 0"  # what pandas calls an index that it wrote
    inside = {place for run in runs.values() for place in run}
    others = [name for at, name in enumerate(names) if at not in inside]
    titles = {f"{names[run[0]]}…{names[run[-1]]}": run for run in runs.values()}
    told = dict(zip(runs, titles, strict=True))
    wanted = {role: name if name in others else told.get(name, name) for role, name in wanted.items()}
    texts = [name for name, cell in zip(names, first, strict=False) if name in others and looks_like_vector(cell)]
    chosen = choose_columns(str(path), [*others, *titles], [*texts, *titles], wanted)
    numbers = titles.get(chosen["vector"], [])
    places = {role: names.index(name) for role, name in chosen.items() if name not in titles}
    comma = any("," in first[at] for at in numbers if at < len(first))  # as decimal point, beside semicolons
    table = _read(body, len(names), delimiter, "," if comma else ".", numbers, list(places.values()))
    found: dict[str, Any] = {role: table[f"{at}"].to_pylist() for role, at in places.items()}
    if numbers:
        found["vector"] = np.stack([table[f"{at}"].to_numpy() for at in numbers], axis=1)
    else:
        found["vector"] = vectors_of_texts(found["vector"], f"{path}: column {chosen['vector']!r}")
    if "quality" in found:
        found["quality"] = [value or "nan" for value in found["quality"]]
    return {"vectors": found.pop("vector"), "ids": found.pop("id"), **found, "columns": chosen}


def _read(body: str, width: int, delimiter: str, point: str, numbers: Sequence[int], texts: Sequence[int]) -> Any:
    import pyarrow as pa
    from pyarrow import csv as arrow

    types = {f"{at}": pa.float32() for at in numbers} | {f"{at}": pa.string() for at in texts}
    return arrow.read_csv(
        pa.BufferReader(body.encode()),
        arrow.ReadOptions(column_names=[f"{at}" for at in range(width)], block_size=_BLOCK),
        arrow.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        arrow.ConvertOptions(column_types=types, include_columns=list(types), decimal_point=point),
    )


def _cells(path: Path, text: str, delimiter: str) -> list[str]:
    """The fields of the first row of `text`, which may hold line ends in quotation marks."""
    try:
        reader = csv.reader(io.StringIO(text), delimiter=delimiter)
        return [cell.strip() for cell in next((row for row in reader if any(row)), [])]
    except csv.Error as error:
        raise FileFormatError(f"{path} can't be read as csv: {error}", "Are its quotation marks closed?") from None


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", text))
