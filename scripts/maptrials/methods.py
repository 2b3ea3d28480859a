"""The methods of the tables: fitted on keys, judged on pairs of other people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from facespace import EmbeddingSet, fit_map
from facespace.mapping import COHORT, INNER, FoldStatistics, PairStatistics
from facespace.mapping.families import CCAMap, JointMap, LikelihoodMap, all_candidates, candidates
from facespace.mapping.selection import Comparer, JudgedPairs, select

from .trials import Trial

FIXED = ("cca(ρ=0.1)", "joint(ρ=0.1)", "likelihood")
CHOSEN = ("auto", "auto-both")
CORRECTED = ("joint(ρ=0.1)", "likelihood", "auto-both")  # these are given with a cohort too
METHODS = (
    "auto", "cca(ρ=0.1)", "joint(ρ=0.1)", "joint(ρ=0.1)+cohort", "likelihood", "likelihood+cohort", "auto-both",
    "auto-both+cohort",
)  # fmt: skip
AGAINST = (
    ("joint(ρ=0.1)", "cca(ρ=0.1)"),
    ("joint(ρ=0.1)+cohort", "joint(ρ=0.1)"),
    ("likelihood+cohort", "joint(ρ=0.1)+cohort"),
    ("auto", "cca(ρ=0.1)"),
    ("auto-both+cohort", "joint(ρ=0.1)+cohort"),
)  # which methods are compared with which, on the same pairs
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


class Remembered:
    """Pairs to judge by that score a map only once, as auto's candidates are auto-both's too."""

    def __init__(self, pairs: JudgedPairs) -> None:
        self.pairs, self.same, self.people = pairs, pairs.same, pairs.people
        self.known: Rows = {}

    def scores(self, fitted: Labelled) -> np.ndarray:
        if fitted.label not in self.known:
            self.known[fitted.label] = self.pairs.scores(fitted.fitted())
        return self.known[fitted.label]


@dataclass
class Labelled:
    """A candidate that is fitted when it is needed."""

    label: str
    estimator: Comparer
    statistics: PairStatistics | None = None

    def fit_statistics(self, statistics: PairStatistics) -> Labelled:
        return Labelled(self.label, self.estimator, statistics)

    def fitted(self) -> Comparer:
        assert self.statistics is not None
        return self.estimator.fit_statistics(self.statistics)


def chosen_by_folds(trial: Trial, source: str, target: str) -> Rows:
    """CHOSEN likewise: in every fold the choice is made on the other folds alone, in INNER parts, as by the library's study.

    Scores are (folds, n): in row f all pairs by the family that was chosen in fold f, every pair by a map without its fold.
    For a cut can't be had from other folds' scores by other families: cosines and likelihood ratios differ in size.
    """
    x, y = trial.vectors[source], trial.vectors[target]
    statistics = FoldStatistics([x, y], trial.image_fold)
    options = all_candidates(x.shape[1], y.shape[1])
    one_sided = candidates(x.shape[1], y.shape[1])
    labels: dict[str, list[str]] = {"auto": [], "auto-both": []}
    for fold in range(statistics.n_folds):
        others = [number for number in range(statistics.n_folds) if number != fold]
        training, judged = [], []
        for part in range(INNER):
            held = others[part::INNER]
            training.append(statistics.without(0, 1, {fold, *held}).stored())
            rows = np.flatnonzero(np.isin(trial.fold, held))
            people = trial.people[0][rows], trial.people[1][rows]
            judged.append(Remembered(replace(judged_pairs(trial, source, target, rows), people=people)))
        for method, known in (("auto-both", options), ("auto", one_sided)):
            lazy = {label: Labelled(label, options[label]) for label in known}
            labels[method].append(select(lazy, training, judged).chosen)
        statistics.forget()
    scores: dict[str, Rows] = {}
    for label in {*labels["auto"], *labels["auto-both"]}:
        scores[label] = {"": np.empty(len(trial.same), np.float32), COHORT: np.empty(len(trial.same), np.float32)}
    for fold in range(statistics.n_folds):
        without = statistics.without(0, 1, {fold}).stored()
        rows, chosen = np.flatnonzero(trial.fold == fold), cohort_rows(np.flatnonzero(trial.image_fold != fold), fold)
        judged = judged_pairs(trial, source, target, rows)
        for label, found in scores.items():
            fitted = options[label].fit_statistics(without)
            found[""][rows] = judged.scores(fitted)
            found[COHORT][rows] = judged.corrected_scores(fitted, (x[chosen], y[chosen]))
        statistics.forget()
    rows_of = {method: np.array([scores[label][""] for label in picked]) for method, picked in labels.items()}
    rows_of["auto-both" + COHORT] = np.array([scores[label][COHORT] for label in labels["auto-both"]])
    print(", ".join(f"{m}: {dict(Counter(picked))}" for m, picked in labels.items()), flush=True)
    return rows_of


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
