"""Score histograms: the ROC of a full sort, in bounded memory, however the scores are cut into shards."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facespace.errors import InputError
from facespace.metrics import Roc, ScoreHistogram, score_histogram

FARS = (1.0, 0.3, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 0.0)


def made_scores(n, seed=0, decimals=None):
    rng = np.random.default_rng(seed)
    same = rng.random(n) < 0.1
    same[:2] = True, False
    scores = np.where(same, rng.normal(0.6, 0.15, n), rng.normal(0.05, 0.1, n)).clip(-1, 1).astype(np.float32)
    return (scores if decimals is None else np.round(scores, decimals)), same


def same_rows(histogram, roc, fars=FARS):
    for far in fars:
        mine, full = histogram.tar_at_far(far), roc.tar_at_far(far)
        assert (mine.tar, mine.threshold, mine.false_accepts) == (full.tar, full.threshold, full.false_accepts), far


# Multiples of 1/8 make ties; the others lie around edges of bins, at zero, and outside the range of cosines.
score = st.one_of(
    st.integers(-8, 8).map(lambda i: i / 8),
    st.sampled_from([0.0, -0.0, 1e-30, -1e-30, 2.0**-19, -(2.0**-19), 1.0, -1.0, 7.5, -3.0, 1e20]),
    st.floats(-1, 1, width=32),
)
lists = st.lists(st.tuples(score, st.booleans()), min_size=2, max_size=80).filter(
    lambda rows: len({s for _, s in rows}) == 2
)


@settings(max_examples=40, deadline=None)
@given(lists, st.lists(st.integers(0, 3), min_size=80, max_size=80), st.sampled_from([1, 3, 10, 200]), st.randoms())
def test_shards_in_any_order_are_the_whole(rows, shard_of, capacity, random):
    scores, same = np.array([r[0] for r in rows], dtype=np.float32), np.array([r[1] for r in rows])
    whole = ScoreHistogram(capacity).update(scores, same)
    places = np.array(shard_of[: len(rows)])
    parts = [ScoreHistogram(capacity).update(scores[places == k], same[places == k]) for k in range(4)]
    random.shuffle(parts)
    assert sum(parts[1:], parts[0]) == whole
    assert len(whole.values) <= capacity
    # The ROC agrees with a full sort wherever the histogram says so, and keeps its promise of FAR everywhere.
    roc = Roc(scores[same], scores[~same])
    same_rows(whole, roc, [far for far in (*FARS, 0.2, 0.5, 0.9) if far < whole.exact_far])
    scores = scores.astype(np.float64)  # a threshold just above a score is no float32
    for far in FARS:
        row = whole.tar_at_far(far)
        assert row.false_accepts == (scores[~same] >= row.threshold).sum() <= far * (~same).sum()
        assert row.tar == (scores[same] >= row.threshold).mean()
    assert abs(whole.roc().auc - roc.auc) <= whole.auc_error + 1e-12


@pytest.mark.parametrize("decimals", [None, 2])
def test_with_room_for_all_scores_it_is_the_full_sort(decimals):
    scores, same = made_scores(20_000, decimals=decimals)
    histogram, roc = ScoreHistogram().update(scores, same), Roc(scores[same], scores[~same])
    mine = histogram.roc()
    for name in ("thresholds", "true_accepts", "false_accepts"):
        assert np.array_equal(getattr(mine, name), getattr(roc, name))
    assert (mine.auc, mine.eer, histogram.exact_far, histogram.auc_error) == (roc.auc, roc.eer, float("inf"), 0.0)


def test_a_tail_is_enough_for_the_table_and_the_eer():
    scores, same = made_scores(500_000)
    histogram, roc = ScoreHistogram(150_000).update(scores, same), Roc(scores[same], scores[~same])
    assert 0.1 < histogram.exact_far < 1
    same_rows(histogram, roc, FARS[2:])
    assert histogram.roc().eer == roc.eer
    assert abs(histogram.roc().auc - roc.auc) <= histogram.auc_error < 1e-6
    assert histogram.roc().tar_at_nearest_far(1e-3) == roc.tar_at_nearest_far(1e-3)


def test_a_far_beyond_the_tail_is_still_kept_and_says_so():
    scores, same = made_scores(100_000)
    histogram = ScoreHistogram(11_000).update(scores, same)
    row = histogram.tar_at_far(0.5)
    full = Roc(scores[same], scores[~same]).tar_at_far(0.5)
    assert "at the edge of a bin of width 2e-06" in row.warning
    assert (scores[~same] >= row.threshold).sum() == row.false_accepts
    assert full.false_accepts - 5 < row.false_accepts <= full.false_accepts


def test_many_ties_need_no_room():
    scores = np.repeat(np.array([0.2, 0.7], dtype=np.float32), 300_000)
    same = np.arange(600_000) % 3 == 0
    histogram = ScoreHistogram(2).update(scores, same)
    assert histogram.exact_far == float("inf")
    assert histogram.values.tolist() == np.float32([0.2, 0.7]).tolist()
    assert (histogram.n_genuine, histogram.n_impostor, len(histogram)) == (200_000, 400_000, 600_000)


def test_arrays_bring_it_back():
    scores, same = made_scores(5_000)
    histogram = ScoreHistogram(300).update(scores, same)
    again = ScoreHistogram.from_arrays(histogram.to_arrays())
    assert again == histogram
    assert again.update([0.5], [True]) != histogram
    assert histogram != "histogram"


def test_an_empty_one_comes_back():
    assert ScoreHistogram.from_arrays(ScoreHistogram(7).to_arrays()) == ScoreHistogram(7)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"capacity": 0}, "at least one score"),
        ({"capacity": 1}, "too many"),
        ({"floor": -1}, "bins are not among"),
        ({"floor": 1 << 21}, "bins are not among"),
        ({"floor": 900_000}, "count differently"),
        ({"bins": [1, 1 << 20, 1 << 21]}, "bins are not among"),
        ({"bins": [3, 2, 1]}, "not in order"),
        ({"values": [0.5, 0.5, 0.6]}, "not in order"),
        ({"values": [0.4, 0.5, 0.6]}, "count differently"),
        ({"genuine": [1, 1, 1]}, "count differently"),
        ({"counts": [[-1, 1, 1], [0, 1, 0]]}, "negative"),
        ({"counts": [[2**62, 0, 0], [2**62, 0, 0]]}, "enormous"),
    ],
)
def test_arrays_that_contradict_each_other_are_refused(changes, message):
    arrays = ScoreHistogram().update([0.1, 0.2, 0.3], [True, False, True]).to_arrays()
    kinds = {name: kind for name, (_, kind) in ScoreHistogram.ARRAYS.items()}
    with pytest.raises(InputError, match=message):
        ScoreHistogram.from_arrays({**arrays, **{name: np.array(value, kinds[name]) for name, value in changes.items()}})


def test_more_scores_change_the_curve():
    histogram = ScoreHistogram(1).update([0.9, 0.1], [True, False])
    before = histogram.roc().n_impostor, histogram.tar_at_far(0.5).tar
    histogram.update([-0.5, -0.6], [False, False])
    assert (before[0], histogram.roc().n_impostor) == (1, 3)


def test_wrong_input_is_refused():
    with pytest.raises(InputError, match="1 scores are NaN"):
        ScoreHistogram().update([0.1, np.nan], [True, False])
    with pytest.raises(InputError, match="Give two vectors"):
        ScoreHistogram().update([0.1, 0.2], [True])
    with pytest.raises(InputError, match="capacity 2 and 3"):
        ScoreHistogram(2) + ScoreHistogram(3)
    with pytest.raises(InputError, match="at least one score exactly, not 0"):
        ScoreHistogram(0)
    with pytest.raises(InputError, match="impostor scores must be"):
        ScoreHistogram().update([0.1], [True]).roc()


@pytest.mark.parametrize("decimals", [None, 3, 1])
def test_long_lists_keep_what_short_parts_keep(monkeypatch, decimals):
    """A list longer than a batch looks for its floor first; ties make it look again."""
    scores, same = made_scores(20_000, decimals=decimals)
    parts = [ScoreHistogram(100).update(scores[k::7], same[k::7]) for k in range(7)]
    monkeypatch.setattr(score_histogram, "_BATCH", 64)
    assert ScoreHistogram(100).update(scores, same) == sum(parts[1:], parts[0])
    assert ScoreHistogram(100).update(scores[:9000], same[:9000]).update(scores[9000:], same[9000:]) == sum(
        parts[1:], parts[0]
    )
