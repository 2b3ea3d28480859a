"""Limits and differences against their formulas in plain loops (interval_formulas.py)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from interval_formulas import (
    Written,
    people_problem,
    plain_accuracy_limits,
    plain_genuine_limits,
    plain_tar_limits,
    plain_variance_of_difference,
    plain_wilson,
)
from scipy import stats

from facespace.metrics._dyads import Dyads
from facespace.metrics._limits import genuine_limits, mover_half_width, quantile, wilson
from facespace.metrics.difference import compare_scores
from facespace.metrics.intervals import UNBOUNDED, accuracy_limits, problem, subject_intervals, tar_limits

FARS = (0.5, 0.2, 0.05, 0.02, 1 / 160, 1e-3)
SEEDS = range(4)


def found_tar(scores, same, left, right, far, level=0.95):
    s, truth, dyads = problem(scores, same, (left, right))
    down = np.sort(s[~truth])[::-1]
    return tar_limits(dyads, s[truth], s[~truth], down, far, level)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("far", FARS)
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_tar_limits_are_those_of_the_formulas(seed, far, level):
    scores, _, same, left, right = people_problem(seed)
    found = found_tar(scores, same, left, right, far, level)
    plain = plain_tar_limits(Written(same, left, right), scores[same], scores[~same], far, level)
    assert (found.tar, found.low, found.high) == pytest.approx((plain["tar"], plain["low"], plain["high"]))
    assert (found.effective_accepts, found.slope) == pytest.approx((plain["worth"], plain["slope"]))
    assert np.array_equal(found.rows, plain["rows"])


def test_people_who_fail_on_both_sides_widen_the_interval_of_tar():
    """The threshold rises by people whose impostor scores are high. Where those people's genuine scores are low, both errors
    take from TAR together: a positive correlation. Where they are high, one makes up for the other."""
    _, _, same, left, right = people_problem(1)
    person = np.arange(14) / 14
    impostors = (person[left] + person[right]) / 2
    for sign in (1, -1):
        scores = np.where(same, 0.65 - sign * 0.4 * (person[left] - 0.5), impostors)
        plain = plain_tar_limits(Written(same, left, right), scores[same], scores[~same], 0.2, 0.95)
        assert sign * plain["correlation"] > 0.3
        found = found_tar(scores, same, left, right, 0.2)
        assert (found.low, found.high) == pytest.approx((plain["low"], plain["high"]))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("cut", [0.0, 0.3, 0.45, 0.8, 2.0])
def test_accuracy_limits_are_those_of_the_formulas(seed, cut):
    scores, _, same, left, right = people_problem(seed)
    right_decisions = (scores >= cut) == same
    _, _, dyads = problem(scores, same, (left, right))
    found = accuracy_limits(dyads, right_decisions[same], right_decisions[~same], 0.9)
    *plain, correlation = plain_accuracy_limits(
        Written(same, left, right), right_decisions[same], right_decisions[~same], 0.9
    )
    assert found == pytest.approx(tuple(plain))
    if cut in (0.3, 0.45):
        assert abs(correlation) > 0.02  # else a wrong sign would not show


def test_people_who_are_wrong_on_both_sides_widen_the_interval_of_the_accuracy():
    _, _, same, left, right = people_problem(1)
    bad = left < 5
    widths = []
    for wrong in (bad, np.where(same, bad, ~bad & (right >= 5))):
        correct = ~wrong
        written = Written(same, left, right)
        *plain, correlation = plain_accuracy_limits(written, correct[same], correct[~same], 0.95)
        found = subject_intervals(np.where(same, 0.9, 0.1), same, correct, (left, right), (0.1,)).accuracy
        assert found == pytest.approx(tuple(plain))
        widths.append((correlation, found[1] - found[0]))
    assert widths[0][0] > 0.2 > -0.2 > widths[1][0]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("cut", [-1.0, 0.2, 0.45, 0.55, 0.9, 2.0])
def test_genuine_limits_are_those_of_the_formulas(seed, cut):
    scores, _, same, left, right = people_problem(seed)
    accepted = scores[same] >= cut
    dyads = Dyads(same, left, right)
    found, low, high = genuine_limits(dyads, accepted, 0.95)
    mean, u, variance, plain_low, plain_high = plain_genuine_limits(Written(same, left, right), accepted, 0.95)
    assert (found.mean, found.variance, low, high) == pytest.approx((mean, variance, plain_low, plain_high), abs=1e-12)
    assert found.person == pytest.approx(u)


def test_one_person_with_all_errors_has_one_degree_of_freedom():
    """Satterthwaite: (Σ (share of squares − share of errors)²) of one person among 20 with 5 pairs each."""
    person = np.repeat(np.arange(20), 5)
    same = np.arange(120) < 100
    left = np.concatenate([person, np.arange(20)])
    right = np.concatenate([person, (np.arange(20) + 1) % 20])
    accepted = person > 0
    low, high = genuine_limits(Dyads(same, left, right), accepted, 0.95)[1:]
    # u n of the first: −5 · 0.95; of the others 5 · 0.05 each. Errors: 5 of the first, none of the others.
    squares = np.array([4.75**2, *[0.25**2] * 19])
    freedom = 2 / ((squares[0] / squares.sum() - 1) ** 2 + 19 * (squares[1] / squares.sum()) ** 2)
    variance = 20 / 19 * squares.sum()
    deff = (variance + 5) / (5 * 0.95 + 1)
    assert (low, high) == pytest.approx(plain_wilson(0.95, 100 / deff, stats.t.ppf(0.975, freedom)))


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.5, 0.97, 1.0])
@pytest.mark.parametrize("trials", [1.5, 10, 400])
def test_wilsons_limits_are_where_the_rate_lies_z_deviations_off(rate, trials):
    low, high = wilson(rate, trials, 1.96)
    assert (low, high) == pytest.approx(plain_wilson(rate, trials, 1.96), abs=1e-12)
    for limit in (low, high):
        if 0 < limit < 1:
            assert abs(rate - limit) == pytest.approx(1.96 * math.sqrt(limit * (1 - limit) / trials))


def test_quantiles_are_two_sided_and_freedom_is_at_least_one():
    assert quantile(0.95) == pytest.approx(1.959964)
    assert quantile(0.9, 7) == pytest.approx(stats.t.ppf(0.95, 7))
    assert quantile(0.95, 0.3) == quantile(0.95, 1) == pytest.approx(12.7062)


def test_half_widths_join_like_deviations_of_that_correlation():
    assert mover_half_width(3, 4, 0) == 5
    assert mover_half_width(3, 4, 1) == 7
    assert mover_half_width(3, 4, -1) == 1
    assert mover_half_width(3, 4, 0.5) == pytest.approx(math.sqrt(9 + 16 + 12))
    assert mover_half_width(3, 3, -1 - 1e-12) == 0  # never the root of less than nothing


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("far", [0.5, 0.2, 0.1])
def test_the_difference_of_two_tars_has_the_variance_of_both_errors_together(seed, far):
    one, two, same, left, right = people_problem(seed)
    row = compare_scores(one, two, same, (left, right), [far]).tar[0]
    written = Written(same, left, right)
    a, b = (plain_tar_limits(written, s[same], s[~same], far, 0.95) for s in (one, two))
    assert min(a["worth"], b["worth"]) >= UNBOUNDED
    accepted_a, accepted_b = (found_tar(s, same, left, right, far).accepted.astype(float) for s in (one, two))
    # (g_B − g_A) − (R′_B a_B − R′_A a_A), each a person's part.
    thresholds = np.zeros(written.big_n)
    thresholds[a["rows"]] += a["slope"]
    thresholds[b["rows"]] -= b["slope"]
    half = 1.959964 * math.sqrt(plain_variance_of_difference(written, accepted_b - accepted_a, thresholds))
    change = b["tar"] - a["tar"]
    assert row.difference == pytest.approx(change)
    assert (row.low, row.high) == pytest.approx((max(change - half, -1), min(change + half, 1)))
    assert row.p == pytest.approx(2 * stats.norm.sf(abs(change) / half * 1.959964))
    assert row.discordant == np.count_nonzero(accepted_a != accepted_b)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_difference_of_two_accuracies_weighs_both_kinds_of_pairs(seed):
    one, two, same, left, right = people_problem(seed)
    correct = (one >= 0.4) == same, (two >= 0.45) == same
    row = compare_scores(one, two, same, (left, right), [0.5], correct=correct).accuracy
    written = Written(same, left, right)
    share = same.mean()
    gap = correct[1].astype(float) - correct[0]
    variance = plain_variance_of_difference(written, share * gap[same], (1 - share) * gap[~same])
    change, half = gap.mean(), 1.959964 * math.sqrt(variance)
    assert (row.difference, row.low, row.high) == pytest.approx((change, change - half, change + half))
    assert row.p == pytest.approx(2 * stats.norm.sf(abs(change) / half * 1.959964))
    assert row.discordant == np.count_nonzero(gap)
    for side, name in zip(correct, ("first", "second"), strict=True):
        low, high, _ = plain_accuracy_limits(written, side[same], side[~same], 0.95)
        assert (getattr(row, name), getattr(row, f"{name}_low"), getattr(row, f"{name}_high")) == pytest.approx(
            (side.mean(), low, high)
        )


@pytest.mark.parametrize("seed", range(6))
def test_p_is_that_of_the_side_of_the_interval_on_which_zero_lies(seed):
    """With few false accepts both systems' intervals are joined, and the sides differ. Zero lies below a positive change:
    p is 2 Φ(−1.96 change / (change − low)), and under 5 % exactly where the interval leaves out zero."""
    one, two, same, left, right = people_problem(seed, decimals=6)
    for first, second in ((one, two), (two, one), (one, one + 0.4 * same), (one + 0.4 * same, one)):
        row = compare_scores(first, second, same, (left, right), [0.02]).tar[0]
        below = math.hypot(row.second - row.second_low, row.first_high - row.first)
        above = math.hypot(row.second_high - row.second, row.first - row.first_low)
        assert abs(below - above) > 1e-3
        assert row.low == pytest.approx(max(row.difference - below, -1))
        assert row.high == pytest.approx(min(row.difference + above, 1))
        half = below if row.difference > 0 else above
        assert row.p == pytest.approx(2 * stats.norm.sf(1.959964 * abs(row.difference) / half))
        assert (row.p < 0.05) == (row.verdict != "open")


def test_pairs_of_unknown_people_stand_alone_and_pay_for_the_mean_once():
    """200 genuine and 300 impostor pairs of 200 + 2 · 300 people: p (1 − p) / n, times n / (n − 1) or P / (P − 1)."""
    dyads = Dyads(np.arange(500) < 200, None, None)
    few = 800 / 799
    assert dyads.of_genuine(np.arange(200) < 150).variance == pytest.approx(0.75 * 0.25 / 199)
    assert dyads.of_impostors(np.arange(30)).variance == pytest.approx(few * 0.1 * 0.9 / 300)
    assert dyads.covariance(dyads.of_genuine(np.arange(200) < 150), dyads.of_impostors(np.arange(30))) == 0
