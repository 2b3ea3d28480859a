"""How often a plan's promises hold: intervals, thresholds and decisions, on people who are in neither map nor plan.

    python scripts/migration_coverage.py SETS --draws 20 --people 400 [--far 1e-3,1e-4] [--method ridge] [--json OUT]

SETS is a folder of embeddings NAME-NETWORK.parquet of the same images (several NAMEs are pooled; a person of two pools is
two). For every ordered pair of networks and every draw people are divided by chance: 600 with two images or more, and all
with one, for the map; --people for the plan; the rest are what happens then. Prints for each FAR, over all pairs and draws

  * how often TAR, and the loss against the old network, of the rest lie in the plan's interval, at the plan's thresholds;
    the same for an interval wider by √(1 + people of the plan / of the rest), as the rest are a sample too and their TAR
    isn't the truth either; and how often the two intervals meet;
  * realised FAR by asked FAR, 5 %, 50 % and 95 % of the draws, and how many are within a factor of 1.5;
  * for margins of 0.5, 1 and 2 points the decisions, and how many of go and of stop were wrong: beyond the margin on the
    rest, though the plan was sure that it isn't; and the people needed, median of the draws that ask for more;
  * and per pair the area between the order's curve and chance, and Spearman's of predicted and true error.

About four seconds a draw and FAR on one core: an hour and a half for 20 pairs, 20 draws and two FARs.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from facespace import EmbeddingSet, fit_map
from facespace.metrics import Dyads, genuine_limits
from facespace.migration import Direction, Evidence, compare_arms, fit_uncertainty, loss_of, order_curve
from facespace.people import people_of

FIT = 600
MARGINS = (0.005, 0.01, 0.02)


def pooled(folder: Path) -> dict[str, EmbeddingSet]:
    """The sets of each network, those of several pools one."""
    pools = sorted({path.name.split("-", 1)[0] for path in folder.glob("*.parquet")})
    networks = sorted({path.stem.split("-", 1)[1] for path in folder.glob(f"{pools[0]}-*.parquet")})
    sets: dict[str, EmbeddingSet] = {}
    first: list[Any] = []
    for network in networks:
        parts = [EmbeddingSet.load(folder / f"{pool}-{network}.parquet") for pool in pools]
        if not first:
            first = [part.ids for part in parts]
        parts = [part.select(ids) for part, ids in zip(parts, first, strict=True)]
        ids = [f"{pool}:{i}" for pool, part in zip(pools, parts, strict=True) for i in part.ids.tolist()]
        people = [f"{pool}:{p}" for pool, part in zip(pools, parts, strict=True) for p in people_of(part).names.tolist()]
        vectors = np.concatenate([part.vectors for part in parts])
        sets[network] = EmbeddingSet(vectors, ids, model=network, subject=people)
    return sets


def draw(old: EmbeddingSet, new: EmbeddingSet, given: argparse.Namespace, seed: int) -> list[dict[str, Any]]:
    """One division of the people: the plan's promise and what happens then, for each FAR."""
    names = np.asarray(old.subject)
    _, inverse, count = np.unique(names, return_inverse=True, return_counts=True)
    random = np.random.default_rng(seed)
    several = random.permutation(np.flatnonzero(count > 1))
    fit, check = np.r_[several[:FIT], np.flatnonzero(count == 1)], several[FIT : FIT + given.people]
    parts = [np.flatnonzero(np.isin(inverse, group)) for group in (fit, check, several[FIT + given.people :])]
    learned, planned, rest = ((old.take(rows), new.take(rows)) for rows in parts)
    way = Direction.of(fit_map(*learned, given.method))
    plan, then = Evidence.of(*planned, seed=seed), Evidence.of(*rest, seed=seed)
    scores = {name: then.scores(one) for name, one in (("old", "old"), ("gallery", way))}
    trials = then.trials
    left, right = trials.sides
    dyads = Dyads(np.arange(len(left)) < len(trials.one), left, right)
    person = then.person[trials.one]
    uncertainty = fit_uncertainty(plan, way) if seed == 0 else None
    found = []
    for far in given.far:
        arms = compare_arms(plan, [way], far)
        accepted = {name: scores[name][0] >= arms.arms[name].threshold for name in scores}
        _, low, high = genuine_limits(dyads, accepted["gallery"], 0.95)
        loss, happened = arms.losses["gallery"], loss_of(accepted["old"], accepted["gallery"], person)
        promised = arms.arms["gallery"]
        row: dict[str, Any] = {
            "far": far,
            "people": plan.pairs_people,
            "then": then.pairs_people,
            "tar": [promised.tar, promised.low, promised.high, float(accepted["gallery"].mean()), low, high],
            "loss": [loss.loss, loss.low, loss.high, happened.loss, happened.low, happened.high],
            "realised": float((scores["gallery"][1] >= promised.threshold).mean()) / far,
            "decisions": {f"{m}": loss.decision(m) for m in MARGINS},
            "needed": {f"{m}": loss.people_needed(m) for m in MARGINS if loss.decision(m) == "more"},
            "old": arms.arms["old"].tar,
            "new": arms.arms["new"].tar,
        }
        if uncertainty is not None:
            row["order"] = order_curve(plan, way, uncertainty, far).to_dict()
        found.append(row)
    return found


def report(rows: list[dict[str, Any]], far: float) -> None:
    """What this FAR's draws say."""
    mine = [row for row in rows if row["far"] == far]
    print(f"\nFAR {far:g}: {len(mine)} draws of {len({row['pair'] for row in mine})} ordered pairs")
    for name in ("tar", "loss"):
        value = np.array([row[name] for row in mine])
        inside = np.mean((value[:, 1] <= value[:, 3]) & (value[:, 3] <= value[:, 2]))
        meet = np.mean((value[:, 1] <= value[:, 5]) & (value[:, 4] <= value[:, 2]))
        # The rest are a sample too: about what is true the interval would be as sure if it were wider by this.
        wider = np.sqrt(1 + np.mean([row["people"] / row["then"] for row in mine]))
        low, high = (value[:, 0] + wider * (value[:, end] - value[:, 0]) for end in (1, 2))
        true = np.mean((low <= value[:, 3]) & (value[:, 3] <= high))
        print(f"  {name}: what happened is in the interval {100 * inside:.1f} %, {100 * true:.1f} % if it is made wider by "
              f"{wider:.3f} for the error of what happened; the intervals meet {100 * meet:.1f} %")  # fmt: skip
    realised = np.array([row["realised"] for row in mine])
    within = np.mean((realised >= 1 / 1.5) & (realised <= 1.5))
    quantiles = ", ".join(f"{q:.2f}" for q in np.quantile(realised, [0.05, 0.5, 0.95]))
    print(f"  realised by asked FAR: {quantiles} (5, 50, 95 %); at most 1.5: {100 * np.mean(realised <= 1.5):.1f} %, "
          f"within a factor of 1.5: {100 * within:.1f} %")  # fmt: skip
    for margin in MARGINS:
        said = Counter(row["decisions"][f"{margin}"] for row in mine)
        wrong_go = sum(row["decisions"][f"{margin}"] == "go" and row["loss"][3] > margin for row in mine)
        wrong_stop = sum(row["decisions"][f"{margin}"] == "stop" and row["loss"][3] <= margin for row in mine)
        needed = [row["needed"].get(f"{margin}") for row in mine if row["decisions"][f"{margin}"] == "more"]
        known = [one for one in needed if one is not None]
        told = (
            f"{np.median(known):,.0f} (of {len(known)}; no number of them in {len(needed) - len(known)})" if known else "-"
        )
        print(f"  margin {100 * margin:g}: go {said['go']} ({wrong_go} wrong), stop {said['stop']} ({wrong_stop} wrong), "
              f"more {said['more']}; people needed, median: {told}")  # fmt: skip
    print("  pair, TAR old / mapped / new, area between the order and chance [95 %], Spearman [95 %], pays from")
    for row in mine:
        if "order" in row:
            area, rank = row["order"]["area"], row["order"]["spearman"]
            ends = f"[{area['low']:+.4f}, {area['high']:+.4f}]   {rank['value']:.2f} [{rank['low']:.2f}, {rank['high']:.2f}]"
            print(f"    {row['pair']:42} {row['old']:.4f} {row['tar'][0]:.4f} {row['new']:.4f}   {area['value']:+.4f} "
                  f"{ends}   {row['order']['pays_from']}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--far", type=lambda text: [float(one) for one in text.split(",")], default=[1e-3, 1e-4])
    parser.add_argument("--method", default="ridge")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    sets = pooled(given.sets)
    rows: list[dict[str, Any]] = []
    for first, second in itertools.permutations(sets, 2):
        for seed in range(given.draws):
            rows += [
                {"pair": f"{first} → {second}", "seed": seed, **row} for row in draw(sets[first], sets[second], given, seed)
            ]
        print(f"{first} → {second}", flush=True)
        if given.json:
            given.json.write_text(json.dumps(rows))
    for far in given.far:
        report(rows, far)


if __name__ == "__main__":
    main()
