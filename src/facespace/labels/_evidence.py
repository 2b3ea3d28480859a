"""What several networks together say of a pair: one score, a weighted sum of cosines, and the tails of such scores.

The weights are those of the linear discriminant between pairs of one name and pairs of two. A weighted sum of cosines is the
inner product of the networks' unit vectors side by side, each times the root of its weight: one matrix product finds it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..embeddings import Floats
from ..errors import InputError

Doubles = NDArray[np.float64]
Rows = NDArray[np.intp]

_PAIRS_A_PERSON = 10  # so that somebody with 500 images doesn't speak for all
_STRANGERS = 500_000
_FEWEST_OF_TAIL = 50
_ROUNDING = 1e-5  # of a score: less between two says nothing
_STRONG = 0.01  # scores expected among right labels


def same_name_pairs(person: Rows, rng: np.random.Generator, most: int = _PAIRS_A_PERSON) -> tuple[Rows, Rows]:
    """Rows (k,), (k,) of pairs of one name, at most so many a person; unknown people (−1) have none."""
    order = np.argsort(person, kind="stable")
    order = order[person[order] >= 0]
    left, right = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    for rows in np.split(order, np.flatnonzero(np.diff(person[order])) + 1):
        n = len(rows)
        if n < 2:
            continue
        if n <= 2 * most:
            i, j = np.triu_indices(n, 1)
            if len(i) > most:
                chosen = rng.permutation(len(i))[:most]
                i, j = i[chosen], j[chosen]
        else:
            i = rng.permutation(n)[:most]
            j = (i + rng.integers(1, n, len(i))) % n
        left.append(rows[i])
        right.append(rows[j])
    return np.concatenate(left), np.concatenate(right)


def two_name_pairs(person: Rows, rng: np.random.Generator, most: int = _STRANGERS) -> tuple[Rows, Rows]:
    """Rows of random pairs of two names."""
    known = np.flatnonzero(person >= 0)
    left, right = known[rng.integers(0, len(known), (2, most))]
    apart = person[left] != person[right]
    return left[apart], right[apart]


def cosines(unit: Floats, left: Rows, right: Rows) -> Doubles:
    """(k,) cosines of rows."""
    found = np.empty(len(left))
    for start in range(0, len(left), 16_384):
        part = slice(start, start + 16_384)
        found[part] = np.einsum("ij,ij->i", unit[left[part]], unit[right[part]])
    return found


def discriminant(genuine: Doubles, impostor: Doubles) -> Doubles:
    """(m,) weights of m networks, none negative, by Fisher's discriminant of scores (k, m) and (l, m); their sum is 1.

    Networks that give every pair one score get 0. Raises InputError where all are such.
    """
    within = np.atleast_2d(np.cov(genuine, rowvar=False) + np.cov(impostor, rowvar=False))
    # Networks that never err, or that are one, leave nothing to invert; rounding would then weigh them at random.
    within[np.diag_indices_from(within)] += _ROUNDING**2
    step = genuine.mean(axis=0) - impostor.mean(axis=0)
    used = np.flatnonzero(np.ptp(np.concatenate([genuine, impostor]), axis=0) > _ROUNDING)
    if not len(used):
        raise InputError(
            "every pair of images has one and the same score", "Are all images' embeddings copies of one vector?"
        )
    while True:
        weights = np.linalg.solve(within[np.ix_(used, used)], step[used])
        if (weights > 0).all() or len(used) == 1:
            break
        used = used[weights > 0] if (weights > 0).any() else used[[int(np.argmax(step[used]))]]
    found = np.zeros(len(step))
    found[used] = np.abs(weights)
    return np.asarray(found / found.sum(), dtype=np.float64)


def beyond_tail(scores: Doubles, of: int) -> int:
    """How many of the highest scores are far beyond what the others' tail tells: less than 0.01 would be expected there.

    `scores` (k,) are the highest of `of`. Cheap, and of strong evidence only: for warnings.
    """
    highest = np.sort(np.asarray(scores, dtype=np.float64))[::-1]
    highest = highest[: max(of // 10, 1)]
    if len(highest) < _FEWEST_OF_TAIL:
        return 0
    tail = Tail.of(highest, of, len(highest) // 5)
    return int((of * tail.beyond(highest) < _STRONG).sum())


@dataclass(frozen=True)
class Tail:
    """A tail that is normal from `start` on: P(score beyond x) = Φ(−(offset + slope · x)), as its own quantiles tell.

    The line is fitted to the scores (by rank) that are rare but not the rarest, which may be the errors that are looked for.
    """

    offset: float
    slope: float

    @classmethod
    def of(cls, scores: Doubles, of: int, skipped: int) -> Tail:
        """Fit to the highest `scores` (k,) out of `of` ones, but for the `skipped` highest of all."""
        from scipy.stats import norm

        highest = np.sort(scores)[::-1]
        ranks = np.unique(np.geomspace(skipped + 1, len(highest), 200).astype(np.intp)) - 1
        x = highest[ranks]
        z = norm.isf((ranks + 1) / of)
        slope, offset = np.polyfit(x, z, 1) if np.ptp(x) > 0 else (0.0, float(z.mean()))
        return cls(float(offset), float(max(slope, 0.0)))

    def beyond(self, x: Doubles) -> Doubles:
        """(k,) probability of a score of x or more."""
        from scipy.stats import norm

        return np.asarray(norm.sf(self.offset + self.slope * np.asarray(x)), dtype=np.float64)
