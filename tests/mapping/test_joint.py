"""The two-sided map."""

import numpy as np
import pytest

from facespace.errors import InputError
from facespace.mapping import JointMap, PairStatistics


def two_views(n=400, p=20, q=28, seed=0):
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n, 12))
    x = shared @ rng.normal(size=(12, p)) + 0.4 * rng.normal(size=(n, p)) + 1.0
    y = shared @ rng.normal(size=(12, q)) + 0.4 * rng.normal(size=(n, q)) - 2.0
    return x.astype(np.float32), y.astype(np.float32)


def cosines(a, b):
    a, b = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (a, b))
    return a @ b.T


def test_exchanging_the_networks_changes_no_score():
    x, y = two_views()
    statistics = PairStatistics.of(x, y)
    there, back = JointMap().fit_statistics(statistics), JointMap().fit_statistics(statistics.swap())
    forward = cosines(there.probe(x[:50]), there.reference(y[:50]))
    backward = cosines(back.probe(y[:50]), back.reference(x[:50]))
    np.testing.assert_allclose(forward, backward.T, atol=1e-5)


def test_turning_a_space_changes_no_score():
    x, y = two_views()
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(20, 20)))[0].astype(np.float32)
    plain = JointMap().fit_statistics(PairStatistics.of(x, y))
    turned = JointMap().fit_statistics(PairStatistics.of(x @ turn, y))
    np.testing.assert_allclose(
        cosines(plain.probe(x[:50]), plain.reference(y[:50])),
        cosines(turned.probe(x[:50] @ turn), turned.reference(y[:50])),
        atol=1e-4,
    )


def test_without_regularization_the_correlations_are_the_canonical_ones():
    x, y = two_views(n=2000)
    fitted = JointMap(1e-9).fit_statistics(PairStatistics.of(x, y))
    bases = [np.linalg.qr((v - v.mean(axis=0)).astype(float))[0] for v in (x, y)]  # Björck and Golub 1973
    theirs = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)
    np.testing.assert_allclose(fitted.correlations_, theirs, atol=1e-5)


def test_one_face_scores_above_others():
    x, y = two_views(n=600)
    fitted = JointMap().fit_statistics(PairStatistics.of(x[:400], y[:400]))
    table = cosines(fitted.probe(x[400:]), fitted.reference(y[400:]))
    assert np.mean(table.argmax(axis=1) == np.arange(200)) > 0.95


@pytest.mark.parametrize("wrong", [0.0, -1.0])
def test_an_impossible_regularization_is_named(wrong):
    with pytest.raises(InputError, match="regularization"):
        JointMap(wrong).fit_statistics(PairStatistics.of(*two_views()))


def test_no_pairs_are_refused():
    with pytest.raises(InputError, match="0 pairs"):
        JointMap().fit_statistics(PairStatistics.empty(3, 4))
