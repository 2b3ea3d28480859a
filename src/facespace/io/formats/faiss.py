"""FAISS: flat indexes, as they are or below an IDMap, whose numbers are ids where none are beside the file.

The layout is that of FAISS's index_write.cpp since 2017: a name of four letters, a header, then vectors as they were added.
Other indexes hold codes of vectors, or vectors in another order, and are refused.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FileFormatError
from ..column_names import Fields, Wanted
from .beside import ids_beside, names_beside

_FLAT, _MAPS = (b"IxF2", b"IxFI", b"IxFl"), (b"IxMp", b"IxM2")
_HEADER = struct.Struct("<iqqq?i")  # width, rows, two unused, trained, metric


def load_faiss(path: Path, wanted: Wanted) -> Fields:
    """The vectors of a flat index, with the ids beside it or those of its map."""
    data = memoryview(path.read_bytes())
    kind, (dim, rows), at = _head(data, 0)
    mapped = kind in _MAPS
    if mapped:
        kind, (dim, rows), at = _head(data, at)
    if kind not in _FLAT:
        raise FileFormatError(
            f"{path} is no flat FAISS index: it is of kind {kind.decode('latin-1')!r}",
            "Take the vectors out in Python: index = faiss.read_index(PATH); "
            "np.save('faces.npy', index.reconstruct_n(0, index.ntotal)), and put faces.ids.txt beside it.",
        )
    if dim < 1 or rows < 1:
        raise FileFormatError(f"{path} declares {rows:,} vectors of {dim:,} numbers", "A set needs a vector. Is it damaged?")
    vectors, at = _numbers(path, data, at, "<f4", rows * dim)
    ids, at = _numbers(path, data, at, "<i8", rows) if mapped else (None, at)
    if at != len(data):
        raise FileFormatError(f"{path} has {len(data) - at:,} bytes behind its index", "Is it damaged?")
    if ids is None or any(place.exists() for place in names_beside(path)):
        found = ids_beside(path, wanted)
        found.pop("table", None)
    else:
        found = {"ids": ids.tolist()}
    return {"vectors": vectors.reshape(rows, dim), **found}


def _head(data: memoryview, at: int) -> tuple[bytes, tuple[int, int], int]:
    """Kind of the index at byte `at`, its width and rows, and where its content begins."""
    kind = bytes(data[at : at + 4])
    dim, rows, _, _, _, metric = _HEADER.unpack_from(data, at + 4)
    return kind, (dim, rows), at + 4 + _HEADER.size + (4 if metric > 1 else 0)  # other metrics have an argument


def _numbers(path: Path, data: memoryview, at: int, dtype: str, count: int) -> tuple[NDArray[Any], int]:
    """The `count` numbers of a list at byte `at`, and where it ends. Its length stands before it."""
    (told,) = struct.unpack_from("<Q", data, at)
    end = at + 8 + told * np.dtype(dtype).itemsize
    if told != count or end > len(data):
        raise FileFormatError(f"{path} declares {count:,} numbers, and {told:,} in a list", "Is it truncated or damaged?")
    return np.frombuffer(data[at + 8 : end], dtype), end
