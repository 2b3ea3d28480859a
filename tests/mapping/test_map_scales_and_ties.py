"""Terms of second order in maps: divisors, degrees of freedom, ties and scales, each from its definition."""

from __future__ import annotations

import numpy as np
import pytest
from mapping_samples import paired, two_sets

from facespace.mapping.domain import AGREEMENT_LIMIT, SHIFT_LIMIT
from facespace.mapping.families.anchored import AnchoredMap, _cost, _determined, _gcv
from facespace.mapping.families.cca import CCAMap
from facespace.mapping.families.joint import JointMap
from facespace.mapping.families.reduced_rank import ReducedRankMap
from facespace.mapping.families.registry import FAMILIES, make_estimator
from facespace.mapping.families.ridge import RidgeMap
from facespace.mapping.families.spectral import SpectralMap
from facespace.mapping.fit import few_pairs, fit_map
from facespace.mapping.folds import FoldStatistics
from facespace.mapping.linear_map import LinearMap
from facespace.mapping.refine._refitting import Gallery
from facespace.mapping.refine.refine import _linear_map
from facespace.mapping.selection import FEW_GENUINE, JudgedPairs, sample_pairs, select, separation
from facespace.mapping.statistics import Moments, PairStatistics


def test_a_maps_spectrum_is_that_of_the_covariance_divided_by_n():
    """Of 8 vectors, so that n − 1 would be a seventh more."""
    source, target = (faces.take(np.arange(8)) for faces in two_sets())
    fitted = fit_map(source, target, "ridge", center=False)
    covariance = np.cov(source.normalized().T.astype(float), bias=True)
    assert fitted.source_values == pytest.approx(np.linalg.eigvalsh(covariance), abs=1e-6)
    rebuilt = (fitted.source_vectors * fitted.source_values) @ fitted.source_vectors.T
    assert np.allclose(rebuilt, covariance, atol=1e-6)
    assert np.allclose(fitted.source_mean, source.normalized().mean(axis=0), atol=1e-6)


def test_a_map_of_shifted_vectors_says_of_the_vectors_what_it_said_of_the_shifted():
    """W, b, o about the means; in the vectors themselves b + m' − m W and o + m'."""
    weight, bias, origin = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([0.1, 0.2]), np.array([0.3, -0.2])
    mean, target_mean, x, y = np.array([0.2, 0.4]), np.array([-0.5, 0.1]), np.array([[0.6, 0.8]]), np.array([[0.8, -0.6]])
    about = LinearMap(weight, bias, origin, np.array([0.1, 0.1]), np.ones(2), np.eye(2))
    moved = about.shifted(mean, target_mean)
    assert moved.transform(x) == pytest.approx((x - mean) @ weight + bias + target_mean)
    assert moved.probe(x) == pytest.approx((x - mean) @ weight + bias - origin)
    assert moved.reference(y) == pytest.approx(y - target_mean - origin)
    assert moved.source_mean == pytest.approx(mean + 0.1)


@pytest.mark.parametrize("family", [f for f in FAMILIES if f != "identity"])
@pytest.mark.parametrize(("n", "p", "q"), [(9, 6, 4), (12, 5, 7), (30, 6, 6)])
def test_a_mean_taken_from_the_pairs_costs_one_of_them(family, n, p, q):
    """n pairs about their means are n − 1 pairs about zero in another basis of the rows, so every choice (α, rank, c, γ) and
    every weight has to be the same."""
    x, y = paired(n, p, q, seed=n)
    contrasts = np.linalg.svd(np.eye(n) - 1 / n)[2][: n - 1]  # orthonormal, and orthogonal to the mean
    options = {"alpha": "auto"} if family in ("ridge", "reduced-rank") else {}
    centred = make_estimator(family, center=True, **options).fit(x, y)
    turned = make_estimator(family, center=False, **options).fit(contrasts @ x, contrasts @ y)
    assert np.allclose(centred.weight_, turned.weight_, atol=1e-6)
    for name in {"alpha", "rank", "shrinkage", "power"} & set(turned.facts_):
        assert centred.facts_[name] == pytest.approx(turned.facts_[name])


@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize(("p", "q"), [(5, 7), (7, 5)])
def test_the_automatic_rank_minimises_its_criterion_computed_plainly(p, q, center):
    """RSS(r) / (n q − df(r))² with df(r) = r (df_ridge + q − r), at most df_ridge q; a mean costs one of the n."""
    n, alpha = 12, 3.0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(n, p))
        y = x @ rng.normal(size=(p, 3)) @ rng.normal(size=(3, q)) + 2.0 * rng.normal(size=(n, q))
        found = ReducedRankMap("auto", alpha=alpha, center=center).fit(x, y).facts_["rank"]
        if center:
            x, y = x - x.mean(axis=0), y - y.mean(axis=0)
        ridge = np.linalg.solve(x.T @ x + alpha * np.eye(p), x.T @ y)
        right = np.linalg.svd(x @ ridge)[2]
        freedom = np.trace(x @ np.linalg.solve(x.T @ x + alpha * np.eye(p), x.T))
        scores = []
        for r in range(1, min(p, q) + 1):
            residual = np.sum((y - x @ ridge @ right[:r].T @ right[:r]) ** 2)
            scores.append(residual / ((n - center) * q - min(r * (freedom + q - r), freedom * q)) ** 2)
        assert found == 1 + int(np.argmin(scores))


@pytest.mark.parametrize("power", [0.0, 0.25, 1.0])
def test_an_anchored_map_is_ridge_on_what_its_scaled_anchor_leaves(power):
    """W = A + (G + αI)⁻¹ (C − G A), A = c ⟨A₀, C⟩ / ⟨A₀, G A₀⟩ A₀ and A₀ = U (Σ / σ₁)^γ Vᵀ."""
    x, y = paired(20, 6, 5)
    g, c = x.T @ x, x.T @ y
    u, sigma, vt = np.linalg.svd(c, full_matrices=False)
    anchor = (u * (sigma / sigma[0]) ** power) @ vt
    anchor *= 0.4 * np.sum(anchor * c) / np.sum(anchor * (g @ anchor))
    expected = anchor + np.linalg.solve(g + 2.5 * np.eye(6), c - g @ anchor)
    found = AnchoredMap(2.5, 0.4, power=power, center=False).fit(x, y).weight_
    assert np.allclose(found, expected)


def test_spectral_maps_and_cca_keep_the_length_of_the_targets_pairs():
    x, y = paired(30, 6, 5)
    u, sigma, vt = np.linalg.svd(x.T @ y, full_matrices=False)
    for power in (0.0, 0.25, 1.0):
        plain = (u * sigma**power) @ vt
        expected = plain * np.linalg.norm(y) / np.linalg.norm(x @ plain)
        assert np.allclose(SpectralMap(power, center=False).fit(x, y).weight_, expected)
    assert np.linalg.norm(x @ CCAMap(center=False).fit(x, y).weight_) == pytest.approx(np.linalg.norm(y))


def test_both_sides_of_a_joint_space_share_the_correlations_alike():
    """A = G̃^{−½} U Σ^½ and B = H̃^{−½} V Σ^½: AᵀG̃A = BᵀH̃B = Σ, and A Bᵀ = G̃⁻¹ C H̃⁻¹."""
    x, y = paired(40, 6, 4)
    fitted = JointMap(0.2).fit_statistics(PairStatistics.of(x, y))
    xc, yc = x - x.mean(axis=0), y - y.mean(axis=0)
    sides = []
    for v in (xc, yc):
        gram = v.T @ v
        sides.append(gram + 0.2 * np.linalg.eigvalsh(gram)[-1] * np.eye(len(gram)))
    a, b, correlations = fitted.weight_, fitted.target_weight_, np.diag(fitted.correlations_)
    assert np.allclose(a.T @ sides[0] @ a, correlations)
    assert np.allclose(b.T @ sides[1] @ b, correlations)
    assert np.allclose(a @ b.T, np.linalg.solve(sides[0], xc.T @ yc) @ np.linalg.inv(sides[1]))
    assert np.allclose(fitted.probe(x.astype(np.float32)), xc @ a, atol=1e-5)
    assert np.allclose(fitted.reference(y.astype(np.float32)), yc @ b, atol=1e-5)


class Stretched:
    """A "map" that moves genuine vectors apart from impostors without moving any score over a threshold."""

    def __init__(self, angles):
        self.angles = np.array(angles)

    def fit_statistics(self, statistics):
        return self

    def probe(self, x):
        return np.stack([np.cos(self.angles), np.sin(self.angles)], axis=1).astype(np.float32)

    def reference(self, y):
        return y


def test_of_maps_with_equal_errors_the_best_separates_better_and_the_first_is_chosen():
    x = np.tile(np.float32([1, 0]), (4, 1))
    judged = JudgedPairs(x, np.arange(4), x, np.array([True, True, False, False]))
    far, near, wrong = Stretched([0.1, 0.2, 1.4, 1.5]), Stretched([0.5, 0.6, 0.7, 0.8]), Stretched([0.1, 0.9, 0.2, 1.5])
    statistics = PairStatistics.of(x, x)
    for options in ({"far": far, "near": near}, {"near": near, "far": far}, {"wrong": wrong, "near": near, "far": far}):
        found = select(options, [statistics], [judged])
        assert found.best == "far"
        assert found.chosen == next(iter(options))
        assert (found.losses["near"], found.losses["far"]) == (0, 0)
    assert found.losses["wrong"] == 0.25
    assert 0 < found.behind["wrong"] < 1  # one of four pairs: nobody knows


@pytest.mark.parametrize(("wrong", "chosen"), [(1, "first"), (60, "second")])
def test_the_first_map_is_chosen_unless_it_is_clearly_worse(wrong, chosen):
    """Of 400 people, `wrong` decided wrongly by the first map alone: one standard error is about √wrong of them."""
    x = np.tile(np.float32([1, 0]), (400, 1))
    same = np.arange(400) < 200
    angles = np.where(same, 0.1, 1.4)
    exchanged = np.where(np.arange(400) < wrong, 1.4, angles)
    codes = np.where(same, np.arange(400), 400 + 2 * np.arange(400))
    judged = JudgedPairs(x, np.arange(400), x, same, (codes, np.where(same, codes, codes + 1)))
    found = select({"first": Stretched(exchanged), "second": Stretched(angles)}, [PairStatistics.of(x, x)], [judged])
    assert (found.best, found.chosen) == ("second", chosen)
    assert found.losses["first"] == pytest.approx(wrong / 400)
    assert found.behind["first"] == pytest.approx(np.sqrt(wrong), rel=0.5)


def test_the_error_is_that_of_one_threshold_for_all_parts_together():
    """Each part alone could be divided without error; with one threshold for both, one of four decisions is wrong."""
    x = np.tile(np.float32([1, 0]), (2, 1))
    same = np.array([True, False])
    judged = [JudgedPairs(x, np.arange(2), x, same) for _ in range(2)]

    class Drifting(Stretched):
        parts = iter([[0.1, 0.5], [0.7, 1.1]])

        def fit_statistics(self, statistics):
            return Stretched(next(self.parts))

    found = select({"drifting": Drifting([])}, [PairStatistics.of(x, x)] * 2, judged)
    assert found.losses == {"drifting": 0.25}


def test_the_separation_is_in_units_of_the_mean_variance():
    """Genuine 0.9 and 0.7: mean 0.8, variance (n as divisor) 0.01; impostors 0.3, 0.1, −0.1: 0.1 and 0.08 / 3."""
    scores = np.float32([0.9, 0.3, 0.7, 0.1, -0.1])
    same = np.array([True, False, True, False, False])
    assert separation(scores, same) == pytest.approx(0.7 / np.sqrt((0.01 + 0.08 / 3) / 2), rel=1e-5)


def test_each_side_of_a_pair_gives_half_of_its_closeness_to_strangers():
    rng = np.random.default_rng(0)
    unit = lambda v: (v / np.linalg.norm(v, axis=1, keepdims=True)).astype(np.float32)  # noqa: E731
    x, y, strangers, theirs = (unit(rng.normal(size=(n, 4))) for n in (5, 6, 70, 60))
    fitted = RidgeMap().fit(*paired(30, 4, 4))
    left, right = np.array([0, 0, 3, 4]), np.array([1, 5, 2, 0])
    judged = JudgedPairs.gather(x, y, left, right, np.array([True, False, True, False]))
    cosine = lambda u, v: float(u @ v / np.linalg.norm(u) / np.linalg.norm(v))  # noqa: E731
    for k, (i, j) in enumerate(zip(left, right, strict=True)):
        u, v = fitted.probe(x[[i]])[0], fitted.reference(y[[j]])[0]
        to_target = sorted((cosine(u, t) for t in fitted.reference(theirs)), reverse=True)[:50]
        to_source = sorted((cosine(v, s) for s in fitted.probe(strangers)), reverse=True)[:50]
        expected = cosine(u, v) - (np.mean(to_target) + np.mean(to_source)) / 2
        assert judged.corrected_scores(fitted, (strangers, theirs))[k] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("people", "own_partners"), [(FEW_GENUINE - 1, True), (FEW_GENUINE, False)])
def test_an_image_is_its_own_partner_only_below_the_number_of_pairs_that_is_few(people, own_partners):
    subjects = np.repeat([f"p{i:03d}" for i in range(people)], 2)
    left, right, same = sample_pairs(subjects, np.zeros(len(subjects), int), genuine=10**6, per_person=3, seed=0)
    assert np.any(left[same] == right[same]) == own_partners


def test_few_pairs_are_fewer_than_two_a_dimension():
    assert few_pairs(23, 12, 5)
    assert few_pairs(23, 5, 12)
    assert not few_pairs(24, 12, 5)


def test_undetermined_directions_are_said_of_at_most_as_many_pairs_as_dimensions():
    x, y = paired(7, 6, 4)
    assert "source_rank" not in RidgeMap(center=False).fit(x, y).facts_
    assert RidgeMap(center=True).fit(x[:6], y[:6]).facts_["undetermined_directions"] == 1


def test_agreement_and_shift_are_a_correlation_of_logarithms_and_a_distance_in_deviations():
    """Powers about the training mean, not about the new vectors' own; the trace, not its mean, under the root."""
    source, target = two_sets()
    fitted = fit_map(source, target, "ridge")
    fresh = np.random.default_rng(3).normal(size=(30, 24)) + 0.3
    found = fitted.check(fresh)
    x = fresh / np.linalg.norm(fresh, axis=1, keepdims=True)
    training = source.normalized().astype(float)
    values, vectors = np.linalg.eigh(np.cov(training.T, bias=True))
    used = values > 1e-3 * values.mean()
    about = x - training.mean(axis=0)
    power = np.mean((about @ vectors) ** 2, axis=0)
    assert found.agreement == pytest.approx(np.corrcoef(np.log(power[used]), np.log(values[used]))[0, 1], abs=1e-3)
    assert found.shift == pytest.approx(np.linalg.norm(about.mean(axis=0)) / np.sqrt(values.sum()), abs=1e-4)


@pytest.mark.parametrize("n", [25, 400])
def test_a_mean_may_be_off_by_the_limit_and_two_of_its_standard_errors(n):
    """0.5 + 2 / √n deviations: 0.9 at 25 vectors, 0.6 at 400. A ring of unit vectors about the training mean, lifted off."""
    assert (SHIFT_LIMIT, AGREEMENT_LIMIT) == (0.5, 0.42)
    angles = np.arange(n) * 2 * np.pi / n
    values, turn = np.float32([1e-9, 0.25, 0.25]), np.float32([[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    fitted = LinearMap(np.eye(3), np.zeros(3), np.zeros(3), np.zeros(3, np.float32), values, turn)
    limit = {25: 0.9, 400: 0.6}[n]
    for shift in (limit - 0.01, limit + 0.01):
        height = shift * np.sqrt(0.5)
        ring = np.sqrt(1 - height**2)
        found = fitted.check(np.stack([ring * np.cos(angles), ring * np.sin(angles), np.full(n, height)], axis=1))
        assert found.shift == pytest.approx(shift, rel=1e-4)
        assert any("their mean lies" in reason for reason in found.reasons) == (shift > limit)


def test_a_refined_map_gives_the_source_gallery_the_targets_mean_and_scatter():
    """‖XW‖ per vector like ‖Y‖ per vector, though the galleries have different numbers: 60 and 45."""
    source, target = two_sets()
    source, target = source.take(np.arange(60)), target.take(np.arange(45))
    left, right = Gallery(source), Gallery(target)
    weight = np.random.default_rng(0).normal(size=(24, 20))
    start = fit_map(source, target, "rotation")
    found = _linear_map(start, weight, left, right, source, target, {})
    x, y = source.normalized().astype(float), target.normalized().astype(float)
    mapped = found.transform(x)
    assert mapped.mean(axis=0) == pytest.approx(y.mean(axis=0), abs=1e-5)
    scatter = [np.mean(np.sum((v - v.mean(axis=0)) ** 2, axis=1)) for v in (mapped, y)]
    assert scatter[0] == pytest.approx(scatter[1], rel=1e-4)
    assert np.allclose(found.weight / np.linalg.norm(found.weight), weight / np.linalg.norm(weight), atol=1e-6)
    assert found.origin == pytest.approx(y.mean(axis=0), abs=1e-6)
    assert found.source_values == pytest.approx(np.linalg.eigvalsh(np.cov(x.T, bias=True)), abs=1e-6)


def test_pairs_of_no_fold_are_in_every_training():
    rng = np.random.default_rng(0)
    fold = np.array([3, -1, 7, 7, 3, -1, 9])
    x, y = (rng.normal(size=(7, d)).astype(np.float32) for d in (3, 4))
    folds = FoldStatistics([x, y], fold)
    assert folds.n_folds == 3
    for held, numbers in (({0}, [3]), ({1}, [7]), ({0, 2}, [3, 9])):
        rows = ~np.isin(fold, numbers)
        found = folds.without(0, 1, held)
        assert found.n == rows.sum()
        assert np.allclose(found.cross, x[rows].T.astype(float) @ y[rows])
        assert np.allclose(folds.without(1, 0, held).cross, found.cross.T)


def test_moments_about_an_origin_are_those_of_moved_vectors():
    rng = np.random.default_rng(0)
    x, y, a, b = rng.normal(size=(9, 3)), rng.normal(size=(9, 2)), rng.normal(size=3), rng.normal(size=2)
    moved = PairStatistics.of(x, y).about(a, b)
    expected = PairStatistics.of(x - a, y - b)
    for found, wanted in ((moved.source, expected.source), (moved.target, expected.target)):
        assert np.allclose(found.gram, wanted.gram)
        assert np.allclose(found.total, wanted.total)
    assert np.allclose(moved.cross, expected.cross)
    assert Moments(0, np.zeros(2), np.zeros((2, 2))).mean.tolist() == [0, 0]


@pytest.mark.parametrize("center", [True, False])
def test_anchored_strengths_are_the_least_of_the_criterion_on_their_grid(center):
    """α from 1e-6 to 1 times the largest eigenvalue, c from 0 to 1, γ 0, ¼ or ½; test_anchored has the criterion itself."""
    at_ends = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        n, p, q = int(rng.integers(4, 30)), 6, 5
        x = rng.normal(size=(n, p))
        y = x @ np.linalg.qr(rng.normal(size=(p, q)))[0] + rng.choice([0.01, 0.3, 1.5]) * rng.normal(size=(n, q))
        facts = AnchoredMap(center=center).fit(x, y).facts_
        statistics = PairStatistics.of(x, y)
        values, cross = statistics.source.spectrum(center)[0], statistics.rotated_cross(center)
        u, sigma, vt = _determined(*statistics.svd(center))
        turned = statistics.source.spectrum(center)[1].T @ u
        alphas, shrinkages = values[-1] * np.logspace(-6, 0, 61), np.arange(21) / 20
        least = np.inf
        for power in (0.0, 0.25, 0.5):
            tempered = (sigma / sigma[0]) ** power
            anchor = (turned * tempered) @ vt
            scale = np.sum(anchor * cross) / np.sum(values[:, None] * anchor**2)
            cost = scale * _cost(turned, sigma, tempered, power, q)
            energy = np.trace(statistics.target.scatter(center))
            table = _gcv(values, cross, scale * anchor, cost, energy, n - center, alphas, shrinkages)
            if table.min() < least:
                least = table.min()
                i, j = np.unravel_index(table.argmin(), table.shape)
                best = (alphas[i], shrinkages[j], power)
        assert (facts["alpha"], facts["shrinkage"], facts["power"]) == pytest.approx(best)
        assert "aligned_with_galleries" not in facts
        at_ends.append((best[0] == alphas[-1], best[1] == 1.0))
    assert np.any(at_ends, axis=0).all()  # else a wider grid would choose the same


def test_pairs_that_say_nothing_are_mapped_to_nothing_with_or_without_galleries():
    galleries = Moments.of(np.eye(4)), Moments.of(np.eye(3))
    for given in (None, galleries):
        fitted = AnchoredMap(galleries=given, center=False).fit(np.eye(4), np.zeros((4, 3)))
        assert not fitted.weight_.any()
