"""The likelihood ratio of two networks' embeddings: are x and y of one face, or of two?

In the coordinates of canonical correlation (`joint.py`, ρ = 0.1), standardised over the pairs, u = (x − μ_x) A / σ_x and
v = (y − μ_y) B / σ_y have the correlations r_k for one face, and none for two. The logarithm of the ratio of both normal
laws is, but for a constant,

    s(x, y) = Σ_k r_k/(1 − r_k²) u_k v_k − ½ Σ_k r_k²/(1 − r_k²) (u_k² + v_k²)

With t = √(r/(1 − r²)) u and w likewise of v this is s = t·w − q(t) − q(w), q(t) = ½ Σ r_k t_k². It is no cosine, but one of
lifted vectors, with c² = ½ Σ r²/(1 − r²) (what q is on average) and a radius R:

    p(x) = (t, −q(t)/c, c, √(R² − …), 0)        g(y) = (w, c, −q(w)/c, 0, √(R² − …))        cos(p, g) = s / R²

where √(R² − …) fills the length up to R. So everything that compares by cosines serves it. R² is four times what p·p is on
average; a vector beyond (none of a network's own is) is shortened to it, so that nothing outside the domain scores high.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from ...embeddings import Floats
from ...errors import InputError
from ..statistics import Doubles, PairStatistics
from .joint import JointMap

COHORT_STRENGTH = 0.5  # of a cohort's correction: lengths are accounted for, and with them half of what it mends
BEYOND = 4.0  # R² in units of the average squared length


@dataclass(frozen=True, eq=False)
class LikelihoodScore:
    """s of coordinates t and w, given the correlations r (k,), 0 < r < 1, of u and v."""

    correlations: Floats

    @property
    def gains(self) -> Floats:
        """√(r/(1 − r²)) (k,): t = u times this, w = v times this."""
        r = self.correlations.astype(np.float64)
        return np.sqrt(r / (1 - r * r)).astype(np.float32)

    @property
    def centre(self) -> float:
        """c² = ½ Σ r²/(1 − r²), the mean of q over the faces that were fitted on."""
        r = self.correlations.astype(np.float64)
        return float(np.maximum(0.5 * np.sum(r * r / (1 - r * r)), np.finfo(np.float32).tiny))

    @property
    def scale(self) -> float:
        """R²: a cosine of lifted vectors times this is s."""
        r = self.correlations.astype(np.float64)
        return BEYOND * (float(np.sum(r / (1 - r * r))) + 2 * self.centre)

    @property
    def offset(self) -> float:
        """−½ Σ log(1 − r²): s and this are the logarithm of the ratio, in nats."""
        return float(-0.5 * np.sum(np.log1p(-(self.correlations.astype(np.float64) ** 2))))

    def length(self, coordinates: Floats) -> Floats:
        """q (n,) = ½ Σ r t² of (n, k) coordinates t or w: what a vector's length takes off all its scores."""
        return (0.5 * ((coordinates * coordinates) @ self.correlations)).astype(np.float32)

    def lift(self, coordinates: Floats, source: bool) -> Floats:
        """(n, k) coordinates t of the source, or w of the target → (n, k + 4) vectors p, or g."""
        n, k = coordinates.shape
        c = np.float32(np.sqrt(self.centre))
        lifted = np.zeros((n, k + 4), dtype=np.float32)
        lifted[:, :k] = coordinates
        own, other, rest = (k, k + 1, k + 2) if source else (k + 1, k, k + 3)
        lifted[:, own] = -self.length(coordinates) / c
        lifted[:, other] = c
        missing = np.float32(self.scale) - np.vecdot(lifted, lifted)
        lifted[:, rest] = np.sqrt(np.maximum(missing, 0))
        return lifted


class LikelihoodMap(BaseEstimator):  # type: ignore[misc]
    """How much more likely are x and y as embeddings of one face than of two?

    Where networks agree in many directions only partly, this loses less than the cosine of joint, because well known
    directions count more, and unusual vectors of both sides speak for one face. Its one-sided form leaves the target's
    vectors as they are: `TwoSidedMap.query` and `gallery`.

    Both Gram matrices bear the noise of storage (`PairStatistics.stored`), or directions that a network never uses would
    count once they are standardised. r is kept in [10⁻⁶, 0.99].

    Fitted attributes: `weight_` (p, r) and `target_weight_` (q, r), to t and w; `mean_`, `target_mean_`, `correlations_`
    (r,) in the order of joint's.
    """

    center = True
    cohort_strength = COHORT_STRENGTH

    def __init__(self, regularization: float = 0.1) -> None:
        self.regularization = regularization

    def fit_statistics(self, statistics: PairStatistics) -> Self:
        """Fit on PairStatistics. Raises InputError for fewer than 3 pairs or a regularization that is not positive."""
        if statistics.n < 3:
            raise InputError(f"a likelihood ratio can't be fitted on {statistics.n} pairs")
        noisy = statistics.stored()
        joint = JointMap(self.regularization).fit_statistics(noisy)
        a, b = joint.weight_, joint.target_weight_
        n = statistics.n
        spread = [
            np.sqrt(np.maximum(np.einsum("ij,ij->j", weight, side.scatter(True) @ weight) / n, np.finfo(float).tiny))
            for weight, side in ((a, noisy.source), (b, noisy.target))
        ]
        shared = np.einsum("ij,ij->j", a, noisy.covariation(True) @ b) / n
        correlations = np.clip(shared / (spread[0] * spread[1]), 1e-6, 0.99)
        self.score_ = LikelihoodScore(correlations.astype(np.float32))
        gains = self.score_.gains.astype(np.float64)
        self.weight_: Doubles = a * (gains / spread[0])
        self.target_weight_: Doubles = b * (gains / spread[1])
        self.mean_, self.target_mean_ = statistics.source.mean, statistics.target.mean
        self.correlations_: Doubles = correlations
        self.n_pairs_ = n
        self.facts_: dict[str, Any] = {"regularization": self.regularization}
        return self

    def probe(self, x: Floats) -> Floats:
        """(n, p) L2-normalised source vectors → (n, r + 4), whose cosines with `reference` are s / R²."""
        weight = self.weight_.astype(np.float32)
        return self.score_.lift(x @ weight - self.mean_.astype(np.float32) @ weight, source=True)

    def reference(self, y: Floats) -> Floats:
        """(n, q) L2-normalised target vectors → (n, r + 4)."""
        weight = self.target_weight_.astype(np.float32)
        return self.score_.lift(y @ weight - self.target_mean_.astype(np.float32) @ weight, source=False)
