"""How the images of one person scatter, for people with few images: an empirical Bayes model of all people's covariances.

Eq. 9 as printed fails for few images: with n_c ≤ m images the spread has no volume at all, and with a few more its log
determinant is far too low. Here people's covariances are draws around a common one instead:

    Σ_c = s_c Σ'_c,   log s_c ~ about N(0, τ²),   Σ'_c ~ inverse Wishart, mean Σ_common, ν = excess + m + 1 d.o.f.

A person's scatter given s_c has a known marginal likelihood (the inverse Wishart is conjugate), s_c is summed over a grid,
and τ and the excess are those that make all scatters most likely. Then each Σ_c has a posterior, whose draws have volumes of
the right size and the right scatter, whatever n_c. If people are alike, τ goes to 0 and ν grows, and all share one
covariance; if they differ, those with many images keep their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import multigammaln

from ...errors import InputError
from .gaussians import PersonMoments

Doubles = NDArray[np.float64]
_STEP, _EVERY = 0.1, 4  # the grids of log excess and log s have to match, so that their sums are few
_EXCESS = np.exp(_STEP * _EVERY * np.arange(-2, 22))
_TAU = np.array([0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9, 1.1, 1.4])
_LOG_SCALES = _STEP * np.arange(-36, 37)
_RIDGE = 1e-9  # of the mean variance, against flat directions
_ROUNDS = 4
_STEPS_FROM_NORMAL = 60


@dataclass(frozen=True, eq=False)
class Spread:
    """The fitted model of P people with two images or more.

    Attributes:
        people: their moments.
        common: Σ_common (m, m).
        inverse: (P,) posterior mean of 1 / s_c.
        table: (excess, τ, P) log likelihood of each person's scatter, up to terms without excess, τ and s.
        by_scale: (excess, P, scales) the same before the sum over s.
        best: indices of the most likely excess and τ on their grids.
        excess: ν − m − 1, between the grid's values: the greater, the more alike the shapes of people's covariances.
        mixture: (scales,) distribution of log s_c over the grid.
    """

    people: PersonMoments
    common: Doubles
    inverse: Doubles
    table: Doubles
    by_scale: Doubles
    best: tuple[int, int]
    excess: float
    mixture: Doubles

    @property
    def tau(self) -> float:
        """Standard deviation of log s_c between people."""
        return float(_TAU[self.best[1]])

    def resampled(self, weights: Doubles) -> Spread:
        """The model if person c had been drawn `weights[c]` times: another common covariance, excess and τ."""
        common = _common(self.people, self.inverse, self.excess, weights)
        *best, excess = _most_likely(self.table @ weights, weights.sum())
        mixture = _mixture(self.by_scale[best[0]], float(_TAU[best[1]]), weights)
        return replace(self, common=common, best=(best[0], best[1]), excess=excess, mixture=mixture)

    @cached_property
    def _cumulative(self) -> Doubles:
        """(P, scales): cumulative posterior of s_c over the grid."""
        cumulative: Doubles = np.cumsum(_posterior(self.by_scale[self.best[0]], self.mixture), axis=1)
        return cumulative

    def draw(self, rng: np.random.Generator) -> Doubles:
        """One draw of every person's Σ_c from its posterior, with the noise of their images added; (P, m, m)."""
        p, m = self.people.mean.shape
        at = (rng.random((p, 1)) > self._cumulative).sum(axis=1)
        scale = np.exp(_LOG_SCALES[np.minimum(at, len(_LOG_SCALES) - 1)])[:, None, None]
        # Given s_c: inverse Wishart of ν + n_c − 1 degrees of freedom and scale matrix s_c excess Σ_common + scatter. By
        # Bartlett, its inverse is made of a triangle T with roots of chi squares and normals: Σ = L T⁻ᵀ T⁻¹ Lᵀ.
        root = np.linalg.cholesky(scale * self.excess * self.common + self.people.scatter)
        degrees = self.excess + m + self.people.images
        triangle = np.zeros((p, m, m))
        rows, columns = np.tril_indices(m, -1)
        triangle[:, rows, columns] = rng.standard_normal((p, len(rows)))
        along = np.arange(m)
        triangle[:, along, along] = np.sqrt(rng.chisquare(degrees[:, None] - along))
        factor = root @ np.swapaxes(np.linalg.inv(triangle), 1, 2)
        drawn: Doubles = factor @ np.swapaxes(factor, 1, 2) + self.people.noise
        return drawn


def fit_spread(people: PersonMoments) -> Spread:
    """Fit the model to `people`, who all have two images or more; InputError for fewer than 2 people, and where
    nobody's images differ."""
    if len(people.images) < 2 or people.images.min() < 2:
        raise InputError("the spread of people's images needs 2 people at least, with 2 images each")
    if not np.trace(people.scatter.sum(axis=0)) > 0:
        raise InputError(
            "no person's images differ, so there is no spread to learn from", "Are they copies of one picture each?"
        )
    inverse, excess = np.ones(len(people.images)), np.inf
    for _ in range(_ROUNDS):
        common = _common(people, inverse, excess, np.ones(len(inverse)))
        by_scale = _likelihoods(people, common)
        table = np.stack([_log_means(line) for line in by_scale])
        i, j, excess = _most_likely(table.sum(axis=2), len(inverse))
        # Expectation maximisation with the mean of log s_c as a free parameter, which then goes into the common covariance.
        mixture = _mixture(by_scale[i], float(_TAU[j]), np.ones(len(inverse)))
        posterior = _posterior(by_scale[i], mixture)
        inverse = posterior @ np.exp(-_LOG_SCALES) * np.exp((posterior @ _LOG_SCALES).mean())
    return Spread(people, common, inverse, table, by_scale, (i, j), excess, mixture)


def _most_likely(table: Doubles, people: float) -> tuple[int, int, float]:
    """Indices of excess and τ, and the excess at the top of the parabola through the likelihoods around the best.

    A τ above 0 has to be worth its parameter (by the Bayesian information criterion). The grid's steps of a half are too
    coarse for the excess itself: volumes in 16 dimensions would be off by a quarter.
    """
    worth = table - 0.5 * np.log(people) * (_TAU > 0)
    i, j = np.unravel_index(np.argmax(worth), worth.shape)
    offset = 0.0
    if 0 < i < len(_EXCESS) - 1:
        below, top, above = worth[i - 1 : i + 2, j]
        bend = below - 2 * top + above
        offset = 0.5 * (below - above) / bend if bend < 0 else 0.0
    return int(i), int(j), float(_EXCESS[i] * np.exp(_STEP * _EVERY * offset))


def _common(people: PersonMoments, inverse: Doubles, excess: float, weights: Doubles) -> Doubles:
    """Weighted mean of people's covariances after division by their scale; people with many images differ for good, so a
    person's weight grows with their images up to the excess only."""
    freedom = people.images - 1
    says = weights * freedom / (1 + freedom / excess)
    common: Doubles = np.tensordot(says * inverse / freedom, people.scatter, axes=1) / says.sum()
    return np.asarray(common + _RIDGE * np.trace(common) / len(common) * np.eye(len(common)))


def _likelihoods(people: PersonMoments, common: Doubles) -> Doubles:
    """(excess, P, scales): log likelihood of the scatters, by the eigenvalues of each relative to the common covariance."""
    m, freedom = len(common), people.images - 1
    whiten = np.linalg.inv(np.linalg.cholesky(common))
    spread = np.maximum(np.linalg.eigvalsh(whiten @ people.scatter @ whiten.T), 0)
    # Prior scale s · excess on its own grid, and the log determinant of prior and scatter together for each value.
    sums = _STEP * np.arange(_EVERY * (len(_EXCESS) - 1) + len(_LOG_SCALES)) + np.log(_EXCESS[0]) + _LOG_SCALES[0]
    joint = np.stack([np.log(np.exp(log_prior) + spread).sum(axis=1) for log_prior in sums], axis=1)
    found = np.empty((len(_EXCESS), len(freedom), len(_LOG_SCALES)))
    for i, excess in enumerate(_EXCESS):
        nu = excess + m + 1
        part = slice(_EVERY * i, _EVERY * i + len(_LOG_SCALES))
        gain = multigammaln((nu + freedom) / 2, m) - multigammaln(nu / 2, m)
        found[i] = gain[:, None] + nu * m / 2 * sums[part] - (nu + freedom)[:, None] / 2 * joint[:, part]
    return found


def _weights(tau: float) -> Doubles:
    """Of the grid of log scales, under N(0, τ²)."""
    if tau == 0:
        return np.asarray(_LOG_SCALES == 0, dtype=np.float64)
    density = np.exp(-0.5 * (_LOG_SCALES / tau) ** 2)
    weights: Doubles = density / density.sum()
    return weights


def _log_means(likelihood: Doubles) -> Doubles:
    """(τ, P): log of the mean likelihood over s, from (P, scales)."""
    top = likelihood.max(axis=1, keepdims=True)
    weights = np.stack([_weights(tau) for tau in _TAU.tolist()])
    means: Doubles = np.log(np.maximum(weights @ np.exp(likelihood - top).T, 1e-300)) + top[:, 0]
    return means


def _mixture(likelihood: Doubles, tau: float, times: Doubles) -> Doubles:
    """The distribution of log s_c, from (P, scales): N(0, τ²), brought nearer to the people by some steps of expectation
    maximisation, since the largest person depends on its tails. `times` (P,) is how often each person counts."""
    weights = _weights(tau)
    if tau > 0:
        relative = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
        for _ in range(_STEPS_FROM_NORMAL):
            weights = weights * ((times / np.maximum(relative @ weights, 1e-300)) @ relative) / times.sum()
    return weights


def _posterior(likelihood: Doubles, w: Doubles) -> Doubles:
    """(P, scales): of each person's log s_c, when its distribution is `w` (scales,)."""
    # Where w is 0 the likelihood may be greater by any factor, even an infinite one, and infinite times 0 is no number.
    posterior = np.exp(np.minimum(likelihood - likelihood[:, w > 0].max(axis=1, keepdims=True), 0)) * w
    posterior /= posterior.sum(axis=1, keepdims=True)
    return np.asarray(posterior)
