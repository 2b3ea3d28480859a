"""Claim: statistics of pairs are summed at a fixed share of the machine's rate of matrix products.

    python benchmarks/fit_speed.py [--pairs 200000] [--dim 512]

In one run, on vectors that are in memory: float32 and float64 products of the same size (2 n d² for a cross product, n d²
for a symmetric one), `PairStatistics.of`, and one pass of five folds. Prints seconds, rates and ratios.

Then what float32 products in blocks, summed in float64, would cost in accuracy, and why they are not used: the greatest
relative error of W by least squares against all-float64, for sources whose spectrum falls from 1 to 1/c.
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
    print(f"{'condition c':>12}{'rows a block':>14}{'error of W':>12}{'of scores':>12}")
    for condition in (1e1, 1e3, 1e5):
        for rows in (128, 1024):
            print(f"{condition:>12.0e}{rows:>14}{'{:>12.1e}{:>12.1e}'.format(*blocked_error(x, condition, rows, rng))}")


def blocked_error(x: np.ndarray, condition: float, rows: int, rng: np.random.Generator) -> tuple[float, float]:
    """Of W, relative, and of cosines of mapped vectors, where products of `rows` rows are float32."""
    d = x.shape[1]
    a = normalize(x * np.geomspace(1, condition**-0.5, d, dtype=np.float32))
    b = normalize(a @ rng.standard_normal((d, d), dtype=np.float32) + 0.1 * rng.standard_normal(a.shape, dtype=np.float32))
    gram, cross = np.zeros((d, d)), np.zeros((d, d))
    for start in range(0, len(a), rows):
        part = a[start : start + rows]
        gram += part.T @ part
        cross += part.T @ b[start : start + rows]
    exact = PairStatistics.of(a, b)
    one, two = np.linalg.solve(gram, cross), np.linalg.solve(exact.source.gram, exact.cross)
    u, v = (normalize((a[:2000] @ w).astype(np.float32)) for w in (one, two))
    y = b[:2000]
    return float(np.abs(one - two).max() / np.abs(two).max()), float(np.abs(np.sum((u - v) * y, axis=1)).max())


if __name__ == "__main__":
    main()
