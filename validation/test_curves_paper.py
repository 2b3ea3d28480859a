"""The papers' statements about pairs and rank, on the embeddings that ship with facespace.

2020, section 4.1: "only about 200 to 400 image pairs are necessary to fit a mapping which performs 1% worse than one which
uses all 2,700 pairs". 2020 v4, abstract: from 512 to 64 dimensions "produces negligible performance penalty".
"""

from __future__ import annotations

import numpy as np
import pytest

from facespace import rank_study, sensitivity_study
from facespace.datasets import demo, demo_protocol, demo_sets
from facespace.embeddings import EmbeddingSet

pytestmark = pytest.mark.skipif(not (demo.FOLDER / "pairs.csv").exists(), reason="the demo's embeddings are not here")


@pytest.fixture(scope="module")
def sets() -> dict[str, EmbeddingSet]:
    return {faces.model: faces for faces in demo_sets()}


def test_a_few_hundred_pairs_come_within_a_point_of_all(sets: dict[str, EmbeddingSet]) -> None:
    result = sensitivity_study(
        sets["mobilefacenet-ms1m"],
        sets["openvino-0095"],
        demo_protocol(),
        sizes=[50, 100, 200, 400],
        repeats=1,
        methods=["ridge", "rotation"],
    )
    for method in result.methods:
        accuracies = [point.accuracy for point in result.curve(method)]
        assert np.all(np.diff(accuracies) > 0)
        full = result.needed(method, "full").value
        own = result.needed(method).value
        assert full is not None
        assert 100 <= full <= 400
        assert own is not None
        assert full <= own <= 400


def test_half_the_rank_is_nearly_all(sets: dict[str, EmbeddingSet]) -> None:
    result = rank_study(
        sets["mobilefacenet-ms1m"], sets["openvino-0095"], demo_protocol(), ranks=[1, 8, 32, 64, 96], methods=["ridge"]
    )
    points = {point.value: point for point in result.curve("ridge")}
    assert points[1].accuracy < 0.7
    assert 0 < points[64].loss_full < 0.01
    assert points[96].loss_full < 0.003
    assert points[128].loss_target < 0.005
