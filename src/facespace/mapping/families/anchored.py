"""Anchored ridge: a shrunk, tempered rotation as prior mean, ridge regression on what it leaves unexplained.

    W = A + (G + αI)⁻¹ (C − G A),    A = c U Σ^γ Vᵀ of C = U Σ Vᵀ

Few pairs behave like the rotation, many like least squares; α, c and γ come from the data. Where both galleries are at hand
beside the few pairs, the singular value decomposition is that of C aligned with how the galleries spread (`_alignment`).

A is fitted on the same pairs, so cross-validation that took it as given would trust it too much. The criterion counts what
it costs (Stein's effective degrees of freedom, the divergence of the fitted values Ŷ in Y, with f(σ) = σ^γ):

    GCV(c, α, γ) = ‖Y − X W‖² / (n q − df)²
    df = q Σ λ_i / (λ_i + α) + c Σ_i g_i [f'(σ_i) + Σ_{j ≠ i} d_ij + (q − r) f(σ_i) / σ_i] + c (tr Γ − Σ g_i) Σ f(σ_i) / σ_i
    d_ij = [ (f(σ_i) − f(σ_j)) / (σ_i − σ_j) + (f(σ_i) + f(σ_j)) / (σ_i + σ_j) ] / 2

with Γ = α G (G + αI)⁻¹ and g the diagonal of Uᵀ Γ U. For γ = 0 that is d_ij = 1 / (σ_i + σ_j), the rotation's. The
galleries' part of an aligned C is taken as given. So is an anchor of other pairs (`start`, a map fitted elsewhere):
nothing of it is fitted here but its scale, and the criterion counts no cost of it.

Divergence of spectral functions: Candès, Sing-Long and Trzasko, Unbiased risk estimates for singular value thresholding
and spectral estimators, IEEE Transactions on Signal Processing 61, 2013.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from ...errors import DimensionError, InputError
from ..statistics import Doubles, Moments, PairStatistics, svd
from ._alignment import aligned_cross
from .base import LinearEstimator, Solution
from .ridge import check_alpha

GALLERY_WEIGHT = 25.0  # pairs that the galleries' spread counts as; chosen with γ on six ordered pairs of networks
POWERS = (0.0, 0.25, 0.5)
ALIGNED_POWERS = (0.5,)  # with galleries the criterion can't tell: what it takes for free speaks for γ = 0


class AnchoredMap(LinearEstimator):
    """Ridge regression that shrinks towards a shrunk rotation instead of towards zero.

    Source directions that nothing determines are mapped to zero, and `facts_` counts those that no pair determines.

    Args:
        alpha: α > 0, or "auto".
        shrinkage: c ≥ 0 in units of the anchor's own least-squares scale ⟨A, C⟩ / ⟨A, GA⟩: 0 is ridge regression; or
            "auto".
        power: γ from 0, the rotation, to 1: how much less the anchor trusts directions that the pairs hardly determine; or
            "auto": 0, ¼ or ½, with galleries ½.
        galleries: Moments of unpaired embeddings of both networks; they need not show the same people. Only their
            covariances are used.
        start: (p, q) weight of a map fitted on other pairs, as A instead of these pairs' rotation; `power` and `galleries`
            then say nothing.
        center: as for every family.
    """

    def __init__(
        self,
        alpha: float | Literal["auto"] = "auto",
        shrinkage: float | Literal["auto"] = "auto",
        *,
        power: float | Literal["auto"] = "auto",
        galleries: tuple[Moments, Moments] | None = None,
        start: Doubles | None = None,
        center: bool = True,
    ) -> None:
        self.alpha = alpha
        self.shrinkage = shrinkage
        self.power = power
        self.galleries = galleries
        self.start = start
        self.center = center

    def _solve(self, statistics: PairStatistics) -> Solution:
        alpha = check_alpha(self.alpha)
        if self.shrinkage != "auto" and not (not isinstance(self.shrinkage, str) and self.shrinkage >= 0):
            raise InputError(f"shrinkage must be 'auto' or a number from 0 up; got {self.shrinkage!r}")
        if self.power != "auto" and not (not isinstance(self.power, str) and 0 <= self.power <= 1):
            raise InputError(f"power must be 'auto' or a number from 0 to 1; got {self.power!r}")
        values, vectors = statistics.source.spectrum(self.center)
        cross = statistics.rotated_cross(self.center)
        # Above λ_max the pairs would no longer count against the anchor, and the criterion, which takes the galleries' part
        # for free, would go there with few of them.
        top = max(float(values[-1]), np.finfo(np.float64).tiny)
        highest = 1.0 if self.start is None else 1e3  # of another's anchor nothing was fitted here: it may stand as it is
        alphas = top * np.geomspace(1e-6, highest, 61) if alpha == "auto" else np.array([alpha])
        shrinkages = np.linspace(0, 1, 21) if self.shrinkage == "auto" else np.array([self.shrinkage])
        energy = float(np.trace(statistics.target.scatter(self.center)))
        found = []
        for power, anchor, unit_cost in self._anchors(statistics, vectors):
            explained = float(values @ np.einsum("ij,ij->i", anchor, anchor))
            scale = float(np.vdot(anchor, cross)) / explained if explained > 0 else 0.0
            cost = scale * unit_cost
            n = statistics.n - self.center
            criterion = _gcv(values, cross, scale * anchor, cost, energy, n, alphas, shrinkages)
            i, j = np.unravel_index(int(np.argmin(criterion)), criterion.shape)
            found.append((float(criterion[i, j]), float(alphas[i]), float(shrinkages[j]), power, scale * anchor))
        _, alpha, shrinkage, power, anchor = min(found, key=lambda entry: entry[0])
        weight = vectors @ ((cross + shrinkage * alpha * anchor) / (values + alpha)[:, None])
        if self.start is not None:
            return Solution(weight, {"alpha": alpha, "shrinkage": shrinkage})
        aligned = {"aligned_with_galleries": True} if self.galleries is not None else {}
        return Solution(weight, {"alpha": alpha, "shrinkage": shrinkage, "power": power} | aligned)

    def _anchors(self, statistics: PairStatistics, vectors: Doubles) -> list[tuple[float, Doubles, Doubles]]:
        """γ, A and its cost (p,) in degrees of freedom, both in the coordinates of the source's eigenvectors `vectors`."""
        if self.start is not None:
            if np.shape(self.start) != statistics.cross.shape:
                raise DimensionError(
                    f"a start of shape {np.shape(self.start)} doesn't belong to pairs of widths "
                    f"{statistics.source.dim} and {statistics.target.dim}"
                )
            return [(0.0, vectors.T @ np.asarray(self.start, dtype=np.float64), np.zeros(len(vectors)))]
        u, sigma, vt = self._directions(statistics)
        turned = vectors.T @ u  # (p, r): the anchor's left factor in the eigenvectors' coordinates
        powers = POWERS if self.galleries is None else ALIGNED_POWERS
        found = []
        for power in powers if self.power == "auto" else (self.power,):
            tempered = (sigma / sigma[0]) ** power if sigma[0] > 0 else np.ones_like(sigma)
            cost = _cost(turned, sigma, tempered, power, statistics.cross.shape[1])
            found.append((float(power), (turned * tempered) @ vt, cost))
        return found

    def _directions(self, statistics: PairStatistics) -> tuple[Doubles, Doubles, Doubles]:
        """U (p, r), Σ (r,), Vᵀ (r, q) of C, aligned with the galleries where they are given."""
        u, sigma, vt = _determined(*statistics.svd(self.center))
        if self.galleries is None or sigma[0] == 0:
            return u, sigma, vt
        source, target = self.galleries
        if (source.dim, target.dim) != statistics.cross.shape:
            raise DimensionError(
                f"galleries of widths {source.dim} and {target.dim} don't belong to pairs of widths "
                f"{statistics.source.dim} and {statistics.target.dim}"
            )
        cross = statistics.covariation(self.center)
        aligned = aligned_cross(cross, statistics.n, source, target, u @ vt, float(sigma[0]), GALLERY_WEIGHT)
        return _determined(*svd(aligned))


def _determined(u: Doubles, sigma: Doubles, vt: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    kept = sigma > sigma[0] * max(len(u), vt.shape[1]) * np.finfo(np.float64).eps * 10
    kept[0] = True
    return u[:, kept], sigma[kept], vt[kept]


def _cost(turned: Doubles, sigma: Doubles, tempered: Doubles, power: float, q: int) -> Doubles:
    """(p,) divergence of the anchor U f(Σ) Vᵀ in C, by the direction of the source that it is weighed in."""
    if sigma[0] == 0:
        return np.zeros(len(turned))
    slope = power * tempered / sigma  # f'
    ratio = tempered / sigma
    gap = sigma[:, None] - sigma[None, :]
    near = np.abs(gap) <= 1e-9 * sigma[0]
    rise = np.where(near, slope[:, None], (tempered[:, None] - tempered[None, :]) / np.where(near, 1, gap))
    pairs = (rise + (tempered[:, None] + tempered[None, :]) / (sigma[:, None] + sigma[None, :])) / 2
    np.fill_diagonal(pairs, slope)
    inside = turned**2
    cost: Doubles = inside @ (pairs.sum(axis=1) + (q - len(sigma)) * ratio) + (1 - inside.sum(axis=1)) * ratio.sum()
    return cost


def _gcv(
    values: Doubles,
    cross: Doubles,
    anchor: Doubles,
    cost: Doubles,
    energy: float,
    n: int,
    alphas: Doubles,
    priors: Doubles,
) -> Doubles:
    """(alphas, priors) GCV; every matrix is in the coordinates of G's eigenvectors, where G = diag(values)."""
    q = cross.shape[1]
    cc, ca, aa = (np.einsum("ij,ij->i", a, b) for a, b in ((cross, cross), (cross, anchor), (anchor, anchor)))
    # Row i of W is (cross_i + c α anchor_i) / (λ_i + α).
    lam, alpha, prior = values[None, None, :], alphas[:, None, None], priors[None, :, None]
    pull = prior * alpha
    fit = (cc + pull * ca) / (lam + alpha)
    size = lam * (cc + 2 * pull * ca + pull**2 * aa) / (lam + alpha) ** 2
    residual = energy - np.sum(2 * fit - size, axis=2)
    left = alphas[:, None] * values / (values + alphas[:, None])  # (alphas, p)
    df = q * np.sum(values / (values + alphas[:, None]), axis=1)[:, None] + np.outer(left @ cost, priors)
    free = n * q - df
    result: Doubles = np.where(free > 0, np.maximum(residual, 0.0) / np.maximum(free, 1e-9) ** 2, np.inf)
    return result
