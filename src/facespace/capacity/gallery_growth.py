"""The measured limit: false positive identifications as a gallery grows, without sampling galleries.

One image of each of P people. A stranger is looked up in a gallery of N of the others and falsely identified if the best of
the N scores reaches the threshold. If a_i of the P − 1 others score that high against person i, then of all galleries of
size N a share C(P − 1 − a_i, N) / C(P − 1, N) (binomial coefficients) holds none of them, so

    FPIR(N) = mean_i [1 − C(P − 1 − a_i, N) / C(P − 1, N)]

is the false positive identification rate over every gallery of that size and every stranger, exactly. Were false accepts
independent of each other it would be 1 − (1 − FAR)^N.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import gammaln

from ..embeddings import Floats
from ..metrics import open_end

Doubles = NDArray[np.float64]
HALF = 0.5
_BLOCK = 1024
_RESAMPLES = 100


@dataclass(frozen=True, eq=False)
class GrowthCurve:
    """FPIR against gallery size at one threshold.

    Attributes:
        q: the share that sets the threshold.
        meaning: of what: "far", of impostor pairs above it, or "fnmr", of genuine pairs below it.
        space: "embedding", scores are cosines; "projection", scores are minus squared distances.
        threshold: a score.
        far: share of the impostor pairs that reach it.
        sizes: (k,) gallery sizes; fpir, low, high: (k,) with 95 % intervals from draws of people.
        limit: gallery size at which half of the strangers are falsely identified; None beyond the set.
    """

    q: float
    meaning: str
    space: str
    threshold: float
    far: float
    sizes: NDArray[np.intp]
    fpir: Doubles
    low: Doubles
    high: Doubles
    limit: float | None


@dataclass(frozen=True, eq=False)
class Entries:
    """One image of each of P people: score(i, j) is probes[i] · gallery[j], (P, k) each."""

    probes: Floats
    gallery: Floats

    @classmethod
    def by_cosine(cls, unit: Floats) -> Entries:
        """Of rows of unit length."""
        return cls(unit, unit)

    @classmethod
    def by_distance(cls, y: Floats) -> Entries:
        """Scores −‖y_i − y_j‖², as a product of longer rows."""
        square, one = np.vecdot(y, y)[:, None], np.ones((len(y), 1), dtype=np.float32)
        return cls(np.hstack([2 * y, -square, one]), np.hstack([y, one, -square]))


def growth_curve(
    entries: Entries, threshold: float, q: float, meaning: str, space: str, *, points: int = 16, seed: int = 0
) -> GrowthCurve:
    """FPIR where scores reach `threshold`; for distances that is −‖y_i − y_j‖² ≥ threshold."""
    hits = _hits(entries, threshold)
    count = len(entries.probes)
    sizes = np.unique(np.geomspace(min(10, count - 1), count - 1, points).astype(np.intp))
    above = np.asarray(hits.sum(axis=1)).ravel()
    fpir = false_positive_rate(above, count - 1, sizes)
    rng = np.random.default_rng([seed, 5])
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=_RESAMPLES).astype(np.float64)
    again = np.stack([false_positive_rate(hits @ w, count - 1, sizes, w) for w in drawn])
    # A draw holds some people twice, so its galleries have fewer to be confused with: only the spread is taken from it.
    low, high = np.clip(fpir + np.percentile(again, [2.5, 97.5], axis=0) - again.mean(axis=0), 0, 1)
    high = np.maximum(high, unseen_fpir(count, sizes)) if not above.any() else high
    far = float(above.sum() / (count * (count - 1)))
    return GrowthCurve(q, meaning, space, threshold, far, sizes, fpir, low, high, _limit(above, count - 1))


def false_positive_rate(above: Doubles, others: int, sizes: NDArray[np.intp], weights: Doubles | None = None) -> Doubles:
    """FPIR (k,) for gallery `sizes` (k,), when `above` (P,) of `others` reach the threshold against each person.

    >>> false_positive_rate(np.array([1.0, 0.0]), 4, np.array([1, 2, 4]))  # ¼, ½ and 1 for the first, never for the second
    array([0.125, 0.25 , 0.5  ])
    """
    values, place = np.unique(np.minimum(above, others), return_inverse=True)
    share = np.bincount(place, weights) / (len(above) if weights is None else weights.sum())
    rest = others - values[:, None]
    log_none = gammaln(rest + 1) - gammaln(np.maximum(rest - sizes, 0) + 1)
    log_none = log_none + gammaln(others - sizes + 1) - gammaln(others + 1)
    none = np.where(rest >= sizes, np.exp(log_none), 0.0)
    return np.asarray(share @ (1 - none))


def unseen_fpir(people: int, sizes: NDArray[np.intp], searched: int | None = None) -> Doubles:
    """(k,) the upper end of FPIR in galleries of `sizes` where none of `people` reaches the threshold against another.

    Two people who would are in one pair, so that the people are worth half as many trials (`open_end`); of searches with
    other images, `searched` people are so many. Whoever reaches it is taken to do so against one other, who is in a gallery
    of N with probability N / (people − 1).
    """
    share = open_end(0.0, (0.0, 0.0), searched or people / 2)[1]
    return np.asarray(share * np.minimum(sizes / (people - 1), 1.0))


def _limit(above: Doubles, others: int) -> float | None:
    """The smallest gallery at which FPIR reaches one half, by bisection."""
    low, high = 1, others
    if false_positive_rate(above, others, np.array([high]))[0] < HALF:
        return None
    while low < high:
        middle = (low + high) // 2
        if false_positive_rate(above, others, np.array([middle]))[0] < HALF:
            low = middle + 1
        else:
            high = middle
    return float(low)


def _hits(entries: Entries, threshold: float) -> csr_array:
    """(P, P) ones where two people's scores reach the threshold."""
    rows, columns = [], []
    for start in range(0, len(entries.probes), _BLOCK):
        block = entries.probes[start : start + _BLOCK] @ entries.gallery.T
        own = np.arange(len(block))
        block[own, own + start] = -np.inf
        found = np.nonzero(block >= np.float32(threshold))
        rows.append(found[0] + start)
        columns.append(found[1])
    places = (np.concatenate(rows), np.concatenate(columns))
    return csr_array((np.ones(len(places[0])), places), shape=(len(entries.gallery),) * 2)
