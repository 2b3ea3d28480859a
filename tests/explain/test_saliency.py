"""Algorithm 1: what its maps add up to, and what they become in special cases."""

from __future__ import annotations

import numpy as np
import pytest
from explain_samples import crops, random_map, small_network

from facespace.errors import DimensionError, InputError
from facespace.explain import Affine, Residuals, decompose, pool, residuals, saliency
from facespace.explain.methods.baselines import peaks_of, stylianou_max

RNG = np.random.default_rng(0)


def _sides(seed: int = 0):
    network = small_network()
    maps = network.maps(crops(2, seed=seed))
    features = pool(maps)
    return network, maps, features


@pytest.mark.parametrize("threshold", [0.0, 0.3, -0.2])
def test_the_signed_map_sums_to_the_margin(threshold):
    network, maps, features = _sides()
    comparison = decompose(*features)
    found = saliency(residuals(maps[0], network.decoder), comparison, threshold)
    assert abs(found.signed.sum(dtype=float) - (comparison.score - threshold)) < 1e-5
    assert found.completeness_error < 1e-5


def test_the_margin_is_shared_out_through_heads_too():
    network, maps, features = _sides()
    one = Affine(RNG.normal(size=(7, 24)), RNG.normal(size=7))
    two = Affine(RNG.normal(size=(7, 24)), RNG.normal(size=7))
    comparison = decompose(features[0], features[1], one, two)
    a, b = one(features[0]), two(features[1])
    assert comparison.score == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-12)
    assert comparison.constant + comparison.weights.sum() == pytest.approx(comparison.score, abs=1e-12)
    found = saliency(residuals(maps[0], network.decoder), comparison, 0.1)
    assert found.completeness_error < 1e-5


def test_the_three_maps_are_parts_of_one():
    network, maps, features = _sides()
    found = saliency(residuals(maps[0], network.decoder), decompose(*features), 0.3)
    np.testing.assert_array_equal(found.similar - found.dissimilar, found.signed)
    np.testing.assert_array_equal(found.similar + found.dissimilar, found.discriminative)


def test_swapping_the_images_swaps_the_maps():
    network, maps, features = _sides()
    r = [residuals(m, network.decoder) for m in maps]
    forth = [saliency(r[i], decompose(features[i], features[1 - i]), 0.3).signed for i in (0, 1)]
    _, swapped, swapped_features = network, maps[::-1], features[::-1]
    r = [residuals(m, network.decoder) for m in swapped]
    back = [saliency(r[i], decompose(swapped_features[i], swapped_features[1 - i]), 0.3).signed for i in (0, 1)]
    np.testing.assert_array_equal(forth[0], back[1])
    np.testing.assert_array_equal(forth[1], back[0])


def test_one_hot_residuals_without_threshold_are_stylianou_max():
    a, b = random_map(seed=1), random_map(seed=2)
    comparison = decompose(*pool(np.stack([a, b])))
    one_hot = np.zeros((24, 6), np.float32)
    one_hot[np.arange(24), peaks_of(a)] = 1
    none = np.zeros(24, bool)
    found = saliency(Residuals(one_hot.reshape(24, 3, 2), peaks_of(a), none, none, "l1"), comparison, 0.0)
    np.testing.assert_allclose(found.signed, stylianou_max(a, comparison), atol=1e-7)


def test_gradients_of_the_cosine_are_those_of_differences():
    a, b = RNG.normal(size=(2, 9))
    head = Affine(RNG.normal(size=(5, 9)), RNG.normal(size=5))
    for h in (None, head):
        c = decompose(a, b, h, h)
        step = 1e-6
        numeric = [
            (decompose(a + step * e, b, h, h).score - decompose(a - step * e, b, h, h).score) / 2 / step for e in np.eye(9)
        ]
        np.testing.assert_allclose(c.live, numeric, atol=1e-8)


def test_another_channel_threshold_shifts_every_weight():
    network, maps, features = _sides()
    r, c = residuals(maps[0], network.decoder), decompose(*features)
    found = saliency(r, c, 0.3, channel_threshold=0.02)
    expected = np.tensordot(c.weights - 0.02, r.maps, axes=1)
    np.testing.assert_allclose(found.signed, expected, atol=1e-6)
    assert found.completeness_error > 0.01


def test_what_can_not_be_compared_is_refused():
    network, maps, features = _sides()
    with pytest.raises(DimensionError, match="compared"):
        decompose(features[0], features[1][:7])
    with pytest.raises(InputError, match="zero vector"):
        decompose(features[0], 0 * features[1])
    with pytest.raises(DimensionError, match="24 channels"):
        saliency(residuals(maps[0], network.decoder), decompose([1, 2], [3, 4]), 0.3)
