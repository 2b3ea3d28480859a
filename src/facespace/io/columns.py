"""Vectors and columns as they are handed over: lists, arrays of any kind, data frames' columns, into arrays of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError, shorten
from .text import nfc, too_long

Floats = NDArray[np.float32]


def matrix(vectors: ArrayLike) -> Floats:
    """(n, d) float32 of whatever was given; InputError for what is no matrix of real numbers."""
    try:
        given = np.asarray(vectors)
        if given.dtype.kind in "biufOU":  # a complex number would lose its imaginary part
            with np.errstate(all="ignore"):  # too large for float32: infinite, and refused as such; so is NaN
                return np.ascontiguousarray(given, dtype=np.float32)
        kind = f"they are of type {given.dtype}"
    except (TypeError, ValueError, OverflowError):  # text, or rows of different lengths
        kind = "these are not numbers, or rows of different widths"
    raise InputError(f"embeddings must be a matrix of numbers (n, d); {kind}")


def numbers(quality: ArrayLike) -> Floats:
    """(n,) float32 of the column `quality`; InputError for what are no numbers."""
    try:
        if np.asarray(quality).dtype.kind != "c":
            with np.errstate(all="ignore"):
                return np.asarray(quality, dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        pass
    raise InputError(f"quality must be numbers; it begins with {shorten(list(np.ravel(np.asarray(quality, object))), 2)}")


def texts(column: Sequence[str | None] | NDArray[Any], name: str) -> NDArray[np.str_]:
    """As strings in NFC, with "" for what is missing: None, and the NaN, NaT or NA that data frames put there.

    Bytes are UTF-8. Whole numbers are written without a point whatever their type, as Arrow does: a column of them with one
    value missing is of floats in pandas, and the person 7 must not be another one than 7.0.
    """
    if isinstance(column, np.ndarray) and column.ndim != 1:
        raise InputError(f"column {name!r} has shape {column.shape}, not one value a row")
    if isinstance(column, np.ndarray) and column.dtype.kind == "U" and column.itemsize <= 4096:
        return nfc(column)
    values = column.tolist() if isinstance(column, np.ndarray) else list(column)
    try:
        texts = [_text(value) for value in values]
    except UnicodeDecodeError as error:
        raise InputError(f"a value of {name!r} is {error.object[:40]!r}, which is not UTF-8", "Save it as text.") from None
    if wrong := too_long(texts):
        raise InputError(f"column {name!r} has {wrong}", "Is it the right column?")
    return nfc(np.asarray(texts, dtype=np.str_))


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if value is None or type(value).__name__ == "NAType" or value != value:
        return ""
    return f"{value:.0f}" if isinstance(value, float | np.floating) and value.is_integer() else str(value)
