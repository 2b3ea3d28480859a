"""What each method of mapping loses, for every ordered pair of networks, on LFW and on faces that were kept apart.

    python scripts/map_losses.py SETS PAIRS.txt CFP [--nets A,B,…] [--chosen A,B,…] [--worse FOLDER] [--keep FOLDER]

SETS is a folder of sets lfw-NETWORK.parquet, cfp-NETWORK.parquet and ft-NETWORK.parquet (other people's faces, ids
PERSON/IMAGE; a network may lack it); PAIRS.txt LFW's ten folds, CFP the folder Protocol of Celebrities in Frontal-Profile.
Points of accuracy lost against the target's own, cuts on the other folds, maps always of other people than those judged:

  * LFW: every fold by maps fitted on the other folds' images;
  * CFP frontal and profile, and 3,000 + 3,000 pairs drawn from ft, in ten folds that share nobody: by maps of all images in
    LFW's pairs;
  * with --worse, a folder of what degrade_images.py made of LFW's folds 1–5, KIND-NETWORK.parquet: by maps of the images as
    they are of folds 6–10; both sides of a pair are worse, and so is what the target by itself does.

auto and auto-both are for the networks of --chosen only ("" for none), as their inner cross-validation is slow; on LFW it
is done in every fold anew. Cohorts are 2,000 of the images that a map was fitted on. Intervals are over people,
the networks being what they are. --keep remembers what was done for each pair of networks, so that a network may be added;
empty it when sets have changed. On one core two seconds an ordered pair, with auto and auto-both forty.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from maptrials.methods import AGAINST, CHOSEN, FIXED, METHODS, by_folds, chosen_by_folds, held_out
from maptrials.tables import Decisions, Key, count, table
from maptrials.trials import Trial, cfp_trial, lfw_trial, load_sets, random_trial

from facespace.datasets import read_lfw_pairs

GOOD = 0.985  # own accuracy on LFW of the networks that are worth a table of their own
WORSE = ("blurred", "shrunk", "turned")
HALF = 5  # folds of LFW that the worse images are of


def names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def percent(trial: Trial, net: str) -> str:
    return f"{100 * trial.own[net].mean():.2f}" if net in trial.own else "–"


def both_ways(nets: list[str]) -> list[tuple[str, str]]:
    return list(itertools.permutations(nets, 2))


class Work:
    """The trials, and what is done for a pair of networks."""

    def __init__(self, given: argparse.Namespace) -> None:
        nets = given.nets or sorted(path.stem.removeprefix("lfw-") for path in given.sets.glob("lfw-*.parquet"))
        ids = read_lfw_pairs(given.pairs).ids
        self.sets = {net: faces.select(ids) for net, faces in load_sets(given.sets, "lfw", nets).items()}
        self.nets = nets
        self.lfw = lfw_trial(given.pairs, self.sets)
        faces = load_sets(given.sets, "cfp", nets)
        others = random_trial("faces-train", load_sets(given.sets, "ft", nets))
        self.apart = [cfp_trial(given.cfp, "FF", faces), cfp_trial(given.cfp, "FP", faces), others]
        self.worse = self._worse(given.worse, given.pairs) if given.worse else []
        self.trials = {trial.name: trial for trial in (self.lfw, *self.apart, *self.worse)}

    def _worse(self, folder: Path, pairs: Path) -> list[Trial]:
        """The images of the first folds as they are, and worse."""
        kinds = [kind for kind in WORSE if any(folder.glob(f"{kind}-*.parquet"))]
        there = [[net for net in self.nets if (folder / f"{kind}-{net}.parquet").exists()] for kind in kinds]
        self.worse_nets = [net for net in self.nets if all(net in known for known in there)]
        sets = {kind: load_sets(folder, kind, self.worse_nets) for kind in kinds}
        plain = {net: self.sets[net] for net in self.worse_nets}
        found = [lfw_trial(pairs, plain, "LFW 1–5").take(self.lfw.fold < HALF)]
        return found + [lfw_trial(pairs, sets[kind], kind) for kind in kinds]

    def right(self, trial: Trial, rows: dict[str, np.ndarray], pair: tuple[str, str]) -> Iterator[tuple[Key, np.ndarray]]:
        for method, scores in rows.items():
            yield (trial.name, method, *pair), trial.correct(scores)

    def fixed(self, source: str, target: str) -> Iterator[tuple[Key, np.ndarray]]:
        """LFW's folds and the faces apart by the families as they are."""
        yield from self.right(self.lfw, by_folds(self.lfw, source, target), (source, target))
        yield from self.held(source, target, FIXED)

    def held(self, source: str, target: str, methods: tuple[str, ...]) -> Iterator[tuple[Key, np.ndarray]]:
        for trial, rows in held_out(self.lfw.vectors, self.apart, source, target, methods, self.lfw.ids):
            yield from self.right(trial, rows, (source, target))

    def on_worse(self, source: str, target: str) -> Iterator[tuple[Key, np.ndarray]]:
        rows = np.flatnonzero(self.lfw.image_fold >= HALF)
        keys = {net: self.lfw.vectors[net][rows] for net in (source, target)}
        for trial, found in held_out(keys, self.worse, source, target, FIXED, self.lfw.ids[rows]):
            yield from self.right(trial, found, (source, target))

    def chosen(self, source: str, target: str) -> Iterator[tuple[Key, np.ndarray]]:
        """LFW's folds by auto and auto-both."""
        yield from self.right(self.lfw, chosen_by_folds(self.lfw, source, target), (source, target))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("cfp", type=Path)
    parser.add_argument("--nets", type=names)
    parser.add_argument("--chosen", type=names, default=[])
    parser.add_argument("--worse", type=Path)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    work, decisions = Work(given), Decisions(given.keep)
    ordered = both_ways(work.nets)
    chosen = both_ways([net for net in work.nets if net in given.chosen])
    worse = both_ways(work.worse_nets) if work.worse else []
    stages = {"fixed": (work.fixed, ordered), "worse": (work.on_worse, worse)}
    stages["apart"] = (lambda source, target: work.held(source, target, CHOSEN), chosen)
    stages["chosen"] = (work.chosen, chosen)
    for stage, (make, pairs) in stages.items():
        for source, target in pairs:
            decisions.work(f"{stage}-{source}--{target}", work.trials, lambda s=source, t=target, m=make: m(s, t))
            print(f"{stage}: {source} → {target}", flush=True)
    report(work, decisions, ordered, chosen, worse)


def report(
    work: Work,
    decisions: Decisions,
    ordered: list[tuple[str, str]],
    chosen: list[tuple[str, str]],
    worse: list[tuple[str, str]],
) -> None:
    trials = [work.lfw, *work.apart]
    print("\n".join(["", *(count(trial) for trial in (*trials, *work.worse)), ""]))
    own = {net: float(work.lfw.own[net].mean()) for net in work.nets}
    print("| own accuracy | " + " | ".join(work.trials) + " |\n|---|" + "---|" * len(work.trials))
    for net in sorted(own, key=lambda one: -own[one]):
        print(f"| {net} | " + " | ".join(percent(trial, net) for trial in work.trials.values()) + " |")
    good = {net for net in work.nets if own[net] >= GOOD}
    groups = {"All networks": set(work.nets), f"At least {100 * GOOD:g} % on LFW": good}
    without = {net for net in work.nets if not net.startswith("dlib")}
    groups |= {"Without dlib": without, f"At least {100 * GOOD:g} % on LFW, without dlib": good & without}
    for title, group in groups.items():
        for told, pairs in ((title, ordered), (f"{title}, of those with auto", chosen)):
            print("\n" + table(decisions, trials, METHODS, [pair for pair in pairs if set(pair) <= group], told, AGAINST))
    if work.worse:
        print("\n" + table(decisions, work.worse, METHODS, worse, "Worse images", AGAINST))


if __name__ == "__main__":
    main()
