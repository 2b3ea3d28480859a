"""Copies: one image under several ids is one image. Told by the vectors, which copies share to the rounding.

>>> import numpy as np
>>> equal_rows(np.array([[1, 2], [3, 4], [1, 2]], dtype=np.float32)).tolist()
[0, 1, 0]
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .embeddings import Floats, Strings
from .errors import shorten

COPY = 1 - 1e-6  # cosine from which two images are one: rounding (float16 too) and no more

Rows = NDArray[np.intp]

_BLOCK = 1024


def equal_rows(vectors: NDArray[Any]) -> Rows:
    """(n,) for each row the first row that is equal to it, itself where there is none before. By hashes, no n²."""
    matrix = np.ascontiguousarray(vectors, dtype=np.float32) + np.float32(0)  # no negative zeros
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(blake2b(row, digest_size=16).digest(), i) for i, row in enumerate(matrix)], np.intp)


def copies_of_people(unit: Floats, person: Rows) -> Rows:
    """(n,) for each row the first of the same person with a cosine of `COPY` or more, itself where there is none before."""
    first = np.arange(len(unit))
    order = np.argsort(person, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(person[order])) + 1):
        for start in range(0, len(rows) if len(rows) > 1 else 0, _BLOCK):
            block = rows[start : start + _BLOCK]
            near = unit[block] @ unit[rows[: start + len(block)]].T >= COPY
            near[np.arange(len(block)), start + np.arange(len(block))] = True
            first[block] = rows[near.argmax(axis=1)]
    return first


def of_two_people(first: Rows, person: Rows) -> Rows:
    """The rows of `equal_rows` that are equal to one of another person; `person` is −1 where unknown."""
    known = np.flatnonzero(person >= 0)
    pairs = np.unique(np.stack([first[known], person[known]]), axis=1)  # each group's people
    groups, people = np.unique(pairs[0], return_counts=True)
    return known[np.isin(first[known], groups[people > 1])]


def copied_probes(ids: Strings, copied: NDArray[np.bool_], network: str = "") -> list[str]:
    """A warning that names the probes whose vector a gallery has too, or none; `network` is which one saw them so."""
    if not copied.any():
        return []
    told = f"{int(copied.sum()):,} probes are copies of gallery entries{network and f' ({network})'} and find themselves"
    return [f"{told}: {shorten(ids[copied].tolist())}"]


def examples(ids: Strings, first: Rows, rows: Iterable[int]) -> str:
    """Some of the copies in `rows` with what they are copies of, for messages."""
    return shorten([f"{ids[row]} = {ids[first[row]]}" for row in rows if first[row] != row])
