"""k-fold's threshold against trying every one, on scores in which ties are the rule."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from facespace.metrics.kfold import best_threshold, insightface_grid, kfold_accuracy


def every_threshold(scores):
    """Accept all, every midpoint between neighbouring distinct scores, accept none."""
    distinct = sorted(set(scores.tolist()))
    return [-np.inf, *((low + high) / 2 for low, high in itertools.pairwise(distinct)), np.inf]


def right_decisions(scores, same, threshold):
    return sum((score >= threshold) == truth for score, truth in zip(scores, same, strict=True))


def plain_threshold(scores, same):
    """The middle one of the best in ascending order, the lower of two."""
    tried = every_threshold(scores)
    right = [right_decisions(scores, same, threshold) for threshold in tried]
    best = [threshold for threshold, count in zip(tried, right, strict=True) if count == max(right)]
    return best[(len(best) - 1) // 2]


@pytest.mark.parametrize("levels", [2, 4, 40])
def test_the_threshold_is_the_middle_one_of_the_best_of_all(levels):
    rng = np.random.default_rng(levels)
    for _ in range(60):
        n = int(rng.integers(6, 30))
        fold = rng.permutation(np.arange(n) % 3)
        rows = rng.integers(0, levels, (3, n)) / 4
        same = rng.random(n) < 0.5
        if any(len(set(same[fold != f].tolist())) < 2 for f in range(3)):
            continue  # a threshold needs both classes; such folds are refused
        whole, each = kfold_accuracy(rows[0], same, fold), kfold_accuracy(rows, same, fold)
        assert best_threshold(rows[0], same)[0] == plain_threshold(rows[0], same)
        for f in range(3):
            assert whole.thresholds[f] == plain_threshold(rows[0][fold != f], same[fold != f])
            assert each.thresholds[f] == plain_threshold(rows[f][fold != f], same[fold != f])
            own = fold == f
            assert each.folds[f] == right_decisions(rows[f][own], same[own], each.thresholds[f]) / own.sum()


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [0, 3, 2, 1, 4]])
def test_tied_scores_are_never_parted(order):
    """Between the two tied impostors and the tied genuine pair a cut would gain one; there is none, so all are accepted:
    that gains as much as rejecting the tie, and is the lower of the two."""
    scores = np.array([0.3, 0.5, 0.5, 0.5, 0.9])[order]
    same = np.array([True, False, False, True, True])[order]
    threshold, accuracy = best_threshold(scores, same)
    assert (threshold, accuracy) == (-np.inf, 3 / 5)


def test_of_two_best_the_lower_is_taken_and_of_three_the_middle():
    # Rejecting two impostors and then genuine, impostor: gain 2, 1, 2. The midpoints 0.25 and 0.45 are equally good.
    assert best_threshold([0.1, 0.2, 0.3, 0.4, 0.5], [False, False, True, False, True])[0] == 0.25
    assert best_threshold([0.1, 0.2, 0.3, 0.4], [False, True, False, True])[0] == pytest.approx(0.15)
    assert best_threshold([0.1, 0.2, 0.3, 0.4, 0.5], [False, True, False, True, False])[0] == pytest.approx(0.35)


def test_the_deviation_divides_by_the_number_of_folds():
    # Fold 0 is judged at 0.5, between the other's two scores: one right of two. Fold 1 at 0.3: both right.
    found = kfold_accuracy([0.55, 0.05, 0.6, 0.4], [True, False, True, False], [0, 0, 1, 1])
    assert (found.thresholds.tolist(), found.folds.tolist(), found.sd) == ([0.5, 0.3], [1.0, 0.5], 0.25)


def test_a_score_on_a_threshold_is_accepted_unless_the_threshold_is_of_a_grid():
    scores, same, fold = [0.75, 0.25, 0.5, 0.4], [True, False, True, False], [0, 0, 1, 1]
    exact = kfold_accuracy(scores, same, fold)
    assert (exact.thresholds[1], exact.folds[1]) == (0.5, 1.0)
    grid = kfold_accuracy(scores, same, fold, [0.5])
    assert (grid.thresholds[1], grid.folds[1]) == (0.5, 0.5)


def test_the_grid_holds_400_thresholds_from_one_down():
    grid = insightface_grid()
    assert len(grid) == 400
    assert grid[[0, 1, 399]].tolist() == pytest.approx([1, 1 - 0.01 / 2, 1 - 3.99 / 2])
