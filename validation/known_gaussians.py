"""People of known Gaussians, the capacity they have in closed form, and repeated estimates of it.

    python validation/known_gaussians.py [--trials 100] [--cases 2:100,8:500,16:2000]

prints for each case and kind of people: the closed form (log capacity at q = 0.1 %), the bias and the median error of the
estimate, the error relative to the closed form, and the share of 95 % intervals that hold it.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy.stats import invwishart
from threadpoolctl import threadpool_limits

from facespace.capacity import log_capacity
from facespace.capacity.classes import person_moments, volume_ratios
from facespace.capacity.classes.ellipsoids import canonical, log_volumes

ALIKE, SIZES, SHAPES = "alike", "sizes", "shapes"


def draw(m, people, kind, seed):
    """Points, person, Σ_pop and every Σ_c. `kind`: one covariance for all, sizes of a uniform logarithm, or all shapes."""
    rng = np.random.default_rng([seed, m, people])
    turn = np.linalg.qr(rng.normal(size=(m, m)))[0]
    between = turn @ np.diag(np.geomspace(1, 0.2, m)) @ turn.T
    # In the plane people have to be smaller for the same order of capacity: relative errors of log 1 mean nothing.
    within = np.diag(rng.uniform(0.05, 0.2, m)) * (0.1 if m == 2 else 1)
    own = np.repeat(within[None], people, axis=0)
    if kind == SIZES:
        own = own * np.exp(rng.uniform(-0.7, 0.7, people))[:, None, None]
    elif kind == SHAPES:
        own = np.stack([np.atleast_2d(invwishart.rvs(m + 21, within * 20, random_state=rng)) for _ in range(people)])
    images = 2 + np.minimum(rng.geometric(0.25, people) - 1 + (rng.random(people) < 0.05) * rng.integers(0, 60, people), 60)
    person = np.repeat(np.arange(people), images)
    noise = np.einsum("nij,nj->ni", np.linalg.cholesky(own)[person], rng.normal(size=(len(person), m)))
    return rng.multivariate_normal(np.zeros(m), between, people)[person] + noise, person, between + own.mean(axis=0), own


def trials(m, people, kind, count):
    """For max and median: (trials, 3) estimate, truth, and whether the interval holds it; logarithms of C at q = 0.1 %."""
    found = {"max": [], "median": []}
    for seed in range(count):
        points, person, population, own = draw(m, people, kind, seed)
        ratios = volume_ratios(person_moments(points, person), resamples=100, seed=seed)
        for choice, rows in found.items():
            truth = float(log_capacity(log_volumes(population), canonical(log_volumes(own), choice), m, 1e-3))
            ratio = ratios.get("full", choice)
            value, low, high = (float(log_capacity(v, 0.0, m, 1e-3)) for v in (ratio.value, ratio.low, ratio.high))
            rows.append((value, truth, low <= truth <= high))
    return {choice: np.array(rows, dtype=float) for choice, rows in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--cases", default="2:100,8:500,16:2000")
    options = parser.parse_args()
    print(
        f"{'m':>3}{'people':>7} {'kind':7}{'class':7}{'truth':>7}{'bias':>7}{'error':>7}{'%':>6}{'covered':>9}{'s each':>8}"
    )
    for case in options.cases.split(","):
        m, people = map(int, case.split(":"))
        for kind in (ALIKE, SIZES, SHAPES):
            start = time.perf_counter()
            with threadpool_limits(1):
                found = trials(m, people, kind, options.trials)
            each = (time.perf_counter() - start) / options.trials
            for choice, rows in found.items():
                gap, truth = rows[:, 0] - rows[:, 1], rows[:, 1].mean()
                error = np.median(np.abs(gap))
                print(
                    f"{m:3}{people:7} {kind:7}{choice:7}{truth:7.2f}{gap.mean():7.2f}{error:7.2f}{100 * error / truth:6.1f}"
                    f"{rows[:, 2].mean():9.2f}{each:8.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
