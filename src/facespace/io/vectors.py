"""Vectors out of texts and bytes, as other programs put them into a column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FileFormatError, shorten

_LAYOUTS = ("float16", "float32", "float64")
_CALLS = re.compile(r"np\.float\d+\(|array\(|tensor\(|, *dtype=[\w.]+|[\[\])]")  # of Python, around numbers
_AROUND = "[]{}() \n\t"


def looks_like_vector(text: object) -> bool:
    """Is this the text of a list of numbers, whichever program printed it?

    >>> [looks_like_vector(text) for text in ("[0.1, 2]", "{1,2}", "array([1. 2.])", "[Ann]", "7")]
    [True, True, True, False, False]
    """
    return isinstance(text, str) and bool(re.match(r"\s*(?:array\(|tensor\()?[\[{]\s*(?:np\.float\d+\()?[-+]?[.\d]", text))


def vectors_of_texts(texts: Sequence[str], what: str) -> NDArray[np.float32]:
    """(n, d) of texts such as "[0.1, 0.2]": of Python, JSON, numpy (print) or PostgreSQL. `what` names them in errors.

    >>> vectors_of_texts(["[1, 2]", "[0.5 -1.]", "{3e1,4}", "[np.float32(5.0), np.float32(6.0)]"], "t").tolist()
    [[1.0, 2.0], [0.5, -1.0], [30.0, 4.0], [5.0, 6.0]]
    """
    import pyarrow as pa
    from pyarrow import csv

    if short := [row for row, text in enumerate(texts) if "..." in text]:
        raise FileFormatError(
            f"{what}: the vectors of {len(short):,} rows were shortened to '…' when they were printed: {shorten(short)}",
            "numpy prints long arrays so, and the numbers are lost. Write them again, as lists: v.tolist().",
        )
    plain = (_CALLS.sub(" ", text) if "(" in text else text for text in texts)
    rows = [",".join(text.strip(_AROUND).replace(",", " ").split()) for text in plain]
    widths = np.array([row.count(",") + 1 for row in rows])
    if (odd := np.flatnonzero(widths != widths[0])).size:
        raise different_widths(what, odd, widths)
    names = [f"{number}" for number in range(widths[0])]
    try:
        table = csv.read_csv(
            pa.BufferReader("\n".join(rows).encode()),
            csv.ReadOptions(column_names=names, block_size=1 << 26),
            csv.ParseOptions(ignore_empty_lines=False),
            csv.ConvertOptions(column_types=dict.fromkeys(names, pa.float32())),
        )
    except pa.ArrowInvalid as error:
        raise FileFormatError(f"{what} holds vectors with parts that are no numbers: {error}") from None
    return np.stack([column.to_numpy() for column in table.columns], axis=1)


def vectors_of_lists(lists: Sequence[Sequence[float]], what: str) -> NDArray[np.float32]:
    """(n, d) of lists of numbers."""
    widths = np.array([len(one) for one in lists])
    if (odd := np.flatnonzero(widths != widths[0])).size:
        raise different_widths(what, odd, widths)
    try:
        with np.errstate(over="ignore"):  # too large for float32: infinite, and refused as such
            return np.array(lists, dtype=np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise FileFormatError(f"{what} holds vectors with parts that are no numbers: {error}") from None


def vectors_of_bytes(data: bytes, width: int, layout: str, what: str) -> NDArray[Any]:
    """(n, d) of rows of `width` bytes in `layout`, little-endian; "" is float32, if they look like it."""
    if layout and layout not in _LAYOUTS:
        raise FileFormatError(f"{what}: bytes are read as {', '.join(_LAYOUTS)}, not as {layout!r}")
    dtype = np.dtype(layout or "float32").newbyteorder("<")
    other = "Say what they are: columns={'bytes': 'float16'} in Python, FILE:bytes=float16 on the command line, or float64."
    if width == 0 or width % dtype.itemsize:
        raise FileFormatError(f"{what}: {width} bytes a row are no whole number of {dtype.name} numbers", other)
    matrix = np.frombuffer(data, dtype).reshape(-1, width // dtype.itemsize)
    if not layout:  # the halves of other numbers, read as float32, are spread over all orders of magnitude
        with np.errstate(all="ignore"):
            size = np.abs(matrix.astype(np.float64))
            middle, largest = np.median(size[size > 0]) if size.any() else 0.0, size.max(initial=0.0)
        if not np.isfinite(largest) or middle < 1e-4 * largest or not matrix[:, ::2].any():
            raise FileFormatError(f"{what}: its bytes don't look like float32 numbers", other)
    return matrix


def different_widths(what: str, odd: NDArray[np.intp], widths: NDArray[np.intp]) -> FileFormatError:
    """The error for rows `odd` that are not as wide as the first."""
    named = shorten([f"row {row} ({widths[row]})" for row in odd.tolist()])
    return FileFormatError(f"{what} has vectors of different widths: the first {widths[0]}, but {named}")
