"""Arrays from .npy and .npz, by name, none larger than the file makes likely, and never a pickle."""

from __future__ import annotations

import io
import math
import sys
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ...errors import FileFormatError
from ..limits import check_size

_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_npy(path: Path) -> NDArray[Any]:
    """The array of a .npy file."""
    with path.open("rb") as file:
        return _array(file, path.stat().st_size, f"{path} can't be read as npy: it")


def npz_names(path: Path) -> list[str]:
    """The names of the arrays that a .npz file has."""
    with zipfile.ZipFile(path) as archive:
        return sorted(_members(archive))


def read_npz(path: Path, names: Sequence[str], data: bytes | None = None) -> dict[str, NDArray[Any]]:
    """Those of `names` that a .npz file has (or `data`, what was in it); the others are not unpacked."""
    arrays = {}
    size = path.stat().st_size if data is None else len(data)
    with zipfile.ZipFile(path if data is None else io.BytesIO(data)) as archive:
        held = _members(archive)
        for info in held.values():  # checks its name, unpacks nothing
            archive.open(info).close()
        for name in held.keys() & set(names):
            check_size(f"array {name!r} of {path}", held[name].file_size, size)
            with archive.open(held[name]) as file:
                arrays[name] = _array(file, held[name].file_size, f"{path} can't be read as npz: its array {name!r}")
    return arrays


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    return {info.filename.removesuffix(".npy"): info for info in archive.infolist()}


def _array(file: IO[bytes], size: int, what: str) -> NDArray[Any]:
    version = npy.read_magic(file)
    if version not in _HEADERS:
        raise FileFormatError(f"{what} is of npy version {version}, not 1.0 or 2.0", "Save it again with np.save.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's own, on odd backslashes in a damaged header
        shape, fortran, dtype = _HEADERS[version](file)
    if dtype.hasobject:
        raise FileFormatError(
            f"{what} holds pickled objects, which are never loaded",
            "Save ids as text: np.array(ids, dtype=str), and vectors as numbers: np.array(vectors, dtype=np.float32).",
        )
    declared, there = math.prod(shape) * dtype.itemsize, size - file.tell()
    if declared != there:
        raise FileFormatError(
            f"{what} declares {declared:,} bytes of numbers, shape {shape}, but {there:,} follow", "Is it truncated?"
        )
    raw = np.empty(declared, dtype=np.uint8)
    if file.readinto(raw) != declared or file.read(1):  # type: ignore[attr-defined]  # the last read checks a zip's sum
        raise FileFormatError(f"{what} breaks off", "Is it truncated?")
    array: NDArray[Any] = np.ndarray(shape, dtype, buffer=raw, order="F" if fortran else "C")
    if dtype.kind == "U" and raw.size and raw.view(dtype.byteorder.replace("|", "=") + "u4").max() > sys.maxunicode:
        raise FileFormatError(f"{what} holds what are no characters", "Is it damaged?")
    return array
