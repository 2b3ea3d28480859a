"""What storing embeddings in 16 or 8 bits costs the maps that are fitted on the stored sets and applied to them.

    python scripts/map_storage.py SETS PAIRS.txt CFP --nets A,B,…

Arguments are those of map_losses.py. Both networks' embeddings are stored: float16, or int8 with one scale a vector, the
largest number at 127. Maps are fitted on the images of LFW's folds 6–10, and judged on folds 1–5 and on CFP's frontal and
profile pairs; printed is what they lose beyond the same method's map of float32, in points. Methods:

  * auto: the choice of `facespace.mapping.selection.select`, in five folds that keep people together, and the fit on
    moments that bear the noise of storage (`PairStatistics.stored`), as `fit_map` does;
  * plain: the least error of the same candidates, on moments as they are, as auto was before it knew of storage;
  * cca, joint and the likelihood ratio as they are.

About ten seconds an ordered pair on one core.
"""

from __future__ import annotations

import argparse
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from map_losses import HALF, names
from maptrials.methods import FIXED, fresh, judged_pairs
from maptrials.tables import Decisions, Key, count, table
from maptrials.trials import Trial, cfp_trial, lfw_trial, load_sets

from facespace.embeddings import normalize
from facespace.mapping import PairStatistics
from facespace.mapping.families import candidates
from facespace.mapping.selection import Comparer, JudgedPairs, sample_pairs, select

STORAGES = ("float32", "float16", "int8")
METHODS = ("auto", "plain", *FIXED)
PARTS = 5


def stored(vectors: np.ndarray, storage: str) -> np.ndarray:
    """The vectors as they come back from the storage, L2-normalised."""
    if storage == "int8":
        largest = np.abs(vectors).max(axis=1, keepdims=True)
        vectors = np.rint(vectors / largest * 127).astype(np.int8).astype(np.float32)
    elif storage == "float16":
        vectors = vectors.astype(np.float16).astype(np.float32)
    return normalize(vectors)


def selected(x: np.ndarray, y: np.ndarray, subjects: np.ndarray) -> dict[str, tuple[str, Comparer]]:
    """The labels and maps of auto and plain, fitted on the pairs (x, y)."""
    part = (np.random.default_rng(0).permutation(subjects.max() + 1) % PARTS)[subjects]
    parts = [PairStatistics.of(x[part == number], y[part == number]) for number in range(PARTS)]
    total = sum(parts[1:], parts[0])
    left, right, same = sample_pairs(subjects, part, genuine=20_000, per_person=8, seed=0)
    rows = [np.flatnonzero(part[left] == number) for number in range(PARTS)]
    people = subjects[left], subjects[right]
    judged = [JudgedPairs.gather(x, y, left[r], right[r], same[r], (people[0][r], people[1][r])) for r in rows]
    options = candidates(x.shape[1], y.shape[1])
    wary = select(options, [(total - one).stored() for one in parts], judged).chosen
    plain = select(options, [total - one for one in parts], judged).best
    again = candidates(x.shape[1], y.shape[1])
    return {
        "auto": (wary, options[wary].fit_statistics(total.stored())),
        "plain": (plain, again[plain].fit_statistics(total)),
    }


def work_on(
    lfw: Trial, judged: list[Trial], storage: str, source: str, target: str, told: Counter[str]
) -> Iterator[tuple[Key, np.ndarray]]:
    """What the maps between two networks decide rightly, all sets being stored so."""
    rows = np.flatnonzero(lfw.image_fold >= HALF)
    sides = {net: stored(lfw.vectors[net], storage) for net in (source, target)}
    x, y = sides[source][rows], sides[target][rows]
    subjects = np.unique([one.split("/")[0] for one in lfw.ids[rows].tolist()], return_inverse=True)[1]
    maps: dict[str, Comparer] = {}
    for method, (label, fitted) in selected(x, y, subjects).items():
        told[f"{method}, {storage}: {label}"] += 1
        maps[method] = fitted
    statistics = PairStatistics.of(x, y)
    maps |= {method: estimator.fit_statistics(statistics) for method, estimator in fresh().items()}
    for trial in judged:
        vectors = {net: stored(trial.vectors[net], storage) for net in (source, target)}
        kept = replace(trial, vectors=vectors)
        for method, fitted in maps.items():
            scores = judged_pairs(kept, source, target)
            yield (trial.name, f"{method}, {storage}", source, target), trial.correct(scores.scores(fitted))


class Against(Decisions):
    """Losses not against the target, but against the same method on sets of float32."""

    def losses(self, trial: Trial, method: str, ordered: list[tuple[str, str]]) -> np.ndarray | None:
        name, _ = method.split(", ")
        keys = [((trial.name, f"{name}, float32", *pair), (trial.name, method, *pair)) for pair in ordered]
        return np.array([self.right[one].astype(np.int8) - self.right[other] for one, other in keys])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("cfp", type=Path)
    parser.add_argument("--nets", type=names, required=True)
    given = parser.parse_args()
    lfw = lfw_trial(given.pairs, load_sets(given.sets, "lfw", given.nets))
    faces = load_sets(given.sets, "cfp", given.nets)
    halves = replace(lfw.take(lfw.fold < HALF), name="LFW 1–5")
    judged = [halves, cfp_trial(given.cfp, "FF", faces), cfp_trial(given.cfp, "FP", faces)]
    ordered = list(itertools.permutations(given.nets, 2))
    found, told = Against(None), Counter[str]()
    for source, target in ordered:
        for storage in STORAGES:
            found.right |= dict(work_on(lfw, judged, storage, source, target, told))
        print(f"{source} → {target}", flush=True)
    print("\n".join(["", *(count(trial) for trial in judged), ""]))
    plain = Decisions(None)
    plain.right = found.right
    stores = [f"{method}, {storage}" for method in METHODS for storage in STORAGES[1:]]
    print(table(found, judged, stores, ordered, "Beyond float32"))
    print(table(plain, judged, [f"{one}, float32" for one in METHODS], ordered, "float32 against the target"))
    for label, times in sorted(told.items()):
        print(f"{label}, {times} times")


if __name__ == "__main__":
    main()
