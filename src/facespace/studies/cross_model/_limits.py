"""Intervals of a study's accuracies and losses: all are of the same pairs, so people are what was sampled, in means too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...metrics import accuracy_error, compare_scores, open_end

Decided = NDArray[np.bool_]  # (n,) which pairs were decided rightly
_NORMAL = 1.959963984540054  # for 95 %


@dataclass(frozen=True, eq=False)
class Judged:
    """The pairs that everything is judged on: `same` (n,), `fold` (n,) from 0, `people` the codes of both sides or None."""

    same: Decided
    fold: NDArray[np.int64]
    people: tuple[NDArray[Any], NDArray[Any]] | None

    def right(self, scores: NDArray[np.floating], thresholds: NDArray[np.float64]) -> Decided:
        """Which pairs (n,) are decided rightly, each at the threshold of its fold."""
        decided: Decided = (scores.astype(np.float64) >= thresholds[self.fold]) == self.same
        return decided

    def beside(self, right: Decided, own: Decided) -> tuple[float, float, float, float]:
        """Low and high of the accuracy of `right`, and of what it loses against `own`."""
        none = np.zeros(len(right))
        found = compare_scores(none, none + 1, self.same, self.people, (), correct=(right, own), fold=self.fold).accuracy
        assert found is not None
        return found.first_low, found.first_high, found.low, found.high

    def means(self, right: Sequence[Decided], own: Sequence[Decided]) -> tuple[float, float, float, float]:
        """The same of the mean over several comparisons, each with the `own` that it loses against."""
        one, two = (np.mean(side, axis=0) for side in (right, own))
        weights = 1 / np.bincount(self.fold)[self.fold]
        accuracy, loss = (float(np.average(values, weights=weights)) for values in (one, two - one))
        # Of the errors: a difference from nothing but ones, whose few are reckoned with as `accuracy_error` does.
        wide, narrow = (self._half(base, one) for base in (np.ones_like(one), two))
        return max(accuracy - wide, 0.0), min(accuracy + wide, 1.0), loss - narrow, loss + narrow

    def _half(self, first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
        """Half the interval of the difference; where all pairs fare alike, as wide as so many people allow."""
        if np.array_equal(first, second):
            people = 2 * len(first) if self.people is None else len(np.unique(self.people))
            return open_end(0.0, (0.0, 0.0), min(len(first), people))[1]
        return _NORMAL * accuracy_error(first, second, self.same, self.people, self.fold)

    def summary(self, decided: Sequence[tuple[Decided, int, int]], own: Sequence[Decided]) -> dict[str, float]:
        """Ends of what `CrossModelResult.summary` has the means of; `decided`: right, the target, the poorer network."""
        right = [one[0] for one in decided]
        target = self.means(right, [own[t] for _, t, _ in decided])
        poorer = self.means(right, [own[p] for _, _, p in decided])
        found = {"accuracy": target[:2], "mean_loss_target": target[2:], "mean_loss_poorer": poorer[2:]}
        return {f"{key}_{end}": value for key, two in found.items() for end, value in zip(("low", "high"), two, strict=True)}
