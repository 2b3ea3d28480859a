"""Does what `facespace map check` says of a set foretell how much more a map loses on it?

    python scripts/map_coverage.py SETS PAIRS.txt CFP WORSE [--nets A,B,…] [--json OUT]

Arguments are those of map_losses.py. Maps are fitted on the images of LFW's folds 6–10; slices are folds 1–5, the same
images made worse, CFP's frontal and profile pairs and the pairs drawn from ft. For every slice and ordered pair of networks

    extra loss   points lost on the slice less those lost on folds 1–5, target's own accuracy on each taken off

and of the source's embeddings of the slice's images, with mean μ and covariance Σ = V diag(λ) Vᵀ of the keys,

    shift         ‖mean x − μ‖ / √tr Σ                                    (as in facespace.mapping.domain)
    1 − agreement of the logarithms of variances along the keys' directions (there too)
    distance      mean (x − μ)ᵀ (Σ + ρ λ_max I)⁻¹ (x − μ), ρ = 0.1, by its value on the keys
    outside       share of ‖x − μ‖² beyond the directions that have 90 % of the keys' variance, by its value on the keys
    narrowness    1 − tr cov(x) / tr Σ: how much less than the keys the slice's faces differ from each other
    faintness     1 − mean ‖(x − μ) W‖² by its value on the keys: how little of the faces the map lets through
    lost          agreement of folds 1–5 less that of the slice: what a map could say that knew its network's level
    hard          1 − accuracy of the target by itself, which takes labels; for comparison

Prints Spearman's rank correlation of each with the extra loss: over all slices, with an interval by drawing slices with
replacement (their number is what it rests on), with one slice left out, and of each target; and how much more than that of
1 − agreement it is, in the same draws.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
from map_losses import HALF, Work, names
from maptrials.methods import held_out
from scipy.stats import spearmanr

from facespace.mapping import PairStatistics
from facespace.mapping.domain import AGREEMENT_LIMIT, SHIFT_LIMIT, check_domain
from facespace.mapping.families import CCAMap

METHODS = ("cca(ρ=0.1)", "joint(ρ=0.1)")
SIGNALS = ("shift", "1 − agreement", "distance", "outside", "narrowness", "faintness", "lost", "hard")
RHO, KEPT = 0.1, 0.9
DRAWS = 2000


class Keys:
    """What one network's keys look like, and the map of them to another's."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        statistics = PairStatistics.of(x, y)
        self.mean = statistics.source.mean
        values, self.directions = statistics.source.variances()
        self.values = values
        self.weight = CCAMap(RHO).fit_statistics(statistics).weight_
        self.top = np.cumsum(values[::-1])[::-1] <= KEPT * values.sum()  # ascending: the last are the largest
        self.own = self._raw(x)

    def _raw(self, x: np.ndarray) -> np.ndarray:
        moved = x - self.mean
        power = np.mean((moved @ self.directions) ** 2, axis=0)
        distance = float(np.sum(power / (self.values + RHO * self.values[-1])))
        outside = float(power[~self.top].sum() / power.sum())
        return np.array([distance, outside, float(np.mean(np.sum((moved @ self.weight) ** 2, axis=1)))])

    def signals(self, x: np.ndarray) -> list[float]:
        """Of SIGNALS, of these vectors."""
        found = check_domain(x, self.mean.astype(np.float32), self.values, self.directions.astype(np.float32), "keys")
        distance, outside, passed = self._raw(x) / self.own
        spread = float(x.var(axis=0).sum() / self.values.sum())
        return [found.shift, 1 - found.agreement, distance, outside, 1 - spread, 1 - passed]


def measure(work: Work, pair: tuple[str, str]) -> list[dict[str, Any]]:
    """A row for each slice and method."""
    source, target = pair
    rows = np.flatnonzero(work.lfw.image_fold >= HALF)
    keys = {net: work.lfw.vectors[net][rows] for net in pair}
    known = Keys(keys[source].astype(np.float64), keys[target].astype(np.float64))
    base: dict[str, float] = {}
    usual = 0.0
    found = []
    slices = [*work.worse, *work.apart]
    for trial, scores in held_out(keys, slices, source, target, METHODS, work.lfw.ids[rows]):
        seen = trial.vectors[source][np.unique(np.concatenate([trial.left, trial.right]))]
        values = known.signals(seen.astype(np.float64))
        if trial is slices[0]:
            usual = values[1]
        hard = 1 - float(np.mean(trial.own[target]))
        signals = dict(zip(SIGNALS, [*values, values[1] - usual, hard], strict=True))
        for method in METHODS:
            loss = 100 * float(np.mean(trial.own[target]) - np.mean(trial.correct(scores[method])))
            extra = loss - base.setdefault(method, loss)  # folds 1–5 as they are come first
            row = {"slice": trial.name, "source": source, "target": target, "method": method, "loss": loss, "extra": extra}
            found.append(row | signals | {"images": len(seen)})
    return found


def rank(rows: list[dict[str, Any]], signal: str) -> float:
    """Spearman's of the signal and the extra loss."""
    return float(spearmanr([row[signal] for row in rows], [row["extra"] for row in rows]).statistic)


def report(rows: list[dict[str, Any]], method: str) -> None:
    mine = [row for row in rows if row["method"] == method]
    slices = list(dict.fromkeys(row["slice"] for row in mine))
    targets = list(dict.fromkeys(row["target"] for row in mine))
    by_slice = {name: [row for row in mine if row["slice"] == name] for name in slices}
    print(f"\n{method}: {len(mine)} rows, {len(slices)} slices, targets: {', '.join(targets)}")
    print("| slice (images) | loss | extra | " + " | ".join(SIGNALS) + " |\n|---|---|---|" + "---|" * len(SIGNALS))
    for name, group in by_slice.items():
        values = [np.mean([row[key] for row in group]) for key in ("loss", "extra", *SIGNALS)]
        print(f"| {name} ({group[0]['images']:,}) | " + " | ".join(f"{value:.2f}" for value in values) + " |")
    draws = drawn_slices(slices)
    agreement = ranks_of(draws, by_slice, SIGNALS[1])
    print(
        "\n| signal | all [95 % over slices] | one slice left out | targets | more than 1 − agreement |\n" + "|---" * 5 + "|"
    )
    for signal in SIGNALS:
        drawn = ranks_of(draws, by_slice, signal)
        without = [rank([row for row in mine if row["slice"] != name], signal) for name in slices]
        each = [rank([row for row in mine if row["target"] == target], signal) for target in targets]
        more = rank(mine, signal) - rank(mine, SIGNALS[1])
        print(f"| {signal} | {rank(mine, signal):.2f} {ends(drawn)} | {min(without):.2f} … {max(without):.2f} | "
              + ", ".join(f"{one:.2f}" for one in each) + f" | {more:+.2f} {ends(drawn - agreement)} |")  # fmt: skip


def drawn_slices(slices: list[str]) -> list[list[str]]:
    """Slices with replacement, at least two different ones."""
    random = np.random.default_rng(0)
    drawn = (random.choice(slices, len(slices)).tolist() for _ in range(DRAWS))
    return [one for one in drawn if len(set(one)) > 1]


def ranks_of(draws: list[list[str]], by_slice: dict[str, list[dict[str, Any]]], signal: str) -> np.ndarray:
    """Spearman's in each draw."""
    return np.array([rank([row for name in drawn for row in by_slice[name]], signal) for drawn in draws])


def ends(values: np.ndarray) -> str:
    low, high = np.quantile(values, [0.025, 0.975])
    return f"[{low:.2f}, {high:.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("cfp", type=Path)
    parser.add_argument("worse", type=Path)
    parser.add_argument("--nets", type=names)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    work = Work(given)
    rows: list[dict[str, Any]] = []
    for pair in itertools.permutations(work.worse_nets, 2):
        rows += measure(work, pair)
        print(*pair, flush=True)
    if given.json:
        given.json.write_text(json.dumps(rows))
    for method in METHODS:
        report(rows, method)
    shift, agreement = max(row["shift"] for row in rows), 1 - max(row["1 − agreement"] for row in rows)
    print(f"\nlargest shift {shift:.2f} (limit {SHIFT_LIMIT}), least agreement {agreement:.2f} (limit {AGREEMENT_LIMIT})")


if __name__ == "__main__":
    main()
