"""Exact bounds: what they are, that they cover, and how many people they take."""

import numpy as np
import pytest
from scipy import stats

from facespace.migration import loss_of, trials_needed
from facespace.migration.guarantee import limits


@pytest.mark.parametrize(("lost", "gained", "trials"), [(0, 0, 50), (3, 1, 200), (50, 0, 50), (12, 40, 1000)])
def test_limits_are_clopper_and_pearsons(lost, gained, trials):
    """scipy's exact interval, with 1.25 % left out at each of the four ends."""
    b, c = (stats.binomtest(k, trials).proportion_ci(1 - 2 * 0.0125, method="exact") for k in (lost, gained))
    low, high = limits(lost, gained, trials, 0.95)
    assert low == pytest.approx(b.low - c.high)
    assert high == pytest.approx(b.high - c.low)


@pytest.mark.parametrize(("people", "lost", "gained"), [(100, 0.03, 0.01), (400, 0.02, 0.02), (400, 0.002, 0.0)])
def test_limits_cover_the_true_loss(people, lost, gained):
    draws = np.random.default_rng(0).multinomial(people, [lost, gained, 1 - lost - gained], size=4000)
    low, high = limits(draws[:, 0], draws[:, 1], people)
    assert np.mean((low <= lost - gained) & (lost - gained <= high)) >= 0.95


@pytest.mark.parametrize("repeats", [2, 6])
def test_limits_cover_where_trials_of_a_person_go_together(repeats):
    random = np.random.default_rng(1)
    inside = []
    for _ in range(400):
        fate = random.choice(3, p=[0.03, 0.01, 0.96], size=300)
        before = np.repeat(fate != 1, repeats)
        after = np.repeat(fate != 0, repeats)
        found = loss_of(before, after, np.repeat(np.arange(300), repeats))
        assert found.design_effect == pytest.approx(repeats, rel=0.3)
        inside.append(found.low <= 0.02 <= found.high)
    assert np.mean(inside) >= 0.95


def test_repeating_every_trial_says_nothing_new():
    random = np.random.default_rng(2)
    before, after = random.random(500) < 0.97, random.random(500) < 0.95
    once = loss_of(before, after, np.arange(500))
    twice = loss_of(np.tile(before, 2), np.tile(after, 2), np.tile(np.arange(500), 2))
    assert twice.loss == once.loss
    assert twice.high == pytest.approx(once.high, abs=1e-3)
    assert twice.low == pytest.approx(once.low, abs=1e-3)


def test_decisions():
    all_right = np.ones(2000, dtype=bool)
    worse = all_right.copy()
    worse[:60] = False
    person = np.arange(2000)
    assert loss_of(all_right, worse, person).decision(0.005) == "stop"
    assert loss_of(all_right, worse, person).decision(0.05) == "go"
    assert loss_of(all_right, worse, person).decision(0.03) == "more"
    assert loss_of(all_right, worse, person).people_needed(0.03) is None  # the loss is the margin
    assert loss_of(all_right[:50], all_right[:50], person[:50]).decision(0.01) == "more"


def test_as_many_trials_as_needed_give_the_power_and_fewer_do_not():
    needed = trials_needed(0.015, 0.01, 0.02)
    for trials, enough in ((needed, True), (round(0.8 * needed), False)):
        draws = np.random.default_rng(99).multinomial(trials, [0.015, 0.01, 0.975], size=20_000)
        power = np.mean(limits(draws[:, 0], draws[:, 1], trials)[1] <= 0.02)
        assert (power > 0.79) == enough


def test_a_wider_margin_takes_fewer_people_and_a_loss_beyond_it_takes_none():
    numbers = [trials_needed(0.01, 0.01, margin) for margin in (0.005, 0.01, 0.02)]
    assert numbers == sorted(numbers, reverse=True)
    assert trials_needed(0.02, 0.01, 0.01) is None
