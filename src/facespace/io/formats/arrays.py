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
        return {"vectors": np.stack([read(name) for name in shapes]), "ids": list(shapes)}
    wide = [name for name, shape in shapes.items() if len(shape) == 2 and not named_as("id", name)]
    last = {name: name.rpartition("/")[2] for name in shapes}  # in groups, as HDF5 has them
    short = {name: told if list(last.values()).count(told) == 1 else name for name, told in last.items()}
    whole = {told: name for name, told in short.items()}
    wanted = {role: short.get(name, name) for role, name in wanted.items()}
    alone = not any(named_as("id", name) for name in whole) and "id" not in wanted
    besides = ids_beside(path, {}) if alone and any(place.exists() for place in names_beside(path)) else {}
    names = [*whole, "ids"] if besides else list(whole)
    chosen = choose_columns(str(path), names, [short[name] for name in wide], wanted, word="array")
    found: dict[str, Any] = {role: _column(read(whole[name])) for role, name in chosen.items() if name in whole}
    besides.pop("table", None)
    ids = besides.pop("ids") if besides else found.pop("id")
    return {"vectors": found.pop("vector"), "ids": ids, **found, **besides, "columns": chosen}


def _column(array: NDArray[Any]) -> NDArray[Any]:
    """The array, or the texts that rows of bytes are, filled up with zeros."""
    if array.dtype == np.uint8 and array.ndim == 2:
        return np.ascontiguousarray(array).view(f"S{array.shape[1]}").ravel()
    return array
