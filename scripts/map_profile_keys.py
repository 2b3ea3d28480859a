"""What real profiles among the keys save: CFP's people left out of the keys in turn, beside LFW's images alone as keys.

    python scripts/map_profile_keys.py SETS PAIRS.txt CFP/Protocol NETWORK NETWORK …

SETS holds lfw-NETWORK.parquet and cfp-NETWORK.parquet, as `facespace embed` makes them. Every fold of CFP's FF and FP lists
is judged by maps fitted on the images of LFW's pairs list and on all images of the other folds' people, frontal and profile;
cuts are of the other folds. Ninety ordered pairs take about fifteen minutes on one core.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
from maptrials.methods import COHORT, FIXED, cohort_rows, fresh, judged_pairs, score
from maptrials.tables import cell
from maptrials.trials import Trial, cfp_trial, lfw_trial, load_sets

from facespace.embeddings import normalize
from facespace.mapping import PairStatistics

KEYS = ("LFW", "LFW and CFP's other people")
ROWS = [name + end for name in FIXED for end in ("", COHORT) if not (name.startswith("cca") and end)]


def main(sets: Path, pairs: Path, protocol: Path, nets: list[str]) -> None:
    lfw = lfw_trial(pairs, load_sets(sets, "lfw", nets))
    cfp = load_sets(sets, "cfp", nets)
    trials = [cfp_trial(protocol, kind, cfp) for kind in ("FF", "FP")]
    ids = np.array(sorted(set.intersection(*(set(faces.ids.tolist()) for faces in cfp.values()))))
    fold = folds_of(ids, trials)
    vectors = {net: normalize(faces.vectors[faces.rows(ids)]) for net, faces in cfp.items()}
    right: dict[tuple[str, str, str], list[np.ndarray]] = {}
    for a, b in itertools.permutations(nets, 2):
        whole = PairStatistics.of(lfw.vectors[a], lfw.vectors[b])
        parts = [PairStatistics.of(vectors[a][fold == f], vectors[b][fold == f]) for f in range(fold.max() + 1)]
        cohort = cohort_rows(np.arange(len(lfw.ids)), 0)
        strangers = lfw.vectors[a][cohort], lfw.vectors[b][cohort]
        for keys, trial in itertools.product(KEYS, trials):
            scores = {name: np.empty(len(trial.same), np.float32) for name in ROWS}
            for held in range(len(parts)):
                training = whole
                for number, part in enumerate(parts):
                    if keys == KEYS[1] and number != held:
                        training = training + part
                rows = np.flatnonzero(trial.fold == held)
                judged = judged_pairs(trial, a, b, rows)
                for method, estimator in fresh().items():
                    for name, found in score(method, estimator.fit_statistics(training), judged, strangers).items():
                        scores[name][rows] = found
            for name, found in scores.items():
                lost = trial.own[b].astype(float) - trial.correct(found)
                right.setdefault((name, keys, trial.name), []).append(lost)
        print(a, b, flush=True)
    tell(trials, right, len(nets))


def folds_of(ids: np.ndarray, trials: list[Trial]) -> np.ndarray:
    """The fold of each image's person, −1 of nobody in the lists. The lists agree, and a person is in one fold."""
    known: dict[str, int] = {}
    for trial in trials:
        for name, number in zip(trial.ids.tolist(), trial.image_fold.tolist(), strict=True):
            person = name.split("/")[0]
            assert known.setdefault(person, number) == number, f"{person} is in two folds"
    return np.array([known.get(name.split("/")[0], -1) for name in ids.tolist()])


def tell(trials: list[Trial], lost: dict[tuple[str, str, str], list[np.ndarray]], nets: int) -> None:
    """A row for each method and keys: mean over ordered pairs, its interval over people, and the worst."""
    print(f"\n{nets * (nets - 1)} ordered pairs of {nets} networks\n")
    print("| points lost: mean [95 %], worst | keys | " + " | ".join(trial.name for trial in trials) + " |")
    print("|---|---|" + "---|" * len(trials))
    for name, keys in itertools.product(ROWS, KEYS):
        cells = [cell(trial, np.array(lost[name, keys, trial.name])) for trial in trials]
        print(f"| {name} | {keys} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
