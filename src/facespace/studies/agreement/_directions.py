"""Directions found without the people they are measured on: those of the joint map, and each network's own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import isotonic_regression

from ...embeddings import Floats
from ...mapping import JointMap, Moments, inverse_root
from ._images import FOLDS, Doubles, Rows, SharedImages
from ._reliability import DirectionSums

Weights = NDArray[np.integer]


def joint_directions(images: SharedImages, maps: Sequence[JointMap], weights: Weights) -> DirectionSums:
    """Of the coordinates of `maps`, one a fold, each fitted without its fold and measured on it; `weights` (1 + R, P)."""
    total = None
    for fold, fitted in enumerate(maps):
        training, own = images.training(fold), images.held_out(fold)
        sides = (images.x, fitted.weight_), (images.y, fitted.target_weight_)
        u, v = ((side[own] - _mean(side[training], images.person[training])) @ weight for side, weight in sides)
        total = _add(total, u, v, images, own, weights)
    assert total is not None
    return total


def own_directions(vectors: Floats, images: SharedImages, weights: Weights, regularization: float) -> DirectionSums:
    """Of one network's own discriminant directions, (n, d) `vectors` of `images`, cross-validated over people.

    With T the covariance and C_I that of identity (products of different images of one person), both of people who count
    once each, the directions are T̃^{-1/2} e for the eigenvectors e of T̃^{-1/2} C_I T̃^{-1/2}, T̃ = T + ρ λ_max(T) I, the
    largest first: those along which two images of one person correlate best.
    """
    total = None
    for fold in range(FOLDS):
        training, own = images.training(fold), images.held_out(fold)
        mean, covariance, identity = _covariances(vectors[training], images.person[training])
        root = inverse_root(np.linalg.eigh(covariance), regularization)
        directions = root @ np.linalg.eigh(root @ identity @ root)[1][:, ::-1]
        u = (vectors[own] - mean) @ directions
        total = _add(total, u, u, images, own, weights)
    assert total is not None
    return total


def usable(sums: DirectionSums) -> tuple[Doubles, Doubles]:
    """Usable directions, and their effective number (Σρ)² / Σρ², (1 + R,) each.

    Usable is a direction whose reliability lies above 1.96 standard errors. Resamples of people add a second noise to that
    of the sample, which would make a direction of none look usable too often; so they vary about reliabilities smoothed to
    descend, as directions are ordered to.
    """
    rho = sums.reliabilities()[0]
    smooth = np.maximum(isotonic_regression(rho[0], increasing=False), 0.0)
    errors = rho[1:].std(axis=0)
    redrawn = smooth + rho[1:] - rho[0]
    counts = np.count_nonzero(np.vstack([rho[:1], redrawn]) > 1.96 * errors, axis=1).astype(np.float64)
    fitted = np.maximum([isotonic_regression(row, increasing=False) for row in redrawn], 0.0)
    levels = np.vstack([smooth, fitted])
    squares = np.maximum((levels**2).sum(axis=1), np.finfo(np.float64).tiny)
    return counts, levels.sum(axis=1) ** 2 / squares


def _covariances(vectors: Floats, person: Rows) -> tuple[Doubles, Doubles, Doubles]:
    """Mean (d,), covariance and covariance of identity (d, d), of people who count once each."""
    _, codes, counts = np.unique(person, return_inverse=True, return_counts=True)
    share, people = 1.0 / counts[codes], len(counts)
    mean = _mean(vectors, person)
    x = vectors - mean
    covariance = Moments.of(x * np.sqrt(share)[:, None]).gram / people
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    several = counts > 1
    m = counts[several].astype(np.float64)
    sums = np.add.reduceat(x, starts, axis=0)[several] / np.sqrt(m * (m - 1))[:, None]
    rows = several[codes]
    singles = x[rows] / np.sqrt(counts[codes[rows]] * (counts[codes[rows]] - 1.0))[:, None]
    return mean, covariance, (Moments.of(sums).gram - Moments.of(singles).gram) / len(m)


def _mean(vectors: Floats, person: Rows) -> Doubles:
    """(d,) mean of people who count once each."""
    share = 1.0 / np.bincount(person)[person]
    found: Doubles = share @ vectors / share.sum()
    return found


def _add(
    total: DirectionSums | None, u: Doubles, v: Doubles, images: SharedImages, own: Rows, weights: Weights
) -> DirectionSums:
    people, codes = np.unique(images.person[own], return_inverse=True)
    sums = DirectionSums.of(u, v, codes, weights[:, people])
    return sums if total is None else total + sums
