"""The fair tests on networks whose answer is known: an oracle comes first, habits of place and noise gain nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest

from facespace.datasets import PairProtocol
from facespace.errors import DimensionError, InputError, UnknownNameError
from facespace.explain.fair import (
    LEVELS,
    MarginGame,
    Method,
    at_cells,
    fair_result,
    fair_tests,
    fair_values,
    independent_pairs,
    margin_area,
    method_of,
    randomise_onnx,
    region_ranks,
    summarise,
)
from facespace.explain.fair.method import correlation, hiding_order
from facespace.images import ARCFACE
from facespace.io import to_json

RNG = np.random.default_rng(0)
N, SIDE = 12, 112


def blocks(crops: np.ndarray) -> np.ndarray:
    """A network that sees the mean colour of 14 × 14 cells, about mid grey: 588 numbers."""
    n = len(crops)
    return crops.reshape(n, 14, 8, 14, 8, 3).mean((2, 4)).reshape(n, -1) - 127.5


def coarse(count: int, seed: int) -> np.ndarray:
    cells = np.random.default_rng(seed).integers(0, 256, (count, 14, 14, 3), dtype=np.uint8)
    return cells.repeat(8, 1).repeat(8, 2)


def oracle(face: np.ndarray, partner: np.ndarray) -> np.ndarray:
    """What each cell adds to the product of the two vectors."""
    product = (blocks(face[None]) * blocks(partner[None])).reshape(14, 14, 3).sum(2)
    return product.repeat(8, 0).repeat(8, 1).astype(np.float32)


def noise(seed: int = 1):
    rng = np.random.default_rng(seed)
    return lambda face, partner: rng.normal(size=face.shape[:2]).astype(np.float32)


def bell(face: np.ndarray, partner: np.ndarray) -> np.ndarray:
    y, x = np.ogrid[-1 : 1 : face.shape[0] * 1j, -1 : 1 : face.shape[1] * 1j]
    return -(x**2 + y**2).astype(np.float32)


@pytest.fixture(scope="module")
def played():
    """Pairs of faces that share half of their cells, each pair other ones; and strangers."""
    left, right, shared = coarse(N, 1), coarse(N, 2), coarse(N, 3)
    keep = np.random.default_rng(4).random((N, 14, 14, 1)).repeat(8, 1).repeat(8, 2) < 0.5
    genuine = np.stack([np.where(keep, shared, left), np.where(keep, shared, right)], 1)
    pairs = np.concatenate([genuine, np.stack([left, right], 1)])
    strangers = np.stack([coarse(2 * N, 5), coarse(2 * N, 6)], 1)
    same = np.repeat([True, False], N)
    methods = {"oracle": method_of(oracle), "noise": method_of(noise()), "bell": method_of(bell)}
    limits = {"bell": 8}
    found = fair_tests(
        pairs,
        strangers,
        same,
        blocks,
        methods,
        name="blocks",
        landmarks=ARCFACE,
        randomised={"oracle": method_of(noise(2))},
        limits=limits,
        few=10,
        reference="noise",
    )
    return pairs, strangers, same, found


def test_the_oracle_wins_every_game_and_noise_gains_nothing(played):
    *_, found = played
    best = found.score("gain", "all", "oracle")
    assert best.beats("random")
    assert best.beats("centre")
    assert best.beats("inverted")
    assert best.beats("noise")
    none = found.score("gain", "all", "noise")
    assert none.low < 0 < none.high
    assert found.score("gain", "all", "inverted").mean == pytest.approx(-found.score("gain", "all", "oracle").mean)
    assert found.score("wrong partner", "strangers", "oracle").low > 0
    assert abs(found.score("wrong partner", "strangers", "bell").mean) < 1e-12
    assert found.score("gain", "all", "bell").pairs == 8


def test_a_planted_part_is_found_by_who_looks_and_never_by_a_habit(played):
    *_, found = played
    assert found.score("planted", "half", "oracle").mean > 0.9
    for mask in ("eyes", "mouth", "half"):
        assert found.score("planted", mask, "bell").mean == 0.5
        assert found.score("planted", mask, "centre").mean == 0.5
    assert found.score("planted", "window", "random").low < 0.5 < found.score("planted", "window", "random").high


def test_a_perfect_explainer_ranks_first_everywhere():
    faces, strangers = coarse(6, 1), coarse(6, 9)
    looks = Method(lambda face: lambda partner: -np.abs(face.astype(float) - partner).mean(2).astype(np.float32))
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[32:64, 32:64] = 1
    found = region_ranks(faces, faces, strangers, {"looks": looks}, {"window": mask})
    np.testing.assert_array_equal(found["window", "looks"], 1)


def test_sanity_tells_habits_from_what_is_the_pairs_own(played):
    *_, found = played
    assert found.score("agreement", "other people", "bell").mean == pytest.approx(1)
    assert abs(found.score("agreement", "other people", "oracle").mean) < 0.1
    assert abs(found.score("randomised", "all weights", "oracle").mean) < 0.1
    assert found.score("shifted", "one pixel", "bell").mean > 0.99
    assert abs(found.score("shifted", "one pixel", "noise").mean) < 0.1


def test_what_it_took_is_told_and_the_document_is_whole(played):
    *_, found = played
    assert {c.method for c in found.costs} == {"oracle", "noise", "bell"}
    document = json.loads(to_json(found))
    assert {"test", "variant", "method", "pairs", "mean", "low", "high", "differences"} <= set(document["scores"][0])
    assert {"other", "pairs", "difference", "low", "high"} <= set(document["scores"][0]["differences"][0])
    assert "few:10" in found.signature


def test_swapping_the_images_of_a_pair_swaps_its_maps_and_keeps_its_areas():
    pair, strangers = coarse(2, 7), coarse(2, 8)
    for same in (True, False):
        one = MarginGame(pair, strangers, same, blocks).play([oracle(*pair), oracle(*pair[::-1])])
        # The strangers go along in a genuine pair; an impostor pair has one for both.
        others = strangers[::-1] if same else strangers
        two = MarginGame(pair[::-1], others, same, blocks).play([oracle(*pair[::-1]), oracle(*pair)])
        for key in one:
            assert one[key] == pytest.approx(two[key], abs=0.02, nan_ok=True)  # ties between colours fall otherwise


def test_a_pair_that_hiding_does_not_move_is_left_out():
    assert np.isnan(margin_area(LEVELS, [0.5, 0.4, 0.3, 0.5, 0.5, 0.45], True)[1])
    assert np.isnan(margin_area(LEVELS, [0.2, 0.4, 0.3, 0.5, 0.5, 0.9], True)[1])
    assert np.isfinite(margin_area(LEVELS, [0.2, 0.4, 0.3, 0.5, 0.5, 0.9], False)[1])
    values = {("gain", "blur", "a"): np.array([1.0, np.nan, 3.0])}
    assert (summarise(values, [])[0].pairs, summarise(values, [])[0].left_out) == (2, 1)


def test_the_threshold_cancels_in_the_normalised_area():
    scores = [0.9, 0.8, 0.5, 0.3, 0.2, 0.1]
    areas = [margin_area(LEVELS, scores, True, tau) for tau in (0.0, 0.3)]
    assert areas[0][1] == pytest.approx(areas[1][1])
    assert areas[0][0] - areas[1][0] == pytest.approx(0.3)


def test_the_order_is_that_of_the_cells_whole():
    cells = np.random.default_rng(3).permutation(196).reshape(14, 14).astype(np.float32)
    order = hiding_order(cells.repeat(8, 0).repeat(8, 1), np.random.default_rng(0))
    assert sorted(order.tolist()) == list(range(SIDE * SIDE))
    middles = [np.flatnonzero(order == (8 * r + 4) * SIDE + 8 * c + 4)[0] for r, c in np.ndindex(14, 14)]
    assert np.corrcoef(middles, cells.ravel())[0, 1] > 0.95
    flat = [hiding_order(np.ones((SIDE, SIDE)), np.random.default_rng(s)) for s in (0, 1)]
    assert not np.array_equal(*flat)
    assert at_cells(np.ones((112, 96))).shape == (14, 12)
    assert np.isnan(correlation(np.ones((SIDE, SIDE)), cells.repeat(8, 0).repeat(8, 1)))


def test_an_onnx_file_keeps_its_numbers_and_loses_their_places(tmp_path):
    onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
    from onnx import TensorProto, helper, numpy_helper

    weights = [RNG.normal(size=s).astype(np.float32) for s in ((12, 4), (4,))]
    held = helper.make_node("Constant", [], ["shift"], value=numpy_helper.from_array(weights[1], "shift"))
    nodes = [held, helper.make_node("Gemm", ["x", "matrix", "shift"], ["y"])]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", d]) for n, d in (("x", 12), ("y", 4))]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [numpy_helper.from_array(weights[0], "matrix")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), tmp_path / "a.onnx")
    found = onnx.load(randomise_onnx(tmp_path / "a.onnx", tmp_path / "b.onnx")).graph
    for one, tensor in zip(weights, (found.initializer[0], found.node[0].attribute[0].t), strict=True):
        other = numpy_helper.to_array(tensor)
        assert not np.array_equal(one, other)
        np.testing.assert_array_equal(np.sort(one.ravel()), np.sort(other.ravel()))


def test_parts_of_a_run_join_to_the_whole(played):
    pairs, strangers, same, found = played
    methods = {"oracle": method_of(oracle)}
    halves = [
        fair_values(pairs, strangers, same, blocks, methods, tests=["margin", "partner"], few=10, part=(k, 2))
        for k in (0, 1)
    ]
    joined = fair_result(halves, "blocks")
    for variant in ("blur", "one stranger", "all"):
        assert joined.score("gain", variant, "oracle").mean == found.score("gain", variant, "oracle").mean
    assert joined.score("wrong partner", "blur", "oracle") is not None
    assert len(halves[0].spent["oracle"]) + len(halves[1].spent["oracle"]) == joined.costs[0].faces


def test_runs_on_fewer_pairs_join_those_on_more(played):
    pairs, strangers, same, _ = played
    runs = [
        fair_values(pairs, strangers, same, blocks, {name: method_of(explain)}, tests=["planted"], few=few)
        for name, explain, few in (("oracle", oracle, 6), ("bell", bell, 10))
    ]
    for order in (runs, runs[::-1]):
        joined = fair_result(order, "blocks")
        assert joined.score("planted", "window", "oracle").pairs == 6
        assert joined.score("planted", "window", "bell").pairs == joined.score("planted", "window", "random").pairs == 10
        assert joined.score("planted", "window", "oracle").differences[0].pairs == 6


def test_nobody_plays_twice():
    names = [f"p{p}/{k}" for p in range(40) for k in range(2)]
    left = [names[2 * p] for p in range(20)] + [names[2 * p] for p in range(19, 39)] + [names[0]]
    right = [names[2 * p + 1] for p in range(20)] + [names[2 * p + 2] for p in range(19, 39)] + [names[3]]
    protocol = PairProtocol("list", left, right, [True] * 20 + [False] * 21)
    rows = independent_pairs(protocol, 30, seed=1)
    assert protocol.same[rows].sum() == 15
    pairs = [{left[r].split("/")[0], right[r].split("/")[0]} for r in rows]
    assert sum(map(len, pairs)) == len(set().union(*pairs))
    with pytest.raises(InputError, match="genuine pairs"):
        independent_pairs(protocol.take(np.r_[0:9, 20]), 30)


def test_what_can_not_be_tested_is_told(played):
    pairs, strangers, same, _ = played
    with pytest.raises(DimensionError, match="don't belong together"):
        fair_tests(pairs, strangers[:3], same, blocks, {}, name="x")
    with pytest.raises(InputError, match="1 genuine pairs"):
        fair_tests(pairs[[0, -1]], strangers[[0, -1]], same[[0, -1]], blocks, {}, name="x")
    with pytest.raises(UnknownNameError, match="lime"):
        fair_tests(pairs, strangers, same, blocks, {}, name="x", tests=["lime"])
    with pytest.raises(InputError, match="eyes"):
        fair_tests(pairs, strangers, same, blocks, {}, name="x", tests=["regions"])
