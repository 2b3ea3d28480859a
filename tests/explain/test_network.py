"""An open network: any module at a named layer, its pooling, its faster form."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from explain_samples import FORMAT, crops, small_network, torch

from facespace.errors import DimensionError, InputError, ModelError, UnknownNameError
from facespace.explain import ExplainableNetwork, decompose, layer_map, load_backbone, load_explainable, mobilefacenet, pool
from facespace.explain.methods.baselines import picture_gradient

nn = torch.nn


class _Users(nn.Module):
    """Not a plain sequence of layers."""

    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(3, 4, 8, 8)
        self.deep = nn.Sequential(nn.ReLU(), nn.Conv2d(4, 5, 2, 2))
        self.out = nn.Linear(5, 2)

    def forward(self, x):
        return self.out(self.deep(self.body(x)).mean((2, 3)))


def test_any_module_opens_at_a_named_layer():
    module = _Users().eval()
    network = ExplainableNetwork("mine", layer_map(module, "deep.1"), (48, 32), FORMAT)
    x = network.prepare(crops(2))
    with torch.inference_mode():
        expected = module.deep(module.body(x)).numpy()
    np.testing.assert_array_equal(network.maps(crops(2)), expected)
    assert network.maps(crops(2)).shape == (2, 5, 3, 2)


def test_a_plain_sequence_stops_at_the_layer():
    module = nn.Sequential(nn.Conv2d(3, 4, 8, 8), nn.ReLU(), nn.Flatten(), nn.Linear(96, 2))
    opened = layer_map(module, "1")
    assert len(opened) == 2


def test_mobilefacenets_map_and_embedding_have_their_shapes():
    network = mobilefacenet()
    x = torch.zeros(2, 3, 112, 96)
    with torch.inference_mode():
        assert layer_map(network, "conv2")(x).shape == (2, 512, 7, 6)
        assert network(x).shape == (2, 128)


def test_pictures_are_prepared_as_the_card_says():
    network = small_network()
    x = network.prepare(crops(1)).numpy()
    np.testing.assert_allclose(x[0].transpose(1, 2, 0), (crops(1)[0] - 127.5) / 128, atol=1e-6)
    other = dataclasses.replace(network, input=dataclasses.replace(FORMAT, colour="BGR", layout="NHWC"))
    np.testing.assert_allclose(other.prepare(crops(1)).numpy()[0], (crops(1)[0][..., ::-1] - 127.5) / 128, atol=1e-6)


def test_pooling_is_over_the_cells_and_batches_do_not_matter():
    network = small_network()
    maps = network.maps(crops(20))
    np.testing.assert_allclose(network.features(crops(20)), maps.max((2, 3)), atol=1e-6)
    np.testing.assert_allclose(maps[17:], network.maps(crops(20)[17:]), atol=1e-5)
    np.testing.assert_allclose(pool(maps, "avg"), maps.reshape(20, 24, 6).mean(2), atol=1e-6)


def test_a_runner_stands_in_for_the_module():
    network = small_network()
    calls = []

    def runner(x):
        calls.append(len(x))
        return network.module(x)

    quick = dataclasses.replace(network, runner=runner)
    np.testing.assert_array_equal(quick.maps(crops(20)), network.maps(crops(20)))
    assert calls == [8, 8, 4]


@pytest.mark.parametrize("pooling", ["max", "avg"])
def test_the_compiled_form_gives_the_same_maps_for_any_number_of_crops(pooling):
    network = small_network(pooling=pooling)
    quick = network.compiled()
    assert quick.runner is not None
    assert quick.compiled() is quick
    for count in (1, 2, 3, 8, 20):
        np.testing.assert_allclose(quick.maps(crops(count)), network.maps(crops(count)), atol=1e-4)
    np.testing.assert_allclose(quick.embed(crops(5)), network.embed(crops(5)), atol=1e-4)


def test_gradients_are_the_modules_in_the_compiled_form_too():
    network = small_network()
    quick, faces = network.compiled(), crops(2)
    features = network.features(faces)
    comparisons = [decompose(features[0], features[1]), decompose(features[1], features[0])]
    for one, two in zip(
        picture_gradient(quick, faces, comparisons), picture_gradient(network, faces, comparisons), strict=True
    ):
        np.testing.assert_array_equal(one, two)


def test_mobilefacenet_and_a_hooked_module_compile():
    for module, shape in (
        (layer_map(mobilefacenet(), "conv2"), (112, 96)),
        (layer_map(_Users().eval(), "deep.1"), (48, 32)),
    ):
        network = ExplainableNetwork("mine", module, shape, FORMAT)
        quick = network.compiled()
        assert quick.runner is not None
        expected = network.maps(crops(3, shape))
        np.testing.assert_allclose(quick.maps(crops(3, shape)), expected, atol=1e-4 * np.abs(expected).max())


class _OneSize(nn.Conv2d):
    """Keeps the number of crops it saw first, as a trace of its Python code does."""

    def forward(self, x):
        return super().forward(x) * x.new_ones(int(x.shape[0]), 1, 1, 1)


class _ByValue(nn.Conv2d):
    """Which way it goes hangs on the pixels."""

    def forward(self, x):
        y = super().forward(x)
        return y if float(y.mean()) > 0 else -y


def test_a_module_that_can_not_be_traced_stays_as_it_is():
    for module in (_ByValue(3, 4, 16, 16).eval(), nn.Sequential(nn.Conv2d(3, 4, 16, 16), nn.Dropout(0.5)).train()):
        network = ExplainableNetwork("mine", module, (48, 32), FORMAT)
        assert network.compiled() is network
    network = ExplainableNetwork("mine", _OneSize(3, 4, 16, 16).eval(), (48, 32), FORMAT)
    np.testing.assert_allclose(network.compiled().maps(crops(5)), network.maps(crops(5)), atol=1e-4)


def test_what_does_not_fit_is_refused(tmp_path):
    network = small_network()
    with pytest.raises(DimensionError, match="48 × 32"):
        network.maps(crops(1, (32, 32)))
    with pytest.raises(InputError, match="no crops"):
        network.maps(crops(1)[:0])
    with pytest.raises(InputError, match="pooling"):
        dataclasses.replace(network, pooling="median")
    with pytest.raises(ModelError, match="not a map"):
        dataclasses.replace(network, module=nn.Flatten()).maps(crops(1))
    with pytest.raises(UnknownNameError, match="conv9"):
        layer_map(mobilefacenet(), "conv9")
    with pytest.raises(ModelError, match="no map of shape"):
        layer_map(_Users().eval(), "out")(torch.zeros(1, 3, 48, 32))
    with pytest.raises(ModelError, match="not MobileFaceNet"):
        mobilefacenet({"conv1.conv.weight": np.zeros((64, 3, 3, 3), np.float32)})
    with pytest.raises(UnknownNameError, match="edgeface"):
        load_backbone("edgeface-xxs")
    with pytest.raises(ModelError, match="has no open map"):
        load_explainable("edgeface-xxs")
