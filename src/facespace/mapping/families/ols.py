"""Ordinary least squares [2021, eq. 2]."""

from __future__ import annotations

from ..statistics import PairStatistics
from .base import LinearEstimator, Solution


class LeastSquaresMap(LinearEstimator):
    """W = G⁺ C, minimising ‖XW − Y‖²; the minimum-norm solution where G is singular.

    Directions that no pair determines are mapped to zero.
    """

    def __init__(self, *, center: bool = True) -> None:
        self.center = center

    def _solve(self, statistics: PairStatistics) -> Solution:
        values, vectors = statistics.source.spectrum(self.center)
        rank = statistics.source.rank(self.center)
        kept = slice(len(values) - rank, None)
        rotated = statistics.rotated_cross(self.center)[kept]
        weight = vectors[:, kept] @ (rotated / values[kept, None])
        note = {"note": "undetermined directions are mapped to zero (minimum norm)"} if rank < len(values) else {}
        return Solution(weight, note)
