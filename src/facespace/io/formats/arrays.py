"""A set in named arrays: a matrix with a column of ids, or each id the name of its own vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..column_names import Fields, Wanted, choose_columns, named_as
from .beside import ids_beside, names_beside


def set_of_arrays(
    path: Path, shapes: Mapping[str, tuple[int, ...]], read: Callable[[str], NDArray[Any]], wanted: Wanted
) -> Fields:
    """The set in arrays of `shapes`, which `read` gives by name; ids may be beside the file."""
    alike = len(set(shapes.values())) == 1 and all(len(shape) == 1 for shape in shapes.values())
    if alike and not wanted and not any(named_as("id", name) or named_as("vector", name) for name in shapes):
        with np.errstate(all="ignore"):  # a NaN may not pass silently from one type to another; it is refused as such
            return {"vectors": np.stack([read(name) for name in shapes]), "ids": list(shapes)}
    last = {name: name.rpartition("/")[2] for name in shapes}  # in groups, as HDF5 has them
    short = {name: told if list(last.values()).count(told) == 1 else name for name, told in last.items()}
    whole = {told: name for name, told in short.items()}
    wanted = {role: short.get(name, name) for role, name in wanted.items()}
    vectors = [told for told, name in whole.items() if len(shapes[name]) == 2 and not named_as("id", told)]
    rest = {role: name for role, name in wanted.items() if role != "vector"}
    inside = rest.get("id") in whole or any(named_as("id", told) for told in whole)
    if not inside and any(place.exists() for place in names_beside(path)):
        found = ids_beside(path, rest)
        found.pop("table", None)
        wanted = {role: name for role, name in wanted.items() if role == "vector"}
        chosen = choose_columns(str(path), list(whole), vectors, wanted, ["vector"], "array")
        return {**found, "vectors": read(whole[chosen["vector"]]), "columns": {**found.get("columns", {}), **chosen}}
    chosen = choose_columns(str(path), list(whole), vectors, wanted, word="array")
    columns = {role: read(whole[name]) for role, name in chosen.items()}
    matrix = columns.pop("vector")
    texts = {role: _texts(column) for role, column in columns.items()}
    return {"vectors": matrix, "ids": texts.pop("id"), **texts, "columns": chosen}


def _texts(array: NDArray[Any]) -> NDArray[Any]:
    """The array, or the texts that rows of bytes are, filled up with zeros."""
    if array.dtype == np.uint8 and array.ndim == 2:
        return np.ascontiguousarray(array).view(f"S{array.shape[1]}").ravel()
    return array
