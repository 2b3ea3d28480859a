"""Anchored ridge: its limits, and its criterion against a plain computation."""

import numpy as np
import pytest

from facespace.errors import DimensionError, InputError
from facespace.mapping import AnchoredMap, Moments, OrthogonalMap, PairStatistics, RidgeMap, SpectralMap
from facespace.mapping.families.anchored import _cost, _determined, _gcv


def paired(n, p, q, seed=0, noise=0.3):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    turn = np.linalg.qr(rng.normal(size=(max(p, q), max(p, q))))[0][:p, :q]
    return x, x @ turn + noise * rng.normal(size=(n, q))


def test_it_is_the_rotation_as_pairs_vanish():
    x, y = paired(60, 8, 8)
    rotation = OrthogonalMap(center=False).fit(x, y).weight_
    tiny = PairStatistics.of(x, y)
    for size in (1e-2, 1e-4, 1e-6):  # weighting every pair by `size` is having that many fewer
        weighted = AnchoredMap(alpha=1.0, shrinkage=1.0, power=0.0, center=False).fit_statistics(
            PairStatistics.of(np.sqrt(size) * x, np.sqrt(size) * y)
        )
        scale = np.vdot(rotation, tiny.cross) / np.vdot(rotation, tiny.source.gram @ rotation)
        assert np.abs(weighted.weight_ - scale * rotation).max() < 100 * size


def test_it_is_least_squares_as_pairs_grow():
    x, y = paired(60, 8, 8)
    least_squares = np.linalg.lstsq(x, y, rcond=None)[0]
    for size in (1e4, 1e6, 1e8):
        grown = AnchoredMap(alpha=1.0, shrinkage=1.0, power=0.0, center=False).fit_statistics(
            PairStatistics.of(np.sqrt(size) * x, np.sqrt(size) * y)
        )
        assert np.abs(grown.weight_ - least_squares).max() < 10 / size


def test_without_an_anchor_it_is_ridge():
    x, y = paired(40, 6, 9)
    ours = AnchoredMap(alpha=2.0, shrinkage=0.0).fit(x, y)
    np.testing.assert_allclose(ours.weight_, RidgeMap(2.0).fit(x, y).weight_, atol=1e-12)


@pytest.mark.parametrize("power", [0.0, 0.25, 0.5, 1.0])
@pytest.mark.parametrize(("n", "p", "q"), [(40, 6, 6), (40, 6, 8), (40, 8, 6), (5, 9, 7)])
def test_the_criterion_counts_the_divergence_of_the_fitted_values(n, p, q, power):
    """df against finite differences of the fitted values in every single number of Y."""
    x, y = paired(n, p, q, seed=3, noise=0.5)
    alpha, prior, step = 0.7, 0.4, 1e-5
    largest = np.linalg.norm(x.T @ y, 2)

    def fitted(target):
        u, sigma, vt = np.linalg.svd(x.T @ target, full_matrices=False)
        r = min(n, p, q)
        anchor = u[:, :r] * (sigma[:r] / largest) ** power @ vt[:r]
        gram = x.T @ x
        rest = np.linalg.solve(gram + alpha * np.eye(p), x.T @ target - prior * gram @ anchor)
        return x @ (prior * anchor + rest)

    divergence = 0.0
    for i in range(n):
        for j in range(q):
            bump = np.zeros_like(y)
            bump[i, j] = step
            divergence += (fitted(y + bump)[i, j] - fitted(y - bump)[i, j]) / (2 * step)
    residual = float(np.sum((y - fitted(y)) ** 2))

    statistics = PairStatistics.of(x, y)
    values, vectors = statistics.source.spectrum(center=False)
    u, sigma, vt = _determined(*statistics.svd(center=False))
    tempered = (sigma / sigma[0]) ** power
    turned = vectors.T @ u
    cross = statistics.rotated_cross(center=False)
    energy = float(np.sum(y**2))
    cost = _cost(turned, sigma, tempered, power, q)
    found = _gcv(values, cross, turned * tempered @ vt, cost, energy, n, np.array([alpha]), np.array([prior]))[0, 0]
    assert n * q > divergence
    np.testing.assert_allclose(found, residual / (n * q - divergence) ** 2, rtol=1e-4)


def galleries_of(n, p, seed):
    """Two galleries with a spread that tells directions apart, of different people, and the turn between them."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(p, p)))[0]
    spread = np.geomspace(1, 0.05, p)
    return rng.normal(size=(n, p)) * spread, (rng.normal(size=(n, p)) * spread) @ turn, spread, turn


@pytest.mark.parametrize("seed", range(5))
def test_galleries_of_other_people_make_few_pairs_go_further(seed):
    x, y, spread, turn = galleries_of(20_000, 24, seed)
    rng = np.random.default_rng([seed, 1])
    pairs = rng.normal(size=(8, 24)) * spread
    there = pairs @ turn + 0.05 * rng.normal(size=(8, 24))
    fresh = rng.normal(size=(500, 24)) * spread
    errors = []
    for galleries in (None, (Moments.of(x), Moments.of(y))):
        estimator = AnchoredMap(galleries=galleries, center=False).fit(pairs, there)
        errors.append(np.mean((estimator.transform(fresh) - fresh @ turn) ** 2))
    assert errors[1] < 0.8 * errors[0]


def test_turning_a_gallery_turns_the_map():
    x, y, _, _ = galleries_of(2000, 12, 0)
    pairs, there = paired(9, 12, 12, seed=4)
    turn = np.linalg.qr(np.random.default_rng(7).normal(size=(12, 12)))[0]
    plain = AnchoredMap(galleries=(Moments.of(x), Moments.of(y)), center=False).fit(pairs, there).weight_
    turned = AnchoredMap(galleries=(Moments.of(x @ turn), Moments.of(y)), center=False).fit(pairs @ turn, there).weight_
    np.testing.assert_allclose(turn @ turned, plain, atol=1e-7)


def test_galleries_of_another_width_are_refused():
    x, y = paired(20, 6, 6)
    with pytest.raises(DimensionError, match="widths 5 and 6"):
        AnchoredMap(galleries=(Moments.of(x[:, :5]), Moments.of(y))).fit(x, y)


def test_never_much_worse_than_the_better_of_rotation_and_ridge():
    """Prediction error on new pairs of a noisy rotation, at few and at many pairs."""
    for n in (6, 12, 25, 100, 1000):
        errors = {"anchored": 0.0, "ridge": 0.0, "rotation": 0.0}
        for seed in range(10):
            x, y = paired(n + 500, 16, 16, seed=seed, noise=0.8)
            for name, estimator in (
                ("anchored", AnchoredMap(center=False)),
                ("ridge", RidgeMap("auto", center=False)),
                ("rotation", OrthogonalMap(center=False)),
            ):
                errors[name] += float(np.mean((estimator.fit(x[:n], y[:n]).transform(x[n:]) - y[n:]) ** 2))
        assert errors["anchored"] <= 1.05 * min(errors["ridge"], errors["rotation"]), (n, errors)


def test_it_says_what_it_chose_and_what_pairs_left_open():
    x, y = paired(5, 9, 7)
    facts = AnchoredMap().fit(x, y).facts_
    assert facts["undetermined_directions"] == 5
    assert facts["alpha"] > 0
    assert 0 <= facts["shrinkage"] <= 1


@pytest.mark.parametrize("wrong", [{"alpha": -1.0}, {"shrinkage": -0.5}, {"shrinkage": "much"}, {"power": 2.0}])
def test_impossible_strengths_are_named(wrong):
    x, y = paired(20, 4, 4)
    with pytest.raises(InputError, match=next(iter(wrong))):
        AnchoredMap(**wrong).fit(x, y)


def test_spectral_runs_from_the_orthogonal_map_to_the_cross_covariance():
    x, y = paired(40, 6, 9)
    orthogonal = OrthogonalMap().fit(x, y).weight_
    cross = PairStatistics.of(x, y).covariation(center=True)
    for power, end in ((0.0, orthogonal), (1.0, cross)):
        weight = SpectralMap(power).fit(x, y).weight_
        np.testing.assert_allclose(weight / np.linalg.norm(weight), end / np.linalg.norm(end), atol=1e-10)
