"""The hub's equations, the alignment with galleries and refine's steps against plain transcriptions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from mapping_samples import Side, network, people

from facespace.embeddings import EmbeddingSet
from facespace.mapping.families._alignment import aligned_cross
from facespace.mapping.fit import fit_map
from facespace.mapping.hub._multiset import EXPONENT, UNDONE, Covariances, solve, solve_join, solve_out, spectrum
from facespace.mapping.refine._neighbours import Mutual, best_two
from facespace.mapping.refine._refitting import Gallery, enough, fit_weight, held_out_retrieval, match_statistics, rigid
from facespace.mapping.refine.refine import ANCHOR, FEWEST, FIRST, LAST, STABLE, WIDEN, refine_map
from facespace.mapping.statistics import Moments, PairStatistics

WIDTHS = {"a": 6, "b": 5, "c": 4}


def models(n=80, seed=0):
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(n, 4))
    return {
        name: latent @ rng.normal(size=(4, d)) + 0.5 * rng.normal(size=(n, d)) + rng.normal(size=d)
        for name, d in WIDTHS.items()
    }


def pair(vectors, a, b, rows=slice(None)):
    return PairStatistics.of(vectors[a][rows], vectors[b][rows], source_model=a, target_model=b)


def all_pairs(vectors):
    return [pair(vectors, a, b) for a, b in itertools.combinations(WIDTHS, 2)]


def plain_covariance(x, y=None):
    y = x if y is None else y
    return (x - x.mean(axis=0)).T @ (y - y.mean(axis=0)) / len(x)


def inverse_root(c, rho):
    values, vectors = np.linalg.eigh(c + rho * np.linalg.eigvalsh(c)[-1] * np.eye(len(c)))
    return vectors @ np.diag(values**-0.5) @ vectors.T


def test_a_models_moments_are_those_of_all_its_statistics_weighted_by_their_pairs():
    vectors = models()
    given = [pair(vectors, "a", "b", slice(0, 30)), pair(vectors, "c", "a", slice(10, 80))]
    found = Covariances.of(given)
    assert found.models == ("a", "b", "c")
    # Each covariance is about the mean of its own pairs; the mean is that of all rows together.
    parts = vectors["a"][:30], vectors["a"][10:80]
    assert np.allclose(found.means[0], np.concatenate(parts).mean(axis=0))
    assert np.allclose(found.own[0], (30 * plain_covariance(parts[0]) + 70 * plain_covariance(parts[1])) / 100)
    assert np.allclose(found.cross[2, 0], plain_covariance(vectors["c"][10:80], vectors["a"][10:80]))
    assert np.allclose(found.cross[0, 2], found.cross[2, 0].T)
    assert dict(found.pairs) == {(0, 1): 30, (2, 0): 70}


@pytest.mark.parametrize("dim", [None, 3])
def test_a_hub_solves_the_eigenproblem_of_all_models(dim):
    """R of blocks G̃_i^{−½} C_ij G̃_j^{−½}, zero for i = j; w = Λ / (k − 1); T_i = G̃_i^{−½} V_i w^¾, of mean length 1."""
    vectors, rho = models(), 0.05
    found, w = solve(Covariances.of(all_pairs(vectors)), dim, rho)
    names = list(WIDTHS)
    roots = [inverse_root(plain_covariance(vectors[m]), rho) for m in names]
    rows = []
    for i, a in enumerate(names):
        blocks = [roots[i] @ plain_covariance(vectors[a], vectors[b]) @ roots[j] * (i != j) for j, b in enumerate(names)]
        rows.append(np.hstack(blocks))
    values, v = np.linalg.eigh(np.vstack(rows))
    order = np.argsort(-values)[: dim or 6]
    order = order[values[order] > 0]
    assert w == pytest.approx(values[order] / 2)
    ends = np.cumsum([0, *WIDTHS.values()])
    assert EXPONENT == 0.75
    plain = [root @ v[ends[i] : ends[i + 1], order] * (values[order] / 2) ** 0.75 for i, root in enumerate(roots)]
    squares = [
        np.mean(np.sum(((vectors[m] - vectors[m].mean(axis=0)) @ t) ** 2, axis=1)) for m, t in zip(names, plain, strict=True)
    ]
    for (t, s), (u, z) in itertools.product(zip(found, plain, strict=True), repeat=2):
        assert np.allclose(t @ u.T, s @ z.T / np.mean(squares))  # signs of columns are free


def test_a_join_is_a_ridge_regression_with_part_of_the_shrinkage_undone():
    """T = G̃⁻¹ mean_j(C_j T_j) / √w."""
    vectors, rho = models(), 0.05
    rng = np.random.default_rng(1)
    into, w = [rng.normal(size=(5, 3)), rng.normal(size=(4, 3))], np.array([0.9, 0.5, 0.2])
    covariances = Covariances.of([pair(vectors, "a", "b"), pair(vectors, "a", "c")])
    own = plain_covariance(vectors["a"])
    own += rho * np.linalg.eigvalsh(own)[-1] * np.eye(6)
    mean = sum(plain_covariance(vectors["a"], vectors[m]) @ t for m, t in zip("bc", into, strict=True)) / 2
    assert UNDONE == 0.5
    assert np.allclose(solve_join(covariances, into, w, rho), np.linalg.solve(own, mean) / np.sqrt(w))


def test_the_way_out_is_a_ridge_regression_on_the_hub_vectors_of_all_models():
    """(P + ε λ_max I)⁻¹ mean_j T_jᵀ C_jt, with P the mean of T_jᵀ C_jj T_j."""
    vectors = models()
    rng = np.random.default_rng(2)
    into = [rng.normal(size=(d, 3)) for d in WIDTHS.values()]
    covariances = Covariances.of(all_pairs(vectors))
    pooled = sum(t.T @ plain_covariance(vectors[m]) @ t for m, t in zip(WIDTHS, into, strict=True)) / 3
    mean = sum(t.T @ plain_covariance(vectors[m], vectors["b"]) for m, t in zip(WIDTHS, into, strict=True)) / 3
    penalty = 0.01 * np.linalg.eigvalsh(pooled)[-1]
    expected = np.linalg.solve(pooled + penalty * np.eye(3), mean)
    assert np.allclose(solve_out(covariances, into, spectrum(pooled), 1, 0.01), expected)


@pytest.mark.parametrize(("p", "q"), [(5, 4), (2, 9), (9, 2), (6, 6)])
def test_the_alignment_counts_the_galleries_as_so_many_pairs(p, q):
    """C + κ w Ḡ R H̄, w = ‖C‖₂ / (n ‖Ḡ R₀ H̄‖₂), at the R where the polar factor of that rests to 1 % of its length, or
    after 20 steps."""
    kappa, steps = 25.0, set()

    def polar(matrix):
        u, _, vt = np.linalg.svd(matrix, full_matrices=False)
        return u @ vt

    for seed in range(40):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 60))
        x = rng.normal(size=(300, p)) * np.geomspace(1, 0.2, p) + 1
        y = rng.normal(size=(200, q)) * np.geomspace(1, 0.2, q) - 1
        cross = rng.normal(size=(p, q))
        g, h, rotation = plain_covariance(x), plain_covariance(y), polar(cross)
        w = np.linalg.norm(cross, 2) / (n * np.linalg.norm(g @ rotation @ h, 2))
        taken, moved = 0, np.inf
        while taken < 20 and moved >= 0.01 * np.sqrt(min(p, q)):
            last, rotation = rotation, polar(cross + kappa * w * g @ rotation @ h)
            taken, moved = taken + 1, np.linalg.norm(rotation - last)
        steps.add(taken)
        expected = cross + kappa * w * g @ rotation @ h
        found = aligned_cross(cross, n, Moments.of(x), Moments.of(y), polar(cross), float(np.linalg.norm(cross, 2)), kappa)
        assert np.allclose(found, expected)
    assert min(steps) < 10 < max(steps) == 20


@pytest.fixture(scope="module")
def galleries():
    latent, ids, _ = people(count=150, images=2, k=12, within=0.25)
    first, second = np.arange(0, 300, 2), np.arange(1, 300, 2)
    a, b = network("a", latent, 14, 1), network("b", latent, 12, 2)
    names = np.array(ids)
    return EmbeddingSet(a[first], names[first], model="a"), EmbeddingSet(b[second], names[second], model="b")


def test_effective_dimensions_and_how_many_matches_are_enough(galleries):
    left, right = map(Gallery, galleries)
    dimensions = []
    for gallery, faces in ((left, galleries[0]), (right, galleries[1])):
        values = np.linalg.eigvalsh(np.cov(faces.normalized().T.astype(float)))
        dimensions.append(values.sum() ** 2 / np.sum(values**2))
        assert gallery.dimensions == pytest.approx(dimensions[-1], rel=1e-4)
    need = int(np.ceil(8 * max(dimensions)))
    assert enough(need, left, right)
    assert not enough(need - 1, left, right)


def test_a_rigid_map_tempers_singular_values_by_their_fourth_root():
    cross = np.diag([16.0, 1.0, 0.0])
    assert np.allclose(np.abs(rigid(cross)), np.diag([1.0, 0.5, 0.0]))


def test_the_anchor_weighs_its_share_of_the_matches_norm(galleries):
    left, right = map(Gallery, galleries)
    statistics = match_statistics(left, right, np.arange(40), np.arange(40))
    anchor = np.random.default_rng(0).normal(size=statistics.cross.shape)
    pulled = statistics.cross / np.linalg.norm(statistics.cross) + 0.75 * anchor / np.linalg.norm(anchor)
    assert ANCHOR == 0.75
    assert np.allclose(fit_weight(statistics, False, anchor, ANCHOR), rigid(pulled))


def test_held_out_matches_are_searched_among_their_half(galleries):
    """Fit on half of the matches, look up the other half, at most `limit` of them, and both ways round."""
    left, right = map(Gallery, galleries)
    rows = np.random.default_rng(1).permutation(150)[:61]
    matches = Mutual(rows, rows, np.ones(61, np.float32), 1.0)
    order = np.random.default_rng(5).permutation(61)
    shares = []
    for fitted, tested in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        tested = tested[:25]
        x, y = (g.rows(rows[fitted]).astype(float) for g in (left, right))
        weight = rigid(x.T @ y)
        probes = left.rows(rows[tested]) @ weight
        theirs = right.rows(rows[tested])
        scores = probes @ theirs.T / np.linalg.norm(theirs, axis=1)
        shares.append(np.mean(scores.argmax(axis=1) == np.arange(25)))
    assert held_out_retrieval(matches, left, right, False, 25, 5) == pytest.approx(np.mean(shares))
    assert 0.1 < np.mean(shares) < 1


def test_equal_scores_are_a_second_best_of_the_same_height():
    """Two equal rows in different tiles: margin 0, and the first one found stays."""
    gallery = np.float32([[0, 1], [1, 0], [0, 1], [1, 0], [0.6, 0.8]])
    row, best, second = best_two(np.float32([[1, 0]]), Side(gallery), 2)
    assert (row.tolist(), best.tolist(), second.tolist()) == ([1], [1.0], [1.0])


def test_refine_takes_a_fifth_of_the_matches_at_first_and_a_tenth_more_each_time(galleries):
    source, target = galleries
    start = fit_map(source, EmbeddingSet(target.vectors, source.ids, model="b"), "rotation", center=False)
    result = refine_map(start, source, target)
    assert (FIRST, WIDEN, LAST, FEWEST, STABLE) == (0.2, 0.1, 0.8, 30, 0.95)
    for k, step in enumerate(result.record):
        mutual = round(step.mutual * len(source))
        assert step.accepted == max(int(min(0.2 + 0.1 * k, 0.8) * mutual), 30)
    last = result.record[-1]
    assert result.converged
    assert last.agreement >= 0.95
    assert len(result.record) >= 7  # 0.8 is reached at the seventh
    # Stable steps before the last were either narrower or of the rigid phase.
    families = [step.family for step in result.record]
    for k, step in enumerate(result.record[:-1]):
        assert k < 6 or step.agreement < 0.95 or families[k + 1] == "canonical"
