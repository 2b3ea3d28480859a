"""The methods of the tables: fitted on keys, judged on pairs of other people."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from facespace import EmbeddingSet, cross_model_study, fit_map
from facespace.datasets import PairProtocol
from facespace.mapping import COHORT, FoldStatistics, PairStatistics
from facespace.mapping.families import CCAMap, JointMap, LikelihoodMap
from facespace.mapping.selection import Comparer, JudgedPairs

from .trials import Trial

FIXED = ("cca(ρ=0.1)", "joint(ρ=0.1)", "likelihood")
CHOSEN = ("auto", "auto-both")
CORRECTED = ("joint(ρ=0.1)", "likelihood", "auto-both")  # these are given with a cohort too
METHODS = (
    "auto", "cca(ρ=0.1)", "joint(ρ=0.1)", "joint(ρ=0.1)+cohort", "likelihood", "likelihood+cohort", "auto-both",
    "auto-both+cohort",
)  # fmt: skip
COHORT_SIZE = 2000  # keys, drawn as facespace's own study draws them
ALL_KEYS = 10  # number of the draw where no fold is left out

Rows = dict[str, np.ndarray]  # scores by method


def fresh() -> dict[str, Comparer]:
    """The families of FIXED, unfitted."""
    return {"cca(ρ=0.1)": CCAMap(0.1), "joint(ρ=0.1)": JointMap(0.1), "likelihood": LikelihoodMap()}


def cohort_rows(keys: np.ndarray, part: int) -> np.ndarray:
    """Which of the keys are the cohort."""
    return np.sort(np.random.default_rng([0, part]).permutation(keys)[:COHORT_SIZE])


def score(method: str, fitted: Comparer, judged: JudgedPairs, cohort: tuple[np.ndarray, np.ndarray]) -> Rows:
    """The scores of one map, and those corrected by the cohort where the tables have them."""
    rows = {method: judged.scores(fitted)}
    if method in CORRECTED:
        rows[method + COHORT] = judged.corrected_scores(fitted, cohort)
    return rows


def judged_pairs(trial: Trial, source: str, target: str, rows: np.ndarray | None = None) -> JudgedPairs:
    """The trial's pairs, left images by the source."""
    rows = np.arange(len(trial.same)) if rows is None else rows
    sides = trial.vectors[source], trial.vectors[target], trial.left[rows], trial.right[rows]
    return JudgedPairs.gather(*sides, trial.same[rows])


def by_folds(trial: Trial, source: str, target: str) -> Rows:
    """FIXED on the trial's own folds: every fold by maps of the other folds' images, their people being others."""
    x, y = trial.vectors[source], trial.vectors[target]
    statistics = FoldStatistics([x, y], trial.image_fold)
    found: Rows = {}
    for fold in range(statistics.n_folds):
        training = statistics.without(0, 1, {fold})
        cohort = cohort_rows(np.flatnonzero(trial.image_fold != fold), fold)
        rows = np.flatnonzero(trial.fold == fold)
        judged = judged_pairs(trial, source, target, rows)
        for method, estimator in fresh().items():
            fitted = estimator.fit_statistics(training)
            for name, scores in score(method, fitted, judged, (x[cohort], y[cohort])).items():
                found.setdefault(name, np.empty(len(trial.same), np.float32))[rows] = scores
        statistics.forget()
    return found


def chosen_by_folds(
    protocol: PairProtocol, sets: tuple[EmbeddingSet, EmbeddingSet]
) -> Iterator[tuple[tuple[str, str], Rows]]:
    """CHOSEN likewise, both ways, by the library's study: in every fold the choice is made on the other folds alone."""
    methods = (*CHOSEN, "auto-both" + COHORT)
    study = cross_model_study(sets, protocol, methods=methods, workers=1)
    names = sets[0].model, sets[1].model
    for pair in (names, names[::-1]):
        yield pair, {method: study.cell(*pair, method, "same").scores for method in methods}


def held_out(
    keys: dict[str, np.ndarray], trials: list[Trial], source: str, target: str, methods: tuple[str, ...], ids: np.ndarray
) -> Iterator[tuple[Trial, Rows]]:
    """Maps fitted on all `keys`, L2-normalised embeddings of the images `ids` by network, judged on trials of both."""
    x, y = keys[source], keys[target]
    cohort = cohort_rows(np.arange(len(x)), ALL_KEYS)
    maps: dict[str, Comparer] = {}
    statistics = PairStatistics.of(x, y)
    for method, estimator in fresh().items():
        if method in methods:
            maps[method] = estimator.fit_statistics(statistics)
    for method in CHOSEN:
        if method in methods:
            sides = EmbeddingSet(x, ids, model=source), EmbeddingSet(y, ids, model=target)
            maps[method] = fit_map(*sides, method, judge=False, provenance=False)
    for trial in trials:
        if source not in trial.vectors or target not in trial.vectors:
            continue
        found: Rows = {}
        for method, fitted in maps.items():
            found |= score(method, fitted, judged_pairs(trial, source, target), (x[cohort], y[cohort]))
        yield trial, found
