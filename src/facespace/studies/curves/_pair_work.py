"""One ordered pair of spaces: the pairs maps are fitted on and the pairs they are judged by, in the same folds of people."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...datasets import PairProtocol
from ...embeddings import EmbeddingSet, Floats, normalize
from ...errors import InputError, unknown_name
from ...mapping import (
    CUTS,
    FAMILIES,
    JudgedPairs,
    Moments,
    PairStatistics,
    few_pairs,
    make_estimator,
    paired_vectors,
    sample_pairs,
)
from ...mapping.families import LinearEstimator
from ...metrics import best_threshold, check_folds, kfold_accuracy
from ..cross_model import PAIRINGS
from ..training_images import training_images
from ._directions import leading_directions, scores_by_rank

Doubles = NDArray[np.float64]
Progress = Callable[[int, int], None] | None

PARTS, LEAST_PARTS = 10, 5  # folds that people without a protocol are dealt into

_BLOCK = 2048  # pairs whose products of coordinates are summed at a time


@dataclass(frozen=True, eq=False)
class PairWork:
    """Pairs to fit on, x (m, p) and y (m, q), and pairs to judge by (n), each with its fold 0 … k − 1; all L2-normalised.

    A fold of −1 among the pairs to fit on is in every training. `own` (n,) are the target network's own scores.
    """

    x: Floats
    y: Floats
    training_fold: NDArray[np.int64]
    judged: JudgedPairs
    fold: NDArray[np.int64]
    own: Floats

    @classmethod
    def of_protocol(
        cls, source: EmbeddingSet, target: EmbeddingSet, protocol: PairProtocol, pairing: str, keys: str
    ) -> PairWork:
        """The pairs of a protocol with folds, as the cross-model study has them."""
        if protocol.fold is None or protocol.n_folds < 3:
            raise InputError(
                f"protocol {protocol.name!r} has {protocol.n_folds} folds; a map is fitted inside each: at least 3",
                "LFW's pairs.txt has ten; a csv gets them by a column fold.",
            )
        check_folds(protocol.same, protocol.fold)
        if pairing not in PAIRINGS:
            raise unknown_name("pairing", pairing, PAIRINGS)
        sets = (source, target)
        for faces in sets:
            faces.rows(protocol.ids)  # raises, naming the set and the missing images
        ids, image_fold = training_images(sets, protocol, keys)
        a, b = (normalize(faces.vectors[faces.rows(ids)]) for faces in sets)
        left, right = np.searchsorted(ids, protocol.left), np.searchsorted(ids, protocol.right)
        fold = image_fold[left]
        judged = JudgedPairs.gather(a, b, left, right, protocol.same)
        own = np.vecdot(b[left], b[right])
        if pairing == "same":
            return cls(a, b, image_fold, judged, fold, own)
        g = protocol.same
        return cls(a[left[g]], b[right[g]], fold[g], judged, fold, own)

    @classmethod
    def of_sets(cls, source: EmbeddingSet, target: EmbeddingSet, seed: int) -> PairWork:
        """The images that both sets have, their people dealt into folds, and pairs of images drawn within each.

        Where people are not known, or have no two images, a genuine pair is one image as both networks saw it.
        """
        x, y, known, *_ = paired_vectors(source, target, None)
        rows, subjects = known.units()
        x, y = x[rows], y[rows]
        _, person, images = np.unique(subjects, return_inverse=True, return_counts=True)
        several = int(np.count_nonzero(images > 1))
        one_image = several < 2 * LEAST_PARTS
        people = len(images) if one_image else several
        if people < 2 * LEAST_PARTS:
            raise InputError(
                f"a learning curve needs at least {2 * LEAST_PARTS} people; these {len(x):,} pairs show {people}",
                "Add pairs of more people.",
            )
        # Impostor pairs are drawn within a fold, so each must have a few people.
        part = _deal(images, PARTS if people >= 5 * PARTS else LEAST_PARTS, seed)[person]
        labels = np.arange(len(x)) if one_image else subjects
        left, right, same = sample_pairs(labels, part, genuine=20_000, per_person=3, seed=seed)
        kept = same | (subjects[left] != subjects[right])
        left, right, same = left[kept], right[kept], same[kept]
        judged = JudgedPairs.gather(x, y, left, right, same)
        return cls(x, y, part, judged, part[left], np.vecdot(y[left], y[right]))

    @property
    def folds(self) -> int:
        """Number of folds k."""
        return int(self.fold.max()) + 1

    @property
    def available(self) -> int:
        """How many pairs the smallest training part has."""
        return min(len(self._training(fold)) for fold in range(self.folds))

    def by_size(
        self,
        methods: Sequence[str],
        sizes: Sequence[int],
        *,
        repeats: int,
        seed: int,
        alpha: float = 1.0,
        center: bool = True,
        cut: str = CUTS[0],
        workers: int | None = None,
        progress: Progress = None,
    ) -> Doubles:
        """Accuracies (methods, sizes, repeats, folds) of maps fitted on `sizes` pairs drawn from the training folds.

        Every fold of every repeat draws anew; within a draw the larger samples contain the smaller ones, so that each size
        costs only the pairs it adds. A size of `available` or more means all pairs of the training folds, which in some
        folds are a few more. For a size below twice the dimensions the training images are two galleries, of a half
        each, that share no image: maps are centred by them, and anchored uses their spread, as `fit_map` uses all it is
        given.

        The threshold is the best on the other folds' pairs, each under its own fold's map, which has not seen them. With the
        cut "in-sample" it is the best on all pairs of the training folds under the same map, as in the papers: that map has
        seen part of them, which misleads the threshold, the more the fewer there are.
        """
        held_out = cut == CUTS[0]
        result = np.empty((len(methods), len(sizes), repeats, self.folds))
        scores = np.empty((len(methods), len(sizes), repeats, len(self.fold) if held_out else 0), dtype=np.float32)
        order = np.argsort(sizes)

        def task(item: tuple[int, int]) -> None:
            repeat, fold = item
            rows = self._training(fold)
            drawn = np.random.default_rng([seed, repeat, fold]).permutation(rows)
            judged, own = self._judged_in(fold) if held_out else (self.judged, np.empty(0, dtype=np.intp))

            def put(number: int, place: int, which: int | slice, row: NDArray[np.float32]) -> None:
                if held_out:
                    scores[number, place][which, own] = row
                else:
                    result[number, place, which, fold] = self._accuracy(row, fold)

            few = center and few_pairs(min(sizes), self.x.shape[1], self.y.shape[1])
            galleries = Galleries.of(self.x[drawn[::2]], self.y[drawn[1::2]], judged) if few else None
            statistics = PairStatistics.empty(self.x.shape[1], self.y.shape[1])
            taken = 0
            for place in order:
                if sizes[place] >= self.available:
                    if repeat == 0:  # nothing is drawn, so every repeat is the same
                        everything = PairStatistics.of(self.x[rows], self.y[rows])
                        for number, estimator in enumerate(_fitted(methods, everything, alpha, center)):
                            put(number, place, slice(None), judged.scores(estimator))
                    continue
                added = drawn[taken : sizes[place]]
                statistics = statistics.update(self.x[added], self.y[added])
                taken = sizes[place]
                for number, row in enumerate(_scores(methods, statistics, alpha, center, judged, galleries)):
                    put(number, place, repeat, row)

        _each(task, [(r, f) for r in range(repeats) for f in range(self.folds)], workers, progress)
        if held_out:
            for index in np.ndindex(result.shape[:3]):
                result[index] = kfold_accuracy(scores[index], self.judged.same, self.fold).folds
        return result

    def by_rank(
        self,
        methods: Sequence[str],
        ranks: Sequence[int],
        *,
        alpha: float = 1.0,
        center: bool = True,
        cut: str = CUTS[0],
        workers: int | None = None,
        progress: Progress = None,
    ) -> Doubles:
        """Accuracies (methods, ranks, 1, folds) of each fold's map projected on its leading directions.

        One fit per fold and method: with V the right singular vectors of the fitted values X W, the scores of all ranks r
        are running sums over the coordinates of x W V and y V, because W V_r V_rᵀ only leaves the later ones out. The
        threshold is as in `by_size`.
        """
        held_out = cut == CUTS[0]
        result = np.empty((len(methods), len(ranks), 1, self.folds))
        kept = np.empty((len(methods), len(ranks), len(self.fold) if held_out else 0), dtype=np.float32)

        def task(fold: int) -> None:
            rows = self._training(fold)
            statistics = PairStatistics.of(self.x[rows], self.y[rows])
            for number, estimator in enumerate(_fitted(methods, statistics, alpha, center)):
                judged, own = self._judged_in(fold) if held_out else (self.judged, np.empty(0, dtype=np.intp))
                scores = scores_by_rank(judged, estimator, leading_directions(estimator, statistics), ranks)
                if held_out:
                    kept[number][:, own] = scores
                else:
                    result[number, :, 0, fold] = [self._accuracy(column, fold) for column in scores]

        _each(task, list(range(self.folds)), workers, progress)
        if held_out:
            for index in np.ndindex(result.shape[:2]):
                result[index] = kfold_accuracy(kept[index], self.judged.same, self.fold).folds
        return result

    def own_accuracy(self) -> Doubles:
        """(folds,) accuracy of the target alone."""
        return np.array([self._accuracy(self.own, fold) for fold in range(self.folds)])

    def _judged_in(self, fold: int) -> tuple[JudgedPairs, NDArray[np.intp]]:
        """The pairs of `fold`, and their rows among all."""
        own, judged = np.flatnonzero(self.fold == fold), self.judged
        return JudgedPairs.gather(judged.x, judged.y, judged.left[own], own, judged.same[own]), own

    def _training(self, fold: int) -> NDArray[np.intp]:
        return np.flatnonzero(self.training_fold != fold)

    def _accuracy(self, scores: NDArray[np.float32], fold: int) -> float:
        """On the pairs of `fold`, with the threshold that is best on all pairs of the other folds."""
        own = self.fold == fold
        cut = best_threshold(scores[~own], self.judged.same[~own])[0]
        return float(((scores[own] >= cut) == self.judged.same[own]).mean())


@dataclass(frozen=True, eq=False)
class Galleries:
    """What embeddings without partner tell where pairs are few: both sides' moments, and judged pairs about the means."""

    moments: tuple[Moments, Moments]
    judged: JudgedPairs

    @classmethod
    def of(cls, x: Floats, y: Floats, judged: JudgedPairs) -> Galleries:
        """Of the galleries x (m, p) and y (k, q)."""
        moments = Moments.of(x), Moments.of(y)
        a, b = (side.mean.astype(np.float32) for side in moments)
        return cls(moments, JudgedPairs(judged.x - a, judged.left, judged.y - b, judged.same))


def _scores(
    methods: Sequence[str],
    statistics: PairStatistics,
    alpha: float,
    center: bool,
    judged: JudgedPairs,
    galleries: Galleries | None,
) -> Iterator[NDArray[np.float32]]:
    """Scores of `judged` under the map of each method, centred as `fit_map` centres that many pairs."""
    if galleries is None or not few_pairs(statistics.n, statistics.source.dim, statistics.target.dim):
        for estimator in _fitted(methods, statistics, alpha, center):
            yield judged.scores(estimator)
        return
    moments = galleries.moments
    about = statistics.about(moments[0].mean, moments[1].mean)
    for method in methods:
        estimator = make_estimator(method, alpha=alpha, galleries=moments, center=False)
        if method == "identity":  # the control is never centred
            yield judged.scores(estimator.fit_statistics(statistics))
        else:
            yield galleries.judged.scores(estimator.fit_statistics(about))


def _fitted(methods: Sequence[str], statistics: PairStatistics, alpha: float, center: bool) -> Iterator[LinearEstimator]:
    return (make_estimator(method, alpha=alpha, center=center).fit_statistics(statistics) for method in methods)


def _deal(images: NDArray[np.intp], parts: int, seed: int) -> NDArray[np.int64]:
    """Part of each person, given how many images each has: most images first, each to the part with the fewest."""
    shuffled = np.random.default_rng(seed).permutation(len(images))
    filled, part = np.zeros(parts, dtype=np.int64), np.empty(len(images), dtype=np.int64)
    for person in shuffled[np.argsort(-images[shuffled], kind="stable")]:
        part[person] = filled.argmin()
        filled[part[person]] += images[person]
    return part


def known_methods(methods: Sequence[str]) -> tuple[str, ...]:
    """`methods`, each once; raises InputError for none, UnknownNameError for one that is not a family."""
    if not methods:
        raise InputError("no method is given", f"Known: {', '.join(FAMILIES)}.")
    for method in methods:
        if method not in FAMILIES:
            raise unknown_name("method", method, FAMILIES)
    return tuple(dict.fromkeys(methods))


def default_methods() -> tuple[str, ...]:
    """What the curves show without being asked."""
    return tuple(method for method in ("anchored", "ridge", "rotation") if method in FAMILIES)


def _each(task: Callable[[Any], None], items: list[Any], workers: int | None, progress: Progress) -> None:
    # Each thread has one fit; threads inside the linear algebra would only get in their way.
    with threadpool_limits(1), ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        for done, _ in enumerate(pool.map(task, items), 1):
            if progress is not None:
                progress(done, len(items))
