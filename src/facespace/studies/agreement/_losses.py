"""Accuracy and TAR of compared networks, of all people and of resamples of them.

A resample counts person i w_i times: a genuine pair of i counts w_i times, an impostor pair of i and j w_i w_j times.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...metrics import Roc
from ._images import Comparisons, Doubles

_BLOCK = 100  # resamples at a time


class Judge:
    """Rates of scores (m,) of `pairs`, (1 + R,) each: of all people, then of the R resamples in `weights` (1 + R, P)."""

    def __init__(self, pairs: Comparisons, weights: NDArray[np.integer], far: float) -> None:
        self.pairs, self.far = pairs, far
        self._weights, self.samples = weights, len(weights)  # 1 + R
        g = pairs.genuine
        self._genuine_people = pairs.people[0][:g]
        self._sides = pairs.people[0][g:], pairs.people[1][g:]
        self._genuine_total = self._genuine(np.arange(g))
        self._impostor_total = self._impostor(np.arange(len(pairs.left) - g))

    def accuracy(self, scores: NDArray[np.floating]) -> tuple[Doubles, NDArray[np.bool_]]:
        """(1 + R,) mean of the shares of right decisions on genuine and impostor pairs, and which (m,) were right.

        Thresholds are those of the largest such mean on the other folds' pairs, and stay as they are in the resamples.
        """
        g = self.pairs.genuine
        right = np.empty(len(scores), dtype=np.bool_)
        truth = np.arange(len(scores)) < g
        for fold in np.unique(self.pairs.fold):
            own = self.pairs.fold == fold
            accept = scores[own] >= _best_cut(scores[truth & ~own], scores[~truth & ~own])
            right[own] = accept == truth[own]
        found = self._genuine(np.flatnonzero(right[:g])) / self._genuine_total
        found += 1.0 - self._impostor(np.flatnonzero(~right[g:])) / self._impostor_total
        return found / 2, right

    def tar(self, scores: NDArray[np.floating]) -> tuple[Doubles, NDArray[np.bool_]]:
        """(1 + R,) TAR at the FAR, with the threshold of each resample, and which genuine pairs all people's accepts."""
        g = self.pairs.genuine
        impostors, genuine = scores[g:], scores[:g]
        # No resample's threshold lies far below the sample's, so only the largest impostor scores are looked at.
        top = min(len(impostors), int(10 * self.far * len(impostors)) + 100)
        highest = np.argsort(-impostors, kind="stable")[:top]
        order = np.argsort(-genuine, kind="stable")
        descending = -genuine[order]
        found = np.empty(len(self._weights))
        cut = 0.0
        for start in range(0, len(self._weights), _BLOCK):
            w = self._weights[start : start + _BLOCK].astype(np.float64)
            accepted = np.cumsum(w[:, self._sides[0][highest]] * w[:, self._sides[1][highest]], axis=1)
            allowed = self.far * self._impostor_total[start : start + _BLOCK] * (1 + 1e-12)
            first_out = np.minimum((accepted <= allowed[:, None]).sum(axis=1), top - 1)
            cuts = impostors[highest[first_out]]  # accepted is what lies above the first impostor that may not pass
            passing = np.searchsorted(descending, -cuts, side="left")
            sums = np.concatenate([np.zeros((len(w), 1)), np.cumsum(w[:, self._genuine_people[order]], axis=1)], axis=1)
            found[start : start + _BLOCK] = sums[np.arange(len(w)), passing]
            cut = cut if start else float(cuts[0])
        return found / self._genuine_total, genuine > cut

    def unsure(self, one: NDArray[np.bool_], two: NDArray[np.bool_], rng: np.random.Generator) -> Doubles:
        """(1 + R,) what a difference of two shares over genuine pairs is not known by, 0 for all people.

        Two systems that never differ are not known to be equal: one person whose pairs all differ, either way, is added to
        the resamples, fading with the number of people whose pairs do (as metrics.difference does).
        """
        g = self.pairs.genuine
        differing = len(np.unique(self._genuine_people[one[:g] != two[:g]]))
        people = len(np.unique(self._genuine_people))
        size = len(self._weights)
        drawn = rng.poisson(0.5, size) - rng.poisson(0.5, size)
        drawn[0] = 0
        found: Doubles = drawn / (people * (1.0 + differing))
        return found

    def _genuine(self, rows: NDArray[np.intp]) -> Doubles:
        counts = np.bincount(self._genuine_people[rows], minlength=self._weights.shape[1]).astype(np.float64)
        found: Doubles = self._weights @ counts
        return found

    def _impostor(self, rows: NDArray[np.intp]) -> Doubles:
        one, two = (side[rows] for side in self._sides)
        blocks: Sequence[NDArray[np.integer]] = np.array_split(self._weights, max(len(self._weights) // _BLOCK, 1))
        return np.concatenate(
            [np.einsum("rm,rm->r", w[:, one], w[:, two], dtype=np.float64, casting="unsafe") for w in blocks]
        )


def cosines(x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.float32]:
    """(m,) cosines of the rows of two (m, r); 0 where one is the origin."""
    lengths = np.sqrt(np.vecdot(x, x) * np.vecdot(y, y))
    found: NDArray[np.float32] = (np.vecdot(x, y) / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
    return found


def _best_cut(genuine: NDArray[np.floating], impostor: NDArray[np.floating]) -> float:
    """The threshold of the largest TAR − FAR, between the last score accepted and the next."""
    roc = Roc(genuine, impostor)
    place = int(np.argmax(roc.tar - roc.far))
    ends = roc.thresholds[place : place + 2]
    return float(ends.mean()) if np.isfinite(ends[0]) else float(ends[-1]) + 1e-6
