"""What the headers of a file's pages promise, before Arrow believes it.

Arrow reserves as much memory as a page's header names, and only then looks whether the page is whole; one spoiled byte
there asks for gigabytes. The headers are read here first: Thrift's compact protocol, of which a few numbers are wanted.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from ...errors import FileFormatError

_HEADER = 1 << 12  # bytes that a page's header rarely exceeds; it may hold statistics
_LONGEST = 1 << 20
_SMALL = 1 << 26  # bytes that any page may ask for

Struct = dict[int, Any]  # values by Thrift's field numbers


def check_pages(path: Path, groups: Iterable[int]) -> None:
    """See that no page of some row groups asks for more than its column has. Raises FileFormatError."""
    stat = path.stat()
    with path.open("rb") as file:
        for group in groups:
            for column in _columns(path, stat.st_mtime_ns, stat.st_size)[group]:
                _check_column(path, file, stat.st_size, column)


def _check_column(path: Path, file: BinaryIO, size: int, column: Struct) -> None:
    """`column` is Parquet's ColumnMetaData: 5 values, 6 bytes unpacked, 7 bytes, 9 and 11 where its pages begin."""
    values, unpacked, at = column[5], column[6], column[9]
    if 0 < column.get(11, 0) < at:
        at = column[11]
    end = at + column[7]
    while at < end:
        header, length = _page_header(file, at)
        kind: Struct = next((header[number] for number in (5, 7, 8) if number in header), {})
        asked, held = header[2], header[3]
        count = kind.get(1, 0)
        if not (0 <= asked <= max(unpacked, _SMALL) and 0 <= held <= size - at and 0 <= count <= max(values, 1)):
            raise FileFormatError(
                f"{path}: the page at byte {at:,} promises {count:,} values in {asked:,} bytes ({held:,} as stored), "
                f"its column {values:,} in {unpacked:,}",
                "Is it truncated or damaged? Make or copy it again.",
            )
        at += length + held


def _page_header(file: BinaryIO, at: int) -> tuple[Struct, int]:
    """PageHeader at a byte of the file: 2 bytes unpacked, 3 bytes, 5, 7 or 8 of its kind; and how long it is."""
    size = _HEADER
    while True:
        file.seek(at)
        data = file.read(size)
        try:
            return _struct(data, 0)
        except IndexError:
            if len(data) < size or size >= _LONGEST:
                raise
            size *= 16


@lru_cache(maxsize=8)
def _columns(path: Path, changed: int, size: int) -> list[list[Struct]]:
    """The ColumnMetaData of each row group of a file (of this time and size, lest another be meant)."""
    with path.open("rb") as file:
        file.seek(size - 8)
        (length,) = struct.unpack("<I", file.read(4))
        file.seek(max(size - 8 - length, 0))
        about, _ = _struct(file.read(length), 0)
    return [[chunk[3] for chunk in group[1]] for group in about[4]]


def read_struct(data: bytes) -> tuple[Struct, int]:
    """The fields of a structure in Thrift's compact protocol, and its length. Raises IndexError, ValueError."""
    return _struct(data, 0)


def _struct(data: bytes, at: int) -> tuple[Struct, int]:
    fields: Struct = {}
    number = 0
    while head := data[at]:
        at += 1
        if step := head >> 4:
            number += step
        else:
            number, at = _whole(data, at)
        kind = head & 15
        if kind in (1, 2):  # the truth of a field is its type
            fields[number] = kind == 1
        else:
            fields[number], at = _value(data, at, kind)
    return fields, at + 1


def _value(data: bytes, at: int, kind: int) -> tuple[Any, int]:
    if kind in (1, 2, 3):  # in lists the truth is a byte
        return data[at], at + 1
    if kind in (4, 5, 6):
        return _whole(data, at)
    if kind == 7:
        return struct.unpack_from("<d", data, at)[0], at + 8
    if kind == 8:
        length, at = _varint(data, at)
        if at + length > len(data):
            raise IndexError
        return data[at : at + length], at + length
    if kind in (9, 10):
        return _list(data, at)
    if kind == 12:
        return _struct(data, at)
    raise ValueError(f"no such type in Thrift: {kind}")


def _list(data: bytes, at: int) -> tuple[list[Any], int]:
    count, kind, at = data[at] >> 4, data[at] & 15, at + 1
    if count == 15:
        count, at = _varint(data, at)
    values = []
    for _ in range(count):
        value, at = _value(data, at, kind)
        values.append(value)
    return values, at


def _whole(data: bytes, at: int) -> tuple[int, int]:
    value, at = _varint(data, at)
    return (value >> 1) ^ -(value & 1), at  # zigzag


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a whole number of more than 64 bits")
