"""HDF5 (extra hdf5): datasets vectors and ids, whatever their group, or a dataset for each id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ...errors import FileFormatError, missing_extra
from ..column_names import Fields, Wanted
from ..limits import check_size
from .arrays import set_of_arrays


def load_hdf5(path: Path, wanted: Wanted) -> Fields:
    """The set in the datasets of a file; no link out of it is followed."""
    try:
        import h5py
    except ImportError:
        raise missing_extra("h5py", "hdf5", f"reading {path}") from None
    with h5py.File(path, "r") as file:
        held: dict[str, Any] = {}

        def keep(name: str, node: Any) -> None:  # follows no link out of the file
            if isinstance(node, h5py.Dataset):
                held[name] = node

        file.visititems(keep)
        if not held:
            raise FileFormatError(f"{path} holds no datasets", "It needs vectors (n, d) and ids (n,).")

        def read(name: str) -> NDArray[Any]:
            node = held[name]
            if node.external or node.is_virtual:
                raise FileFormatError(f"{path}: dataset {name!r} is kept in other files", "Copy it into this one.")
            if node.dtype.kind not in "fiuSO" or (node.dtype.kind == "O" and h5py.check_string_dtype(node.dtype) is None):
                raise FileFormatError(f"{path}: dataset {name!r} holds {node.dtype}, not numbers or texts")
            check_size(f"dataset {name!r} of {path}", node.nbytes, path.stat().st_size)
            array: NDArray[Any] = node[()]
            return array

        return set_of_arrays(path, {name: node.shape for name, node in held.items()}, read, wanted)
