"""The explained network against the ONNX file, and recognition before and after the max-pool head."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra torch is not installed")

from facespace.datasets import read_lfw_pairs
from facespace.explain import ExplainableNetwork, layer_map, load_backbone, load_explainable
from facespace.images import align, read_image, read_landmarks
from facespace.metrics import best_threshold
from facespace.models import can_be_explained, load_network

NAME = "mobilefacenet-casia"
SHARED = Path(os.environ.get("FACESPACE_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture(scope="module")
def shared():
    if not SHARED.is_dir():
        pytest.skip(f"no shared data at {SHARED}")
    return SHARED


@pytest.fixture(scope="module")
def faces(shared: Path):
    """Every second pair of LFW's first fold: 300 pairs, and the crops by id."""
    lfw = shared / "data/protocols/lfw"
    protocol = read_lfw_pairs(lfw / "pairs.txt")
    protocol = protocol.take(np.flatnonzero(protocol.fold == 0)[::2])
    landmarks = read_landmarks(lfw / "landmarks-176.csv")
    template = load_backbone(NAME, shared / "models")[1].template
    ids = protocol.ids.tolist()
    return protocol, ids, np.stack([align(read_image(shared / f"data/lfw/{i}.jpg"), landmarks[i], template) for i in ids])


def test_the_pytorch_network_is_the_onnx_file(shared: Path, faces):
    _, _, crops = faces
    module, card = load_backbone(NAME, shared / "models")
    opened = ExplainableNetwork(NAME, layer_map(module, "conv2"), card.shape, card.input)
    import torch

    with torch.inference_mode():
        ours = module(opened.prepare(crops[:32])).numpy()
    assert np.abs(ours - load_network(card, shared / "models")(crops[:32])).max() <= 1e-4


def test_the_max_pool_head_keeps_recognition(shared: Path, faces):
    """On part of a fold; scripts/make_explain_weights.py --test measures all ten."""
    if not can_be_explained(NAME):
        pytest.skip("no weights of the head in this checkout")
    protocol, ids, crops = faces
    network = load_explainable(NAME, shared / "models")
    original = load_network(load_backbone(NAME, shared / "models")[1], shared / "models")
    row = {name: i for i, name in enumerate(ids)}
    accuracy = []
    for vectors in (original(crops), network.embed(crops)):
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        scores = [unit[row[a]] @ unit[row[b]] for a, b in zip(protocol.left, protocol.right, strict=True)]
        accuracy.append(best_threshold(scores, protocol.same)[1])
    assert accuracy[1] >= accuracy[0] - 0.01
    assert accuracy[1] > 0.975
