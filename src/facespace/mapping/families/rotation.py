"""Rigid maps: the rotation of Kabsch and Wahba [2021, eq. 3] and the orthogonal Procrustes solution."""

from __future__ import annotations

import numpy as np

from ..statistics import PairStatistics
from .base import LinearEstimator, Solution


class _RigidMap(LinearEstimator):
    _proper: bool

    def __init__(self, *, center: bool = True) -> None:
        self.center = center

    def _solve(self, statistics: PairStatistics) -> Solution:
        u, sigma, vt = statistics.svd(self.center)
        p, q = statistics.cross.shape
        facts = {}
        if p != q:
            facts["note"] = f"semi-orthogonal: no rotation exists between {p} and {q} dimensions"
        elif self._proper and np.linalg.slogdet(u)[0] * np.linalg.slogdet(vt)[0] < 0:
            u = u.copy()  # the statistics keep theirs
            u[:, -1] *= -1  # flip the direction that costs least
        rank = int(np.count_nonzero(sigma > sigma[0] * max(p, q) * np.finfo(np.float64).eps * 10))
        if rank < len(sigma):
            facts["note"] = f"{len(sigma) - rank} directions are undetermined by the pairs; they are rotated arbitrarily"
        return Solution(u @ vt, facts)


class RotationMap(_RigidMap):
    """W = U diag(1, …, 1, det(U) det(V)) Vᵀ with C = U Σ Vᵀ: the rotation that minimises ‖XW − Y‖².

    With `center=False` about the origin, as the paper. For p ≠ q there is no rotation: W = U Vᵀ is semi-orthogonal, and
    `facts_` says so.
    """

    _proper = True


class OrthogonalMap(_RigidMap):
    """W = U Vᵀ: as RotationMap, but reflections are allowed (orthogonal Procrustes)."""

    _proper = False
