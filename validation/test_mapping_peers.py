"""Maps against independent tools: scikit-learn's Ridge, scipy's Procrustes and Wahba solvers, reduced rank written out.

On made-up vectors always; on the embeddings that ship with facespace where they are.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.transform import Rotation
from sklearn.linear_model import Ridge

from facespace.mapping import LeastSquaresMap, OrthogonalMap, PairStatistics, ReducedRankMap, RidgeMap, RotationMap


def made_up(p, q, n=900, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) + 0.4
    y = x @ rng.normal(size=(p, q)) + rng.normal(size=(n, q)) - 0.7
    return tuple(v / np.linalg.norm(v, axis=1, keepdims=True) for v in (x, y))


def demo(number, target):
    """The images' vectors in two demo sets, by place in the order of width."""
    module = pytest.importorskip("facespace.datasets.demo")
    sets = sorted(module.demo_sets(), key=lambda faces: faces.dim)
    if not sets:
        pytest.skip("no demo embeddings in this checkout")
    joined = sets[number].join(sets[target])
    return tuple(faces.normalized().astype(np.float64) for faces in (joined.left, joined.right))


SPACES = {
    "128 to 128": lambda: made_up(128, 128),
    "64 to 160": lambda: made_up(64, 160),
    "160 to 64": lambda: made_up(160, 64),
    "fewer pairs than dimensions": lambda: made_up(128, 64, n=90),
    "demo, to the widest": lambda: demo(0, -1),
    "demo, to the narrowest": lambda: demo(-1, 0),
}
spaces = pytest.mark.parametrize("space", SPACES)


def relative(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@spaces
@pytest.mark.parametrize("intercept", [False, True])
def test_ridge_equals_scikit_learns(space, intercept):
    x, y = SPACES[space]()
    peer = Ridge(alpha=1, fit_intercept=intercept).fit(x, y)
    fitted = RidgeMap(1.0, center=intercept).fit_statistics(PairStatistics.of(x, y))
    assert relative(fitted.weight_, peer.coef_.T) < 1e-6
    assert np.allclose(fitted.bias_, peer.intercept_, atol=1e-7)


@spaces
def test_ridge_from_float32_vectors_equals_scikit_learns(space):
    x, y = (v.astype(np.float32) for v in SPACES[space]())
    peer = Ridge(alpha=1, fit_intercept=False).fit(x.astype(np.float64), y.astype(np.float64))
    fitted = RidgeMap(1.0, center=False).fit_statistics(PairStatistics.of(x, y))
    assert relative(fitted.weight_, peer.coef_.T) < 1e-6


@spaces
def test_least_squares_fits_as_well_as_lstsq(space):
    x, y = SPACES[space]()
    fitted = LeastSquaresMap(center=False).fit_statistics(PairStatistics.of(x, y))
    peer = np.linalg.lstsq(x, y, rcond=None)[0]
    assert relative(x @ fitted.weight_, x @ peer) < 1e-6


@pytest.mark.parametrize("seed", range(6))
def test_rotation_equals_orthogonal_procrustes_where_the_determinant_is_positive(seed):
    x, y = made_up(31, 31, seed=seed)
    peer = orthogonal_procrustes(x, y)[0]
    statistics = PairStatistics.of(x, y)
    assert np.abs(OrthogonalMap(center=False).fit_statistics(statistics).weight_ - peer).max() < 1e-8
    rotation = RotationMap(center=False).fit_statistics(statistics).weight_
    if np.linalg.det(peer) > 0:
        assert np.abs(rotation - peer).max() < 1e-8
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_the_seeds_above_cover_both_determinants():
    signs = {np.sign(np.linalg.det(orthogonal_procrustes(*made_up(31, 31, seed=s))[0])) for s in range(6)}
    assert signs == {-1, 1}


@pytest.mark.parametrize("reflected", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_rotation_in_three_dimensions_equals_scipys_wahba_solution(seed, reflected):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(200, 3))
    y = x @ Rotation.random(random_state=seed).as_matrix() + 0.2 * rng.normal(size=(200, 3))
    y = y * [1, 1, -1] if reflected else y
    peer, _ = Rotation.align_vectors(y, x)  # y ≈ R x for columns, so y ≈ x Rᵀ for rows
    fitted = RotationMap(center=False).fit(x, y).weight_
    assert np.abs(fitted - peer.as_matrix().T).max() < 1e-9


@spaces
@pytest.mark.parametrize("rank", [1, 16, 40])
def test_reduced_rank_equals_ridge_and_an_svd_of_its_fitted_values(space, rank):
    x, y = SPACES[space]()
    weight = Ridge(alpha=1, fit_intercept=False).fit(x, y).coef_.T
    vt = np.linalg.svd(x @ weight, full_matrices=False)[2]
    fitted = ReducedRankMap(rank, alpha=1.0, center=False).fit_statistics(PairStatistics.of(x, y))
    assert relative(fitted.weight_, weight @ vt[:rank].T @ vt[:rank]) < 1e-6


def test_automatic_rank_equals_the_criterion_written_out():
    x, y = made_up(40, 30)
    n, q = y.shape
    weight = Ridge(alpha=1, fit_intercept=False).fit(x, y).coef_.T
    vt = np.linalg.svd(x @ weight, full_matrices=False)[2]
    ridge_df = np.trace(x @ np.linalg.solve(x.T @ x + np.eye(40), x.T))
    scores = []
    for rank in range(1, q + 1):
        residual = np.sum((y - x @ weight @ vt[:rank].T @ vt[:rank]) ** 2)
        df = min(rank * (ridge_df + q - rank), ridge_df * q)
        scores.append(n * q * residual / (n * q - df) ** 2)
    fitted = ReducedRankMap("auto", alpha=1.0, center=False).fit(x, y)
    assert fitted.facts_["rank"] == int(np.argmin(scores)) + 1
