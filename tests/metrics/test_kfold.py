from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facespace.errors import InputError
from facespace.metrics import best_threshold, chance_warning, insightface_grid, kfold_accuracy, majority_rate

quick = settings(max_examples=60, deadline=None)


@st.composite
def problems(draw):
    k = draw(st.integers(2, 4))
    n = draw(st.integers(k, 40))
    fold = np.concatenate([np.arange(k), draw(st.lists(st.integers(0, k - 1), min_size=n - k, max_size=n - k))]).astype(int)
    column = st.lists(st.integers(-8, 8).map(lambda i: i / 8), min_size=n, max_size=n)
    truth = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    both = np.arange(4) % 2 == 0, np.array([0, 0, 1, 1])  # so that the others of every fold have both classes
    scores = np.concatenate([draw(column), [0.5, 0.25, -0.5, 0.125]])
    return scores, np.concatenate([truth, both[0]]).astype(bool), np.concatenate([fold, both[1]])


def accuracy(scores, same, threshold):
    return np.mean((scores >= threshold) == same)


@quick
@given(problems())
def test_no_threshold_is_better_on_the_other_folds(problem):
    scores, same, fold = problem
    result = kfold_accuracy(scores, same, fold)
    for f, threshold in enumerate(result.thresholds):
        s, t = scores[fold != f], same[fold != f]
        best = max(accuracy(s, t, candidate) for candidate in [*s, np.inf])
        assert accuracy(s, t, threshold) == best
        assert result.folds[f] == pytest.approx(accuracy(scores[fold == f], same[fold == f], threshold))


@quick
@given(problems())
def test_the_left_out_fold_has_no_part_in_its_threshold(problem):
    scores, same, fold = problem
    spoilt = np.where(fold == 0, 5 - scores, scores), np.where(fold == 0, ~same, same)
    assert kfold_accuracy(*spoilt, fold).thresholds[0] == kfold_accuracy(scores, same, fold).thresholds[0]


@quick
@given(problems(), st.sampled_from([0.25, 0.5, 2, 4]), st.integers(-3, 3))
def test_accuracy_does_not_change_under_increasing_affine_transforms(problem, scale, shift):
    # Powers of two and small whole numbers, so that the arithmetic is exact. A midpoint is not kept by curved transforms.
    scores, same, fold = problem
    plain, moved = kfold_accuracy(scores, same, fold), kfold_accuracy(scale * scores + shift, same, fold)
    assert np.array_equal(plain.folds, moved.folds)
    assert np.array_equal(scale * plain.thresholds + shift, moved.thresholds)


@quick
@given(problems())
def test_best_accuracy_does_not_change_under_any_increasing_transform(problem):
    scores, same, _ = problem
    assert best_threshold(scores, same)[1] == best_threshold(np.exp(scores * 2) - 3, same)[1]


@quick
@given(problems(), st.randoms())
def test_the_order_of_the_pairs_does_not_matter(problem, random):
    scores, same, fold = problem
    order = random.sample(range(len(scores)), len(scores))
    plain, mixed = kfold_accuracy(scores, same, fold), kfold_accuracy(scores[order], same[order], fold[order])
    assert np.array_equal(plain.folds, mixed.folds)
    assert np.array_equal(plain.thresholds, mixed.thresholds)


@quick
@given(problems(), st.booleans())
def test_one_row_for_all_folds_equals_the_same_row_for_each(problem, on_grid):
    scores, same, fold = problem
    grid = insightface_grid() if on_grid else None
    rows = np.tile(scores, (len(np.unique(fold)), 1))
    one, each = kfold_accuracy(scores, same, fold, grid), kfold_accuracy(rows, same, fold, grid)
    assert np.array_equal(one.folds, each.folds)
    assert np.array_equal(one.thresholds, each.thresholds)


@quick
@given(problems())
def test_row_of_a_fold_is_all_that_counts_for_it(problem):
    scores, same, fold = problem
    rows = np.random.default_rng(0).normal(size=(len(np.unique(fold)), len(scores)))
    rows[1] = scores
    assert kfold_accuracy(rows, same, fold).folds[1] == kfold_accuracy(scores, same, fold).folds[1]


@quick
@given(problems(), st.lists(st.integers(-9, 9).map(lambda i: i / 8), min_size=1, max_size=12))
def test_on_a_grid_the_first_of_the_best_is_taken(problem, grid):
    scores, same, fold = problem
    result = kfold_accuracy(scores, same, fold, grid)
    for f in range(len(result.folds)):
        s, t = scores[fold != f], same[fold != f]
        rates = [np.mean((s > threshold) == t) for threshold in grid]
        assert result.thresholds[f] == grid[int(np.argmax(rates))]
        assert result.folds[f] == pytest.approx(np.mean((scores[fold == f] > result.thresholds[f]) == same[fold == f]))


def test_middle_of_the_maximising_run_is_taken():
    # On fold 1 every cut between 0.2 and 0.8 with one more impostor than genuine pair below is equally good.
    scores = np.array([0.1, 0.2, 0.8, 0.9, 0.0, 1.0])
    result = kfold_accuracy(scores, [0, 0, 1, 1, 0, 1], [1, 1, 1, 1, 0, 0])
    assert result.thresholds[0] == 0.5


def test_mean_and_deviation_are_numpys():
    result = kfold_accuracy([0.9, 0.1, 0.4, 0.6], [1, 0, 1, 0], [0, 0, 1, 1])
    assert result.mean == np.mean(result.folds)
    assert result.sd == np.std(result.folds)


def test_noise_is_chance_whatever_the_shares_of_the_classes():
    rng = np.random.default_rng(0)
    same = np.arange(3320) < 320
    result = kfold_accuracy(rng.normal(size=3320), same, rng.permutation(np.arange(3320) % 10))
    assert result.chance == majority_rate(same) == majority_rate(~same) == 3000 / 3320
    assert result.mean == pytest.approx(result.chance, abs=2e-3)
    assert result.balanced == pytest.approx(0.5, abs=0.01)
    (text,) = chance_warning(result.mean, None, same)
    assert "better than accepting nobody, which is right on 90.36 % of these pairs" in text
    assert "accepting all" in chance_warning(0.9, None, ~same)[0]
    assert "not certainly better" in chance_warning(0.91, 0.90, same)[0]
    assert chance_warning(0.91, 0.905, same) == []


@quick
@given(problems())
def test_balanced_accuracy_is_the_accuracy_where_the_classes_are_weighed_alike(problem):
    scores, same, fold = problem
    result = kfold_accuracy(scores, same, fold)
    right = (scores >= result.thresholds[fold]) == same
    assert result.balanced == pytest.approx(np.average(right, weights=np.where(same, 1 / same.sum(), 1 / (~same).sum())))


def test_folds_may_have_any_numbers():
    result = kfold_accuracy([0.9, 0.1, 0.8, 0.2], [1, 0, 1, 0], [7, 7, -2, -2])
    assert result.folds.tolist() == [1, 1]


def test_neighbouring_floats_are_still_parted():
    high = np.nextafter(0.5, 1)
    result = kfold_accuracy([0.5, high, 0.5, high], [0, 1, 0, 1], [0, 0, 1, 1])
    assert result.folds.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.1, 0.2], [1, 0], [0, 0]), "two folds"),
        (([0.1, 0.2, 0.3], [1, 0], [0, 1]), "don't match"),
        ((np.zeros((3, 2)), [1, 0], [0, 1]), "don't match"),
        (([0.1, np.nan], [1, 0], [0, 1]), "1 scores are NaN"),
        (([0.1, 0.2, 0.1, 0.2], [1, 0, 1, 0], [0, 0, 1, 1], []), "thresholds"),
        (([0.1, 0.2, 0.3], [1, 1, 0], [3, 3, 7]), "fold 3 can't be judged: no genuine pair is in the other folds"),
        (([0.1, 0.2, 0.3], [0, 1, 0], [3, 7, 3]), "fold 7 can't be judged: no genuine pair"),
        (([0.1, 0.2, 0.3], [1, 1, 1], [3, 7, 9]), "fold 3, 7, 9 can't be judged: no impostor pair"),
    ],
)
def test_unusable_input_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        kfold_accuracy(*arguments)
