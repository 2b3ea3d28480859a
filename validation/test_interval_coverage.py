"""The simulation of scripts/interval_coverage.py with few trials; the full table is that script's.

95 % intervals must hold the truth in at least 92 % of the trials. Fewer hits than the binomial distribution with 92 %
gives in one of ten thousand runs are a failure; the trials are seeded, so that a pass stays one.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from threadpoolctl import threadpool_limits

SCRIPT = Path(__file__).parents[1] / "scripts/interval_coverage.py"


@pytest.fixture(scope="module")
def simulation():
    spec = importlib.util.spec_from_file_location("interval_coverage", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look for it there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def known(simulation):
    return simulation.truth(simulation.WORLDS["middling"], people=10_000, repeats=8)


@pytest.mark.parametrize(
    ("design", "trials", "fars"),
    [("all pairs, 100 people", 60, 3), ("list, 3000 + 3000, 400 people", 120, 2), ("list, 1500 + 1500, 150 people", 120, 2)],
)
def test_intervals_hold_the_truth_as_often_as_they_say(simulation, known, design, trials, fars):
    shape = simulation.DESIGNS[design]
    with threadpool_limits(1):  # arrays this small gain nothing from threads
        tar, accuracy, difference, curve = simulation.coverage(
            simulation.WORLDS["middling"], known, shape, trials, seed=1, fars=simulation.FARS[:fars]
        )
    rates = np.array([*tar, *difference, *curve, *([] if accuracy is None else [accuracy])])
    least = stats.binom.ppf(1e-4, trials, 0.92) / trials
    assert (rates >= least).all(), rates
    assert rates.mean() < 0.995, rates  # never wrong would be too wide
