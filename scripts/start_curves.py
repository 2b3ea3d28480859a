"""What a few pairs of one's own add to a shipped map: accuracy lost against the number of pairs, by way of fitting.

    python scripts/start_curves.py SETS PAIRS.txt OUT.png NETWORK NETWORK …

SETS as for make_shipped_maps.py. The shipped maps are made anew without anybody of LFW's pairs list; a user has both
networks' embeddings of the images of folds 1 to 5, of which some are known to correspond, drawn anew twice; judged are
the 3,000 pairs of folds 6 to 10, thresholds being those of the other folds. Six ordered pairs of networks take about ten
minutes on one core (refine, of one draw at 25 and 100 pairs, is half of it).

Ways: `shipped` as it is; `start`, sharpened by the pairs (fit_map(…, start=…)); `auto` (from 25 pairs on) and
`anchored` from the pairs and both galleries; `refine` of the anchored map by both galleries, where it does not refuse.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
from make_shipped_maps import DIM, REGULARIZATION, Keys, decided
from threadpoolctl import threadpool_limits

from facespace.datasets import read_lfw_pairs
from facespace.embeddings import EmbeddingSet
from facespace.mapping import LinearMap, RefineRefused, ShippedMaps, fit_map, pair_statistics, refine_map
from facespace.report import Band, lines_with_bands
from facespace.verification import pair_scores

PAIRS, DRAWS, REFINED = (10, 25, 50, 100, 200), 2, (25, 100)
WAYS = ("shipped", "start", "auto", "anchored", "refine")


def main(sets: Path, pairs: Path, figure: Path, networks: list[str]) -> None:
    protocol = read_lfw_pairs(pairs)
    assert protocol.fold is not None
    folds: dict[str, int] = {}
    for side in (protocol.left, protocol.right):
        folds |= {name.split("/")[0]: int(fold) for name, fold in zip(side, protocol.fold, strict=True)}
    order = np.unique(protocol.fold)
    keys = Keys(sets, networks, folds)
    statistics = keys.without(set(range(len(order))), list(itertools.combinations(networks, 2)))
    maps = ShippedMaps.fit(statistics, DIM, regularization=REGULARIZATION)
    faces = {name: EmbeddingSet.load(sets / f"lfw-{name}.parquet") for name in networks}
    judged = protocol.take(np.isin(protocol.fold, order[5:]))
    known = np.unique(np.concatenate([side[np.isin(protocol.fold, order[:5])] for side in (protocol.left, protocol.right)]))
    losses: dict[tuple[str, int], list[float]] = {}
    for a, b in itertools.permutations(networks, 2):
        x, y = faces[a], faces[b]
        native = decided(pair_scores(y, y, y.rows(judged.left), y.rows(judged.right)), judged)[1]
        source, target = x.select(known), y.select(known)

        def lost(fitted: LinearMap, x: EmbeddingSet = x, y: EmbeddingSet = y, native: float = native) -> float:
            probes, references = (
                fitted.probe(x.vectors[x.rows(judged.left)]),
                fitted.reference(y.vectors[y.rows(judged.right)]),
            )
            return 100 * (native - decided(pair_scores(probes, references), judged)[1])

        shipped = maps.map(a, b)
        losses.setdefault(("shipped", 0), []).append(lost(shipped))
        for count, draw in itertools.product(PAIRS, range(DRAWS)):
            chosen = np.random.default_rng([draw, count]).permutation(known)[:count]
            # Images under other ids have no partner: both sets are the galleries, and the chosen ones the pairs.
            ids = np.where(np.isin(target.ids, chosen), target.ids, np.char.add("other/", target.ids))
            few = EmbeddingSet(target.vectors, ids, model=b)
            anchored = fit_map(source, few, "anchored", judge=False)
            fitted = {"start": fit_map(source, few, start=shipped, judge=False), "anchored": anchored}
            if count >= 25 and draw == 0:
                fitted["auto"] = fit_map(source, few, judge=False)
            if draw == 0 and count in REFINED:
                try:
                    fitted["refine"] = refine_map(anchored, source, few, statistics=pair_statistics(source, few)).map
                except RefineRefused:
                    print(a, b, count, "refine refuses")
            for way, one in fitted.items():
                losses.setdefault((way, count), []).append(lost(one))
        print(a, b, {f"{way}@{n}": round(float(np.mean(v[-DRAWS:])), 2) for (way, n), v in losses.items()}, flush=True)
    tell(losses, figure)


def tell(losses: dict[tuple[str, int], list[float]], figure: Path) -> None:
    """A table, and the picture: means over ordered pairs and draws, with the range from the 10th to the 90th percentile."""
    bands = []
    for way in WAYS:
        counts = sorted(count for name, count in losses if name == way)
        values = [np.array(losses[way, count]) for count in counts]
        for count, found in zip(counts, values, strict=True):
            ends = np.quantile(found, [0.1, 0.9])
            told = f"{way:9s} {count:4d} pairs: mean {found.mean():.2f}"
            print(f"{told}, 10 to 90 % {ends[0]:.2f} to {ends[1]:.2f}, n {len(found)}")
        if way == "shipped":  # it needs none: a level line
            counts, values = [PAIRS[0], PAIRS[-1]], values * 2
        low, high = (np.array([np.quantile(found, q) for found in values]) for q in (0.1, 0.9))
        bands.append(Band(way, np.array(counts, float), np.array([found.mean() for found in values]), low, high))
    chart = lines_with_bands(bands, x_title="pairs of one's own", y_title="points of accuracy lost", log_x=True)
    chart.save(str(figure), scale_factor=2)


if __name__ == "__main__":
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    with threadpool_limits(1):
        main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
