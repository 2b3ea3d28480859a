"""Sparse propagation is full decoding, only faster."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from explain_samples import random_map, torch

from facespace.errors import InputError, UnknownNameError
from facespace.explain import make_decoder, residuals
from facespace.explain.decoder import local_layers

nn = torch.nn


def _batch_normalised(seed: int = 0):
    torch.manual_seed(seed)
    decoder = nn.Sequential(
        nn.ConvTranspose2d(24, 10, 4, 2, 1, bias=False), nn.BatchNorm2d(10), nn.Tanh(), nn.ConvTranspose2d(10, 3, 3, 1, 1)
    )
    for _ in range(3):
        decoder(torch.randn(8, 24, 3, 2) * 2 + 1)
    return decoder.eval()


NORMS = {"l1": lambda r: r.sum((1, 2)), "l2": lambda r: np.sqrt((r**2).sum((1, 2))), "max": lambda r: r.max((1, 2))}


def _decoded(a, decoder, normalization="l1"):
    """Every C' decoded in full, in double precision: in single, full decoding is the less exact of the two."""
    exact = copy.deepcopy(decoder).double()
    batch = np.repeat(a[None].astype(np.float64), len(a) + 1, axis=0)
    for k in range(len(a)):
        batch[k, k].ravel()[a[k].argmax()] = 0
    with torch.inference_mode():
        pictures = exact(torch.from_numpy(batch)).numpy()
    raw = np.abs(pictures[:-1] - pictures[-1]).mean(1)
    return raw, raw / NORMS[normalization](raw)[:, None, None]


@pytest.mark.parametrize("normalization", ["l1", "l2", "max"])
@pytest.mark.parametrize("shape", [(3, 2), (1, 1), (7, 6)])
def test_sparse_propagation_equals_full_decoding(shape, normalization):
    a = random_map(24, *shape)
    decoder = make_decoder(24, (12, 10, 6))
    found = residuals(a, decoder, normalization=normalization)
    raw, exact = _decoded(a, decoder, normalization)
    assert found.maps.shape == (24, 16 * shape[0], 16 * shape[1])
    np.testing.assert_allclose(found.maps, exact, atol=1e-4 * exact.max(), rtol=0)
    # In the picture's own range of 0 to 1.
    np.testing.assert_allclose(found.maps * NORMS[normalization](raw)[:, None, None], raw, atol=1e-6, rtol=0)


def test_full_decoding_gives_the_same_to_rounding():
    a, decoder = random_map(), make_decoder(24, (12, 10, 6))
    one, two = (residuals(a, decoder, sparse=sparse) for sparse in (True, False))
    np.testing.assert_allclose(one.maps, two.maps, atol=1e-3 * two.maps.max())
    np.testing.assert_array_equal(one.peaks, two.peaks)


def test_batch_normalisation_and_other_kernels_are_propagated_too():
    decoder = _batch_normalised()
    assert local_layers(decoder) is not None
    a = random_map()
    _, exact = _decoded(a, decoder)
    np.testing.assert_allclose(residuals(a, decoder).maps, exact, atol=1e-4 * exact.max(), rtol=0)


@pytest.mark.parametrize(
    "layer", [nn.ConvTranspose2d(24, 3, 4, 2, 1, dilation=2), nn.InstanceNorm2d(24), nn.ConvTranspose2d(24, 3, (4, 2))]
)
def test_a_decoder_that_is_not_local_is_decoded_in_full(layer):
    decoder = nn.Sequential(nn.ConvTranspose2d(24, 24, 4, 2, 1), layer).eval()
    assert local_layers(decoder) is None
    a = random_map()
    np.testing.assert_array_equal(residuals(a, decoder).maps, residuals(a, decoder, sparse=False).maps)


def test_each_residual_has_norm_one():
    a, decoder = random_map(), make_decoder(24, (12, 10, 6))
    for normalization, norm in NORMS.items():
        np.testing.assert_allclose(norm(residuals(a, decoder, normalization=normalization).maps), 1, rtol=1e-5)


def test_cumulative_masks_stay():
    a, decoder = random_map(), make_decoder(24, (12, 10, 6))
    r = residuals(a, decoder, cumulative=True)
    masked = a.copy()
    for k in range(5):
        masked[k].ravel()[a[k].argmax()] = 0
    with torch.inference_mode():
        raw = np.abs(np.subtract(*[decoder(torch.from_numpy(v[None]))[0].numpy() for v in (a, masked)])).mean(0)
    np.testing.assert_allclose(r.maps[4], raw / raw.sum(), atol=1e-4 * r.maps[4].max())


def test_dead_residuals_and_negative_maxima_are_counted():
    a, decoder = random_map(), make_decoder(24, (12, 10, 6))
    a[5] = 0
    r = residuals(a, decoder)
    assert r.counts == {"channels": 24, "dead_residuals": 1, "negative_maxima": 2}
    assert not r.maps[5].any()


def test_wrong_input_is_refused():
    decoder = make_decoder(24, (12, 10, 6))
    with pytest.raises(InputError, match="shape"):
        residuals(random_map()[None], decoder)
    with pytest.raises(UnknownNameError, match="l3"):
        residuals(random_map(), decoder, normalization="l3")
    with pytest.raises(InputError, match="0 channels"):
        make_decoder(0)
