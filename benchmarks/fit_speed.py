"""Claim: statistics of pairs are summed at a fixed share of the machine's rate of matrix products.

    python benchmarks/fit_speed.py [--pairs 200000] [--dim 512]

In one run, on vectors that are in memory: float32 and float64 products of the same size (2 n d² for a cross product, n d²
for a symmetric one), `PairStatistics.of`, and one pass of five folds. Prints seconds, rates and ratios.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from facespace.embeddings import normalize
from facespace.mapping import PairStatistics
from facespace.mapping.pairs import Division, PairSums
from facespace.row_index import mixed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    x, y = (normalize(rng.standard_normal((given.pairs, given.dim), dtype=np.float32)) for _ in range(2))
    x64, y64 = x.astype(np.float64), y.astype(np.float64)
    keys = mixed(np.arange(1, given.pairs + 1, dtype=np.uint64))
    division = Division.of(keys, mixed(keys // np.uint64(4)), 0)
    ways = {
        "float32 products": lambda: (x.T @ x, y.T @ y, x.T @ y),
        "float64 products": lambda: (x64.T @ x64, y64.T @ y64, x64.T @ y64),
        "PairStatistics.of": lambda: PairStatistics.of(x, y),
        "one pass with folds": lambda: PairSums.of(x, y, division, folds=True),
    }
    best = dict.fromkeys(ways, np.inf)
    for _ in range(given.rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            best[name] = min(best[name], time.perf_counter() - start)
    work = 4 * given.pairs * given.dim**2
    print(f"{given.pairs:,} pairs, {given.dim} → {given.dim}; best of {given.rounds}")
    print(f"{'':<22}{'seconds':>9}{'Gflop/s':>9}{'of float32':>12}{'of float64':>12}")
    for name, took in best.items():
        print(f"{name:<22}{took:>9.2f}{work / took / 1e9:>9.1f}{best['float32 products'] / took:>12.2f}"
              f"{best['float64 products'] / took:>12.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
