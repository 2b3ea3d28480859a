import sys
import threading

import cv2
import numpy as np
import pytest

from facespace.errors import DimensionError, MissingExtraError, ModelError, UnknownNameError
from facespace.models import Network, load_card, load_network, parse_card, runtime_installed


@pytest.fixture
def batch() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (5, 112, 112, 3), dtype=np.uint8)


class Preparing(Network):
    """A network of which only the input matters."""

    def compute(self, batch):
        return batch


@pytest.mark.parametrize("colour", ["RGB", "BGR"])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_preparing_equals_the_plain_formula(batch, colour, layout):
    mean, std = [103.9, 116.8, 123.7], [58.4, 57.1, 57.4]
    card = parse_card(
        {
            "name": "x",
            "runtime": "onnx",
            "dim": 1,
            "files": [{"name": "x"}],
            "input": {"colour": colour, "layout": layout, "mean": mean, "std": std},
            "alignment": {"template": "arcface"},
        }
    )
    wanted = ((batch[..., ::-1] if colour == "BGR" else batch) - np.array(mean)) / std
    if layout == "NCHW":
        wanted = wanted.transpose(0, 3, 1, 2)
    prepared = Preparing(card).prepare(batch)
    assert prepared.dtype == np.float32
    assert prepared.flags.c_contiguous
    np.testing.assert_allclose(prepared, wanted, atol=1e-5)


def test_embeddings_do_not_depend_on_the_batch(tiny, batch):
    network = load_network(tiny)
    together = network(batch)
    assert together.shape == (5, 8)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.concatenate([network(batch[i : i + 1]) for i in range(5)]), together, rtol=1e-5)
    assert network(batch[:0]).shape == (0, 8)


def test_a_network_for_one_image_at_a_time_gives_the_same(make_tiny, batch):
    several = load_network(make_tiny())(batch)
    single = load_network(make_tiny(network={"batch": 1}, input="{ mean = 127.5, std = 127.5, batch = 1 }"))(batch)
    np.testing.assert_allclose(single, several, rtol=1e-5)


def test_a_fixed_batch_that_the_card_does_not_mention_is_explained(make_tiny, batch):
    network = load_network(make_tiny(network={"batch": 1}))
    with pytest.raises(ModelError, match=r"fails on a batch of shape \(4, 3, 112, 112\)"):
        network(batch)


def test_another_width_than_the_cards_is_refused(make_tiny):
    with pytest.raises(ModelError, match="width 8, but its card says 9"):
        load_network(make_tiny(dim=9))


def test_an_unknown_output_is_refused(make_tiny):
    with pytest.raises(ModelError, match="did you mean 'embedding'"):
        load_network(make_tiny(output='"embeddings"'))


def test_crops_of_another_size_are_refused(tiny, batch):
    with pytest.raises(DimensionError, match="112 × 112 × 3"):
        load_network(tiny)(batch[:, :, :96])


@pytest.mark.parametrize("part", [0.0, 0.5, 0.95])
def test_a_truncated_onnx_file_is_told(tiny, part):
    path = tiny.path.with_name("tiny.onnx")
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(ModelError, match=r"tiny\.onnx"):
        load_network(tiny)


def test_openvino_reads_the_same_network(make_tiny, batch):
    pytest.importorskip("openvino")
    expected = load_network(make_tiny())(batch)
    # CPUs compute in their own precision; what must agree is the direction.
    given = load_network(make_tiny(runtime='"openvino"', output='"embedding"'))(batch)
    cosine = (given * expected).sum(1) / np.linalg.norm(given, axis=1) / np.linalg.norm(expected, axis=1)
    assert cosine.min() > 0.9999


def test_openvino_faults_are_told(make_tiny):
    pytest.importorskip("openvino")
    with pytest.raises(UnknownNameError, match="did you mean 'embedding'"):
        load_network(make_tiny(runtime='"openvino"', output='"embeddin"'))
    card = make_tiny(runtime='"openvino"')
    card.path.with_name("tiny.onnx").write_bytes(b"broken")
    with pytest.raises(ModelError, match="can't be loaded by OpenVINO"):
        load_network(card)


def test_opencv_reads_the_same_network_in_every_thread(make_tiny, batch):
    single = {"network": {"batch": 1}, "input": "{ mean = 127.5, std = 127.5, batch = 1 }"}
    expected = load_network(make_tiny(**single))(batch)
    network = load_network(make_tiny(**single, runtime='"opencv"'))
    found = [network(batch)]
    threads = [threading.Thread(target=lambda: found.append(network(batch))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for given in found:
        np.testing.assert_allclose(given, expected, rtol=1e-4, atol=1e-4)


def test_opencv_faults_are_told(make_tiny, batch):
    card = make_tiny(network={"batch": 1}, runtime='"opencv"', output='"nowhere"')
    with pytest.raises(ModelError, match="unknown output 'nowhere'"):
        load_network(card)
    card.path.with_name("tiny.onnx").write_bytes(b"broken")
    with pytest.raises(ModelError, match=r"tiny\.onnx can't be loaded by OpenCV"):
        load_network(card)


def test_a_card_may_stretch_the_crops(make_tiny, batch):
    plain = load_network(make_tiny())
    points = "[[38, 52], [73, 52], [56, 72], [41, 92], [70, 92]]"
    card = make_tiny(
        alignment=f"{{ points = {points}, size = [112, 93] }}", input="{ mean = 127.5, std = 127.5, size = [112, 112] }"
    )
    assert "stretched to 112×112" in card.input.describe()
    narrow = batch[:, :, :93]
    wide = np.stack([cv2.resize(crop, (112, 112), interpolation=cv2.INTER_LINEAR) for crop in narrow])
    np.testing.assert_allclose(load_network(card)(narrow), plain(wide), rtol=1e-5)
    with pytest.raises(DimensionError, match="112 × 93 × 3"):
        load_network(card)(batch)


@pytest.mark.parametrize(("runtime", "module"), [("openvino", "openvino"), ("dlib", "dlib")])
def test_a_missing_runtime_names_its_extra(make_tiny, monkeypatch, runtime, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"facespace\[{runtime}\]"):
        load_network(make_tiny(runtime=f'"{runtime}"'))


def test_onnx_is_always_there():
    assert runtime_installed("onnx")


def test_dlib_from_pypi():
    pytest.importorskip("dlib")
    network = load_network(load_card("dlib-resnet29"))
    vectors = network(np.random.default_rng(0).integers(0, 256, (2, 150, 150, 3), dtype=np.uint8))
    assert vectors.shape == (2, 128)
