"""A Gaussian of many numbers from few vectors: the covariance shrunk to a multiple of the identity.

    Σ = (1 − ρ) S + ρ (trace S / d) I,    ρ = min(1, b² / d²)

with ρ of Ledoit, Wolf, A well-conditioned estimator for large-dimensional covariance matrices, J. Multivar. Anal. 88, 2004:
b² what S errs by, d² how far S is from the multiple of the identity, both estimated. ρ is `FLOOR` at least, so that
directions which a network never uses, and what storing in 8 bits does to them, decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from ...embeddings import Floats

Doubles = NDArray[np.float64]

FLOOR = 0.005  # of ρ
_LEAST = 1e-12  # variance a direction, where all vectors are one: then nothing differs, and Σ still has an inverse


@dataclass(frozen=True, eq=False)
class Gaussian:
    """The law of n vectors: `mean` (d,), shrunk `covariance` (d, d), and the `shrinkage` ρ."""

    n: float
    mean: Doubles
    covariance: Doubles
    shrinkage: float

    @classmethod
    def of(cls, vectors: Floats, weights: Doubles | None = None, floor: float = FLOOR) -> Gaussian:
        """Of the rows of (n, d) `vectors`, each counting as much as its weight (n,)."""
        w = np.ones(len(vectors)) if weights is None else weights
        total, d = float(w.sum()), vectors.shape[1]
        mean = np.asarray(w @ vectors, dtype=np.float64) / total
        centred = vectors - mean.astype(np.float32)
        scatter = np.asarray((centred * w[:, None].astype(np.float32)).T @ centred, dtype=np.float64) / total
        level = max(float(np.trace(scatter)) / d, _LEAST)
        squared = float(np.sum(scatter**2))
        fourth = float(w @ np.vecdot(centred, centred).astype(np.float64) ** 2) / total
        errs = (fourth - squared) * float(np.sum(w**2)) / total**2
        far = squared - d * level**2
        rho = float(np.clip(errs / far, floor, 1)) if far > 0 else 1.0
        scatter *= 1 - rho
        scatter[np.diag_indices(d)] += rho * level
        return cls(total, mean, scatter, rho)

    @cached_property
    def _factor(self) -> tuple[Floats, float]:
        """L⁻¹ of Σ = L Lᵀ, and log det L."""
        lower = np.linalg.cholesky(self.covariance)
        inverse = scipy.linalg.solve_triangular(lower, np.eye(len(lower)), lower=True)
        return inverse.astype(np.float32), float(np.log(np.diag(lower)).sum())

    @cached_property
    def spectrum(self) -> tuple[Doubles, Doubles]:
        """Variances (d,), ascending, and principal directions (d, d), columns."""
        values, directions = np.linalg.eigh(self.covariance)
        return values, directions

    def whitened(self, vectors: Floats) -> Floats:
        """(n, d): mean 0 and covariance the identity, if the vectors are of this law."""
        return np.asarray((vectors - self.mean.astype(np.float32)) @ self._factor[0].T)

    def distances(self, vectors: Floats) -> Doubles:
        """(n,) squared Mahalanobis distances (x − μ)ᵀ Σ⁻¹ (x − μ)."""
        white = self.whitened(vectors)
        return np.asarray(np.vecdot(white, white), dtype=np.float64)

    def log_density(self, vectors: Floats) -> Doubles:
        """(n,) log densities, but for the constant (d/2) log 2π."""
        return -0.5 * self.distances(vectors) - self._factor[1]

    def agreement(self, vectors: Floats, weights: Doubles | None = None) -> float:
        """Correlation, over this law's principal directions v, of log vᵀ Σ v with the log mean square of vᵀ (x − μ)."""
        values, directions = self.spectrum
        along = (vectors - self.mean.astype(np.float32)) @ directions.astype(np.float32)
        w = np.ones(len(vectors)) if weights is None else weights
        power = w @ along.astype(np.float64) ** 2 / max(float(w.sum()), 1e-9)
        if len(values) < 3 or np.ptp(values) <= 1e-9 * values[-1]:
            return 1.0
        return float(np.corrcoef(np.log(values), np.log(power + 1e-12))[0, 1])
