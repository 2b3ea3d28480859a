"""Anchored ridge: a shrunk rotation as prior mean, ridge regression on what it leaves unexplained.

    W = A + (G + αI)⁻¹ (C − G A),    A = c R,    R = U Vᵀ of C = U Σ Vᵀ

Few pairs behave like the rotation, many like least squares; α and c come from the data. R is fitted on the same pairs, so
cross-validation that took it as given would trust it too much. The criterion here counts what it costs (Stein's effective
degrees of freedom, the divergence of the fitted values Ŷ in Y):

    GCV(c, α) = ‖Y − X W‖² / (n q − df)²
    df = q Σ λ_i / (λ_i + α) + c Σ_i g_i [ Σ_{j ≠ i} 1 / (σ_i + σ_j) + (q − r) / σ_i ] + c (tr Γ − Σ g_i) Σ 1 / σ_i

with Γ = α G (G + αI)⁻¹ and g the diagonal of Uᵀ Γ U.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..errors import InputError
from ._base import LinearEstimator, Solution
from .ridge import check_alpha
from .statistics import Doubles, PairStatistics


class AnchoredMap(LinearEstimator):
    """Ridge regression that shrinks towards a shrunk rotation instead of towards zero.

    Source directions that no pair determines are mapped to zero, and `facts_` counts them.

    Args:
        alpha: α > 0, or "auto".
        shrinkage: c ≥ 0 in units of the rotation's own least-squares scale tr(RᵀC) / tr(RᵀGR): 0 is ridge regression; or
            "auto".
        center: as for every family.
    """

    def __init__(
        self,
        alpha: float | Literal["auto"] = "auto",
        shrinkage: float | Literal["auto"] = "auto",
        *,
        center: bool = True,
    ) -> None:
        self.alpha = alpha
        self.shrinkage = shrinkage
        self.center = center

    def _solve(self, statistics: PairStatistics) -> Solution:
        alpha = check_alpha(self.alpha)
        if self.shrinkage != "auto" and not (not isinstance(self.shrinkage, str) and self.shrinkage >= 0):
            raise InputError(f"shrinkage must be 'auto' or a number from 0 up; got {self.shrinkage!r}")
        values, vectors = statistics.source.spectrum(self.center)
        u, sigma, vt = statistics.svd(self.center)
        kept = sigma > sigma[0] * max(statistics.cross.shape) * np.finfo(np.float64).eps * 10
        u, sigma, vt = u[:, kept], sigma[kept], vt[kept]
        cross = statistics.rotated_cross(self.center)
        turned = vectors.T @ u  # (p, r): the rotation's left factor in the eigenvectors' coordinates
        rotation = turned @ vt
        explained = float(values @ np.einsum("ij,ij->i", rotation, rotation))
        scale = float(np.vdot(rotation, cross)) / explained if explained > 0 else 0.0
        shrinkages = np.linspace(0, 1, 21) if self.shrinkage == "auto" else np.array([self.shrinkage])
        top = max(float(values[-1]), np.finfo(np.float64).tiny)
        alphas = top * np.geomspace(1e-6, 1e3, 91) if alpha == "auto" else np.array([alpha])
        if alpha == "auto" or self.shrinkage == "auto":
            energy = float(np.trace(statistics.target.scatter(self.center)))
            n = statistics.n - self.center
            criterion = _gcv(values, cross, rotation, turned, sigma, energy, n, alphas, scale * shrinkages)
            a, c = divmod(int(np.argmin(criterion)), len(shrinkages))
            alphas, shrinkages = alphas[a:], shrinkages[c:]
        alpha, shrinkage = float(alphas[0]), float(shrinkages[0])
        weight = vectors @ ((cross + scale * shrinkage * alpha * rotation) / (values + alpha)[:, None])
        return Solution(weight, {"alpha": alpha, "shrinkage": shrinkage})


def _gcv(
    values: Doubles,
    cross: Doubles,
    rotation: Doubles,
    turned: Doubles,
    sigma: Doubles,
    energy: float,
    n: int,
    alphas: Doubles,
    priors: Doubles,
) -> Doubles:
    """(alphas, priors) GCV; every matrix is in the coordinates of G's eigenvectors, where G = diag(values)."""
    q = cross.shape[1]
    cc, cr, rr = (np.einsum("ij,ij->i", a, b) for a, b in ((cross, cross), (cross, rotation), (rotation, rotation)))
    # Row i of W is (cross_i + c α rotation_i) / (λ_i + α).
    lam, alpha, prior = values[None, None, :], alphas[:, None, None], priors[None, :, None]
    pull = prior * alpha
    fit = (cc + pull * cr) / (lam + alpha)
    size = lam * (cc + 2 * pull * cr + pull**2 * rr) / (lam + alpha) ** 2
    residual = energy - np.sum(2 * fit - size, axis=2)
    pairs = 1 / (sigma[:, None] + sigma[None, :])
    np.fill_diagonal(pairs, 0)
    inside = turned**2
    cost = inside @ (pairs.sum(axis=1) + (q - len(sigma)) / sigma) + (1 - inside.sum(axis=1)) * np.sum(1 / sigma)  # (p,)
    left = alphas[:, None] * values / (values + alphas[:, None])  # (alphas, p)
    df = q * np.sum(values / (values + alphas[:, None]), axis=1)[:, None] + np.outer(left @ cost, priors)
    free = n * q - df
    result: Doubles = np.where(free > 0, np.maximum(residual, 0.0) / np.maximum(free, 1e-9) ** 2, np.inf)
    return result
