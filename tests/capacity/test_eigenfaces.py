from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from facespace.capacity import eigenfaces
from facespace.errors import InputError


@pytest.mark.parametrize("shape", [(60, 5, 6), (25, 8, 8, 3)])  # more images than pixels, and fewer
def test_coefficients_are_scikit_learn_s_up_to_sign(shape):
    crops = np.random.default_rng(0).integers(0, 255, shape)
    found = eigenfaces(crops, [str(i) for i in range(shape[0])], dim=4).vectors
    expected = PCA(4, svd_solver="full").fit_transform(crops.reshape(shape[0], -1).astype(float))
    assert np.allclose(np.abs(found), np.abs(expected), rtol=1e-3, atol=1e-2)


def test_impossible_components_are_refused():
    crops = np.zeros((10, 4, 4))
    with pytest.raises(InputError, match="10 crops of 16 pixels have no 10 principal components"):
        eigenfaces(crops, [str(i) for i in range(10)], dim=10)
    with pytest.raises(InputError, match="these have shape"):
        eigenfaces(crops.reshape(10, 16), [str(i) for i in range(10)], dim=2)
