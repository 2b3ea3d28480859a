"""Unlinkability after Gomez-Barrero, Galbally, Rathgeb and Busch (2018), and how far a template can be renewed.

Two templates of different secrets are mated if they are of one person. With the likelihood ratio of a score s between them,
LR(s) = p(s | mated) / p(s | non-mated), and ω = P(mated) / P(non-mated), here 1, the local and the global measure are

    D↔(s)  = 2 ω LR / (1 + ω LR) − 1   where ω LR > 1, else 0
    D_sys  = ∫ p(s | mated) D↔(s) ds

0 is fully unlinkable, 1 fully linkable. M. Gomez-Barrero, J. Galbally, C. Rathgeb, C. Busch, General framework to evaluate
unlinkability in biometric template protection systems, IEEE TIFS 13, 2018, eq. 7 and 8. Densities are histograms of
min(mated / 10, 100) equal bins over all scores, as in the authors' program; where only mated scores lie D↔ is 1.

Histograms of few scores differ by chance, so D_sys of scores that say nothing is above 0: `floor` is what it is when mated
and non-mated are exchanged at random. It judges the score it is given; a better attacker may link more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from ...metrics import open_end

Doubles = NDArray[np.float64]
_SHUFFLES = 20


@dataclass(frozen=True, eq=False)
class Linkability:
    """D_sys, and D↔ in bins of scores: `edges` (b + 1,), `local` (b,)."""

    d_sys: float
    edges: Doubles
    local: Doubles


def linkability(mated: ArrayLike, nonmated: ArrayLike, *, omega: float = 1.0, bins: int | None = None) -> Linkability:
    """D_sys and D↔ of mated scores (n,) and non-mated ones (m,).

    Raises InputError for fewer than 10 scores of either kind, or scores that aren't finite.

    >>> linkability(np.linspace(2, 3, 50), np.linspace(0, 1, 50)).d_sys
    1.0
    >>> linkability(np.linspace(0, 1, 50), np.linspace(0, 1, 50)).d_sys
    0.0
    """
    a, b = np.asarray(mated, dtype=np.float64), np.asarray(nonmated, dtype=np.float64)
    if min(a.size, b.size) < 10 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InputError(
            f"unlinkability needs 10 finite scores of either kind at least; got {a.size:,} mated and {b.size:,} non-mated"
        )
    edges = _edges(a, b, bins)
    share: list[Doubles] = [np.asarray(np.histogram(x, edges)[0] / len(x), dtype=np.float64) for x in (a, b)]
    local = _local(share[0], share[1], omega)
    return Linkability(float(share[0] @ local), edges, local)


def floor_of(mated: Doubles, nonmated: Doubles, seed: int) -> float:
    """Mean D_sys of the same scores with mated and non-mated exchanged at random."""
    rng = np.random.default_rng([seed, 5])
    every, n = np.concatenate([mated, nonmated]), len(mated)
    found = []
    for _ in range(_SHUFFLES):
        rng.shuffle(every)
        found.append(linkability(every[:n], every[n:]).d_sys)
    return float(np.mean(found))


def linkability_limits(
    mated: Doubles, nonmated: Doubles, people: tuple[NDArray[Any], NDArray[Any], NDArray[Any]], *, resamples: int, seed: int
) -> tuple[float, float]:
    """95 % interval of D_sys by drawing people; `people`: codes of the mated pairs, and of both sides of the others.

    The bins stay. A non-mated pair counts as often as both its people are drawn. Histograms of draws scatter twice, so their
    mean is above D_sys; the interval is moved back by that.
    """
    edges = _edges(mated, nonmated, None)
    place = [np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, len(edges) - 2) for scores in (mated, nonmated)]
    rng = np.random.default_rng([seed, 6])
    count = 1 + max(int(one.max()) for one in people)
    found = np.empty(resamples)
    for i in range(resamples):
        drawn = np.bincount(rng.integers(0, count, count), minlength=count).astype(np.float64)
        weights = drawn[people[0]], drawn[people[1]] * drawn[people[2]]
        counts = [np.bincount(p, weights=w, minlength=len(edges) - 1) for p, w in zip(place, weights, strict=True)]
        shares = [np.asarray(one / max(one.sum(), 1e-300), dtype=np.float64) for one in counts]
        found[i] = shares[0] @ _local(shares[0], shares[1], 1.0)
    value = linkability(mated, nonmated).d_sys
    low, high = np.percentile(found - (found.mean() - value), [2.5, 97.5])
    ends = max(float(min(low, value)), 0.0), min(float(max(high, value)), 1.0)
    return open_end(value, ends, np.bincount(people[0]))


def _edges(a: Doubles, b: Doubles, bins: int | None) -> Doubles:
    count = bins or max(min(len(a) // 10, 100), 1)
    low, high = min(a.min(), b.min()), max(a.max(), b.max())
    if high <= low:
        high = low + 1.0
    edges: Doubles = np.linspace(low, high, count + 1)
    return edges


def _local(mated: Doubles, nonmated: Doubles, omega: float) -> Doubles:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = omega * mated / nonmated
        local = np.where(ratio > 1, 2 * ratio / (1 + ratio) - 1, 0.0)
    result: Doubles = np.where((nonmated == 0) & (mated > 0), 1.0, np.where(nonmated == 0, 0.0, local))
    return result
