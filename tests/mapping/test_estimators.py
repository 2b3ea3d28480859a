from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping_samples import paired, statistics, turn
from sklearn.utils.estimator_checks import check_estimator

from facespace.errors import InputError, UnknownNameError
from facespace.mapping import (
    FAMILIES,
    CCAMap,
    IdentityMap,
    LeastSquaresMap,
    OrthogonalMap,
    PairStatistics,
    ReducedRankMap,
    RidgeMap,
    RotationMap,
    make_estimator,
)

plain = settings(deadline=None, max_examples=15, derandomize=True)
seeds = st.integers(0, 1000)
centred = pytest.mark.parametrize("center", [False, True])
RIGID = [RotationMap, OrthogonalMap]


def about(x, y, center):
    return (x - x.mean(axis=0), y - y.mean(axis=0)) if center else (x, y)


@pytest.mark.parametrize("family", FAMILIES)
def test_family_follows_scikit_learns_conventions(family):
    with warnings.catch_warnings():
        # The checks warn about things of their own: array API support that is not installed, skipped checks.
        warnings.simplefilter("ignore")
        check_estimator(make_estimator(family))


@centred
@plain
@given(seed=seeds, alpha=st.floats(1e-3, 1e3))
def test_ridge_solves_the_normal_equations(center, seed, alpha):
    x, y = paired(seed=seed)
    fitted = RidgeMap(alpha, center=center).fit(x, y)
    xc, yc = about(x, y, center)
    assert np.allclose((xc.T @ xc + alpha * np.eye(6)) @ fitted.weight_, xc.T @ yc, atol=1e-8)
    assert np.allclose(fitted.bias_, y.mean(axis=0) - x.mean(axis=0) @ fitted.weight_ if center else 0)


@centred
def test_ridge_tends_to_least_squares_as_alpha_tends_to_zero(center):
    x, y = paired()
    ols = LeastSquaresMap(center=center).fit(x, y).weight_
    gaps = [np.linalg.norm(RidgeMap(a, center=center).fit(x, y).weight_ - ols) for a in (1, 1e-2, 1e-4, 1e-8)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 1e-7


@centred
@plain
@given(seed=seeds, n=st.integers(8, 60))
def test_gcv_alpha_minimises_the_formula_computed_plainly(center, seed, n):
    x, y = paired(n, seed=seed)
    xc, yc = about(x, y, center)

    def gcv(alpha):
        hat = xc @ np.linalg.solve(xc.T @ xc + alpha * np.eye(6), xc.T)
        return np.sum((yc - hat @ yc) ** 2) / (n - center - np.trace(hat)) ** 2

    alpha = RidgeMap("auto", center=center).fit(x, y).facts_["alpha"]
    largest = np.linalg.eigvalsh(xc.T @ xc)[-1]
    assert gcv(alpha) <= min(gcv(a) for a in largest * np.logspace(-10, 1, 200)) * (1 + 1e-6)


@plain
@given(seed=seeds, n=st.integers(1, 12))
def test_least_squares_is_the_minimum_norm_solution_of_lstsq(seed, n):
    x, y = paired(n, seed=seed)
    weight = LeastSquaresMap(center=False).fit_statistics(statistics(x, y)).weight_
    expected = np.linalg.lstsq(x, y, rcond=None)[0]
    # A Gram matrix has the squared condition number of x, so its solution has half of the digits.
    scale = max(1.0, np.linalg.cond(x) ** 2)
    assert np.allclose(weight, expected, atol=1e-12 * scale * max(1, np.abs(expected).max()))


def test_duplicated_columns_give_the_pseudo_inverse():
    x, y = paired()
    x = np.hstack([x, x[:, :2]])
    weight = LeastSquaresMap(center=False).fit(x, y).weight_
    assert np.allclose(weight, np.linalg.pinv(x) @ y, atol=1e-8)
    assert np.allclose(weight[:2], weight[6:])


@pytest.mark.parametrize("family", ["ols", "ridge", "reduced-rank"])
def test_directions_in_no_pair_are_counted_and_mapped_to_zero(family):
    x, y = paired(4)
    fitted = make_estimator(family, center=False).fit_statistics(statistics(x, y))
    assert (fitted.facts_["source_rank"], fitted.facts_["undetermined_directions"]) == (4, 2)
    unseen = np.linalg.svd(x)[2][4:]
    assert np.allclose(unseen @ fitted.weight_, 0, atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_enough_pairs_leave_nothing_to_say_about_undetermined_directions(family):
    assert "undetermined_directions" not in make_estimator(family).fit(*paired()).facts_


@plain
@given(seed=seeds)
def test_rotation_has_determinant_one_even_where_a_reflection_fits_better(seed):
    x, _ = paired(p=5, seed=seed)
    y = x @ turn(5, seed, proper=False)
    weight = RotationMap(center=False).fit(x, y).weight_
    assert np.linalg.det(weight) == pytest.approx(1)
    assert np.allclose(weight @ weight.T, np.eye(5), atol=1e-10)
    assert np.linalg.det(OrthogonalMap(center=False).fit(x, y).weight_) == pytest.approx(-1)


@pytest.mark.parametrize("family", RIGID)
@centred
@plain
@given(seed=seeds)
def test_rotating_either_space_rotates_the_map(family, center, seed):
    x, y = paired(p=5, q=5, seed=seed)
    a, b = turn(5, seed + 1), turn(5, seed + 2)
    weight = family(center=center).fit(x, y).weight_
    assert np.allclose(family(center=center).fit(x @ a, y @ b).weight_, a.T @ weight @ b, atol=1e-6)


@plain
@given(order=st.permutations(range(6)))
def test_permuted_space_is_recovered_exactly(order):
    x, _ = paired(p=6)
    fitted = OrthogonalMap(center=False).fit(x, x[:, list(order)])
    assert np.allclose(fitted.weight_, np.eye(6)[:, list(order)], atol=1e-10)
    assert np.allclose(fitted.transform(x), x[:, list(order)], atol=1e-9)


@pytest.mark.parametrize("proper", [True, False])
@pytest.mark.parametrize("family", RIGID)
def test_rigid_map_is_at_least_as_good_as_any_other(family, proper):
    x, y = paired(p=4, q=4)
    best = np.sum((x @ family(center=False).fit(x, y).weight_ - y) ** 2)
    for seed in range(30):
        rival = turn(4, seed, proper)
        if proper or family is OrthogonalMap:
            assert np.sum((x @ rival - y) ** 2) >= best


@pytest.mark.parametrize("family", RIGID)
@pytest.mark.parametrize(("p", "q"), [(128, 512), (512, 128)])
def test_rigid_map_between_widths_is_semi_orthogonal_and_says_so(family, p, q):
    rng = np.random.default_rng(0)
    fitted = family().fit(rng.normal(size=(600, p)), rng.normal(size=(600, q)))
    small = fitted.weight_ @ fitted.weight_.T if p < q else fitted.weight_.T @ fitted.weight_
    assert np.allclose(small, np.eye(min(p, q)), atol=1e-8)
    assert fitted.facts_["note"] == f"semi-orthogonal: no rotation exists between {p} and {q} dimensions"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", ["wide", "narrow"])
def test_every_family_maps_between_different_widths(family, method):
    p, q = (4, 9) if method == "wide" else (9, 4)
    x, y = paired(p=p, q=q)
    assert make_estimator(family).fit(x, y).transform(x).shape == (60, q)


def test_rigid_map_says_how_many_directions_it_guesses():
    x, y = paired(3, p=5, q=5)
    assert RotationMap(center=False).fit(x, y).facts_["note"].startswith("2 directions are undetermined")


@centred
@plain
@given(seed=seeds, rank=st.integers(1, 5))
def test_reduced_rank_has_its_rank_and_fits_best_among_projections(center, seed, rank):
    x, y = paired(p=6, q=5, seed=seed)
    fitted = ReducedRankMap(rank, alpha=1.0, center=center).fit(x, y)
    assert np.linalg.matrix_rank(fitted.weight_, tol=1e-8) == rank
    full = RidgeMap(1.0, center=center).fit(x, y).weight_
    fit = about(x, y, center)[0] @ full
    _, _, vt = np.linalg.svd(fit, full_matrices=False)
    assert np.allclose(fitted.weight_, full @ vt[:rank].T @ vt[:rank], atol=1e-7)


@centred
@pytest.mark.parametrize(("p", "q"), [(6, 4), (4, 6), (5, 5)])
def test_reduced_rank_at_full_rank_is_ridge(center, p, q):
    x, y = paired(p=p, q=q)
    full = ReducedRankMap(100, alpha=2.0, center=center).fit(x, y).weight_
    assert np.allclose(full, RidgeMap(2.0, center=center).fit(x, y).weight_, atol=1e-9)


@centred
def test_automatic_rank_finds_the_rank_that_made_the_data(center):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 12))
    y = x @ rng.normal(size=(12, 3)) @ rng.normal(size=(3, 10)) + 0.5 * rng.normal(size=(400, 10))
    assert ReducedRankMap("auto", alpha=1.0, center=center).fit(x, y).facts_["rank"] == 3


@pytest.mark.parametrize(("p", "q", "how"), [(3, 5, "padded"), (5, 3, "cut")])
def test_identity_between_widths_is_padded_or_cut_and_says_so(p, q, how):
    x, y = paired(p=p, q=q)
    fitted = IdentityMap().fit(x, y)
    assert fitted.facts_["note"] == f"identity {how} from {p} to {q} dimensions"
    assert np.array_equal(fitted.transform(x)[:, : min(p, q)], x[:, : min(p, q)])
    assert not fitted.transform(x)[:, p:].any()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("p", "q"), [(4, 6), (6, 4), (5, 5)])
def test_weigh_is_the_product_with_the_weight(family, p, q):
    x, y = paired(p=p, q=q)
    fitted = make_estimator(family).fit(x, y)
    assert np.allclose(fitted.weigh(x.astype(np.float32)), x @ fitted.weight_, rtol=1e-4, atol=1e-4)


@centred
@plain
@given(seed=seeds, rho=st.floats(1e-3, 10))
def test_cca_is_proportional_to_the_product_with_both_inverses(center, seed, rho):
    x, y = paired(p=6, q=4, seed=seed)
    xc, yc = about(x, y, center)
    g, h = xc.T @ xc, yc.T @ yc
    g += rho * np.linalg.eigvalsh(g)[-1] * np.eye(6)
    h += rho * np.linalg.eigvalsh(h)[-1] * np.eye(4)
    expected = np.linalg.solve(g, xc.T @ yc) @ np.linalg.inv(h)
    weight = CCAMap(rho, center=center).fit(x, y).weight_
    assert np.allclose(weight / np.linalg.norm(weight), expected / np.linalg.norm(expected), atol=1e-8)
    assert np.linalg.norm(xc @ weight) == pytest.approx(np.linalg.norm(yc))


def test_bad_hyper_parameters_are_named():
    x, y = paired()
    with pytest.raises(InputError, match="alpha must be 'auto' or a positive number; got 0"):
        RidgeMap(0).fit(x, y)
    with pytest.raises(InputError, match="rank must be 'auto' or a positive whole number; got -1"):
        ReducedRankMap(-1).fit(x, y)
    with pytest.raises(InputError, match="regularization must be a positive number; got 0"):
        CCAMap(0).fit(x, y)
    with pytest.raises(InputError, match="no pairs"):
        RidgeMap().fit_statistics(PairStatistics.empty(3, 3))


def test_unknown_method_names_the_nearest():
    with pytest.raises(UnknownNameError, match="unknown method 'reduced_rank'; did you mean 'reduced-rank'"):
        make_estimator("reduced_rank")
