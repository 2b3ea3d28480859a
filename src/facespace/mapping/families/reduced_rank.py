"""Reduced-rank ridge regression: how few directions carry the map [2020 v4: rank 64 loses almost nothing]."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ...errors import InputError
from ..statistics import PairStatistics
from .base import LinearEstimator, Solution
from .ridge import RidgeMap, check_alpha


class ReducedRankMap(LinearEstimator):
    """W_r = W V_r V_rᵀ: ridge W, projected on the r leading right singular vectors V_r of the fitted values X W.

    rank = "auto" minimises GCV(r) = nq·RSS(r) / (nq − df(r))² with df(r) = r (df_ridge + q − r) up to df_ridge·q
    (Mukherjee and Zhu 2011 with the naive degrees of freedom).
    """

    def __init__(
        self, rank: int | Literal["auto"] = "auto", *, alpha: float | Literal["auto"] = "auto", center: bool = True
    ) -> None:
        self.rank = rank
        self.alpha = alpha
        self.center = center

    def _solve(self, statistics: PairStatistics) -> Solution:
        check_alpha(self.alpha)
        p, q = statistics.cross.shape
        if self.rank != "auto" and not (isinstance(self.rank, int | np.integer) and self.rank >= 1):
            raise InputError(f"rank must be 'auto' or a positive whole number; got {self.rank!r}")
        ridge = RidgeMap(self.alpha, center=self.center)._solve(statistics)
        alpha = ridge.facts["alpha"]
        values, rotated = statistics.source.spectrum(self.center)[0], statistics.rotated_cross(self.center)
        # In the eigenvectors' coordinates G is diag(λ) and W is diag(1 / (λ + α)) VᵀC.
        half = rotated / np.sqrt(values + alpha)[:, None]
        fit = half * np.sqrt(values / (values + alpha))[:, None]  # fitᵀ fit = Wᵀ G W
        fitted, directions = np.linalg.eigh(fit.T @ fit)
        fitted, directions = np.maximum(fitted[::-1], 0.0), directions[:, ::-1]
        largest = min(p, q)
        if self.rank == "auto":
            # RSS(r) = tr H − Σ_{j ≤ r} (2 v_jᵀ Wᵀ C v_j − v_jᵀ Wᵀ G W v_j)
            along = half @ directions  # |half v|² = vᵀ Wᵀ C v
            gain = 2 * np.einsum("ij,ij->j", along, along) - fitted
            residual = float(np.trace(statistics.target.scatter(self.center))) - np.cumsum(gain)
            ranks = np.arange(1, q + 1)
            ridge_df = float(np.sum(values / (values + alpha)))
            df = np.minimum(ranks * np.maximum(ridge_df + q - ranks, 0.0), ridge_df * q)
            cells = float((statistics.n - self.center) * q)
            score = np.maximum(residual, 0.0) / np.maximum(cells - df, 1e-9) ** 2
            rank = int(np.argmin(score[:largest])) + 1
        else:
            rank = min(int(self.rank), largest)
        kept = directions[:, :rank]
        return Solution((ridge.weight @ kept) @ kept.T, {"alpha": alpha, "rank": rank})
