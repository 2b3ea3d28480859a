"""Aligning two spaces by few pairs and by how their galleries spread, without knowing who is in the galleries.

A rotation R that carries one space into the other carries its covariance too: RᵀGR ≈ H. So it is sought among those that
agree with the pairs and with both galleries' second moments,

    max_R  tr(RᵀC) + κ w tr(Rᵀ Ḡ R H̄) / 2,      w = ‖C‖₂ / (n ‖Ḡ R₀ H̄‖₂)

with Ḡ, H̄ the galleries' covariances and R₀ the pairs' own rotation; κ is the number of pairs that the galleries count as.
The objective is convex in R, so each polar factor of C + κ w Ḡ R H̄ is at least as good as the R before it.
"""

from __future__ import annotations

import numpy as np

from ..statistics import Doubles, Moments, svd

STEPS, STABLE = 20, 0.01


def aligned_cross(
    cross: Doubles, n: int, source: Moments, target: Moments, start: Doubles, largest: float, weight: float
) -> Doubles:
    """(p, q) C + κ w Ḡ R H̄ at the R where it rests; `start` R₀ (p, q), `largest` ‖C‖₂, `weight` κ.

    At most 20 steps; it rests when R moves by less than 1 % of its length.
    """
    spread, target_spread = source.scatter(True) / source.n, target.scatter(True) / target.n
    pulled = spread @ start @ target_spread
    norm = float(np.linalg.norm(pulled, 2))
    if norm == 0:
        return cross
    strength = weight * largest / (n * norm)
    rotation = start
    for _ in range(STEPS):
        combined = cross + strength * pulled
        u, _, vt = svd(combined)
        moved = float(np.linalg.norm(u @ vt - rotation))
        rotation = u @ vt
        pulled = spread @ rotation @ target_spread
        if moved < STABLE * np.sqrt(min(cross.shape)):
            break
    result: Doubles = cross + strength * pulled
    return result
