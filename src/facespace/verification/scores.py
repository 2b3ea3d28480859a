"""Scores of pairs: the cosine of the angle between two embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..datasets import PairProtocol
from ..embeddings import EmbeddingSet, Origin, Strings, check_vectors, normalize
from ..errors import DimensionError, InputError, shorten

Rows = NDArray[np.intp]
Scores = NDArray[np.float64]

# 2,048 pairs of 512 float32 are 4 MB a side: near the processor while being worked on, and all the memory needed.
BLOCK = 2048


class PairMap(Protocol):
    """What comparisons need of a map: both sides' way into the space where they are compared."""

    def probe(self, X: NDArray[np.float32], /) -> NDArray[Any]:
        """(n, p) embeddings of the source network to (n, r)."""
        ...

    def reference(self, Y: NDArray[np.float32], /) -> NDArray[Any]:
        """(n, q) embeddings of the target network to (n, r)."""
        ...


def check_target(map: PairMap | None, target: Origin | None) -> None:
    """Raise InputError for a map without the set that it leads to."""
    if map is not None and target is None:
        raise InputError(
            "a map compares two sets, but only one is given", "Give the target network's set as the second one."
        )


def pair_scores(
    a: EmbeddingSet | NDArray[Any],
    b: EmbeddingSet | NDArray[Any],
    left: Rows | None = None,
    right: Rows | None = None,
    *,
    block: int = BLOCK,
) -> Scores:
    """s_i = ⟨a_l, b_r⟩ / (‖a_l‖ ‖b_r‖) with l = left[i], r = right[i]: (n,) float64 in [−1, 1].

    a is (p, d) and b (q, d), sets or matrices, of any length per row; without `left` and `right` row i meets row i.
    Products are float32, summed in several partial sums (BLAS), which is within 1e-6 of the exact cosine. Besides both
    normalised matrices, memory is that of `block` pairs.

    Raises DimensionError when the widths differ, InputError for NaN or zero vectors and rows that don't match.

    >>> pair_scores(np.array([[1, 0], [3, 4]]), np.array([[2, 0], [4, -3]])).tolist()
    [1.0, 0.0]
    """
    x = _unit(a)
    y = x if b is a else _unit(b)
    if x.shape[1] != y.shape[1]:
        raise DimensionError(
            f"vectors of width {x.shape[1]} can't be compared with vectors of width {y.shape[1]}",
            "The sets are of different networks: fit a map between them first (facespace map fit).",
        )
    if (left is None) != (right is None):
        raise InputError("left and right rows come together: give both or none")
    n, m = (len(x), len(y)) if left is None or right is None else (len(left), len(right))
    if n != m:
        raise InputError(f"{n:,} left rows but {m:,} right rows")
    scores = np.empty(n, dtype=np.float64)
    for start in range(0, n, block):
        part = slice(start, start + block)
        scores[part] = np.vecdot(x[part] if left is None else x[left[part]], y[part] if right is None else y[right[part]])
    return np.clip(scores, -1.0, 1.0, out=scores)


def _unit(vectors: EmbeddingSet | NDArray[Any]) -> NDArray[np.float32]:
    if isinstance(vectors, EmbeddingSet):
        return vectors.normalized()
    if vectors.ndim != 2:
        raise DimensionError(f"embeddings must be a matrix (n, d); got shape {vectors.shape}")
    check_vectors(vectors)
    return normalize(vectors)


@dataclass(frozen=True, eq=False)
class PairRows:
    """Where the images of a protocol's pairs are in two sets.

    Attributes:
        left, right: (k,) rows in the left and the right set, of the k pairs that have both.
        kept: (n,) bool, which of the protocol's n pairs these are.
        missing_left, missing_right: ids that the sets don't have, sorted.
    """

    left: Rows
    right: Rows
    kept: NDArray[np.bool_]
    missing_left: Strings
    missing_right: Strings


def pair_rows(
    protocol: PairProtocol, left_set: EmbeddingSet, right_set: EmbeddingSet, *, allow_missing: bool = False
) -> PairRows:
    """Find every pair of `protocol`: its left id in `left_set`, its right id in `right_set`.

    Raises InputError listing the missing ids, unless `allow_missing`; always when a whole class of pairs is
    gone.
    """
    left, right = left_set.find(protocol.left), right_set.find(protocol.right)
    missing_left, missing_right = np.unique(protocol.left[left < 0]), np.unique(protocol.right[right < 0])
    kept = (left >= 0) & (right >= 0)
    if not allow_missing and not kept.all():
        missing = np.union1d(missing_left, missing_right)
        raise InputError(
            f"{len(missing):,} of the {len(protocol.ids):,} ids of {protocol.name!r} have no embedding, so "
            f"{int((~kept).sum()):,} of {len(protocol):,} pairs can't be scored: {shorten(missing.tolist())}",
            f"{(left_set if len(missing_left) else right_set).unseen(missing)} To leave these pairs out: --allow-missing.",
        )
    genuine = int(protocol.same[kept].sum())
    if genuine == 0 or genuine == int(kept.sum()):
        raise InputError(
            f"{genuine:,} genuine and {int(kept.sum()) - genuine:,} impostor pairs of {protocol.name!r} have embeddings",
            f"The pairs name ids like {shorten(protocol.left[:2].tolist())}. In the set: {left_set.unseen(missing_left)}",
        )
    return PairRows(left[kept], right[kept], kept, missing_left, missing_right)
