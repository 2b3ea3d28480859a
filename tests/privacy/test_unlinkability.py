from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facespace.errors import InputError
from facespace.privacy import linkability
from facespace.privacy.protection_audit.half import crossing, half_pairs
from facespace.privacy.protection_audit.unlinkability import floor_of, linkability_limits


@settings(max_examples=60, deadline=None)
@given(scores=st.lists(st.integers(-50, 50), min_size=10, max_size=300), bins=st.integers(1, 40))
def test_d_sys_is_0_for_equal_distributions(scores, bins):
    assert linkability(scores, scores, bins=bins).d_sys == 0
    assert linkability(scores, np.repeat(scores, 3), bins=bins).d_sys == pytest.approx(0, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=10, max_size=200), st.lists(st.floats(1.5, 2), min_size=10, max_size=200))
def test_d_sys_is_1_for_disjoint_ones(low, high):
    for mated, nonmated in ((low, high), (high, low)):  # linkable by whatever score tells them apart
        assert linkability(mated, nonmated, bins=50).d_sys == pytest.approx(1)


def test_d_sys_of_two_normal_laws_is_their_integral():
    """∫ p D↔ of N(1, 1) against N(0, 1), by quadrature."""
    rng = np.random.default_rng(0)
    found = linkability(rng.normal(1, 1, 400_000), rng.normal(0, 1, 400_000)).d_sys
    s = np.linspace(-8, 9, 200_001)
    mated = np.exp(-((s - 1) ** 2) / 2) / np.sqrt(2 * np.pi)
    ratio = np.exp(s - 0.5)
    local = np.where(ratio > 1, 2 * ratio / (1 + ratio) - 1, 0)
    assert found == pytest.approx(float(np.trapezoid(mated * local, s)), abs=5e-3)


def test_more_mated_pairs_than_others_make_a_score_say_more():
    rng = np.random.default_rng(1)
    mated, nonmated = rng.normal(0.5, 1, 5000), rng.normal(0, 1, 5000)
    values = [linkability(mated, nonmated, omega=omega).d_sys for omega in (0.1, 1, 10)]
    assert values == sorted(values)
    assert values[0] < values[-1]


def test_the_floor_is_what_scores_give_that_say_nothing():
    rng = np.random.default_rng(2)
    found = [linkability(rng.normal(size=400), rng.normal(size=400)).d_sys for _ in range(60)]
    assert floor_of(rng.normal(size=400), rng.normal(size=400), 0) == pytest.approx(np.mean(found), rel=0.15)
    assert np.mean(found) > 0.02


def test_the_interval_holds_the_truth():
    """Of people with ten mated pairs each, whose scores go together, in at least 88 % of 60 trials."""
    rng = np.random.default_rng(3)
    truth = linkability(rng.normal(1, 1, 200_000), rng.normal(0, 1, 200_000), bins=40).d_sys
    hit = 0
    for trial in range(60):
        person = np.repeat(np.arange(120), 10)
        mated = 1 + (np.sqrt(0.5) * rng.normal(size=120))[person] + np.sqrt(0.5) * rng.normal(size=1200)
        left, right = rng.integers(0, 120, (2, 1200))
        nonmated = rng.normal(size=1200)
        value = linkability(mated, nonmated).d_sys
        low, high = linkability_limits(mated, nonmated, (person, left, right), resamples=100, seed=trial)
        assert low <= value <= high
        hit += low - 0.02 <= truth <= high  # histograms of few scores are above it by so much
    assert hit >= 53


def test_too_few_scores_are_refused():
    with pytest.raises(InputError, match="9 mated and 20"):
        linkability(np.zeros(9), np.zeros(20))
    with pytest.raises(InputError, match="finite"):
        linkability(np.full(20, np.nan), np.zeros(20))


@settings(max_examples=60, deadline=None)
@given(rates=st.lists(st.floats(0, 1), min_size=2, max_size=6), level=st.floats(0.01, 1))
def test_the_crossing_lies_where_the_rate_first_reaches_the_level(rates, level):
    sizes = [0, 10, 25, 50, 100, 400][: len(rates)]
    found = crossing(sizes, np.array(rates), level)
    if max(rates) < level:
        assert found == np.inf
    else:
        after = next(i for i, rate in enumerate(rates) if rate >= level)
        assert (sizes[after - 1] if after else 0) <= found <= sizes[after] + 1e-9


def test_the_interval_of_half_scatters_with_people():
    rng = np.random.default_rng(4)
    own = np.ones(400, dtype=bool)
    named = [rng.random((3, 400)) < rate for rate in (0.01, 0.1, 0.3, 0.9)]
    spans = []
    for people in (20, 200):
        value, low, high = half_pairs([0, 10, 25, 50], named, own, np.arange(400) % people, resamples=300, seed=0)
        assert 25 < low < value < high < 50
        spans.append(high - low)
    assert half_pairs([0, 10], named[:2], own, np.arange(400), resamples=50, seed=0) == (np.inf,) * 3
