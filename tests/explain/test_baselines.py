"""The compared methods against each other, against autograd and against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
from explain_samples import crops, random_map, small_network, torch

from facespace.errors import UnknownNameError
from facespace.explain import decompose, pool
from facespace.explain.methods import baselines as b


def _pair(pooling: str = "max"):
    network = small_network(pooling=pooling)
    pictures = crops(2)
    maps = network.maps(pictures)
    return network, pictures, maps, decompose(*pool(maps, pooling))


def _autograd(maps: np.ndarray, pooling: str) -> np.ndarray:
    """∂s/∂A of the first map, by PyTorch."""
    a = torch.from_numpy(maps[0].astype(np.float64)).requires_grad_(True)
    other = torch.from_numpy(maps[1].astype(np.float64))
    one, two = (m.flatten(1).max(1).values if pooling == "max" else m.mean((1, 2)) for m in (a, other))
    torch.nn.functional.cosine_similarity(one, two, dim=0).backward()
    return a.grad.numpy()


def test_detached_grad_cam_with_average_pooling_is_stylianou_up_to_the_number_of_cells():
    _, _, maps, comparison = _pair("avg")
    cam = b.grad_cam_signed(maps[0], comparison, norms="detached")
    np.testing.assert_allclose(cam, b.stylianou_avg(maps[0], comparison), rtol=1e-5)
    assert cam.sum() == pytest.approx(comparison.score, abs=1e-6)


@pytest.mark.parametrize("pooling", ["max", "avg"])
def test_grad_cam_has_autograds_weights(pooling):
    _, _, maps, comparison = _pair(pooling)
    alpha = _autograd(maps, pooling).mean((1, 2))
    expected = np.maximum(np.tensordot(alpha, maps[0], axes=1), 0)
    np.testing.assert_allclose(b.grad_cam(maps[0], comparison), expected, atol=1e-7)


@pytest.mark.parametrize("pooling", ["max", "avg"])
def test_grad_cam_plus_plus_follows_the_exact_formula_where_an_epsilon_fails(pooling):
    _, _, maps, comparison = _pair(pooling)
    g, a = _autograd(maps, pooling), maps[0].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        alpha = np.where(g == 0, 0, g**2 / (2 * g**2 + g**3 * a.sum((1, 2), keepdims=True)))
    exact = (alpha * np.maximum(g, 0)).sum((1, 2))
    ours = b.plus_plus_weights(maps[0], comparison.live, pooling)
    np.testing.assert_allclose(ours, exact, rtol=1e-4, atol=1e-12)
    small = 1e-3 * comparison.live  # as with 512 channels instead of 24
    naive_g = 1e-3 * g
    naive = naive_g**2 / (2 * naive_g**2 + naive_g**3 * a.sum((1, 2), keepdims=True) + 1e-6)
    naive_weights = (naive * np.maximum(naive_g, 0)).sum((1, 2))
    right = b.plus_plus_weights(maps[0], small, pooling)
    assert np.abs(naive_weights - right).max() > 0.5 * np.abs(right).max()


def test_plus_plus_has_no_weight_where_the_formula_has_its_pole():
    a = np.full((2, 1, 2), -4.0, np.float32)
    np.testing.assert_array_equal(b.plus_plus_weights(a, np.array([0.5, 0.0])), [0, 0])
    np.testing.assert_allclose(b.plus_plus_weights(a, np.array([0.1, -0.1])), [0.1 / 1.2, 0])


def test_stylianou_max_puts_every_channel_at_its_maximum():
    _, _, maps, comparison = _pair()
    found = b.stylianou_max(maps[0], comparison)
    assert found.sum() == pytest.approx(comparison.score, abs=1e-6)
    cell = maps[0].reshape(24, -1).argmax(1)
    assert found.ravel()[cell[3]] == pytest.approx(comparison.weights[cell == cell[3]].sum(), abs=1e-7)


def test_the_pictures_gradient_is_that_of_differences():
    network, pictures, maps, comparison = _pair()
    back = decompose(*pool(maps)[::-1])
    gradient, pixels = b.picture_gradient(network, pictures, [comparison, back])
    features = pool(maps)
    biggest = np.unravel_index(np.abs(gradient[0]).argmax(), gradient[0].shape)
    step = 0.02
    scores = []
    for sign in (1, -1):
        x = pixels[:1].copy()
        x[0][biggest] += sign * step
        with torch.inference_mode():
            moved = pool(network.module(torch.from_numpy(x)).numpy())[0]
        scores.append(decompose(moved, features[1]).score)
    assert gradient[0][biggest] == pytest.approx((scores[0] - scores[1]) / 2 / step, rel=0.05)
    assert b.gradient_map(gradient).shape == b.gradient_times_input(gradient, pixels).shape == (2, 48, 32)


def test_bilinear_upsampling_keeps_a_constant_and_the_centres():
    np.testing.assert_allclose(b.upsample(np.full((3, 2), 2.0, np.float32), (48, 32)), 2)
    up = b.upsample(random_map(1)[0], (48, 32))
    assert up.shape == (48, 32)


def test_unknown_norms_are_refused():
    _, _, maps, comparison = _pair()
    with pytest.raises(UnknownNameError, match="fixed"):
        b.grad_cam(maps[0], comparison, norms="fixed")
