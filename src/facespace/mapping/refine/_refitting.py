"""What refine fits: maps between two galleries about the galleries' own means, which need no pairs.

With C = XᵀY of the matches (and an anchor that keeps it near the start) = U Σ Vᵀ:

    rigid      W = U (Σ/σ₁)^¼ Vᵀ, between a rotation and the raw covariation: what few or unsure matches determine
    canonical  W = G̃⁻¹ C H̃⁻¹, CCAMap's: what many matches determine
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from ...embeddings import normalize
from ..families import CCAMap
from ..statistics import Doubles, PairStatistics, svd
from ._gallery import Gallery
from ._neighbours import Mutual, Rows

SHRINK = 0.25  # exponent of the singular values of a rigid map
REGULARIZATION = 0.1
_MATCHES_PER_DIMENSION = 8  # matches per effective dimension from which on the canonical map is fitted


def match_statistics(source: Gallery, target: Gallery, left: Rows, right: Rows) -> PairStatistics:
    """Statistics of the matches about the galleries' means."""
    return PairStatistics.of(source.rows(left), target.rows(right))


def recentred(statistics: PairStatistics, source: Gallery, target: Gallery) -> PairStatistics:
    """The statistics about the galleries' means."""
    return statistics.about(source.mean.astype(np.float64), target.mean.astype(np.float64))


def rigid(covariation: Doubles) -> Doubles:
    """W = U (Σ/σ₁)^¼ Vᵀ."""
    u, sigma, vt = svd(covariation)
    weight: Doubles = (u * (sigma / max(sigma[0], np.finfo(np.float64).tiny)) ** SHRINK) @ vt
    return weight


def enough(matches: int, source: Gallery, target: Gallery) -> bool:
    """Do so many matches determine a canonical map?"""
    return matches >= _MATCHES_PER_DIMENSION * max(source.dimensions, target.dimensions)


def fit_weight(statistics: PairStatistics, canonical: bool, anchor: Doubles | None = None, strength: float = 0.0) -> Doubles:
    """W (p, q) from statistics about the galleries' means.

    `anchor` (p, q) is added to the covariation of a rigid map with `strength` times its Frobenius norm.
    """
    with threadpool_limits(1):  # as in fit_map: small decompositions lose by threads
        if canonical:
            weight: Doubles = CCAMap(REGULARIZATION, center=False).fit_statistics(statistics).weight_
            return weight
        cross = statistics.cross
        if anchor is not None and strength:
            cross = cross + anchor * (strength * np.linalg.norm(cross) / np.linalg.norm(anchor))
        return rigid(cross)


def agreement(weight: Doubles, statistics: PairStatistics) -> float:
    """⟨XW, Y⟩ / ‖XW‖‖Y‖ over the pairs: 1 for a perfect map."""
    mapped = np.sqrt(max(float(np.sum(weight * (statistics.source.gram @ weight))), 0.0))
    return float(np.sum(weight * statistics.cross) / max(mapped * np.sqrt(np.trace(statistics.target.gram)), 1e-30))


def held_out_retrieval(matches: Mutual, source: Gallery, target: Gallery, canonical: bool, limit: int, seed: int) -> float:
    """Fit on half of the matches: the share of the other half (at most `limit`) whose partner scores best among theirs.

    Mean of both ways round. By chance it is 1 / limit; a wrong map that feeds on its own choices reaches more.
    """
    order = np.random.default_rng(seed).permutation(len(matches))
    halves = order[::2], order[1::2]
    shares = []
    for fitted, tested in (halves, halves[::-1]):
        tested = tested[:limit]
        left, right = matches.left[fitted], matches.right[fitted]
        weight = fit_weight(match_statistics(source, target, left, right), canonical)
        probes = normalize(source.rows(matches.left[tested]) @ weight.astype(np.float32))
        scores = probes @ normalize(target.rows(matches.right[tested])).T
        shares.append(float(np.mean(scores.argmax(axis=1) == np.arange(len(tested)))))
    return float(np.mean(shares))
