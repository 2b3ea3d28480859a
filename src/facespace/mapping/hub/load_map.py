"""A map of either kind, from a file or of those that ship."""

from __future__ import annotations

from pathlib import Path

from ...io import AnyKey, read_artefact
from ..linear_map import LinearMap
from ..two_sided_map import KIND, TwoSidedMap
from .shipped import shipped_map


def load_map(path: str | Path, new: str | None = None, *, key: AnyKey | None = None) -> LinearMap | TwoSidedMap:
    """The map in a file that `facespace map fit` wrote, of the kind that it is.

    With `new` the map that ships between two networks: `load_map("mobileface-v2", "openvino-0095")` is `shipped_map` of
    these. `key` opens an encrypted one. Raises FileFormatError, EncryptionError, UnknownNameError.
    """
    if new is not None:
        return shipped_map(str(path), new)
    file = read_artefact(path, ("map", KIND), hint="facespace map fit writes maps.", key=key)
    return LinearMap.of_file(file) if file.kind == "map" else TwoSidedMap.of_file(file)
