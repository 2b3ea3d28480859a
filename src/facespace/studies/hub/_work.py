"""The fits and scores of a hub study, fold by fold: hub, direct maps, later joins, fusion, cycles."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...embeddings import Floats, normalize
from ...mapping import CanonicalSpace, FoldStatistics, JointMap, JudgedPairs, PairStatistics

Key = tuple[Any, ...]
Rows = NDArray[np.intp]
HUB, DIRECT, JOINED, DECODED, FUSED, AVERAGED = "hub", "direct", "joined", "decoded", "fused", "averaged"


@dataclass(eq=False)
class HubWork:
    """Scores of every fold's maps on all pairs, by what was compared.

    Keys: (HUB | DIRECT | DECODED, source, target), (JOINED, source, target, the later one), (FUSED | AVERAGED, models);
    `scores[key]` is (folds, n). `cycles[source, via]` (folds,) mean cosine of x and its way A → hub → B → hub → A, both
    about the mean, over the images of the fold left out; via = source is A → hub → A.
    """

    models: tuple[str, ...]
    vectors: list[Floats]  # per model (m, d)
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    same: NDArray[np.bool_]
    image_fold: NDArray[np.int64]
    statistics: FoldStatistics
    dim: int | None
    regularization: float
    scores: dict[Key, NDArray[np.float32]] = field(default_factory=dict)
    cycles: dict[tuple[int, int], NDArray[np.float64]] = field(default_factory=dict)

    def run(self, fold: int) -> None:
        """All of one fold."""
        k = len(self.models)
        own = np.flatnonzero(self.image_fold[self.left] == fold)  # a pair is scored by the maps that have not seen it alone
        pairs = {(i, j): self.statistics.without(i, j, {fold}) for i, j in itertools.combinations(range(k), 2)}
        hub = self._fit(list(pairs.values()))
        moved = [hub.into[m].transform(x) for m, x in zip(self.models, self.vectors, strict=True)]
        unit = [normalize(h) for h in moved]
        for i, j in itertools.product(range(k), repeat=2):
            self._put((HUB, i, j), own, self._cosines(own, unit[i], unit[j]))
        for models in self.combinations():
            self._put((FUSED, models), own, self._cosines(own, *[normalize(np.sum([moved[i] for i in models], axis=0))] * 2))
        self._native(hub, own)
        self._out(hub, moved, fold, own)
        for (i, j), statistics in pairs.items():
            for (s, t), given in (((i, j), statistics), ((j, i), statistics.swap())):
                judged = JudgedPairs.gather(
                    self.vectors[s], self.vectors[t], self.left[own], self.right[own], self.same[own]
                )
                fitted = JointMap(self.regularization).fit_statistics(given)
                self._put((DIRECT, s, t), own, judged.scores(fitted))
        if k > 2:
            for new in range(k):
                self._join(pairs, new, own)

    def combinations(self) -> list[tuple[int, ...]]:
        """The models that are fused: every two, every three, all."""
        k = len(self.models)
        return [c for size in sorted({2, 3, k} & set(range(2, k + 1))) for c in itertools.combinations(range(k), size)]

    def _fit(self, statistics: list[PairStatistics]) -> CanonicalSpace:
        return CanonicalSpace.from_statistics(statistics, self.dim, regularization=self.regularization)

    def _join(self, pairs: dict[tuple[int, int], PairStatistics], new: int, own: Rows) -> None:
        """The hub of the others, which `new` joins."""
        hub = self._fit([s for pair, s in pairs.items() if new not in pair])
        hub = hub.join_statistics(self.models[new], [s for pair, s in pairs.items() if new in pair])
        unit = [normalize(hub.into[m].transform(x)) for m, x in zip(self.models, self.vectors, strict=True)]
        for other in range(len(self.models)):
            if other != new:
                self._put((JOINED, new, other, new), own, self._cosines(own, unit[new], unit[other]))
                self._put((JOINED, other, new, new), own, self._cosines(own, unit[other], unit[new]))

    def _native(self, hub: CanonicalSpace, own: Rows) -> None:
        """Averages of the networks' own scores, about their means: what fusion in the hub has to beat."""
        each = []
        for m, x in zip(self.models, self.vectors, strict=True):
            centred = normalize(x - hub.into[m].source_mean)
            each.append(self._cosines(own, centred, centred))
        for models in self.combinations():
            self._put((AVERAGED, models), own, np.mean([each[i] for i in models], axis=0))

    def _out(self, hub: CanonicalSpace, moved: list[Floats], fold: int, own: Rows) -> None:
        """Through the hub into the target's own space, and around."""
        held = self.image_fold == fold
        for i, j in itertools.product(range(len(self.models)), repeat=2):
            a, b = self.models[i], self.models[j]
            decoded = hub.out[b].transform(moved[i])
            if i != j:
                mean = hub.into[b].source_mean
                score = self._cosines(own, normalize(decoded - mean), normalize(self.vectors[j] - mean))
                self._put((DECODED, i, j), own, score)
            back = decoded[held] if i == j else hub.out[a].transform(hub.into[b].transform(decoded[held]))
            mean = hub.into[a].source_mean
            cosines = np.vecdot(normalize(back - mean), normalize(self.vectors[i][held] - mean))
            self.cycles.setdefault((i, j), np.empty(self.statistics.n_folds))[fold] = cosines.mean()

    def _cosines(self, own: Rows, x: Floats, y: Floats) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = np.vecdot(x[self.left[own]], y[self.right[own]])
        return scores

    def _put(self, key: Key, own: Rows, row: NDArray[Any]) -> None:
        self.scores.setdefault(key, np.empty(len(self.same), np.float32))[own] = row
