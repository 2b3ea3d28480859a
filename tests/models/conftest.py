"""A tiny network with its card, and a folder of pictures: what the tests of models need instead of real ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from facespace.models import ModelCard, read_card

DIM = 8


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may see or touch the user's own cards, cache or weights."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("FACESPACE_CONFIG", str(home / "config"))
    monkeypatch.setenv("FACESPACE_CACHE", str(home / "cache"))
    monkeypatch.delenv("FACESPACE_MODELS", raising=False)


def write_network(path: Path, dim: int = DIM, batch: int | str = "batch", size: int = 112) -> Path:
    """An ONNX network: means over 28 × 28 blocks, flattened, times a fixed random matrix. Output `embedding`."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    blocks = 3 * (size // 28) ** 2
    matrix = np.random.default_rng(0).normal(size=(blocks, dim)).astype(np.float32)
    nodes = [
        helper.make_node("AveragePool", ["input"], ["pooled"], kernel_shape=[28, 28], strides=[28, 28]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, 3, size, size])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [batch, dim])],
        [numpy_helper.from_array(matrix, "matrix")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))
    return path


def write_card(path: Path, **changes: object) -> Path:
    """A card for `write_network`; `changes` are TOML lines by key, None leaves a line out."""
    lines: dict[str, object] = {
        "name": '"tiny"',
        "runtime": '"onnx"',
        "dim": DIM,
        "files": '[{ name = "tiny.onnx" }]',
        "input": "{ mean = 127.5, std = 127.5 }",
        "alignment": '{ template = "arcface" }',
    }
    lines |= changes
    path.write_text("\n".join(f"{key} = {value}" for key, value in lines.items() if value is not None), encoding="utf-8")
    return path


@pytest.fixture
def make_tiny(tmp_path: Path) -> Callable[..., ModelCard]:
    """Make a tiny network and its card; keyword `network` goes to write_network, the others are lines of the card."""

    def make(network: dict[str, int] | None = None, **changes: object) -> ModelCard:
        folder = tmp_path / "networks"
        write_network(folder / "tiny.onnx", **(network or {}))
        return read_card(write_card(folder / "tiny.toml", **changes))

    return make


@pytest.fixture
def tiny(make_tiny: Callable[..., ModelCard]) -> ModelCard:
    """The card of a tiny network whose weights lie beside it."""
    return make_tiny()


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    """A folder of 12 ready crops of 4 people, person/number.png."""
    random = np.random.default_rng(1)
    for person in ("ann", "bob", "eve", "joe"):
        for number in range(3):
            path = tmp_path / "crops" / person / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), random.integers(0, 256, (112, 112, 3), dtype=np.uint8))
    return tmp_path / "crops"
