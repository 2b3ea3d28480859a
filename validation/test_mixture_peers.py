"""The shrunk Gaussian of `audit mixture`: its covariance is scikit-learn's (Ledoit–Wolf), its distances SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis
from sklearn.covariance import ledoit_wolf

from facespace.datasets import demo_sets
from facespace.privacy.mixture._gaussian import FLOOR, Gaussian


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("rows", [300, 3000])
def test_the_covariance_is_scikit_learns(number, rows):
    vectors = demo_sets()[number].normalized()[:rows]
    ours = Gaussian.of(vectors, floor=0.0)
    covariance, shrinkage = ledoit_wolf(vectors.astype(np.float64))
    assert ours.shrinkage == pytest.approx(shrinkage, rel=1e-3)
    assert np.allclose(ours.covariance, covariance, atol=1e-3 * np.trace(covariance) / len(covariance))
    inverse = np.linalg.inv(Gaussian.of(vectors).covariance)
    mean = vectors.mean(axis=0, dtype=np.float64)
    wanted = [mahalanobis(vector, mean, inverse) ** 2 for vector in vectors[:20]]
    assert Gaussian.of(vectors).distances(vectors[:20]) == pytest.approx(wanted, rel=1e-2)


def test_weights_count_as_repeated_rows_but_for_the_shrinkage():
    vectors = demo_sets()[1].normalized()[:500]
    times = np.random.default_rng(0).integers(1, 4, len(vectors))
    weighted, repeated = Gaussian.of(vectors, times.astype(float), FLOOR), Gaussian.of(np.repeat(vectors, times, 0))
    assert np.allclose(weighted.mean, repeated.mean, atol=1e-6)
    assert weighted.shrinkage > repeated.shrinkage  # fewer different vectors than the repeated rows seem to be
