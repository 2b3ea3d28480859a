"""One hub for networks of two widths and three families on the embeddings that ship: what issue 3 asks of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from threadpoolctl import threadpool_limits

from facespace.datasets import demo, demo_protocol, demo_sets
from facespace.studies import hub_study
from facespace.studies.hub.study import PAIRWISE

pytestmark = pytest.mark.skipif(not (demo.FOLDER / "pairs.csv").exists(), reason="the demo's embeddings are not here")


def test_a_hub_of_three_networks_is_as_good_as_six_direct_maps_and_can_be_joined_later():
    sets = [faces for faces in demo_sets() if faces.model != "openvino-0095"]  # four take three times as long
    protocol = demo_protocol()
    assert protocol.fold is not None
    protocol = replace(protocol, fold=protocol.fold // 2)  # five folds take half the time of ten
    with threadpool_limits(1):
        result = hub_study(sets, protocol)
    summary = result.summary()
    direct = summary["direct"][PAIRWISE]["mean"]
    assert summary["hub"]["mean"] < 0.008
    assert summary["hub"]["mean"] - direct <= 0.002
    assert summary["joined"]["mean"] - direct <= 0.003
    assert min(result.own_cycle) > 0.95
    # In the hub itself a network loses little of its own.
    for own, hub in zip(result.native, result.own_in_hub, strict=True):
        assert own.accuracy is not None
        assert own.accuracy.mean - hub.mean < 0.006
