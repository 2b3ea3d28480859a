"""The population's Gaussian and one for every person (Gong and others 2019, eq. 8 and 9).

With μ̂_i and Σ̂_i the mean and covariance of image i (the student's; Σ̂_i = 0 for bare points), over all images or those of c:

    Σ_pop = mean_i [Σ̂_i + (μ̂_i − μ̄)(μ̂_i − μ̄)ᵀ],   Σ_c = mean_{i ∈ c} [Σ̂_i + (μ̂_i − μ̄_c)(μ̂_i − μ̄_c)ᵀ]

Eq. 9 as it stands is of no use for people with few images; see `spread.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PersonMoments:
    """What is needed of each of P people: `images` (P,), `mean` (P, m), `scatter` Σ (μ̂ − μ̄)(μ̂ − μ̄)ᵀ and `noise`, the mean Σ̂,
    (P, m, m)."""

    images: Doubles
    mean: Doubles
    scatter: Doubles
    noise: Doubles

    def where(self, chosen: NDArray[np.bool_]) -> PersonMoments:
        """The people chosen by a mask (P,)."""
        return PersonMoments(self.images[chosen], self.mean[chosen], self.scatter[chosen], self.noise[chosen])


def person_moments(
    points: NDArray[np.floating], person: NDArray[np.intp], noise: NDArray[np.floating] | None = None
) -> PersonMoments:
    """Of rows `points` (n, m), with `person` (n,) numbered from 0 without gaps; `noise` (n, m, m) is Σ̂_i, 0 by default."""
    y = np.asarray(points, dtype=np.float64)
    m = y.shape[1]
    order = np.argsort(person, kind="stable")
    images = np.bincount(person).astype(np.float64)
    starts = np.concatenate([[0], np.cumsum(images[:-1])]).astype(np.intp)
    mean = np.add.reduceat(y[order], starts) / images[:, None]
    gap = y[order] - mean[person[order]]
    scatter = np.add.reduceat(gap[:, :, None] * gap[:, None, :], starts)
    if noise is None:
        return PersonMoments(images, mean, scatter, np.zeros((len(images), m, m)))
    return PersonMoments(
        images, mean, scatter, np.add.reduceat(noise[order].astype(np.float64), starts) / images[:, None, None]
    )


def population_covariance(people: PersonMoments, weights: Doubles | None = None) -> Doubles:
    """Eq. 8, (m, m). With `weights` (B, P), how often each person counts, one for each of B rows: (B, m, m)."""
    p, m = people.mean.shape
    w = np.ones((1, p)) if weights is None else weights
    n = people.images[:, None, None]
    second = people.scatter + n * (people.noise + people.mean[:, :, None] * people.mean[:, None, :])
    total = (w @ people.images)[:, None]
    mean = w @ (people.images[:, None] * people.mean) / total
    covariance: Doubles = (w @ second.reshape(p, m * m) / total).reshape(-1, m, m) - mean[:, :, None] * mean[:, None, :]
    return covariance[0] if weights is None else covariance


def class_covariances(people: PersonMoments) -> Doubles:
    """Eq. 9 as printed, (P, m, m); singular for people with n_c ≤ m images and no noise."""
    covariance: Doubles = people.scatter / people.images[:, None, None] + people.noise
    return covariance
