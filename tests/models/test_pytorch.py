"""Networks as PyTorch modules: cut in two they are what they were."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

from facespace.errors import DimensionError, UnknownNameError  # noqa: E402
from facespace.models import load_card, mobilefacenet, prepare, split_at  # noqa: E402


@pytest.mark.parametrize("layer", ["conv1", "blocks.0", "blocks.12", "conv2", "linear1.bn"])
def test_before_and_rest_make_the_whole(layer):
    torch.manual_seed(0)
    whole = mobilefacenet()
    x = torch.randn(2, 3, 112, 96)
    before, rest = split_at(whole, layer)
    with torch.no_grad():
        assert torch.equal(rest(before(x)), whole(x))
    assert {id(p) for p in [*before.parameters(), *rest.parameters()]} == {id(p) for p in whole.parameters()}


@pytest.mark.parametrize("layer", ["blocks.99", "nowhere", "blocks.0.conv"])
def test_a_layer_that_is_not_there_or_not_in_a_row_is_refused(layer):
    with pytest.raises(UnknownNameError):
        split_at(mobilefacenet(), layer)


def test_crops_are_prepared_as_the_card_says():
    card = load_card("mobilefacenet-casia")
    crops = np.random.default_rng(0).integers(0, 256, (2, 112, 96, 3)).astype(np.uint8)
    found = prepare(crops, card).numpy()
    ordered = crops[..., ::-1] if card.input.colour == "BGR" else crops
    mean, std = np.array(card.input.mean, np.float32), np.array(card.input.std, np.float32)
    assert np.allclose(found, ((ordered - mean) / std).transpose(0, 3, 1, 2))
    with pytest.raises(DimensionError, match="112 × 96"):
        prepare(crops[:, :100], card)
