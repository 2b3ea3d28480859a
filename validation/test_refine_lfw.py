"""refine_map on LFW: what 25 pairs and unpaired galleries reach, and what is refused.

On the embeddings that ship with facespace always; on sets of all LFW images where FACESPACE_SETS names their folder and
FACESPACE_LFW_PAIRS pairs.txt. The whole table is scripts/refine_table.py's.
"""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from pathlib import Path

import pytest

from facespace.datasets import demo_protocol, demo_sets, read_lfw_pairs
from facespace.embeddings import EmbeddingSet
from facespace.mapping import PairStatistics, RefineRefused, refine_map

SCRIPT = Path(__file__).parent.parent / "scripts" / "refine_table.py"
SHARED = Path(os.environ.get("FACESPACE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
PAIRS = SHARED / "data/protocols/lfw/pairs.txt"


@cache
def table():
    spec = importlib.util.spec_from_file_location("refine_table", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def demo():
    return {faces.model: faces for faces in demo_sets()}


def lfw(name):
    folder = os.environ.get("FACESPACE_SETS")
    if not folder:
        pytest.skip("FACESPACE_SETS doesn't name a folder of LFW's embeddings")
    for path in (Path(folder) / f"{name}.parquet", PAIRS):
        if not path.exists():
            pytest.skip(f"{path} is not there")
    return EmbeddingSet.load(Path(folder) / f"{name}.parquet")


def test_demo_fifty_pairs_and_galleries_come_within_a_point_and_a_half():
    sets = demo()
    run = table().one_run(sets["openvino-0095"], sets["mobilefacenet-ms1m"], demo_protocol(), 0, 50, 0)
    assert "refined" in run, run
    assert run["native"] - run["start"] > 3
    assert run["native"] - run["refined"] <= 1.5  # 600 pairs: one point is 6 of them


def test_demo_galleries_of_other_people_are_refused():
    sets = demo()
    source, target = sets["mobilefacenet-ms1m"], sets["openvino-0095"].select(sets["mobilefacenet-ms1m"].ids)
    rows, left, right = table().divide(source, demo_protocol(), 0, 50, 0)
    first_half = source.subject.astype(int) % 2 == 0
    pairs = PairStatistics.of(source.normalized()[rows], target.normalized()[rows])
    start = table().spectral_start(pairs)
    with pytest.raises(RefineRefused, match="confirm each other"):
        refine_map(start, source.take(left[first_half[left]]), target.take(right[~first_half[right]]), statistics=pairs)


@pytest.mark.parametrize(
    "names", [("mobilefacenet-ms1m", "mobilefacenet-casia"), ("insightface-y1", "mobilefacenet-ms1m")], ids=">".join
)
def test_lfw_25_pairs_lose_at_most_a_point_or_so(names):
    sets = [lfw(name) for name in names]
    run = table().one_run(*sets, read_lfw_pairs(PAIRS), 3, 25, 0)
    assert "refined" in run, run
    assert run["native"] - run["refined"] <= 1.5
    assert run["held_out"] > 0.95 > run["by_chance"]


def test_lfw_ten_pairs_are_refused_or_right():
    sets = [lfw(name) for name in ("mobilefacenet-casia", "mobilefacenet-ms1m")]
    run = table().one_run(*sets, read_lfw_pairs(PAIRS), 3, 10, 0)
    assert "refused" in run or run["native"] - run["refined"] <= 1.5, run
