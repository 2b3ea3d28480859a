"""Ridge regression [2020, eq. 2], α given or by exact generalised cross-validation."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.optimize import minimize_scalar

from ...errors import InputError
from ..statistics import Doubles, PairStatistics
from .base import LinearEstimator, Solution


class RidgeMap(LinearEstimator):
    """W = (G + αI)⁻¹ C, minimising ‖XW − Y‖² + α‖W‖².

    α = 1 and `center=False` is the paper's map and scikit-learn's `Ridge(alpha=1, fit_intercept=False)`. α = "auto"
    minimises GCV(α) = n·RSS(α) / (n − df(α))², df(α) = Σ λ_i / (λ_i + α), over α, from one eigendecomposition of G.
    Directions that no pair determines are mapped to zero.
    """

    def __init__(self, alpha: float | Literal["auto"] = 1.0, *, center: bool = True) -> None:
        self.alpha = alpha
        self.center = center

    def _solve(self, statistics: PairStatistics) -> Solution:
        alpha = check_alpha(self.alpha)
        values, vectors = statistics.source.spectrum(self.center)
        rotated = statistics.rotated_cross(self.center)
        if alpha == "auto":
            energy = float(np.trace(statistics.target.scatter(self.center)))
            alpha = gcv_alpha(values, np.einsum("ij,ij->i", rotated, rotated), energy, statistics.n - self.center)
        return Solution(vectors @ (rotated / (values + alpha)[:, None]), {"alpha": alpha})


def check_alpha(alpha: float | Literal["auto"]) -> float | Literal["auto"]:
    """`alpha` if it is "auto" or positive; else InputError."""
    if alpha == "auto" or (not isinstance(alpha, str) and alpha > 0):
        return alpha
    raise InputError(f"alpha must be 'auto' or a positive number; got {alpha!r}", "For no penalty use the method ols.")


def gcv_alpha(values: Doubles, power: Doubles, energy: float, n: int) -> float:
    """The α > 0 that minimises generalised cross-validation (Golub, Heath and Wahba 1979).

    Args:
        values: (p,) eigenvalues λ of G.
        power: (p,) squared row norms of VᵀC, V the eigenvectors of G.
        energy: trace of YᵀY, so that RSS(α) = energy − Σ power (λ + 2α) / (λ + α)².
        n: number of pairs, one less where a mean was removed.

    A grid over α/λ_max from 1e-10 to 10 finds the valley; a golden-section search on log α its bottom.
    """
    largest = max(float(values[-1]), np.finfo(np.float64).tiny)

    def criterion(log_alpha: float) -> float:
        alpha = np.exp(log_alpha)
        shrunk = values / (values + alpha)
        residual = energy - float(np.sum(power * (values + 2 * alpha) / (values + alpha) ** 2))
        return max(residual, 0.0) / max(n - float(shrunk.sum()), 1e-9) ** 2

    grid = np.linspace(np.log(largest * 1e-10), np.log(largest * 10), 93)
    scores = [criterion(a) for a in grid]
    place = int(np.argmin(scores))
    low, high = grid[max(place - 1, 0)], grid[min(place + 1, len(grid) - 1)]
    found = minimize_scalar(criterion, bounds=(low, high), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x if found.fun <= scores[place] else grid[place]))
