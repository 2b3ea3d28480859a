"""Scores of maps that did not see the pair's fold: folds × ordered pairs of networks × methods."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..embeddings import Floats
from .families import LikelihoodMap, LinearEstimator, all_candidates, candidates, joint_candidates, make_estimator
from .folds import FoldStatistics
from .selection import Comparer, JudgedPairs, People, select
from .statistics import PairStatistics

Key = tuple[int, int, str]  # source, target, method

INNER = 3  # parts of the training folds that a choice is cross-validated on
COHORT = "+cohort"  # a method's name with this: its scores corrected by a cohort from the training folds
COHORT_SIZE = 2000
CUTS = ("out-of-fold", "in-sample")  # which scores of the other folds a fold's threshold is chosen on


@dataclass(frozen=True, eq=False)
class FoldScores:
    """The fits and scores of one pairing: per fold, every ordered pair of models under every method.

    `cut` "out-of-fold": every pair has one score, by the map fitted without its fold; on those of the other folds a fold's
    threshold is chosen. "in-sample", as in the papers: every fold's map scores all pairs, and the threshold is chosen on
    those that it was fitted on; their genuine scores are too high, and so is the threshold.
    """

    sources: list[Floats]  # per model (k, d): every left image once
    left: NDArray[np.intp]  # (n,) its row, for the n pairs
    references: list[Floats]  # (n, d): right images
    same: NDArray[np.bool_]
    fold: NDArray[np.intp]
    statistics: FoldStatistics
    methods: tuple[str, ...]
    alpha: float
    center: bool
    faces: list[Floats]  # per model: the images that a cohort may be drawn from
    face_fold: NDArray[np.intp]
    seed: int
    cut: str = CUTS[0]
    people: People | None = None  # codes of the pairs' persons, left and right (n,)

    def run(
        self, workers: int, progress: Callable[[int], Any]
    ) -> tuple[dict[Key, NDArray[np.float32]], dict[Key, list[str]]]:
        """Scores by (source, target, method), and what was chosen in each fold where a method chooses.

        Scores are (n,), or in-sample, and where "auto-both" chose several families, (folds, n): what `kfold_accuracy` takes.
        """
        ordered = list(itertools.permutations(range(len(self.sources)), 2))
        n_folds, n = self.statistics.n_folds, len(self.same)
        held_out = self.cut == CUTS[0]
        shape = (n,) if held_out else (n_folds, n)
        scores = {(s, t, m): np.empty(shape, np.float32) for s, t in ordered for m in self.methods}
        chosen: dict[Key, list[str]] = {key: [] for key in scores}
        for fold in range(n_folds):
            scored = np.flatnonzero(self.fold == fold) if held_out else np.arange(n)
            # Each thread has one pair of models; threads inside the linear algebra would only get in their way.
            with threadpool_limits(1), ThreadPoolExecutor(workers) as pool:
                results = pool.map(partial(self._pair, fold, scored), ordered)
                for (s, t), rows in zip(ordered, results, strict=True):
                    for method, (row, choice) in rows.items():
                        scores[s, t, method][scored if held_out else fold] = row
                        chosen[s, t, method].append(choice)
            self.statistics.forget()
            progress(fold + 1)
        for key in scores:
            if held_out and key[2].removesuffix(COHORT) == "auto-both" and len(set(chosen[key])) > 1:
                scores[key] = self._by_choice(key, scores[key], chosen[key])
        return scores, chosen

    def _pair(
        self, fold: int, scored: NDArray[np.intp], pair: tuple[int, int]
    ) -> dict[str, tuple[NDArray[np.float32], str]]:
        s, t = pair
        training = self.statistics.without(s, t, {fold})
        judged = JudgedPairs.gather(self.sources[s], self.references[t], self.left[scored], scored, self.same[scored])
        rows: dict[str, tuple[NDArray[np.float32], str]] = {}
        done: list[tuple[Comparer, NDArray[np.float32]]] = []
        for name in self.methods:
            method, corrected = name.removesuffix(COHORT), name.endswith(COHORT)
            if corrected and method in rows:
                choice = rows[method][1]
                fitted = next(other for other, row in done if row is rows[method][0])
                rows[name] = judged.corrected_scores(fitted, self._cohort(s, t, fold)), choice
                continue
            options = self._options(method, s, t)
            choice = next(iter(options)) if len(options) == 1 else self._choose(options, s, t, fold)
            estimator = options[choice].fit_statistics(training.stored() if method.startswith("auto") else training)
            if corrected:
                rows[name] = judged.corrected_scores(estimator, self._cohort(s, t, fold)), choice
                continue
            # Families often agree, as `auto` with its choice or a rotation with the orthogonal map: score only once.
            row = next((row for other, row in done if _equal(other, estimator)), None)
            rows[method] = judged.scores(estimator) if row is None else row, choice
            done.append((estimator, rows[method][0]))
        return rows

    def _by_choice(self, key: Key, own: NDArray[np.float32], labels: list[str]) -> NDArray[np.float32]:
        """(folds, n): in row f all pairs by the family that was chosen in fold f, each by its fit without the pair's fold.

        For a cut can't be chosen on other folds' scores by other families: cosines and likelihood ratios differ in size.
        """
        s, t, method = key
        options = self._options(method.removesuffix(COHORT), s, t)
        by_label = {label: own.copy() for label in labels}
        for fold in range(self.statistics.n_folds):
            rows = np.flatnonzero(self.fold == fold)
            judged = JudgedPairs.gather(self.sources[s], self.references[t], self.left[rows], rows, self.same[rows])
            training = self.statistics.without(s, t, {fold}).stored()
            for label in by_label.keys() - {labels[fold]}:
                with threadpool_limits(1):
                    fitted = options[label].fit_statistics(training)
                if method.endswith(COHORT):
                    by_label[label][rows] = judged.corrected_scores(fitted, self._cohort(s, t, fold))
                else:
                    by_label[label][rows] = judged.scores(fitted)
        self.statistics.forget()
        return np.stack([by_label[label] for label in labels])

    def own_with_cohort(self, model: int) -> NDArray[np.float32]:
        """(n,) one network's own scores on the pairs, corrected by a cohort from the other folds."""
        judged = JudgedPairs(self.sources[model], self.left, self.references[model], self.same)
        scores = np.empty(len(self.same), dtype=np.float32)
        for fold in range(self.statistics.n_folds):
            own = self.fold == fold
            scores[own] = judged.corrected_scores(_Unmapped(), self._cohort(model, model, fold))[own]
        return scores

    def _cohort(self, s: int, t: int, fold: int) -> tuple[Floats, Floats]:
        rows = np.flatnonzero(self.face_fold != fold)
        chosen = np.sort(np.random.default_rng([self.seed, fold]).permutation(rows)[:COHORT_SIZE])
        return self.faces[s][chosen], self.faces[t][chosen]

    def _options(self, method: str, s: int, t: int) -> dict[str, Comparer]:
        if method == "auto":
            return dict(candidates(self.statistics.dims[s], self.statistics.dims[t]))
        if method == "auto-both":
            return dict(all_candidates(self.statistics.dims[s], self.statistics.dims[t]))
        if method == "joint":
            return dict(joint_candidates())
        if method == "likelihood":
            return {method: LikelihoodMap()}
        return {method: make_estimator(method, alpha=self.alpha, center=self.center)}

    def _choose(self, options: dict[str, Comparer], s: int, t: int, fold: int) -> str:
        others = [number for number in range(self.statistics.n_folds) if number != fold]
        training, judged = [], []
        for part in range(INNER):
            held = others[part::INNER]
            training.append(self.statistics.without(s, t, {fold, *held}).stored())
            rows = np.flatnonzero(np.isin(self.fold, held))
            people = None if self.people is None else (self.people[0][rows], self.people[1][rows])
            sides = self.sources[s], self.references[t], self.left[rows], rows, self.same[rows], people
            judged.append(JudgedPairs.gather(*sides))
        return select(options, training, judged).chosen


class _Unmapped:
    """Both sides as they are."""

    def fit_statistics(self, statistics: PairStatistics) -> Self:
        return self

    def probe(self, x: Floats) -> Floats:
        return x

    def reference(self, y: Floats) -> Floats:
        return y


def _equal(a: Comparer, b: Comparer) -> bool:
    if not isinstance(a, LinearEstimator) or not isinstance(b, LinearEstimator):
        return False
    return bool(a.center == b.center and np.array_equal(a.weight_, b.weight_))
