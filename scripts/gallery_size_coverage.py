"""N* from random parts of a set's people against the gallery measured with all of them: coverage, factor, order of networks.

    python scripts/gallery_size_coverage.py SET … [--sizes 500,1000,2000] [--draws 20] [--json FILE.json]

The truth of a network is the gallery of all people of its set in which FPIR is reached, counted, at the threshold of all
genuine pairs; the parts are of the same people, so that an interval for new people covers it a little too often where a
part is a third of the whole. All networks are drawn the same people. Where the whole set does not reach FPIR the truth
is "more than its people": an interval then covers it if it reaches beyond, and factors are not counted.
"""

from __future__ import annotations

import argparse
from itertools import combinations
from pathlib import Path

import numpy as np

from facespace.capacity import GallerySize, gallery_size
from facespace.embeddings import EmbeddingSet
from facespace.io import write_json
from facespace.people import people_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--sizes", default="500,1000,2000")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--fpir", type=float, default=0.01)
    parser.add_argument("--fnir", type=float, default=0.05)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    sizes = [int(part) for part in options.sizes.split(",")]
    rates = {"fpir": options.fpir, "fnir": options.fnir}
    truths: dict[str, float] = {}
    medians: dict[int, dict[str, np.ndarray]] = {size: {} for size in sizes}
    rows = []
    for path in options.sets:
        faces = EmbeddingSet.load(path)
        person = people_of(faces).codes
        whole = gallery_size(faces, **rates)
        name, beyond = whole.model, whole.measured is None
        truths[name] = np.inf if beyond else whole.measured.value
        told = f"more than {whole.counts['people']:,}" if beyond else f"{whole.measured.value:,.0f}"
        print(f"{name}: measured {told}, N* of all {whole.people.value:,.0f}", flush=True)
        for size in sizes:
            found = []
            for number in range(options.draws):
                rng = np.random.default_rng([size, number])
                chosen = rng.choice(int(person.max()) + 1, size, replace=False)
                part = faces.take(np.flatnonzero(np.isin(person, chosen)))
                found.append(gallery_size(part, **rates, resamples=200, seed=number))
            row = _row(name, size, found, truths[name], whole.counts["people"])
            medians[size][name] = np.array([one.people.value for one in found])
            rows.append(row)
            print("  " + ", ".join(f"{key} {value}" for key, value in row.items() if key != "network"), flush=True)
    orders = [_order(size, truths, values) for size, values in medians.items()]
    for order in orders:
        print(order, flush=True)
    if options.json:
        write_json({"rates": rates, "truths": truths, "rows": rows, "orders": orders}, options.json)


def _row(name: str, size: int, found: list[GallerySize], truth: float, people: int) -> dict[str, object]:
    values = np.array([(one.people.value, one.people.low, one.people.high) for one in found])
    if np.isinf(truth):
        covered, factors = values[:, 2] > people, np.full(len(values), np.nan)
    else:
        covered = (values[:, 1] <= truth) & (truth <= values[:, 2])
        factors = np.exp(np.abs(np.log(values[:, 0] / truth)))
    return {
        "network": name,
        "people": size,
        "covered": int(covered.sum()),
        "draws": len(found),
        "median": round(float(np.median(values[:, 0])), 1),
        "factor": round(float(np.median(factors)), 2),
        "worst": round(float(np.max(factors)), 1),
        "width": round(float(np.median(values[:, 2] / values[:, 1])), 1),
    }


def _order(size: int, truths: dict[str, float], values: dict[str, np.ndarray]) -> dict[str, object]:
    """Whether networks come in the measured order: by their medians, and pair by pair in each draw."""
    pairs = [(a, b) for a, b in combinations(truths, 2) if truths[a] != truths[b]]
    right = [np.sign(np.log(values[a] / values[b])) == np.sign(truths[a] - truths[b]) for a, b in pairs]
    measured = sorted(truths, key=lambda name: truths[name])
    by_median = sorted(values, key=lambda name: float(np.median(values[name])))
    return {
        "people": size,
        "median order is the measured one": by_median == measured,
        "pairs of networks in the right order": f"{int(np.sum(right))} of {int(np.size(right))}",
        "order": by_median,
    }


if __name__ == "__main__":
    main()
