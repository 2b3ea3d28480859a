"""Which fold judges, and the curve's numbers, by construction and by hand."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import t as student

from facespace.mapping.fold_scores import COHORT_SIZE, INNER, FoldScores
from facespace.mapping.folds import FoldStatistics
from facespace.mapping.selection import JudgedPairs
from facespace.metrics.kfold import kfold_accuracy
from facespace.studies.curves._curve import half_width, needed
from facespace.studies.curves._pair_work import PairWork
from facespace.studies.curves._power_law import FARTHEST, PowerLaw, fit_law
from facespace.studies.curves.pairs_needed import CEILING, SMALLEST, pairs_needed
from facespace.studies.curves.rank import RankResult
from facespace.studies.curves.sensitivity import SensitivityResult


def work_of(vectors, fold, left, right, same, pair_fold, seed=0):
    """Scores of two networks that both see `vectors` (n, d) with `fold` (n,), judged on rows left and right of them."""
    x = vectors.astype(np.float32)
    statistics = FoldStatistics([x, x], fold)
    return FoldScores([x, x], left, [x[right]] * 2, same, pair_fold, statistics, ("ridge",), 1.0, True, [x, x], fold, seed)


def folds_in_planes(folds=3, per_fold=60):
    """Images of each fold in a plane of its own, at right angles to the others', all within 60° of each other there."""
    rng = np.random.default_rng(0)
    vectors = np.zeros((folds * per_fold, 2 * folds))
    fold = np.repeat(np.arange(folds), per_fold)
    angles = rng.uniform(0, np.pi / 3, len(fold))
    vectors[np.arange(len(fold)), 2 * fold] = np.cos(angles)
    vectors[np.arange(len(fold)), 2 * fold + 1] = np.sin(angles)
    left = np.arange(0, len(fold), 2)
    return vectors, fold, left, left + 1


def test_strangers_for_a_fold_s_own_scores_come_from_the_other_folds_alone():
    """Images of other folds are at right angles, so they correct by nothing. One image of the fold itself among the 50
    nearest would take something away."""
    vectors, fold, left, right = folds_in_planes()
    work = work_of(vectors, fold, left, right, np.ones(len(left), bool), fold[left])
    plain = np.sum(vectors[left] * vectors[right], axis=1)
    assert plain.min() > 0.4
    for model in (0, 1):
        assert work.own_with_cohort(model) == pytest.approx(plain, abs=1e-6)


def test_each_fold_s_own_scores_are_corrected_by_half_of_both_sides_closeness():
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(90, 5)) + 0.5
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    fold = np.arange(90) % 3
    left, right = np.arange(0, 45), np.arange(45, 90)
    work = work_of(vectors, fold, left, right, left % 2 == 0, fold[left])
    found = work.own_with_cohort(0)
    cosines = vectors @ vectors.T
    for k, (i, j) in enumerate(zip(left, right, strict=True)):
        strangers = fold != fold[i]
        near = [np.mean(np.sort(cosines[row, strangers])[-50:]) for row in (i, j)]
        assert found[k] == pytest.approx(cosines[i, j] - (near[0] + near[1]) / 2, abs=1e-5)


def test_a_cohort_is_drawn_without_repeats_from_the_training_folds():
    count = COHORT_SIZE + 500
    vectors = np.zeros((count, 2))
    vectors[:, 0] = np.arange(count)
    fold = np.arange(count) % 5 // 4  # every fifth image is in fold 1
    rows = np.arange(4)
    work = work_of(vectors, fold, rows, rows, np.ones(4, bool), fold[rows])
    for held, most in ((0, count // 5), (1, COHORT_SIZE)):
        chosen = work._cohort(0, 1, held)[0][:, 0].astype(int)
        assert len(chosen) == len(set(chosen)) == most
        assert np.all(fold[chosen] != held)


def test_a_choice_within_a_fold_is_fitted_and_judged_on_disjoint_parts_of_the_other_folds():
    """Images are unit vectors of a coordinate each, so statistics and judged vectors show who is in them."""
    n, folds = 14, 7
    vectors, fold = np.eye(n), np.arange(n) % folds
    rows = np.arange(n)
    same = rows < folds
    work = work_of(vectors, fold, rows, (rows + folds) % n, same, fold)
    trained, judged = [], []

    class Witness:
        def fit_statistics(self, statistics):
            trained.append(set(np.flatnonzero(np.diag(statistics.source.plain.gram)).tolist()))
            return self

        def probe(self, x):
            judged.append(set(np.flatnonzero(x.any(axis=0)).tolist()))
            return x

        def reference(self, y):
            return y

    work._choose({"witness": Witness()}, 0, 1, 2)
    training = set(np.flatnonzero(fold != 2).tolist())
    assert len(trained) == len(judged) == INNER
    for fitted, tested in zip(trained, judged, strict=True):
        assert not fitted & tested
        assert fitted | tested == training
    assert set().union(*judged) == training


def test_accuracies_of_a_fold_take_their_threshold_from_the_others():
    rng = np.random.default_rng(0)
    n = 80
    same, fold = rng.random(n) < 0.5, np.arange(n) % 4
    own = (rng.normal(0, 0.2, n) + 0.3 * same).astype(np.float32)
    x = np.float32(np.eye(2))[np.zeros(n, int)]
    training = np.array([0, 1, -1, 2, 3, 3])
    work = PairWork(x[:6], x[:6], training, JudgedPairs(x, np.arange(n), x, same), fold, own)
    assert work.own_accuracy() == pytest.approx(kfold_accuracy(own, same, fold).folds)
    assert [work._training(f).tolist() for f in (0, 3)] == [[1, 2, 3, 4, 5], [0, 1, 2, 3]]
    assert (work.folds, work.available) == (4, 4)


LAW = PowerLaw(0.02, 1.0, 1.0)  # error(n) = 0.02 + 1 / n


@pytest.fixture
def few(world):
    """Two networks' sets of 51 people: of ten folds one has six."""
    return [faces.take(np.arange(51 * 8)) for faces in world.sets[:2]]


def given_curve(monkeypatch, errors, own):
    """pairs_needed as if these errors had been measured: `errors(sizes, repeats, folds)`, and `own(folds)`."""
    monkeypatch.setattr(
        PairWork, "by_size", lambda self, methods, sizes, *, repeats, **_: 1 - errors(sizes, repeats, self.folds)[None]
    )
    monkeypatch.setattr(PairWork, "own_accuracy", lambda self: 1 - own(self.folds))


def by_law(sizes, repeats, folds):
    return np.broadcast_to([[[LAW.error(n)]] for n in sizes], (len(sizes), repeats, folds))


def test_the_allowed_loss_is_that_of_points_above_the_target_in_the_estimate_and_in_the_interval(few, monkeypatch):
    """The target errs on 3 %, so one point more is 4 %: 0.02 + 1 / n = 0.04 at n = 50. Nothing varies, so both ends are."""
    given_curve(monkeypatch, by_law, lambda folds: np.full(folds, 0.03))
    found = pairs_needed(*few, 0.01, against="target", sizes=[10, 20, 40, 80, 120], resamples=5)
    assert found.allowed == pytest.approx(0.04)
    assert [found.needed, found.low, found.high] == pytest.approx([50] * 3, abs=1)
    assert found.extrapolated is False
    # Three points: 0.02 + 1 / n = 0.06 at 25.
    assert pairs_needed(*few, 0.03, against="target", sizes=[10, 20, 40, 80], resamples=5).low == pytest.approx(25, abs=1)


def test_against_the_limit_the_loss_is_that_of_points_above_the_curves_own_end(few, monkeypatch):
    """The end is 2 %, so 0.5 points more is 2.5 %: n = 200, beyond the sizes measured, but not four times as far."""
    given_curve(monkeypatch, by_law, lambda folds: np.full(folds, 0.3))
    found = pairs_needed(*few, 0.005, against="limit", sizes=[10, 20, 40, 80, 120], resamples=5)
    assert found.allowed == pytest.approx(0.025, abs=2e-5)
    assert [found.needed, found.low, found.high] == pytest.approx([200] * 3, rel=0.02)
    assert found.extrapolated is True
    assert found.warnings == ()
    far = pairs_needed(*few, 0.0015, against="limit", sizes=[10, 20, 40, 80, 120], resamples=5)
    assert "more than four times the largest size measured (120)" in far.warnings[0]


def test_folds_count_by_their_pairs_and_the_interval_resamples_folds_and_repeats(few, monkeypatch):
    counts = np.bincount(PairWork.of_sets(*few, 0).fold)
    assert len(set(counts.tolist())) > 1
    rng = np.random.default_rng(7)
    sizes, repeats, k = (10, 20, 40, 80, 120), 3, len(counts)
    measured = np.array([LAW.error(n) for n in sizes])[:, None, None] * np.exp(0.2 * rng.normal(size=(5, repeats, k)))
    own = 0.03 * np.exp(0.3 * rng.normal(size=k))
    given_curve(monkeypatch, lambda *_: measured, lambda _: own)
    found = pairs_needed(*few, 0.01, against="target", sizes=sizes, repeats=repeats, resamples=80, seed=0)
    weighed = lambda errors, pairs: sum(e * p for e, p in zip(errors, pairs, strict=True)) / sum(pairs)  # noqa: E731
    mean = [weighed(measured[i].mean(axis=0), counts) for i in range(5)]
    assert found.errors == pytest.approx(mean)
    assert found.allowed == pytest.approx(weighed(own, counts) + 0.01)
    law = fit_law(np.array(sizes, float), np.array(mean))
    assert found.needed == math.ceil(law.pairs(found.allowed))
    draws, drawn = np.random.default_rng([0, 1]), []
    for _ in range(80):
        folds = draws.integers(0, k, k)
        rows = draws.integers(0, repeats, repeats)
        again = [weighed([np.mean([measured[i, r, f] for r in rows]) for f in folds], counts[folds]) for i in range(5)]
        drawn.append(fit_law(np.array(sizes, float), np.array(again)).pairs(weighed(own[folds], counts[folds]) + 0.01))
    drawn.sort()
    assert (found.low, found.high) == (math.ceil(drawn[1]), math.ceil(drawn[77]))  # the 2nd and the 78th of 80


def test_errors_near_chance_are_no_part_of_the_curve_and_none_counts_as_half_of_one(few, monkeypatch):
    """0.5 and 0.3 are left out, half of chance itself is not; an error of 0 stands for half an error of all pairs."""
    assert (CEILING, SMALLEST) == (0.5, 12)
    errors = np.array([0.5, 0.3, 0.25, 0.1, 0.02, 0.0])
    given_curve(monkeypatch, lambda s, r, k: np.broadcast_to(errors[:, None, None], (6, r, k)), lambda k: np.zeros(k))
    found = pairs_needed(*few, 0.01, against="target", sizes=[5, 8, 10, 20, 40, 80], resamples=2)
    judged = len(PairWork.of_sets(*few, 0).fold)
    law = fit_law(np.array([10.0, 20, 40, 80]), np.array([0.25, 0.1, 0.02, 0.5 / judged]))
    assert (found.law.a, found.law.b, found.law.c) == pytest.approx((law.a, law.b, law.c))


@pytest.mark.parametrize("seed", range(6))
def test_no_other_power_law_is_nearer_in_the_logarithm(seed):
    rng = np.random.default_rng(seed)
    n = np.geomspace(12, 900, 9)
    law = PowerLaw(0.03 * rng.random(), 2.0, rng.uniform(0.4, 1.6))
    errors = np.array([law.error(v) for v in n]) * np.exp(0.1 * rng.normal(size=9))

    def misfit(parameters):
        a, log_b, c = parameters
        return np.sum((np.log(errors) - np.log(a + np.exp(log_b) * n**-c)) ** 2)

    found = fit_law(n, errors)
    starts = itertools.product((0.0, 0.02), (0.0, 2.0), (0.3, 1.0, 1.8))
    bounds = [(0, 1), (-10, 20), (1e-3, 2)]
    best = min(minimize(misfit, start, bounds=bounds).fun for start in starts)
    assert misfit([found.a, math.log(found.b), found.c]) <= best * (1 + 1e-4)


def test_a_law_answers_up_to_ten_million_pairs():
    law = PowerLaw(0.0, 1.0, 1.0)
    assert law.pairs(1.001 / FARTHEST) == pytest.approx(FARTHEST, rel=2e-3)
    assert law.pairs(0.999 / FARTHEST) == math.inf
    assert PowerLaw(0.1, 1.0, 1.0).pairs(0.1) == math.inf


def test_half_of_a_students_interval():
    assert half_width(4.0, 9, 8) == pytest.approx(student.ppf(0.975, 8) * 2 / 3)
    assert half_width(1.0, 1, 1) == pytest.approx(12.7062, rel=1e-5)


def curve_of(kind, accuracy):
    own = tuple(SimpleNamespace(accuracy=SimpleNamespace(mean=mean)) for mean in (0.9, 0.95))
    return kind("s", "a", "b", (4, 4), "same", own, ("ridge",), (5, 50), np.array([accuracy]), 1.0, (), "out-of-fold")


def test_a_ranks_interval_is_of_the_difference_to_full_rank_over_the_folds():
    """Differences 0.1, 0.2, 0.3: variance 0.01 with two degrees of freedom."""
    first, second = curve_of(RankResult, [[[0.5, 0.7, 0.6]], [[0.6, 0.9, 0.9]]]).curve("ridge")
    half = student.ppf(0.975, 2) * np.sqrt(0.01 / 3)
    assert (first.low, first.high, first.sd) == pytest.approx((0.6 - half, 0.6 + half, 0.1))
    assert (first.loss_target, first.loss_full) == pytest.approx((0.35, 0.2))
    assert (second.low, second.high, second.sd) == pytest.approx((0.8, 0.8, 0))


def test_a_sizes_interval_is_of_the_draws_about_each_folds_mean():
    """Two folds of two draws, 0.6 ± 0.1 and 0.9 ± 0.05: (2 · 0.01 + 2 · 0.0025) / (2 folds · 1)."""
    first, _ = curve_of(SensitivityResult, [[[0.5, 0.85], [0.7, 0.95]], [[1.0, 1.0], [1.0, 1.0]]]).curve("ridge")
    variance = (2 * 0.1**2 + 2 * 0.05**2) / 2
    half = student.ppf(0.975, 2) * np.sqrt(variance / 4)
    assert first.sd == pytest.approx(np.sqrt(variance))
    assert (first.low, first.high) == pytest.approx((0.75 - half, min(0.75 + half, 1)))


def test_where_a_loss_is_enough_lies_on_the_line_over_the_logarithm_rounded_up():
    # Of 2 → 0.5 a limit of 1 is two thirds of the way: 100 · 2^(2/3) = 158.7.
    assert needed([100, 200], [2.0, 0.5], 1.0).value == 159
    assert needed([100, 200], [2.0, 1.0], 1.0).value == 200
    assert needed([4, 16], [2.0, 0.0], 1.0).value == 8  # the middle, a whole number: not rounded on
    assert needed([7, 8], [1.0001, 0.0], 1.0).value == 8  # never the size that fails
