"""From scores to the number of people: the tail, the extremal index, N*, and the draws behind the interval.

A stranger is falsely identified in a gallery of N people if the best of N impostor scores reaches τ. Were all strangers
alike it would be 1 − (1 − FMR)^N. But some resemble many people and most resemble few, so that false matches crowd on some:
with FMRs of single strangers that follow a gamma distribution of shape r about the mean (r = ∞: all alike), as in
Doddington's menagerie,

    FPIR_N = 1 − (1 + N FMR / r)^(−r)        N*(α, β) = r ((1 − α)^(−1/r) − 1) / FMR(τ_β)

with τ_β the score that a share β of the genuine pairs falls short of. r is such that a share F = 20 % of the people has
false matches among the n − 1 others where FMR is so high. It acts like an extremal index θ_α = −ln(1 − α) / (N* FMR) that
goes to 1 with α, as it does on real sets (a θ read off at 20 % and used at 1 % gives N* a third too large on LFW):
Leadbetter, Extremes and local dependence in stationary sequences, 1983.

The people are what was sampled. In a draw each person i weighs w_i, exponential of mean 1 (Rubin, The Bayesian bootstrap,
Annals of Statistics 9, 1981), an impostor pair w_i w_j and a genuine one w_i, so that both errors and their dependence
are in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from .evidence import Genuine, Impostors
from .tail import Doubles, Tail, pareto_moments

_BEST = 0.2  # F
_ALIKE, _MOST_CROWDED = 1e-6, 20.0  # 1/r


@dataclass(frozen=True, eq=False)
class Model:
    """One estimate, or one draw of it: the tail, 1/r and the genuine scores with the weights of people (P,), or None."""

    tail: Tail
    crowding: float
    genuine: Genuine
    weights: Doubles | None

    def threshold(self, fnir: float) -> float:
        """τ_β."""
        return self.genuine.quantile(fnir, self.weights)

    def size(self, fpir: float, threshold: float) -> float:
        """N*: how many people are in the gallery when a share `fpir` of strangers is falsely identified at the threshold."""
        return float(self._load(fpir) / self.tail.fmr(threshold))

    def theta(self, fpir: float) -> float:
        """θ_α."""
        return float(-np.log1p(-fpir) / self._load(fpir))

    def _load(self, fpir: float) -> float:
        """N FMR at which FPIR is so high."""
        return float(_load(fpir, self.crowding))

    def fpir(self, threshold: float, sizes: Doubles) -> Doubles:
        """FPIR_N (k,) at the threshold."""
        return np.asarray(1 - _spared(sizes * self.tail.fmr(threshold), self.crowding))

    def fnir(self, fpir: float, sizes: Doubles) -> Doubles:
        """FNIR (k,) with the threshold raised until FPIR_N = `fpir`: the share of the genuine scores whose own N* is "
        "below N."""
        own = self._load(fpir) / self.tail.fmr(self.genuine.scores)
        w = self._weights
        return np.asarray(np.concatenate([[0.0], np.cumsum(w)])[np.searchsorted(own, sizes)])

    def rank1(self, sizes: Doubles) -> Doubles:
        """The share (k,) of genuine probes whose mate, of score s, is above the N − 1 others: mean (1 + (N − 1) "
        "FMR(s)/r)^(−r)."""
        return np.asarray(_spared((sizes[:, None] - 1) * self.tail.fmr(self.genuine.scores), self.crowding) @ self._weights)

    @property
    def _weights(self) -> Doubles:
        w = self.genuine.weights if self.weights is None else self.genuine.weights * self.weights[self.genuine.person]
        return np.asarray(w / w.sum())


def estimate(impostors: Impostors, genuine: Genuine, shape: float) -> Model:
    """The estimate itself, with `shape` as ξ."""
    return _model(impostors, genuine, None, None, shape)


def draw(impostors: Impostors, genuine: Genuine, weights: Doubles, shape: float, of: str = "both") -> Model:
    """The estimate of a draw of people, those of `impostors` first; `of` "genuine": with impostor scores as they are."""
    return _model(impostors, genuine, None if of == "genuine" else weights, None if of == "impostors" else weights, shape)


def _model(impostors: Impostors, genuine: Genuine, pairs: Doubles | None, own: Doubles | None, shape: float) -> Model:
    w = np.ones(impostors.people) if pairs is None else pairs[: impostors.people]
    each = w[impostors.left] * w[impostors.right]
    # Suspicious pairs are few, so the weight of all pairs stands for that of those that count.
    whole = (w.sum() ** 2 - w @ w) / 2
    share = float(each.sum() / whole)
    sigma, xi = pareto_moments(impostors.scores - impostors.start, each, shape)
    tail = Tail(impostors.start, share, sigma, xi, impostors.body_scores, impostors.body_shares)
    at = float(np.quantile(impostors.best, 1 - _BEST))
    found = float(w @ (impostors.best >= at) / w.sum())
    rate = float(each[impostors.scores >= at].sum() / whole)
    return Model(tail, _crowding((impostors.people - 1) * rate, min(found, 1 - 1e-12)), genuine, own)


def _spared(load: Doubles, crowding: float) -> Doubles:
    """The share of strangers without a false match where N FMR is `load`: (1 + load/r)^(−r)."""
    return np.asarray(np.exp(-load) if crowding < _ALIKE else np.exp(-np.log1p(load * crowding) / crowding))


def _load(share: float, crowding: float) -> float:
    """N FMR at which a share of strangers has a false match: the inverse of 1 − `_spared`."""
    return float(-np.log1p(-share) if crowding < _ALIKE else np.expm1(-crowding * np.log1p(-share)) / crowding)


def _crowding(load: float, share: float) -> float:
    """1/r, from the N FMR at which a share of the people has a false match; 0 where they are no more crowded than by chance.

    >>> round(_crowding(0.31, 0.2), 2), _crowding(0.2, 0.2)
    (2.8, 0.0)
    """
    if load <= _load(share, 0.0):
        return 0.0
    return (
        float(brentq(lambda c: _load(share, c) - load, 0.0, _MOST_CROWDED))
        if load < _load(share, _MOST_CROWDED)
        else _MOST_CROWDED
    )
