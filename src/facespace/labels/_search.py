"""All pairs of a set that score at least so much, in blocks: no n² in memory."""

from __future__ import annotations

import numpy as np

from ..embeddings import Floats
from ._evidence import Doubles, Rows

_BLOCK = 1024
_KEPT = 2_000_000  # pairs that are held at most


def pairs_above(vectors: Floats, person: Rows, least: float, near: float) -> tuple[Rows, Rows, Doubles]:
    """Rows i < j, and scores, of the pairs of two names whose inner product is `least` or more, and of those of one name (or
    with an unknown person, −1) from `near` on; where they are too many, the highest."""
    found: list[tuple[Rows, Rows, Floats]] = []
    held, cut = 0, np.float32(least)
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        scores = block @ vectors[start:].T
        i, j = np.nonzero(scores >= cut)
        ahead = j > i
        i, j = i[ahead], j[ahead]
        one, other = person[i + start], person[j + start]
        wanted = ((one != other) & (one >= 0) & (other >= 0)) | (scores[i, j] >= near)
        i, j = i[wanted], j[wanted]
        found.append((i + start, j + start, scores[i, j]))
        held += len(i)
        if held > _KEPT:
            parts = [np.concatenate(part) for part in zip(*found, strict=True)]
            cut = np.partition(parts[2], -_KEPT // 2)[-_KEPT // 2]
            kept = parts[2] >= cut
            found = [(parts[0][kept], parts[1][kept], parts[2][kept])]
            held = int(kept.sum())
    left, right, values = (np.concatenate(part) for part in zip(*found, strict=True))
    kept = values >= cut
    return left[kept], right[kept], values[kept].astype(np.float64)


def own_support(vectors: Floats, person: Rows) -> Doubles:
    """(n,) mean inner product of each row with the others of its person; NaN where there is none."""
    found = np.full(len(vectors), np.nan)
    known = np.flatnonzero(person >= 0)
    sums = np.zeros((int(person.max(initial=-1)) + 1, vectors.shape[1]))
    np.add.at(sums, person[known], vectors[known])
    counts = np.bincount(person[known], minlength=len(sums))
    several = known[counts[person[known]] > 1]
    own = vectors[several].astype(np.float64)
    rest = sums[person[several]] - own
    found[several] = np.einsum("ij,ij->i", own, rest) / (counts[person[several]] - 1)
    return found
