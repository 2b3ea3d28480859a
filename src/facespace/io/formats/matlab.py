"""Numbers, texts and cells of them from MATLAB files of version 5 to 7: as much of the format as protocols use.

SciPy reads far more, but its reader ends the process on some damaged files. Source: MATLAB, MAT-File Format (R2023a).
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FileFormatError
from ..limits import check_size

_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_MATRIX, _COMPRESSED = 14, 15
_CELL, _CHAR, _NUMERIC = 1, 4, range(6, 16)  # classes of matrices


def read_matlab(path: Path, names: Collection[str]) -> dict[str, Any]:
    """Those variables of `names` that the file has: arrays of numbers, texts (of one row), or arrays of such cells.

    Raises FileFormatError, and for damaged files anything: call it `guarded`.
    """
    data = path.read_bytes()
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
    if order is None or data[124:126] not in (b"\0\1", b"\1\0"):
        raise ValueError("it is none of version 5 to 7")
    found: dict[str, Any] = {}
    room = len(data)
    for kind, content in _elements(memoryview(data)[128:], order):
        if kind == _COMPRESSED:
            check_size(str(path), room := room + _unpacked_size(content), len(data))
            kind, content = next(_elements(memoryview(zlib.decompress(content)), order))
        name = bytes(_parts(content, order)[2]).decode("latin-1") if kind == _MATRIX else ""
        if name in names:
            found[name] = _value(content, order, f"{path}: {name}")
    return found


def _unpacked_size(content: memoryview) -> int:
    """Counted in small pieces, lest it fill the memory."""
    packed, size = zlib.decompressobj(), 0
    rest: bytes | memoryview = content
    while rest and not packed.eof:
        size += len(packed.decompress(rest, 1 << 20))
        rest = packed.unconsumed_tail
    return size


def _elements(data: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """(type, content) of each element, one behind the other."""
    at = 0
    while at < len(data):
        kind, size = np.frombuffer(data[at : at + 8], f"{order}u4").tolist()
        if small := kind >> 16:  # four bytes at most, in the place of the size
            kind, size, start = kind & 0xFFFF, small, at + 4
        else:
            start = at + 8
        if start + size > len(data) or (small > 4):
            raise ValueError(f"an element of {size:,} bytes, of which {len(data) - start:,} are there")
        yield kind, data[start : start + size]
        at = start + (4 if small else size if kind == _COMPRESSED else -(-size // 8) * 8)


def _parts(matrix: memoryview, order: str) -> list[Any]:
    """[class, dimensions, name, elements that follow] of a matrix."""
    elements = _elements(matrix, order)
    flags, shape, name = (next(elements)[1] for _ in range(3))
    return [int(np.frombuffer(flags, f"{order}u4")[0]) & 0xFF, np.frombuffer(shape, f"{order}i4").tolist(), name, elements]


def _value(matrix: memoryview, order: str, what: str, inner: bool = False) -> NDArray[Any] | str:
    kind, shape, _, elements = _parts(matrix, order)
    if kind == _CELL and not inner:
        values = [_value(content, order, what, inner=True) for _, content in elements]
        cells = np.empty(len(values), dtype=object)
        for place, value in enumerate(values):  # as a whole, numpy would look into them
            cells[place] = value
        return cells.reshape(shape, order="F")
    number_type, content = next(elements, (1, memoryview(b"")))
    if kind == _CHAR and number_type in _TEXTS and shape[0] <= 1:
        mark = {"<": "-le", ">": "-be"}[order] if _TEXTS[number_type] in ("utf-16", "utf-32") else ""
        return bytes(content).decode(_TEXTS[number_type] + mark)
    if kind in _NUMERIC and number_type in _NUMBERS:
        numbers = np.frombuffer(content, order + _NUMBERS[number_type])
        if next(elements, None) is not None:
            raise FileFormatError(f"{what} holds complex numbers")
        return numbers.reshape(shape, order="F")
    raise FileFormatError(f"{what} holds a matrix of class {kind}, not numbers, a text of one row, or cells of them")
