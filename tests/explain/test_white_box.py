"""Gradient maps of small random networks: sums, signs, symmetry, a user's own module."""

from __future__ import annotations

import numpy as np
import pytest
from explain_samples import FORMAT, crops, small_network, torch

from facespace.errors import DimensionError, ModelError, UnknownNameError
from facespace.explain.fair import randomise_module
from facespace.explain.white_box import WHITE_BOX, TorchNetwork, open_network, white_box_map
from facespace.models import as_input

FACES = crops(2)


def network(pooling: str = "max") -> TorchNetwork:
    whole = small_network(pooling=pooling)
    return TorchNetwork("small", open_module(whole), lambda c: as_input(c, "small", (48, 32), FORMAT))


def open_module(whole):
    return torch.nn.Sequential(
        whole.module,
        torch.nn.AdaptiveMaxPool2d(1) if whole.pooling == "max" else torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
    ).eval()


def cosine(n: TorchNetwork, a: np.ndarray, b: np.ndarray) -> float:
    x, y = n(np.stack([a, b])).astype(float)
    return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))


@pytest.mark.parametrize("pooling", ["max", "avg"])
def test_integrated_gradients_sum_to_the_score_less_the_hidden_faces(pooling):
    from facespace.explain.black_box import blurred

    n = network(pooling)
    found = white_box_map(FACES[0], n(FACES[1:])[0], n, passes=1024)
    soft = np.rint(blurred(FACES[0])).astype(np.uint8)
    total = cosine(n, FACES[0], FACES[1]) - cosine(n, soft, FACES[1])
    assert found.complete
    assert found.signed.sum() == pytest.approx(total, rel=0.011)
    assert found.signed.min() < 0 < found.signed.max()
    few = white_box_map(FACES[0], n(FACES[1:])[0], n, passes=1)
    assert few.passes < found.passes
    assert few.complete == (few.completeness_error <= 0.01)


def test_feature_guided_gradients_sum_to_the_margin():
    n = network()
    found = white_box_map(FACES[0], n(FACES[1:])[0], n, method="fggb", threshold=0.3)
    assert found.signed.sum() == pytest.approx(cosine(n, *FACES) - 0.3, abs=1e-5)
    assert found.passes == 1 + 2 * 24


def test_gradient_times_input_is_that_of_differences():
    n = network("avg")
    partner = n(FACES[1:])[0]
    found = white_box_map(FACES[0], partner, n, method="gradient-input")
    x = n.input_of(FACES[:1])
    up, down = (n.module(x * (1 + e)).detach().numpy()[0].astype(float) for e in (1e-3, -1e-3))
    unit = partner / np.linalg.norm(partner)
    slope = (up @ unit / np.linalg.norm(up) - down @ unit / np.linalg.norm(down)) / 2e-3
    assert found.signed.sum() == pytest.approx(slope, rel=0.05, abs=1e-4)


@pytest.mark.parametrize("method", WHITE_BOX)
def test_every_map_is_signed_seeded_and_needs_the_partners_direction_alone(method):
    n = network()
    partner = n(FACES[1:])[0]
    # Without a margin what speaks for and what against weigh the same.
    tau = cosine(n, *FACES)
    one, two = (white_box_map(FACES[0], scale * partner, n, method=method, threshold=tau).signed for scale in (1, 7))
    assert one.shape == (48, 32)
    assert one.min() < 0 < one.max()
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_a_module_that_takes_another_size_gives_maps_of_the_crops_size():
    def smaller(given):
        x = torch.tensor(given).permute(0, 3, 1, 2).float() / 128 - 1
        return torch.nn.functional.interpolate(x, (24, 16))

    module = torch.nn.Sequential(torch.nn.Conv2d(3, 6, 3, 2), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.LazyLinear(5))
    mine = TorchNetwork("mine", module.eval(), smaller)
    partner = mine(FACES[1:])[0]
    found = white_box_map(FACES[0], partner, mine, passes=1024)
    assert found.signed.shape == (48, 32)
    soft = white_box_map(FACES[0], partner, mine, method="fggb")
    assert soft.signed.sum() == pytest.approx(cosine(mine, *FACES), abs=1e-5)


def test_the_max_pool_network_opens_whole():
    whole = small_network()
    opened = open_network(whole)
    np.testing.assert_allclose(opened(FACES), whole.embed(FACES), atol=1e-5)


def test_shuffled_weights_are_the_same_numbers_in_other_places():
    module = open_module(small_network())
    other = randomise_module(module)
    for one, two in zip(module.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(np.sort(one.detach().ravel()), np.sort(two.detach().ravel()))
    assert not torch.equal(next(module.parameters()), next(other.parameters()))


def test_what_can_not_be_explained_is_told():
    n = network()
    with pytest.raises(UnknownNameError, match="lime"):
        white_box_map(FACES[0], np.ones(24), n, method="lime")
    with pytest.raises(ModelError, match="24"):
        white_box_map(FACES[0], np.ones(5), n, method="gradient-input")
    with pytest.raises(DimensionError, match="colours first"):
        TorchNetwork("x", n.module, lambda c: torch.tensor(c).float())(FACES)
