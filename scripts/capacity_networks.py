"""Capacities of several networks at one m, and their measured limits, in one table and one plot.

    python scripts/capacity_networks.py SET … [--dimension 16] [--plot FILE.png] [--json FILE.json]

Capacities depend on m more than on anything else, so networks are compared at the same m. The plot has the capacity of the
median person's class at q against the gallery in which half of the strangers are falsely identified at FNMR q, by the
embedding itself and by its projection.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from facespace.capacity import estimate_capacity
from facespace.capacity.report import people, percent
from facespace.embeddings import EmbeddingSet
from facespace.report import Band, lines_with_bands
from facespace.results import write_json

FARS = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 1e-5)
LIMITS = (("fnmr", "embedding"), ("fnmr", "projection"), ("far", "embedding"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--dimension", type=int, default=16)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results, bands = [], []
    for path in options.sets:
        start = time.process_time()
        faces = EmbeddingSet.load(path)
        r = estimate_capacity(faces, far=FARS, dimension=options.dimension, validate=True, sensitivity=False)
        results.append(r)
        kept = ", ".join(f"{100 * p.before:.1f} → {100 * p.after:.1f} %" for p in r.preservation)
        print(
            f"{r.model}: m = {r.dimension}, TAR at FAR 1 % and 0.1 %: {kept}; {time.process_time() - start:.0f} CPU seconds"
        )
        for choice in ("max", "mean", "median"):
            points = [p for p in r.of("full", choice) if p.far in (0.1, 0.01, 0.001, 1e-5)]
            cells = (f"{percent(p.far)}: {people(p.capacity)} [{people(p.low)}, {people(p.high)}]" for p in points)
            print(f"  {choice:7}", "; ".join(cells))
        for meaning, space in LIMITS:
            cells = (
                f"{percent(c.rate)}: {'beyond' if c.limit is None else int(c.limit)}" for c in r.measured(meaning, space)
            )
            print(f"  limit at {meaning.upper()}, {space}:", "; ".join(cells), flush=True)
        up = [p for p in r.of("full", "median")[::-1] if p.far >= 1e-3]
        values = [[getattr(p, key) for p in up] for key in ("capacity", "low", "high")]
        bands.append(Band(f"{r.model}, predicted", [p.far for p in up], *values))
        for space in ("embedding", "projection"):
            found = [c for c in r.measured("fnmr", space)[::-1] if c.limit is not None]
            if found:
                limits = [float(c.limit) for c in found]
                name = f"{r.model}, measured" + (", projected" if space == "projection" else "")
                bands.append(Band(name, [c.rate for c in found], limits, limits, limits))
    if options.json:
        write_json(results, options.json)
    if options.plot:
        chart = lines_with_bands(bands, x_title="q", y_title="people", log_x=True, log_y=True, size=(640, 420))
        chart.save(str(options.plot), scale_factor=2)


if __name__ == "__main__":
    main()
