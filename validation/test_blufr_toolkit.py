"""BLUFR: our blocks against the toolkit's whole matrices, on a real split with made vectors of its 13,233 images."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from oracles.blufr_toolkit import eval_roc, open_set_roc

from facespace.datasets import read_blufr
from facespace.embeddings import EmbeddingSet
from facespace.identification import verify_blufr

SHARED = Path(os.environ.get("FACESPACE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
CONFIG = SHARED / "data/protocols/blufr/blufr_lfw_config.mat"
pytestmark = pytest.mark.skipif(not CONFIG.exists(), reason=f"no {CONFIG}")


def test_the_official_configuration_is_the_published_one():
    protocol = read_blufr(CONFIG)
    assert len(protocol.ids) == 13_233
    assert len(np.unique(protocol.person)) == 5_749
    assert len(protocol.splits) == 10
    assert {len(split.gallery) for split in protocol.splits} == {1000}
    assert abs(np.mean([len(split.test) for split in protocol.splits]) - 9_708) < 1


def test_a_split_equals_the_toolkits():
    protocol = read_blufr(CONFIG)
    split = protocol.splits[2]
    rng = np.random.default_rng(0)
    centre = rng.normal(size=(protocol.person.max() + 1, 24))
    spread = 0.5 * np.exp(0.4 * rng.normal(size=len(protocol.ids)))[:, None]
    vectors = centre[protocol.person] + spread * rng.normal(size=(len(protocol.ids), 24))
    order = rng.permutation(len(vectors))  # the set's order is its own
    faces = EmbeddingSet(vectors[order], protocol.ids[order])
    found = verify_blufr(faces, protocol=replace(protocol, splits=(split,))).splits[0]

    unit = (vectors / np.linalg.norm(vectors, axis=1)[:, None]).astype(np.float32)
    few = np.random.default_rng(1).permutation(split.test)[:5000]  # whole matrices of all would take gigabytes
    person = protocol.person
    part = replace(split, test=few)
    some = verify_blufr(faces, protocol=replace(protocol, splits=(part,))).splits[0]
    assert some.vr == pytest.approx(eval_roc(unit[few] @ unit[few].T, person[few], 1e-3), abs=1e-5)
    assert 0.5 < some.vr < 0.999

    scores = unit[split.gallery] @ unit[split.probes].T
    expected = open_set_roc(scores, person[split.gallery], person[split.probes], 1e-2, 1)
    assert found.dir == pytest.approx(expected, abs=2 / found.mated)
    assert 0.3 < found.dir < 0.999
    assert found.genuine + found.impostor == len(split.test) * (len(split.test) - 1) // 2
