"""Vectors of whatever set: brought to unit length, checked for what has no direction, checked for their width."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DimensionError, InputError

Floats = NDArray[np.float32]
Strings = NDArray[np.str_]


def normalize(vectors: NDArray[Any]) -> Floats:
    """Rows divided by their Euclidean length; float32. A row of zeros has no direction and stays: its cosines are 0."""
    matrix = np.asarray(vectors, dtype=np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", matrix, matrix, dtype=np.float64))
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    far = (lengths > 0) & ((lengths < 1e-36) | (lengths > 1e36))  # whose scale would leave float32
    unit: Floats = matrix * np.where(far, 0, scale).astype(np.float32)[:, None]
    unit[far] = matrix[far] * scale[far, None]
    return unit


def check_vectors(vectors: NDArray[Any], ids: Strings | None = None) -> None:
    """Raise InputError naming the rows with NaN or infinite values, of length zero, or too short to have a direction."""
    squared = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    faults = {
        "NaN or infinite values": ~np.isfinite(squared),
        "zero vectors": squared == 0,
        "numbers too small for float32 (the row's length is below 1.2e-38)": squared < float(np.finfo(np.float32).tiny) ** 2,
    }
    for what, bad in faults.items():
        if bad.any():
            rows = np.flatnonzero(bad)
            names = [f"row {r}" + (f" ({ids[r]})" if ids is not None else "") for r in rows[:5].tolist()]
            more = f" and {len(rows) - 5:,} more" if len(rows) > 5 else ""
            raise InputError(
                f"{what} in {len(rows):,} of {len(vectors):,} vectors: {', '.join(names)}{more}",
                "Such a vector has no direction to compare; embed these images again or leave them out.",
            )


def check_width(vectors: NDArray[Any], dim: int, what: str) -> None:
    """Raise DimensionError unless `vectors` is (n, dim); `what` needs that width."""
    if vectors.ndim != 2 or vectors.shape[1] != dim:
        raise DimensionError(
            f"{what} needs vectors of width {dim}, but these have shape {tuple(vectors.shape)}",
            "Were they made by another network?",
        )
