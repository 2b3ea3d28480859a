"""Intrinsic dimension against scikit-dimension (where it is installed), and the projection on LFW."""

from __future__ import annotations

import numpy as np
import pytest

from facespace.capacity.intrinsic_dimension import maximum_likelihood, nearest_distances, two_nn


@pytest.mark.parametrize(("m", "n"), [(2, 1500), (6, 1500), (12, 2500)])
def test_both_estimators_are_those_of_scikit_dimension(m, n):
    skdim = pytest.importorskip("skdim", reason="scikit-dimension is not installed; it brings numba and is no dependency")
    points = np.random.default_rng(m).normal(size=(n, m)) @ np.random.default_rng(0).normal(size=(m, 30))
    distances = nearest_distances(points, 20)
    assert two_nn(distances)[0] == pytest.approx(skdim.id.TwoNN().fit(points).dimension_, rel=1e-5)
    peer = skdim.id.MLE(K=20).fit(points, n_neighbors=20, comb="mle")
    assert maximum_likelihood(distances)[0] == pytest.approx(peer.dimension_, rel=1e-5)
