"""A map's leading directions, and scores of pairs when only some of them are kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...embeddings import Floats
from ...mapping import JudgedPairs, PairStatistics
from ...mapping.families import LinearEstimator
from ._curve import Doubles

_BLOCK = 2048  # pairs whose products of coordinates are summed at a time


def leading_directions(estimator: LinearEstimator, statistics: PairStatistics) -> Doubles:
    """(q, q) right singular vectors of the fitted values X W, the leading first: what reduced-rank projects on."""
    fitted = estimator.weight_.T @ statistics.source.scatter(estimator.center) @ estimator.weight_
    vectors: Doubles = np.linalg.eigh(fitted)[1][:, ::-1]
    return vectors


def scores_by_rank(judged: JudgedPairs, estimator: LinearEstimator, basis: Doubles, ranks: Sequence[int]) -> Floats:
    """(ranks, n) cosines; a vector that the projection sends to the origin scores 0."""
    directions = basis.astype(np.float32)
    mapped = estimator.probe(judged.x) @ directions
    lengths = np.sqrt(np.cumsum(mapped * mapped, axis=1))
    columns = np.asarray(ranks) - 1
    result = np.empty((len(ranks), len(judged.left)), dtype=np.float32)
    for start in range(0, len(judged.left), _BLOCK):
        block = slice(start, start + _BLOCK)
        left = judged.left[block]
        y = estimator.reference(judged.y[block])
        products = np.cumsum(mapped[left] * (y @ directions), axis=1)[:, columns]
        whole = lengths[left][:, columns] * np.sqrt(np.vecdot(y, y))[:, None]
        result[:, block] = (products / np.maximum(whole, np.finfo(np.float32).tiny)).T
    return result
