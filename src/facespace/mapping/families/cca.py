"""Regularised canonical correlation analysis, one-sided: the target stays as it is.

With G̃ = G + ρ λ_max(G) I, H̃ = H + ρ λ_max(H) I and the whitened cross-covariance G̃^{-1/2} C H̃^{-1/2} = U Σ Vᵀ, the score of
canonical correlation analysis is the inner product of x G̃^{-1/2} U Σ and y H̃^{-1/2} V. That is x G̃⁻¹ C H̃⁻¹ yᵀ: a map into
the target's own space with the same inner product.
"""

from __future__ import annotations

import numpy as np

from ...errors import InputError
from ..statistics import PairStatistics
from .base import LinearEstimator, Solution


class CCAMap(LinearEstimator):
    """W = G̃⁻¹ C H̃⁻¹: directions count by how well the other space knows them, not by their variance.

    Between families of networks that spread people along different directions this loses less than least squares or a
    rotation. It serves comparison, not prediction: x W has the direction that scores best, not the target's covariance. W
    is scaled so that ‖X W‖ = ‖Y‖ over the pairs; cosines don't depend on that.

    Args:
        regularization: ρ, relative to the largest eigenvalue of each side.
        center: as for every family.
    """

    def __init__(self, regularization: float = 0.1, *, center: bool = True) -> None:
        self.regularization = regularization
        self.center = center

    def _solve(self, statistics: PairStatistics) -> Solution:
        if not self.regularization > 0:
            raise InputError(f"regularization must be a positive number; got {self.regularization!r}")
        values, vectors = statistics.source.spectrum(self.center)
        target_values, target_vectors = statistics.target.spectrum(self.center)
        floor, target_floor = (
            self.regularization * max(float(v[-1]), np.finfo(np.float64).tiny) for v in (values, target_values)
        )
        inner = statistics.rotated_cross(self.center) @ target_vectors
        inner /= np.outer(values + floor, target_values + target_floor)
        mapped = float(values @ np.einsum("ij,ij->i", inner, inner))  # ‖XW‖²
        inner *= np.sqrt(float(target_values.sum()) / mapped) if mapped > 0 else 1.0
        return Solution(vectors @ inner @ target_vectors.T, {"regularization": self.regularization})
