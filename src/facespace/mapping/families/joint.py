"""Regularised canonical correlation analysis, two-sided: both spaces are mapped into a common one.

With G̃ = G + ρ λ_max(G) I and H̃ = H + ρ λ_max(H) I about the means, and G̃^{-1/2} C H̃^{-1/2} = U Σ Vᵀ:

    A = G̃^{-1/2} U Σ^{1/2},    B = H̃^{-1/2} V Σ^{1/2},    score(x, y) = cos((x − μ_x) A, (y − μ_y) B)

The inner product is that of A = G̃^{-1/2} U Σ and B = H̃^{-1/2} V, but shared so, both vectors' lengths leave out what the
other network doesn't know, and swapping source and target changes no score.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from ...embeddings import Floats
from ...errors import InputError
from ..statistics import Doubles, PairStatistics, inverse_root, svd


class JointMap(BaseEstimator):  # type: ignore[misc]
    """The common space of two networks in which their embeddings of one face agree best.

    Where the target's gallery may be mapped too, this loses least: directions the networks don't share are damped on both
    sides. Not a map into the target's space; see CCAMap for the one-sided form of the same score.

    Fitted attributes: `weight_` A (p, r), `target_weight_` B (q, r) with r = min(p, q), `mean_`, `target_mean_`,
    `correlations_` Σ (r,), descending.
    """

    center = True

    def __init__(self, regularization: float = 0.1) -> None:
        self.regularization = regularization

    def fit_statistics(self, statistics: PairStatistics) -> Self:
        """Fit on PairStatistics. Raises InputError for no pairs or a regularization that is not positive."""
        if statistics.n < 2:
            raise InputError(f"a joint space can't be fitted on {statistics.n} pairs")
        if not self.regularization > 0:
            raise InputError(f"regularization must be a positive number; got {self.regularization!r}")
        left = inverse_root(statistics.source.spectrum(True), self.regularization)
        right = inverse_root(statistics.target.spectrum(True), self.regularization)
        u, self.correlations_, vt = svd(left @ statistics.covariation(True) @ right)
        shared = np.sqrt(self.correlations_)
        self.weight_: Doubles = left @ (u * shared)
        self.target_weight_: Doubles = right @ (vt.T * shared)
        self.mean_, self.target_mean_ = statistics.source.mean, statistics.target.mean
        self.n_pairs_ = statistics.n
        self.facts_: dict[str, Any] = {"regularization": self.regularization}
        return self

    def probe(self, x: Floats) -> Floats:
        """(n, p) L2-normalised source vectors → (n, r) in the common space."""
        weight = self.weight_.astype(np.float32)
        return x @ weight - self.mean_.astype(np.float32) @ weight

    def reference(self, y: Floats) -> Floats:
        """(n, q) L2-normalised target vectors → (n, r) in the common space."""
        weight = self.target_weight_.astype(np.float32)
        return y @ weight - self.target_mean_.astype(np.float32) @ weight
