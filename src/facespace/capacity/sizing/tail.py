"""The tail of impostor scores: how rarely two strangers score as high as τ, also where this set has no such pair.

The k largest of M impostor scores exceed a score u by e₁ ≤ … ≤ e_k. Excesses over a high score follow a generalised Pareto
distribution (Pickands 1975; Balkema, de Haan 1974), fitted by probability-weighted moments (Hosking, Wallis, Parameter and
quantile estimation for the generalized Pareto distribution, Technometrics 29, 1987):

    b₀ = mean e_j        b₁ = mean (1 − (j − ½)/k) e_j        σ = 2 b₀ b₁ / (b₀ − 2 b₁)        ξ = 2 − b₀ / (b₀ − 2 b₁)

    FMR(τ) = (k/M) (1 + ξ (τ − u)/σ)^(−1/ξ)    for τ ≥ u

From few people ξ is more noise than knowledge, and what other networks have counts too (`shape.py`); then σ = (1 − ξ) b₀, as
the mean of the distribution is σ/(1 − ξ). Below u scores are plenty, and FMR is counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

_LEAST, _EXPONENTIAL = 1e-300, 1e-9  # of the base; of |ξ|


@dataclass(frozen=True, eq=False)
class Tail:
    """FMR of any score.

    Attributes:
        start: u, a cosine.
        share: k/M, of the impostor scores above it.
        scale, shape: σ (in units of the cosine) and ξ.
        body_scores, body_shares: (b,) scores below u, ascending, and the share of impostor scores above each.
    """

    start: float
    share: float
    scale: float
    shape: float
    body_scores: Doubles
    body_shares: Doubles

    def fmr(self, scores: float | Doubles) -> Doubles:
        """The share of impostor pairs that score as high, in the shape of `scores`; never 0.

        >>> tail = Tail(0.3, 0.004, 0.04, 0.0, np.array([-1.0, 0.3]), np.array([1.0, 0.004]))
        >>> tail.fmr(np.array([0.3, 0.34])).round(5).tolist()  # an exponential tail falls to 1/e within σ
        [0.004, 0.00147]
        """
        s = np.asarray(scores, dtype=np.float64)
        over = np.maximum(s - self.start, 0.0) / self.scale
        stretched = np.log(np.maximum(1 + self.shape * over, _LEAST))
        log_rest = -over if abs(self.shape) < _EXPONENTIAL else -stretched / self.shape
        counted = np.exp(np.interp(s, self.body_scores, np.log(self.body_shares)))
        # The body is as it was counted; what draws of people change in the share above u changes it in proportion.
        body = np.minimum(counted * self.share / self.body_shares[-1], 1.0)
        return np.asarray(np.where(s < self.start, body, self.share * np.exp(np.maximum(log_rest, -600.0))))


def pareto_moments(excess: Doubles, weights: Doubles | None = None, shape: float | None = None) -> tuple[float, float]:
    """σ and ξ of excesses (k,), ascending, by probability-weighted moments; with `shape` that is ξ, and σ = b₀ (1 − ξ).

    With `weights` (k,) an excess counts so often, and (j − ½)/k becomes the share of the weight before it and half its own.

    >>> e = np.sort(np.random.default_rng(0).exponential(0.04, 100_000))
    >>> sigma, xi = pareto_moments(e)
    >>> round(sigma, 3), abs(xi) < 0.01
    (0.04, True)
    """
    w = np.ones(len(excess)) if weights is None else weights
    whole = float(w.sum())
    b0 = max(float(w @ excess) / whole, 1e-12)
    if shape is not None:
        return b0 * (1 - shape), shape
    b1 = float(w @ ((1 - (np.cumsum(w) - w / 2) / whole) * excess)) / whole
    spread = max(b0 - 2 * b1, 1e-3 * b0)
    return 2 * b0 * b1 / spread, 2 - b0 / spread
