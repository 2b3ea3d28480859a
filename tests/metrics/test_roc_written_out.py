"""The curve's points, the EER and published scripts' way to read TAR, each against few lines."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from facespace.metrics.roc import FEW_FALSE_ACCEPTS, Roc, allowed_accepts


def tied_scores(seed):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 12, rng.integers(2, 40)) / 8 + 0.25, rng.integers(0, 12, rng.integers(2, 40)) / 8


@pytest.mark.parametrize("seed", range(30))
def test_the_equal_error_rate_is_where_the_straight_lines_cross_the_diagonal(seed):
    genuine, impostor = tied_scores(seed)
    thresholds = [np.inf, *sorted({*genuine, *impostor}, reverse=True)]
    far = [np.mean(impostor >= t) for t in thresholds]
    tar = [np.mean(genuine >= t) for t in thresholds]
    # On a fine grid of each line between neighbouring points: the least |FAR − (1 − TAR)|.
    share = np.linspace(0, 1, 4001)
    lines = [(x + share * (x2 - x), y + share * (y2 - y)) for x, y, x2, y2 in zip(far, tar, far[1:], tar[1:], strict=False)]
    x, y = (np.concatenate(side) for side in zip(*lines, strict=True))
    assert Roc(genuine, impostor).eer == pytest.approx(x[np.argmin(np.abs(x - (1 - y)))], abs=1e-3)


def test_an_equal_error_rate_by_hand():
    # Points (FAR, TAR): (0, 0), (0, ½), (⅓, ½), (⅓, 1), …: the line up from (⅓, ½) crosses TAR = 1 − FAR at FAR = ⅓.
    assert Roc([0.9, 0.5], [0.7, 0.3, 0.1]).eer == pytest.approx(1 / 3)
    # One tie of a genuine and an impostor score is one slanted line from (0, 0) to (1, 1).
    assert Roc([0.5], [0.5]).eer == 0.5


@pytest.mark.parametrize("seed", range(40))
def test_the_nearest_point_is_that_of_the_published_script(seed):
    """insightface's eval_ijbc.py: scikit-learn's curve, flipped, and the first of the smallest |FAR − far|."""
    genuine, impostor = tied_scores(seed)
    truth = np.repeat([1, 0], [len(genuine), len(impostor)])
    far, tar, thresholds = (side[::-1] for side in roc_curve(truth, np.concatenate([genuine, impostor])))
    for wanted in (0.0, 0.01, 0.1, 0.25, 0.5, 0.9):
        place = np.argmin(np.abs(far - wanted))
        row = Roc(genuine, impostor).tar_at_nearest_far(wanted)
        assert (row.tar, row.threshold) == pytest.approx((tar[place], thresholds[place]))
        assert row.false_accepts == round(far[place] * len(impostor))


def test_a_score_on_the_threshold_is_accepted():
    row = Roc([0.5, 0.5, 0.2], [0.5, 0.1, 0.1, 0.1]).tar_at_far(0.25)
    assert (row.threshold, row.tar, row.false_accepts) == (0.2, 1.0, 1)
    assert Roc([0.5], [0.5, 0.1]).tar_at_far(0.4).tar == 0.0


def test_the_warning_ends_at_ten_expected_false_accepts():
    impostor = np.arange(100) / 100
    assert Roc([1.0], impostor).tar_at_far(FEW_FALSE_ACCEPTS / 100).warning == ""
    assert "of 100 impostor scores 9.9 are expected" in Roc([1.0], impostor).tar_at_far(0.099).warning


def test_the_count_allowed_is_the_last_that_divides_to_no_more():
    for n in (1, 3, 7, 10, 100, 999):
        for k in range(n + 1):
            for far in (k / n, np.nextafter(k / n, -1), np.nextafter(k / n, 2)):
                if 0 <= far <= 1:
                    assert allowed_accepts(far, n) == max(c for c in range(n + 1) if c / n <= far)
