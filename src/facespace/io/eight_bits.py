"""Numbers in 8 bits: directions of vectors with one scale a row, arrays with one scale for every 64 numbers.

Both are what vector stores, and runtimes of large networks, call scalar quantisation: the largest of those who share a scale
is 127. Of normal numbers that adds, as a share of their own variance, some 5e-5 a row of 512 and 2e-5 a block of 64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK = 64


def directions(vectors: NDArray[Any]) -> NDArray[np.int8]:
    """(n, d) numbers as multiples of a 127th of the largest of their row; no row may be of zeros alone.

    >>> directions(np.array([[0.5, -0.25, 0.1]])).tolist()
    [[127, -64, 25]]
    """
    scale = 127 / np.abs(vectors).max(axis=1, keepdims=True).astype(np.float64)
    return np.asarray(np.rint(vectors * scale), np.int8)


def unit_vectors(coded: NDArray[np.int8]) -> NDArray[np.float32]:
    """(n, d) what `directions` made, at length one. A row of zeros, which no set has, stays what it is."""
    whole = coded.astype(np.float32)
    return np.asarray(whole / np.maximum(np.sqrt(np.einsum("ij,ij->i", whole, whole)), 1)[:, None])


def blocks(array: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """The numbers, in the array's shape, as multiples of scales, of which 64 neighbours in C order share one: the scales."""
    flat = np.ravel(array).astype(np.float32)
    padded = np.pad(flat, (0, -len(flat) % _BLOCK)).reshape(-1, _BLOCK)
    scales = np.abs(padded).max(axis=1) / np.float32(127)
    coded = np.rint(padded / np.where(scales > 0, scales, 1)[:, None]).astype(np.int8)
    return coded.ravel()[: len(flat)].reshape(np.shape(array)), scales


def of_blocks(coded: NDArray[np.int8], scales: NDArray[np.float32]) -> NDArray[np.float32]:
    """The array that `blocks` took apart, as far as 8 bits keep it. Raises ValueError when the two don't fit."""
    shared = np.repeat(scales.astype(np.float32), _BLOCK)
    if not coded.size <= len(shared) < coded.size + _BLOCK:
        raise ValueError(f"{len(scales)} scales of {coded.size} numbers")
    return (coded.ravel() * shared[: coded.size]).reshape(coded.shape)
