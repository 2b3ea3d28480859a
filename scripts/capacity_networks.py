"""Capacities of several networks at one m, and their measured limits, in one table and one plot.

    python scripts/capacity_networks.py SET … [--dim 16] [--plot FILE.png] [--json FILE.json]

Capacities depend on m more than on anything else, so networks are compared at the same m. The plot has the capacity of the
median person's class at q against the gallery in which half of the strangers are falsely identified at FNMR q, by the
embedding itself and by its projection.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from facespace.capacity import CapacityResult, estimate_capacity
from facespace.capacity.report import people, percent
from facespace.embeddings import EmbeddingSet
from facespace.io import write_json
from facespace.report import Curve, curves

QS = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 1e-5)
LIMITS = (("fnmr", "embedding"), ("fnmr", "projection"), ("far", "embedding"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--dim", type=int, default=16)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results, curves_of = [], []
    for path in options.sets:
        start = time.process_time()
        faces = EmbeddingSet.load(path)
        r = estimate_capacity(faces, qs=QS, dim=options.dim, validate=True, sensitivity=False)
        results.append(r)
        kept = ", ".join(f"{100 * p.before:.1f} → {100 * p.after:.1f} %" for p in r.preservation)
        print(f"{r.model}: m = {r.dim}, TAR at FAR 1 % and 0.1 %: {kept}; {time.process_time() - start:.0f} CPU seconds")
        for choice in ("max", "mean", "median"):
            points = [p for p in r.of("full", choice) if p.q in (0.1, 0.01, 0.001, 1e-5)]
            cells = (f"{percent(p.q)}: {people(p.capacity)} [{people(p.low)}, {people(p.high)}]" for p in points)
            print(f"  {choice:7}", "; ".join(cells))
        for meaning, space in LIMITS:
            cells = (f"{percent(c.q)}: {'beyond' if c.limit is None else int(c.limit)}" for c in r.measured(meaning, space))
            print(f"  limit at {meaning.upper()}, {space}:", "; ".join(cells), flush=True)
        curves_of += _curves(r)
    if options.json:
        write_json(results, options.json)
    if options.plot:
        chart = curves(
            curves_of,
            x_title="q",
            y_title="people",
            x_range=(1e-3, 0.1),
            y_range=(1, 1e7),
            steps=False,
            log_y=True,
            columns=2,
            size=(330, 230),
        )
        chart.save(str(options.plot), scale_factor=2)


def _curves(r: CapacityResult) -> list[Curve]:
    """Predicted and measured limits of one network; a curve ends where this set has too few people to measure it."""
    found = []
    for choice in ("median", "max"):
        up = [p for p in r.of("full", choice)[::-1] if p.q >= 1e-3]
        found.append(Curve(f"predicted, {choice} class", [p.q for p in up], [p.capacity for p in up], r.model))
    for name, space in (("measured, FNMR q", "embedding"), ("measured in the projection", "projection")):
        known = [c for c in r.measured("fnmr", space)[::-1] if c.limit is not None]
        if known:
            found.append(Curve(name, [c.q for c in known], [float(c.limit) for c in known], r.model))
    return found


if __name__ == "__main__":
    main()
