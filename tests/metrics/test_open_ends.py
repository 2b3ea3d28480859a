"""A rate of 0 or 1 has an interval: what as many people allow, where none of them has the event."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from facespace.capacity.gallery_growth import Entries, growth_curve
from facespace.explain.fair.scores import summarise
from facespace.mapping.correspondence.check import _interval as broken_interval
from facespace.metrics import compare_scores, open_end
from facespace.privacy.mixture.audit import _interval as mixture_interval
from facespace.privacy.rates import Answers, rates


@pytest.mark.parametrize("people", [1, 7, 40, 1000])
def test_the_upper_end_is_clopper_and_pearsons(people):
    upper = stats.binomtest(0, people).proportion_ci(0.95, method="exact").high
    assert open_end(0.0, (0.0, 0.0), people) == pytest.approx((0.0, upper))
    assert open_end(1.0, (1.0, 1.0), people) == pytest.approx((1 - upper, 1.0))
    assert open_end(1.0, (1.0, 1.0), people, least=-1.0) == pytest.approx((max(1 - 2 * upper, -1), 1.0))


def test_people_of_unequal_numbers_of_images_count_as_fewer_and_other_intervals_stay():
    assert open_end(0.0, (0.0, 0.0), np.full(30, 4)) == open_end(0.0, (0.0, 0.0), 30)
    assert open_end(0.0, (0.0, 0.0), np.array([50, *[1] * 29])) > open_end(0.0, (0.0, 0.0), 30)
    for value, ends in ((0.0, (0.0, 0.1)), (0.5, (0.5, 0.5)), (1.0, (0.99, 1.0)), (0.2, (0.1, 0.3))):
        assert open_end(value, ends, 10) == ends
    assert open_end(0.0, (0.0, 0.0), 0) == (0.0, 1.0)


@pytest.mark.parametrize("named", [True, False])
def test_an_attack_that_always_or_never_succeeds(named):
    person = np.repeat(np.arange(40), 3)
    answers = Answers(np.full((2, 120), named), np.full((2, 120), 0.9, np.float32))
    mated = np.ones(120, bool)
    mated[-12:] = False
    answers.score[:, ~mated] = 0.1
    found = rates(answers, person, mated, [0.1], resamples=50, seed=0)
    reach = 1 - 0.025 ** (1 / 36)
    assert (found.rank1.low, found.rank1.high) == pytest.approx((1 - reach, 1.0) if named else (0.0, reach))
    missed = found.fnir[0.1]
    assert (missed.low, missed.high) == pytest.approx((0.0, reach) if named else (1 - reach, 1.0))


def test_shares_of_a_gallery_and_of_pairs():
    unit = np.repeat(np.arange(50), 2)
    for interval in (mixture_interval, broken_interval):
        for share in (False, True):
            low, high = interval(np.full(100, share), unit, 0)
            assert high - low == pytest.approx(1 - 0.025 ** (1 / 50))


def test_a_gallery_in_which_nobody_is_confused():
    curve = growth_curve(Entries(np.eye(30, dtype=np.float32), np.eye(30, dtype=np.float32)), 0.5, 0.1, "far", "embedding")
    assert not curve.fpir.any()
    assert (np.diff(curve.high) > 0).all()
    assert curve.high[-1] == pytest.approx(1 - 0.025 ** (1 / 15))  # two people a pair


def test_two_systems_that_never_decide_differently_may_on_other_people():
    rng = np.random.default_rng(0)
    same = np.arange(200) < 100
    people = np.arange(200) % 50, np.where(same, np.arange(200) % 50, (np.arange(200) + 7) % 50)
    one = np.where(same, 0.8, 0.1) + 0.01 * rng.random(200)
    right = np.ones(200, bool)
    row = compare_scores(one, one + 0.01 * rng.random(200), same, people, [0.1], correct=(right, right)).accuracy
    assert (row.low, row.high) == pytest.approx((-(1 - 0.025 ** (1 / 50)), 1 - 0.025 ** (1 / 50)))
    assert row.p == 1
    alike = compare_scores(one, one, same, people, [0.1], correct=(right, right)).accuracy
    assert (alike.low, alike.high) == (0.0, 0.0)  # the same scores: no other people would tell them apart


def test_a_fair_test_that_all_pairs_pass():
    (row,) = summarise({("planted", "window", "map"): np.ones(20)}, [])
    assert (row.low, row.high) == pytest.approx((0.025 ** (1 / 20), 1.0))
