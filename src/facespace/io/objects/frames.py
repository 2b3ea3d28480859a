"""Data frames of pandas, Polars and Arrow: known by what they can do, and imported only to make one."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import GuessWarning, InputError, MissingExtraError, unknown_name
from ..column_names import COLUMNS, Fields, Wanted, choose_columns, guessed, numbered
from ..vectors import looks_like_vector, vectors_of_lists, vectors_of_texts

LIBRARIES = ("pandas", "polars")


def is_frame(value: Any) -> bool:
    """Is it a table with named columns?"""
    return hasattr(value, "column_names") or (hasattr(value, "columns") and hasattr(value, "dtypes"))


def fields_of_frame(frame: Any, wanted: Wanted) -> Fields:
    """The set in a data frame: a column of lists or texts of numbers, or one column a number (e0, e1, …); others by name.

    An index of pandas that is no count of rows is a column too. Raises FileFormatError where a column can't be told.
    """
    if not is_frame(frame):
        raise InputError(
            f"a {type(frame).__name__} is no data frame", "Needed is one of pandas or Polars, or a table of pyarrow."
        )
    columns: dict[str, Any] = {str(name): frame[name] for name in _names(frame)}
    index = getattr(frame, "index", None)
    if index is not None and type(index).__name__ != "RangeIndex" and getattr(index, "nlevels", 2) == 1:
        columns.setdefault(str(index.name) if index.name is not None else "index", index)
    if not columns or not len(next(iter(columns.values()))):
        raise InputError("the data frame has no rows, and a set needs a vector")
    what, names = "the data frame", list(columns)
    whole = [name for name in names if _is_vector(_first(columns[name]))]
    runs = numbered([name for name in names if name not in whole])
    rest = [name for name in names if name not in whole]
    titles = {f"{rest[run[0]]}…{rest[run[-1]]}": [rest[at] for at in run] for run in runs.values()}
    told = dict(zip(runs, titles, strict=True))
    single = [name for name in names if not any(name in run for run in titles.values())]
    wanted = {role: name if name in single else told.get(name, name) for role, name in wanted.items()}
    chosen = choose_columns(what, [*single, *titles], [*whole, *titles], wanted)
    if guess := guessed({role: name for role, name in chosen.items() if name not in titles}, wanted):
        warnings.warn(f"{what} was read with {guess}", GuessWarning, stacklevel=4)
    found: Fields = {role: _values(columns[name]) for role, name in chosen.items() if role != "vector"}
    vector = chosen["vector"]
    if vector in titles:
        found["vectors"] = np.stack([np.asarray(columns[name], dtype=np.float32) for name in titles[vector]], axis=1)
    else:
        cells, where = _values(columns[vector]), f"{what}: column {vector!r}"
        if empty := [row for row, cell in enumerate(cells) if not _is_vector(cell)]:
            raise InputError(f"{where} has no vector in row {empty[0]}", "Leave rows without an embedding out.")
        found["vectors"] = vectors_of_texts(cells, where) if isinstance(cells[0], str) else vectors_of_lists(cells, where)
    if "quality" in found:
        found["quality"] = [np.nan if value is None else value for value in found["quality"]]
    facts = getattr(frame, "attrs", {}).get("facespace", {})  # of pandas
    return {"ids": found.pop("id"), **found, **{key: facts[key] for key in ("model", "metadata") if key in facts}}


def frame_of(fields: Mapping[str, Any], library: str, wide: bool) -> Any:
    """The frame of a set's fields: id, vector (or, `wide`, e0 … en), and the columns that there are."""
    if library not in LIBRARIES:
        raise unknown_name("library of data frames", library, LIBRARIES)
    try:
        package = importlib.import_module(library)
    except ImportError:
        raise MissingExtraError(
            f"a data frame of {library} needs {library}, which is not installed", f"Install it: pip install {library}"
        ) from None
    vectors = fields["vectors"]
    columns: dict[str, Any] = {"id": fields["ids"].tolist()}
    columns |= {name: fields[name].tolist() for name in COLUMNS if name in fields}
    if wide:
        columns |= {f"e{number}": vectors[:, number] for number in range(vectors.shape[1])}
    else:
        columns["vector"] = list(vectors) if library == "pandas" else vectors
    frame = package.DataFrame(columns)
    if library == "pandas":
        frame.attrs["facespace"] = {"model": fields["model"], "metadata": dict(fields["metadata"])}
    return frame


def _names(frame: Any) -> Sequence[Any]:
    return list(frame.column_names if hasattr(frame, "column_names") else frame.columns)


def _values(column: Any) -> list[Any]:
    for name in ("to_pylist", "to_list", "tolist"):
        if hasattr(column, name):
            return list(getattr(column, name)())
    return list(column)


def _first(column: Any) -> Any:
    """Its first value that is not missing."""
    return next((value for value in _values(column[:50]) if value is not None and value is not np.nan), None)


def _is_vector(value: Any) -> bool:
    if looks_like_vector(value):
        return True
    return not isinstance(value, str | bytes | Mapping) and hasattr(value, "__len__") and len(value) > 0
