from __future__ import annotations

import numpy as np
import pytest
from mapping_samples import two_sets

from facespace.errors import DimensionError, FileFormatError
from facespace.mapping import fit_map

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def fitted():
    return fit_map(*two_sets(), "ridge")


def run(path, given):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: given})[0]


def network(path, width, tail="flat", opset=17, ir_version=8, batch="batch"):
    """A small network: images (batch, 3, 4, 4) to vectors (batch, width), or (batch, width, 1, 1)."""
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    weight = numpy_helper.from_array(rng.normal(size=(width, 3, 4, 4)).astype(np.float32), "w")
    nodes = [helper.make_node("Conv", ["image", "w"], ["conv"]), helper.make_node("Relu", ["conv"], ["spatial"])]
    shape = [batch, width, 1, 1]
    if tail == "flat":
        nodes.append(helper.make_node("Flatten", ["spatial"], ["mapped_before"], axis=1))
        shape = [batch, width]
    output = helper.make_tensor_value_info("mapped_before" if tail == "flat" else "spatial", TensorProto.FLOAT, shape)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 3, 4, 4])
    graph = helper.make_graph(nodes, "net", [image], [output], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version)
    onnx.save(model, path)
    return path


def test_map_alone_equals_transform(fitted, tmp_path):
    x = 5 * np.random.default_rng(0).normal(size=(7, 24)).astype(np.float32)
    found = run(fitted.to_onnx(tmp_path / "m.onnx"), x)
    assert np.allclose(found, fitted.transform(x), atol=1e-5)


@pytest.mark.parametrize(("opset", "ir_version"), [(11, 6), (13, 7), (17, 8), (20, 9)])
@pytest.mark.parametrize("tail", ["flat", "spatial"])
def test_map_behind_a_network_equals_transform_of_its_output(fitted, tmp_path, tail, opset, ir_version):
    net = network(tmp_path / "net.onnx", 24, tail, opset, ir_version)
    images = np.random.default_rng(1).normal(size=(5, 3, 4, 4)).astype(np.float32)
    expected = fitted.transform(run(net, images).reshape(5, 24))
    glued = fitted.to_onnx(tmp_path / "glued.onnx", net)
    assert np.allclose(run(glued, images), expected, atol=1e-5)
    assert np.allclose(run(glued, images[:1]), expected[:1], atol=1e-5)
    assert onnx.load(glued).opset_import[0].version == opset


def test_fixed_batch_of_the_network_stays(fitted, tmp_path):
    net = network(tmp_path / "net.onnx", 24, batch=2)
    images = np.random.default_rng(1).normal(size=(2, 3, 4, 4)).astype(np.float32)
    expected = fitted.transform(run(net, images))
    assert np.allclose(run(fitted.to_onnx(tmp_path / "glued.onnx", net), images), expected, atol=1e-5)


def test_map_behind_a_network_that_ends_in_a_map_already(fitted, tmp_path):
    back = fit_map(*two_sets()[::-1], "rotation")
    net = network(tmp_path / "net.onnx", 24)
    images = np.random.default_rng(1).normal(size=(5, 3, 4, 4)).astype(np.float32)
    once = fitted.to_onnx(tmp_path / "once.onnx", net)
    twice = back.to_onnx(tmp_path / "twice.onnx", once)
    assert np.allclose(run(twice, images), back.transform(run(once, images)), atol=1e-5)
    facts = {entry.key: entry.value for entry in onnx.load(twice).metadata_props}
    assert facts["facespace.target"] == "a"


def test_file_says_which_spaces_it_joins(fitted, tmp_path):
    model = onnx.load(fitted.to_onnx(tmp_path / "m.onnx"))
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert facts == {"facespace.source": "a", "facespace.target": "b", "facespace.method": "ridge"}


def test_network_of_another_width_is_refused(fitted, tmp_path):
    net = network(tmp_path / "net.onnx", 20)
    with pytest.raises(DimensionError, match=r"net\.onnx gives vectors of width 20, but the map takes 24"):
        fitted.to_onnx(tmp_path / "glued.onnx", net)
    assert not (tmp_path / "glued.onnx").exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_truncated_network_is_a_clear_error(fitted, tmp_path, share):
    net = network(tmp_path / "net.onnx", 24)
    whole = net.read_bytes()
    net.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(FileFormatError, match=r"net\.onnx can't be read as ONNX"):
        fitted.to_onnx(tmp_path / "glued.onnx", net)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.onnx"]


def test_missing_network_is_a_clear_error(fitted, tmp_path):
    with pytest.raises(FileFormatError, match="no such file"):
        fitted.to_onnx(tmp_path / "glued.onnx", tmp_path / "net.onnx")
