"""HDF5 (extra hdf5): datasets vectors and ids, whatever their group, or a dataset for each id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
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
            if node.dtype.kind == "O":
                _check_texts(path, name, node)
            array: NDArray[Any] = node[()]
            return array

        return set_of_arrays(path, {name: node.shape for name, node in held.items()}, read, wanted)


def _check_texts(path: Path, name: str, node: Any) -> None:
    """Texts lie elsewhere in the file, each with its length in 4 of 16 bytes here; all can't be longer than the file."""
    if (start := node.id.get_offset()) is None:  # in chunks, perhaps packed
        return
    with path.open("rb") as file:
        file.seek(start)
        heads = np.frombuffer(file.read(16 * node.size), np.uint8).reshape(-1, 16)[:, :4]
    if int(np.ascontiguousarray(heads).view("<u4").sum(dtype=np.int64)) > path.stat().st_size:
        raise FileFormatError(f"{path}: dataset {name!r} declares longer texts than the file has", "Is it damaged?")
