"""Intrinsic dimension: in how many dimensions do points of ℝ^d vary locally? Two estimators from nearest neighbours.

With T_j the distance from a point to its j-th nearest neighbour:

- TwoNN (Facco, d'Errico, Rodriguez, Laio, Scientific Reports 7, 2017): μ = T_2 / T_1 has −log(1 − F(μ)) = m log μ, so m is
  the slope of a line through the origin, over the lower 90 % of the points.
- Maximum likelihood (Levina, Bickel, NIPS 2004), averaged as by MacKay and Ghahramani (2005):
  1/m = mean over points of 1/(k − 1) Σ_{j<k} log(T_k / T_j).

The first looks at the closest scale, the second at a wider one. Both take points to lie evenly around each other at that
scale, and both come out too low where m is large for the number of points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

Doubles = NDArray[np.float64]
_KEPT = 0.9  # of TwoNN's ratios; the largest ones leave the line
_BLOCK = 2048
_FEWEST = 25


@dataclass(frozen=True)
class IntrinsicDimension:
    """Two estimates, each with a 95 % interval of its sampling error alone, and the whole number to work with.

    Attributes:
        two_nn, mle: (estimate, low, high).
        points: how many distinct points they rest on.
        chosen: the mean of both, rounded.
    """

    two_nn: tuple[float, float, float]
    mle: tuple[float, float, float]
    points: int

    @property
    def chosen(self) -> int:
        """m."""
        return max(1, round((self.two_nn[0] + self.mle[0]) / 2))


def intrinsic_dimension(
    points: ArrayLike, *, neighbours: int = 20, queries: int = 5000, seed: int = 0
) -> IntrinsicDimension:
    """Both estimates for rows (n, d); repeated rows count once. InputError below 25 distinct points.

    `neighbours` is k of the maximum likelihood. Neighbours are looked for among all points, for `queries` random ones.

    >>> import numpy as np
    >>> volume = np.random.default_rng(1).normal(size=(2000, 3)) @ np.random.default_rng(2).normal(size=(3, 30))
    >>> intrinsic_dimension(volume).chosen
    3
    """
    distances = nearest_distances(points, neighbours, queries=queries, seed=seed)
    return IntrinsicDimension(two_nn(distances), maximum_likelihood(distances), len(distances))


def nearest_distances(points: ArrayLike, neighbours: int, *, queries: int | None = None, seed: int = 0) -> Doubles:
    """(n, k): Euclidean distances to the k nearest others, ascending, of (some of) the distinct rows of `points`."""
    x = np.unique(np.asarray(points, dtype=np.float32), axis=0)
    n = len(x)
    if n < _FEWEST or n <= neighbours:
        raise InputError(
            f"{n:,} distinct points are too few to estimate their dimension from {neighbours} neighbours",
            f"Give at least {max(_FEWEST, neighbours + 1)}, or say which dimension to use.",
        )
    x = x - x.mean(axis=0, dtype=np.float64).astype(np.float32)
    square = np.vecdot(x, x)
    asked = np.arange(n)
    if queries is not None and queries < n:
        asked = np.sort(np.random.default_rng(seed).choice(n, queries, replace=False))
    found = np.empty((len(asked), neighbours))
    for start in range(0, len(asked), _BLOCK):
        rows = asked[start : start + _BLOCK]
        near = square - 2 * (x[rows] @ x.T)
        near[np.arange(len(rows)), rows] = np.inf
        nearest = np.argpartition(near, neighbours - 1, axis=1)[:, :neighbours]
        # Again in double precision: the difference of large numbers above is too coarse for close neighbours.
        for column in range(neighbours):
            gap = x[rows].astype(np.float64) - x[nearest[:, column]]
            found[start : start + _BLOCK, column] = np.sqrt(np.vecdot(gap, gap))
    return np.sort(found, axis=1)


def two_nn(distances: Doubles) -> tuple[float, float, float]:
    """TwoNN from `nearest_distances` (n, ≥ 2): (estimate, low, high); the standard error is m / √n."""
    ratios = np.sort(np.log(distances[:, 1] / distances[:, 0]))
    n = len(ratios)
    kept = slice(0, int(_KEPT * n))
    height = -np.log1p(-np.arange(1, n + 1)[kept] / n)
    estimate = float(ratios[kept] @ height / (ratios[kept] @ ratios[kept]))
    return _with_error(estimate, estimate / np.sqrt(n))


def maximum_likelihood(distances: Doubles) -> tuple[float, float, float]:
    """The Levina-Bickel estimate from `nearest_distances` (n, k): (estimate, low, high)."""
    inverse = np.log(distances[:, -1:] / distances[:, :-1]).mean(axis=1)
    estimate = 1 / float(inverse.mean())
    return _with_error(estimate, estimate**2 * float(inverse.std()) / np.sqrt(len(inverse)))


def _with_error(estimate: float, error: float) -> tuple[float, float, float]:
    return estimate, estimate - 1.96 * float(error), estimate + 1.96 * float(error)
