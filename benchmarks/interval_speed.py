"""Claim: intervals of TAR at six FARs over 3,531 people and 15.7 million pairs take less than 10 seconds.

    python benchmarks/interval_speed.py [--pairs 15658489] [--draws 5]

The peer is the bootstrap that people write: draw people, weigh each pair by how often its people were drawn, and read
off the TARs, scores being sorted once. A few draws are timed and carried to the 1,000 that an interval takes. Made
scores of IJB-C's size: 19,557 genuine pairs, every person with a difficulty of its own.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from facespace.metrics import compare_scores, subject_intervals

FARS = [10.0**-k for k in range(1, 7)]
PEOPLE, GENUINE = 3531, 19_557


def problem(pairs, seed=0):
    rng = np.random.default_rng(seed)
    hard = rng.normal(0, 0.06, PEOPLE)
    left = rng.integers(0, PEOPLE, pairs).astype(np.int32)
    right = (left + rng.integers(1, PEOPLE, pairs).astype(np.int32)) % PEOPLE
    same = np.arange(pairs) < GENUINE
    right[same] = left[same]
    base = np.where(same, 0.7, 0.05) + hard[left] + hard[right]
    scores = [(base + rng.normal(0, 0.1, pairs)).astype(np.float32) for _ in range(2)]
    return *scores, same, (left, right)


def bootstrap(scores, same, people, draws, seed=0):
    """Seconds of sorting, and of one draw."""
    rng = np.random.default_rng(seed)
    start = time.perf_counter()
    down = np.flatnonzero(~same)[np.argsort(-scores[~same])]
    one, two = people[0][down], people[1][down]
    up = np.flatnonzero(same)[np.argsort(-scores[same])]
    above = np.searchsorted(-scores[up], -scores[down])
    prepared = time.perf_counter() - start
    start = time.perf_counter()
    for _ in range(draws):
        times = np.bincount(rng.integers(0, PEOPLE, PEOPLE), minlength=PEOPLE).astype(np.float32)
        total = np.cumsum(times[one] * times[two], dtype=np.float64)
        genuine = np.append(0, np.cumsum(times[people[0][up]]))
        tars = [genuine[above[np.searchsorted(total, far * total[-1], side="right")]] / genuine[-1] for far in FARS]
        assert min(tars) >= 0
    return prepared, (time.perf_counter() - start) / draws


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=15_658_489)
    parser.add_argument("--draws", type=int, default=5)
    options = parser.parse_args()
    a, b, same, people = problem(options.pairs)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    subject_intervals(a, same, None, people, FARS)
    ours = time.perf_counter() - start
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20
    start = time.perf_counter()
    compare_scores(a, b, same, people, FARS)
    both = time.perf_counter() - start
    prepared, draw = bootstrap(a, same, people, options.draws)
    peer = prepared + 1000 * draw
    print(f"facespace: {ours:.1f} s, {memory:.2f} GiB beside the scores; two systems and their difference: {both:.1f} s")
    print(f"bootstrap: {prepared:.1f} s + 1,000 draws of {draw:.2f} s = {peer:.0f} s")
    print(f"ratio: {peer / ours:.0f}")


if __name__ == "__main__":
    main()
