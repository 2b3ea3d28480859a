"""Columns of Arrow into vectors, texts and numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError, shorten
from ..vectors import vectors_of_bytes, vectors_of_texts

TEXTS = ("id", "subject", "template", "media")  # the roles of texts
_LONGEST = 4096  # bytes of a text


def matrix_of(what: str, column: Any, packed: str) -> Any:
    """(n, d) of a column of lists, of bytes as `packed` says (float32 if it doesn't), or of texts such as "[0.1, 0.2]"."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return vectors_of_texts(column.to_pylist(), what)
    if pa.types.is_fixed_size_list(column.type):
        dim = column.type.list_size
    elif pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        dim = _one_width(what, column.value_lengths())
    elif any(fits(column.type) for fits in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)):
        return vectors_of_bytes(b"".join(column.to_pylist()), _one_width(what, pc.binary_length(column)), packed, what)
    else:
        raise FileFormatError(f"{what} is {column.type}, not a list of numbers")
    if dim == 0:
        raise FileFormatError(f"{what}: the lists are empty", "Leave rows without an embedding out.")
    return column.flatten().to_numpy(zero_copy_only=False).reshape(-1, dim)


def _one_width(what: str, lengths: Any) -> int:
    widths = np.unique(lengths.to_numpy(zero_copy_only=False))
    if len(widths) != 1:
        raise FileFormatError(f"{what} has vectors of different widths ({shorten(widths.tolist())})")
    return int(widths[0])


def column_of(path: Path, role: str, name: str, column: Any) -> Any:
    """A column as a list of texts, or as numbers for the role quality. Raises FileFormatError."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = "numbers" if role == "quality" else "text"
    try:
        if role == "quality":
            return column.cast(pa.float64()).to_numpy()
        for chunk in column.chunks if pa.types.is_dictionary(column.type) else ():
            longest = pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0
            if longest > _LONGEST:
                raise FileFormatError(f"{path}: column {name!r} has a text of {longest:,} bytes; {_LONGEST:,} are allowed")
        return column.cast(pa.string()).to_pylist()
    except (pa.ArrowException, UnicodeDecodeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        told = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        raise FileFormatError(
            f"{path}: column {name!r} is {told}, which can't be read as {kind}: {reason}", f"Save it as {kind}."
        ) from None
