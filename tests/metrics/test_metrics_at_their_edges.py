"""Where a rule changes sides: single pairs, all or nothing wrong, equal shares, counts after a merge, limits of integers."""

from __future__ import annotations

import numpy as np
import pytest
from interval_formulas import (
    Written,
    people_problem,
    plain_accuracy_limits,
    plain_genuine_limits,
    plain_tar_limits,
    plain_wilson,
)

from facespace.errors import DimensionError, InputError
from facespace.metrics._dyads import Dyads
from facespace.metrics._limits import genuine_limits
from facespace.metrics.cohort import cohort_mean
from facespace.metrics.difference import compare_scores
from facespace.metrics.intervals import UNBOUNDED, accuracy_limits, problem, subject_intervals, tar_limits
from facespace.metrics.roc import Roc
from facespace.metrics.score_histogram import ScoreHistogram


def test_ten_false_accepts_are_no_longer_few():
    impostor = np.arange(1000) / 1000
    assert Roc([1.0], impostor).tar_at_far(0.01).warning == ""
    assert "fewer than 10 are too few" in Roc([1.0], impostor).tar_at_far(0.0099).warning


@pytest.mark.parametrize(
    ("thresholds", "genuine", "impostor"),
    [
        ([0.9, 0.9], [1, 1], [1, 1]),  # equal
        ([0.5, 0.9], [1, 1], [1, 1]),  # ascending
        ([0.9, 0.5], [1, 1], [1, 1, 1]),  # a count too many
        ([0.9, 0.5], [1], [1, 1]),
        ([[0.9, 0.5]], [1, 1], [1, 1]),
    ],
)
def test_counted_scores_need_thresholds_in_order_and_a_count_of_each(thresholds, genuine, impostor):
    with pytest.raises(InputError, match="descending thresholds"):
        Roc.from_counts(thresholds, genuine, impostor)


def test_a_merged_histogram_has_counted_what_both_have():
    one, two = ScoreHistogram().update([0.5, 0.4, 0.1], [1, 1, 0]), ScoreHistogram().update([0.9, 0.2, 0.3], [1, 0, 0])
    total = one + two
    assert (total.n_genuine, total.n_impostor, len(total)) == (3, 3, 6)
    assert (two + one).n_genuine == 3
    assert total.lowest == pytest.approx(0.1)
    assert ScoreHistogram().to_arrays()["values"].shape == ScoreHistogram().genuine.shape == (0,)


def test_rates_are_of_the_floor_where_all_impostors_are_kept_but_not_all_genuine_scores():
    """Kept are 0.9 and 0.8; the genuine 0.1 is below the floor, so only a FAR of 1 is read at an edge, −1 … or its bin's."""
    histogram = ScoreHistogram(2).update(np.float32([0.9, 0.8, 0.1]), [True, False, True])
    assert histogram.exact_far == 1.0
    assert histogram.tar_at_far(0.5).warning.endswith("too few to place the threshold")
    row = histogram.tar_at_far(1.0)
    assert "at the edge of a bin" in row.warning
    assert (row.tar, row.false_accepts) == (1.0, 1)
    assert 0.1 - 2**-19 <= row.threshold <= 0.1


def test_the_auc_may_be_off_by_half_of_what_is_tied_below_the_floor():
    """A genuine and two impostor scores share a bin below the floor: 2 of 3 · 3 comparisons, half of each."""
    near = np.float32([52_428.1, 52_428.5, 52_428.3]) / np.float32(2**19)
    scores, same = np.concatenate([near, np.float32([0.9, 0.8, 0.7])]), [True, False, False, True, True, False]
    histogram = ScoreHistogram(3).update(scores, same)
    assert histogram.auc_error == pytest.approx(0.5 * 2 / 9)
    assert abs(histogram.roc().auc - Roc(scores[same], scores[~np.array(same)]).auc) <= histogram.auc_error + 1e-12


def test_without_decisions_nothing_is_known_of_the_accuracy():
    scores, _, same, left, right = people_problem()
    assert subject_intervals(scores, same, None, (left, right), (0.1,)).accuracy == (0.0, 1.0)


def test_at_a_far_of_one_everything_is_accepted_and_no_threshold_errs():
    scores, _, same, left, right = people_problem()
    scores = np.where(same, scores - 0.6, scores)  # at a FAR of 0.9 not all genuine pairs are accepted
    s, truth, dyads = problem(scores, same, (left, right))
    found = tar_limits(dyads, s[truth], s[~truth], np.sort(s[~truth])[::-1], 1.0, 0.95)
    written = Written(same, left, right)
    *_, low, high = plain_genuine_limits(written, np.ones(written.n, bool), 0.95)
    assert (found.tar, found.low, found.high, found.slope) == (1.0, pytest.approx(low), pytest.approx(high), 0.0)


def test_one_pair_of_each_kind_has_an_interval():
    found = subject_intervals([0.9, 0.1], [True, False], [True, True], (["a", "a"], ["a", "b"]), (0.1, 1e-3))
    for low, high in (found.accuracy, *found.tar):
        assert 0 <= low <= high == 1


@pytest.mark.parametrize("wrong", ["all impostors", "no impostors", "all"])
def test_all_or_none_wrong_says_no_more_than_the_number_of_people(wrong):
    _, _, same, left, right = people_problem()
    correct = np.where(same, wrong != "all", wrong == "no impostors")
    *_, dyads = problem(np.zeros(len(same)), same, (left, right))
    *plain, _ = plain_accuracy_limits(Written(same, left, right), correct[same], correct[~same], 0.95)
    assert accuracy_limits(dyads, correct[same], correct[~same], 0.95) == pytest.approx(tuple(plain))


def test_where_half_is_accepted_the_accepted_are_the_rare_ones():
    """Six people, of whom the first has three of the accepted pairs; the other four accepted are spread."""
    person = np.array([0, 0, 0, 1, 1, 1, 2, 3, 3, 4, 4, 5, 5, 5])
    accepted = np.array([1, 1, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0], dtype=bool)
    assert accepted.mean() == 0.5
    same = np.arange(20) < 14
    left, right = np.concatenate([person, np.arange(6)]), np.concatenate([person, (np.arange(6) + 1) % 6])
    written = Written(same, left, right)
    *_, low, high = plain_genuine_limits(written, accepted, 0.95)
    assert genuine_limits(Dyads(same, left, right), accepted, 0.95)[1:] == pytest.approx((low, high))


def test_the_last_person_may_be_on_one_side_only():
    left, right = np.array([0, 1, 2, 0, 1, 0]), np.array([0, 1, 2, 1, 3, 2])
    same = left == right
    for sides in ((left, right), (right, left)):
        dyads, written = Dyads(same, *sides), Written(same, left, right)
        assert dyads.people == 4
        _, whole, variance = written.of_impostors(np.array([1.0, 0, 0]))
        found = dyads.of_impostors(np.array([0]))
        assert found.person == pytest.approx(whole)
        assert found.variance == pytest.approx(variance)


def test_pairs_of_people_are_told_apart_beyond_32_bits():
    """Of 100,000 people the pairs {0, 5} and {42,949, 67,301} have numbers that differ by 2³²."""
    assert 42_949 * 100_000 + 67_301 - 5 == 2**32
    left, right = np.array([99_999, 0, 42_949, 7, 8]), np.array([99_999, 5, 67_301, 9, 10])
    found = Dyads(left == right, left, right).of_impostors(np.array([0]))
    # Four dyads of one pair each, u = ¾ / 4 and three times −¼ / 4; every person is in one, so Var is Σ over dyads.
    u = np.array([0.75, -0.25, -0.25, -0.25]) / 4
    assert found.variance == pytest.approx(100_000 / 99_999 * np.sum(u**2))


def test_one_unplaced_threshold_is_enough_to_join_both_intervals():
    """The first system's false accepts are all of one person, the second's of many."""
    rng = np.random.default_rng(0)
    _, _, same, left, right = people_problem(2)
    busy = (left == 3) | (right == 3)
    first = np.where(same, 0.7, 0.1) + 0.01 * rng.random(len(same)) + 0.5 * (busy & ~same)
    second = np.where(same, 0.7, 0.1) + rng.normal(0, 0.3, len(same))
    written = Written(same, left, right)
    worth = [plain_tar_limits(written, s[same], s[~same], 0.1, 0.95)["worth"] for s in (first, second)]
    assert worth[0] < UNBOUNDED < worth[1]
    for one, two in ((first, second), (second, first)):
        row = compare_scores(one, two, same, (left, right), [0.1]).tar[0]
        below = np.hypot(row.second - row.second_low, row.first_high - row.first)
        above = np.hypot(row.second_high - row.second, row.first - row.first_low)
        assert (row.low, row.high) == pytest.approx((max(row.difference - below, -1), min(row.difference + above, 1)))


def test_the_document_s_accuracy_is_the_accuracy_beside_several_rates():
    one, two, same, left, right = people_problem()
    correct = (one >= 0.4) == same, (two >= 0.4) == same
    found = compare_scores(one, two, same, (left, right), (0.5, 0.2, 0.1), correct=correct)
    document = found.to_dict()
    assert [row["far"] for row in document["tar"]] == [0.5, 0.2, 0.1]
    assert document["accuracy"]["far"] is None
    assert document["accuracy"]["first"] == pytest.approx(correct[0].mean())


def test_perfect_pairs_of_people_alone_have_wilsons_limits_of_their_number():
    """Two people of one genuine pair each, no errors: deff 1, so two trials."""
    same = np.array([True, True, False])
    dyads = Dyads(same, np.array([0, 1, 0]), np.array([0, 1, 1]))
    assert genuine_limits(dyads, np.array([True, True]), 0.95)[1:] == pytest.approx(plain_wilson(1.0, 2, 1.959964))


def test_fifty_strangers_are_near_unless_another_number_is_said():
    rng = np.random.default_rng(0)
    x, strangers = rng.normal(size=(3, 4)), rng.normal(size=(80, 4))
    cosines = x @ strangers.T / np.linalg.norm(x, axis=1)[:, None] / np.linalg.norm(strangers, axis=1)
    assert cohort_mean(x, strangers) == pytest.approx(np.sort(cosines, axis=1)[:, -50:].mean(axis=1), abs=1e-6)


def test_a_cohort_and_what_is_near_to_it_are_matrices_of_one_width_and_a_number_from_one():
    x = np.ones((2, 3))
    for vectors, strangers in ((x[0], x), (x, x[0]), (x[0], x[0]), (x, x[:, :2])):
        with pytest.raises(DimensionError):
            cohort_mean(vectors, strangers)
    with pytest.raises(InputError, match="0 nearest"):
        cohort_mean(x, x, nearest=0)
