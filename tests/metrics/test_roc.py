from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facespace.errors import InputError
from facespace.metrics import Roc, allowed_accepts

# Few different values, so that ties within and between the classes are the rule.
scores = st.lists(st.integers(-8, 8).map(lambda i: i / 8), min_size=1, max_size=40)
fars = st.floats(0, 1)
quick = settings(max_examples=60, deadline=None)


def by_hand(genuine, impostor, far):
    """TAR at FAR from its definition: try every score, and one above all, and keep the smallest that is allowed."""
    above_all = max(genuine + impostor) + 1
    allowed = [t for t in [*genuine, *impostor, above_all] if np.mean(np.array(impostor) >= t) <= far]
    threshold = min(allowed)
    return np.mean(np.array(genuine) >= threshold), np.sum(np.array(impostor) >= threshold)


@quick
@given(scores, scores, fars)
def test_tar_at_far_equals_its_definition(genuine, impostor, far):
    row = Roc(genuine, impostor).tar_at_far(far)
    assert (row.tar, row.false_accepts) == by_hand(genuine, impostor, far)


@quick
@given(scores, scores, fars)
def test_deciding_by_the_threshold_gives_the_reported_rates_and_never_more_than_the_far(genuine, impostor, far):
    row = Roc(genuine, impostor).tar_at_far(far)
    assert np.mean(np.array(impostor) >= row.threshold) <= far
    assert np.sum(np.array(impostor) >= row.threshold) == row.false_accepts
    assert np.mean(np.array(genuine) >= row.threshold) == row.tar


@quick
@given(scores, scores, fars)
def test_the_threshold_can_not_be_lowered_to_another_score(genuine, impostor, far):
    row = Roc(genuine, impostor).tar_at_far(far)
    lower = [s for s in genuine + impostor if s < row.threshold]
    if lower and row.false_accepts:
        assert np.mean(np.array(impostor) >= max(lower)) > far


@quick
@given(scores, scores, st.lists(fars, min_size=2, max_size=6))
def test_tar_rises_with_far(genuine, impostor, rates):
    roc = Roc(genuine, impostor)
    tars = [roc.tar_at_far(far).tar for far in sorted(rates)]
    assert tars == sorted(tars)


@quick
@given(scores, scores, fars)
def test_strictly_increasing_transforms_change_no_rate(genuine, impostor, far):
    roc, other = Roc(genuine, impostor), Roc(np.exp(3 * np.array(genuine)) - 7, np.exp(3 * np.array(impostor)) - 7)
    assert np.array_equal(roc.far, other.far)
    assert np.array_equal(roc.tar, other.tar)
    assert (roc.auc, roc.eer) == (other.auc, other.eer)
    assert roc.tar_at_far(far).tar == other.tar_at_far(far).tar


@quick
@given(scores, scores)
def test_exchanging_the_classes_mirrors_auc_and_eer(genuine, impostor):
    roc, mirrored = Roc(genuine, impostor), Roc(impostor, genuine)
    assert roc.auc + mirrored.auc == pytest.approx(1)
    assert roc.eer + mirrored.eer == pytest.approx(1)


@quick
@given(scores, scores)
def test_auc_is_the_chance_of_the_right_order(genuine, impostor):
    g, i = np.array(genuine)[:, None], np.array(impostor)[None]
    assert Roc(genuine, impostor).auc == pytest.approx(np.mean((g > i) + 0.5 * (g == i)))


@quick
@given(scores, scores, st.integers(2, 4))
def test_repeating_every_score_changes_nothing(genuine, impostor, times):
    roc, more = Roc(genuine, impostor), Roc(genuine * times, impostor * times)
    assert np.array_equal(roc.tar, more.tar)
    assert roc.auc == pytest.approx(more.auc)
    assert roc.eer == pytest.approx(more.eer)
    assert more.tar_at_far(roc.far[len(roc.far) // 2]).tar == roc.tar_at_far(roc.far[len(roc.far) // 2]).tar


@quick
@given(scores, scores)
def test_curve_runs_from_nothing_accepted_to_everything_accepted(genuine, impostor):
    roc = Roc(genuine, impostor)
    assert (roc.far[0], roc.tar[0], roc.far[-1], roc.tar[-1]) == (0, 0, 1, 1)
    assert (np.diff(roc.thresholds) < 0).all()
    assert (np.diff(roc.far) >= 0).all()
    assert (np.diff(roc.tar) >= 0).all()


def test_perfect_separation():
    roc = Roc([0.8, 0.9], [0.1, 0.2])
    assert (roc.auc, roc.eer, roc.tar_at_far(0).tar) == (1, 0, 1)


def test_no_impostor_may_pass_puts_the_threshold_just_above_the_largest():
    row = Roc([0.9, 0.1], [0.5, 0.2]).tar_at_far(0.4)
    assert row.false_accepts == 0
    assert row.threshold == np.nextafter(np.float32(0.5), np.float32(1))
    assert row.tar == 0.5


@pytest.mark.parametrize("genuine", [[0.9], [0.3 + 1e-12, 0.2], [0.1]])
def test_a_threshold_above_all_impostors_stays_there_in_either_precision(genuine):
    impostor = np.array([0.3, 0.1])  # float32 holds neither
    for top in (impostor, impostor.astype(np.float32)):
        row = Roc(genuine, top).tar_at_far(0)
        assert np.mean(np.array(genuine) >= row.threshold) == row.tar
        assert not (top >= row.threshold).any()
        if abs(genuine[0] - 0.3) > 1e-7:  # float32 can tell them apart
            assert not (top.astype(np.float32) >= np.float32(row.threshold)).any()


def test_far_is_compared_as_a_share_not_as_a_rounded_product():
    assert 0.29 * 100 < 29
    assert Roc([2.0], np.arange(100.0)).tar_at_far(0.29).false_accepts == 29


def test_few_expected_false_accepts_warn_with_the_counts():
    roc = Roc([0.9], np.linspace(0, 0.5, 3000))
    assert roc.tar_at_far(1e-2).warning == ""
    warning = roc.tar_at_far(1e-3).warning
    assert "rests on 3 false accepts" in warning
    assert "3,000 impostor scores" in warning


@quick
@given(st.integers(1, 10**6), fars)
def test_allowed_accepts_is_the_largest_count_whose_share_is_not_above_the_far(n, far):
    count = allowed_accepts(far, n)
    assert count / n <= far
    assert count == n or (count + 1) / n > far


@pytest.mark.parametrize("far", [-0.1, 1.1, float("nan")])
def test_impossible_rates_are_refused(far):
    with pytest.raises(InputError, match="between 0 and 1"):
        Roc([1.0], [0.0]).tar_at_far(far)


@pytest.mark.parametrize("bad", [[], [float("nan")], [[1.0]], [float("inf")]])
def test_unusable_scores_are_refused(bad):
    with pytest.raises(InputError, match="genuine scores"):
        Roc(bad, [0.0])
