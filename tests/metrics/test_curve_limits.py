"""Intervals of AUC and EER: against DeLong's written out, at the edges, and by what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from facespace.metrics import Roc, subject_intervals
from facespace.metrics.intervals import problem, tar_limits


def scores(n=4000, apart=2.0, seed=0):
    rng = np.random.default_rng(seed)
    same = np.arange(2 * n) < n
    return rng.normal(size=2 * n) + apart * same, same


def delong(genuine, impostor):
    """AUC and its standard error as in DeLong, DeLong, Clarke-Pearson 1988, equations 4 to 6."""
    wins = (genuine[:, None] > impostor[None, :]) + 0.5 * (genuine[:, None] == impostor[None, :])
    first, second = wins.mean(axis=1), wins.mean(axis=0)
    return wins.mean(), np.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second))


def test_where_errors_are_many_and_people_unknown_it_is_delong_s_interval():
    values, same = scores(1500)
    area, error = delong(values[same], values[~same])
    found = subject_intervals(values, same, None, None, (0.1,)).curve
    middle = (found.auc_low + found.auc_high) / 2
    assert middle == pytest.approx(area, abs=0.2 * error)  # Wilson's lies a little inwards
    assert found.auc_high - found.auc_low == pytest.approx(2 * 1.96 * error, rel=0.03)


def test_people_who_share_their_errors_count_as_one():
    rng = np.random.default_rng(1)
    person = np.repeat(np.arange(400), 10)
    genuine = rng.normal(size=400)[person] + 2 + 0.1 * rng.normal(size=4000)
    impostor = rng.normal(size=4000)
    values, same = np.concatenate([genuine, impostor]), np.arange(8000) < 4000
    others = 400 + np.arange(8000)
    people = np.concatenate([person, others[:4000]]), np.concatenate([person, others[4000:]])
    known, unknown = (subject_intervals(values, same, None, who, (0.1,)).curve for who in (people, None))
    assert known.auc_high - known.auc_low > 2 * (unknown.auc_high - unknown.auc_low)
    assert known.eer_high - known.eer_low > 1.5 * (unknown.eer_high - unknown.eer_low)


@pytest.mark.parametrize("apart", [50, -50])
def test_perfect_order_is_not_certainty(apart):
    values, same = scores(200, apart)
    found = subject_intervals(values, same, None, None, (0.1,)).curve
    roc = Roc(values[same], values[~same])
    assert found.auc_low <= roc.auc <= found.auc_high
    assert found.auc_high - found.auc_low > 1e-3
    assert found.eer_low <= roc.eer <= found.eer_high
    assert found.eer_high - found.eer_low > 1e-3


@pytest.mark.parametrize("apart", [0.0, 1.0, 3.0, 6.0])
@pytest.mark.parametrize("n", [3, 40, 4000])
def test_the_ends_of_the_eer_are_where_the_limits_of_tar_meet_it(apart, n):
    values, same = scores(n, apart, seed=n)
    found = subject_intervals(values, same, None, None, (0.1,)).curve
    eer = Roc(values[same], values[~same]).eer
    assert 0 <= found.eer_low <= eer <= found.eer_high <= 1
    _, truth, dyads = problem(values, same, None)
    down = np.sort(values[~truth])[::-1]

    def limits(far):
        row = tar_limits(dyads, values[truth], values[~truth], down, far, 0.95)
        return row.low, row.high

    width = found.eer_high - found.eer_low
    for end, side, sign in ((found.eer_low, 1, -1), (found.eer_high, 0, 1)):
        # TAR goes by steps: a little outside, 1 − f is no longer within its limits; a little inside it is.
        outside, inside = (min(max(end + sign * step * width, 0.0), 1.0) for step in (0.05, -0.05))
        if 0 < outside < 1:
            assert (limits(outside)[side] + outside - 1) * sign >= 0
        if 0 < inside < 1 and abs(inside - eer) < abs(end - eer):
            assert (limits(inside)[side] + inside - 1) * sign <= 1 / n


def test_mirrored_scores_mirror_the_interval_of_the_area():
    values, same = scores(500, 1.0)
    one, two = (subject_intervals(sign * values, same, None, None, (0.1,)).curve for sign in (1, -1))
    assert one.auc_low + two.auc_high == pytest.approx(1, abs=0.003)
    assert one.auc_high + two.auc_low == pytest.approx(1, abs=0.003)


def test_without_intervals_nothing_is_said():
    from facespace.metrics import CurveLimits

    assert CurveLimits().auc == CurveLimits().eer == ""
    assert set(CurveLimits().to_dict().values()) == {None}
