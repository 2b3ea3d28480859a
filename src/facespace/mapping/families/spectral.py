"""Between the rotation and the cross-covariance: a rotation that trusts well-determined directions more."""

from __future__ import annotations

import numpy as np

from ...errors import InputError
from ..statistics import PairStatistics
from .base import LinearEstimator, Solution


class SpectralMap(LinearEstimator):
    """W = U Σ^γ Vᵀ with C = U Σ Vᵀ: γ = 0 is the orthogonal map, γ = 1 the cross-covariance itself.

    A rotation gives a direction that the pairs hardly determine the same weight as any other; a small power takes it back.
    W is scaled so that ‖X W‖ = ‖Y‖ over the pairs; cosines don't depend on that.

    Args:
        power: γ from 0 to 1.
        center: as for every family.
    """

    def __init__(self, power: float = 0.25, *, center: bool = True) -> None:
        self.power = power
        self.center = center

    def _solve(self, statistics: PairStatistics) -> Solution:
        if not 0 <= self.power <= 1:
            raise InputError(f"power must be from 0 to 1; got {self.power!r}")
        u, sigma, vt = statistics.svd(self.center)
        kept = sigma > sigma[0] * max(statistics.cross.shape) * np.finfo(np.float64).eps * 10
        weight = (u[:, kept] * sigma[kept] ** self.power) @ vt[kept]
        mapped = float(np.vdot(weight, statistics.source.scatter(self.center) @ weight))
        energy = float(np.trace(statistics.target.scatter(self.center)))
        scale = np.sqrt(energy / mapped) if mapped > 0 else 1.0
        return Solution(weight * scale, {"power": self.power})
