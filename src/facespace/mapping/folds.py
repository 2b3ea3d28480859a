"""Statistics of every ordered pair of several spaces, by fold: cross-validation becomes subtraction."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from ..embeddings import Floats
from .statistics import Doubles, Moments, PairStatistics, cross_gram


class FoldStatistics:
    """For k models and n pairs in f folds: the PairStatistics of any two models without any folds.

    Each Gram matrix is computed once; what depends on one model only (its moments and their eigendecomposition) is shared
    by all pairs that model is in. `source[m]` and `target[m]` are (n, d_m), L2-normalised: the vectors of model m on the
    source and the target side of the pairs. They are the same where both networks saw the same image; then leave `target`
    out, and the statistics of (b, a) are those of (a, b) swapped.

    `fold` is (n,), numbered anew as 0 … `n_folds` − 1 in ascending order; pairs of a negative fold belong to every training.
    """

    def __init__(
        self,
        source: Sequence[Floats],
        fold: NDArray[np.int64],
        target: Sequence[Floats] | None = None,
        models: Sequence[str] = (),
    ) -> None:
        self._sides = (source, source if target is None else target)
        self._same = target is None
        self.dims = [x.shape[1] for x in source]
        self._models = list(models) or [""] * len(source)
        self._rows = [np.flatnonzero(fold == number) for number in np.unique(fold[fold >= 0])]
        self.n_folds = len(self._rows)
        if (outside := np.flatnonzero(fold < 0)).size:
            self._rows.append(outside)  # a part of its own, which nobody holds out
        sides = self._sides[:1] if self._same else self._sides
        self._moments = [[[Moments.of(x[rows]) for rows in self._rows] for x in side] for side in sides]
        self._cross: dict[tuple[int, int], list[Doubles]] = {}
        self._kept: dict[tuple[int, int, frozenset[int]], Moments] = {}

    def without(self, source: int, target: int, held: Collection[int]) -> PairStatistics:
        """Statistics of model `source` against model `target` over all folds but `held`."""
        out = frozenset(held)
        left, right = self.moments(0, source, out), self.moments(0 if self._same else 1, target, out)
        cross = self._folds_cross(source, target)
        total = np.sum([part for number, part in enumerate(cross) if number not in out], axis=0)
        return PairStatistics(left, right, total, self._models[source], self._models[target])

    def moments(self, side: int, model: int, held: frozenset[int]) -> Moments:
        """Moments of one model over all folds but `held`, kept until `forget`."""
        key = (side, model, held)
        if key not in self._kept:
            parts = [part for number, part in enumerate(self._moments[side][model]) if number not in held]
            total = parts[0]
            for part in parts[1:]:
                total = total + part
            self._kept[key] = total
        return self._kept[key]

    def forget(self) -> None:
        """Drop the kept moments: their decompositions are the memory here, d² doubles each."""
        self._kept.clear()

    def _folds_cross(self, source: int, target: int) -> list[Doubles]:
        if (source, target) not in self._cross:
            if self._same and (target, source) in self._cross:
                return [part.T for part in self._cross[target, source]]
            x, y = self._sides[0][source], self._sides[1][target]
            self._cross[source, target] = [cross_gram(x[rows], y[rows]) for rows in self._rows]
        return self._cross[source, target]
