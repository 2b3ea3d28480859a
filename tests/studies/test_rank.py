from __future__ import annotations

import numpy as np
import pytest

from facespace import rank_study
from facespace.errors import InputError
from facespace.io import jsonable
from facespace.mapping import PairStatistics, ReducedRankMap, RidgeMap
from facespace.studies.curves._directions import leading_directions, scores_by_rank
from facespace.studies.curves._pair_work import PairWork


@pytest.fixture(scope="module")
def ranks(world):
    return rank_study(world.sets[1], world.sets[2], world.protocol, methods=["ridge", "rotation"])


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize(("source", "target"), [(0, 2), (2, 0)])
def test_full_rank_is_the_whole_map_and_each_rank_is_reduced_rank_regression(world, source, target, center):
    work = PairWork.of_protocol(world.sets[source], world.sets[target], world.protocol, "same", "protocol")
    statistics = PairStatistics.of(work.x, work.y)
    ridge = RidgeMap(1.0, center=center).fit_statistics(statistics)
    tried = [1, 3, 12]
    scores = scores_by_rank(work.judged, ridge, leading_directions(ridge, statistics), tried)
    np.testing.assert_allclose(scores[-1], work.judged.scores(ridge), atol=2e-6)
    for rank, row in zip(tried, scores, strict=True):
        direct = ReducedRankMap(rank, alpha=1.0, center=center).fit_statistics(statistics)
        np.testing.assert_allclose(row, work.judged.scores(direct), atol=1e-5)


@pytest.mark.parametrize("pairing", ["same", "matched"])
def test_full_rank_is_the_cross_model_study_s_number(world, study, pairing):
    result = rank_study(*world.sets[:2], world.protocol, ranks=[1], methods=["ridge", "rotation", "ols"], pairing=pairing)
    assert result.values == (1, 12)
    for method in result.methods:
        cell = study.cell(result.source, result.target, method, pairing)
        assert result.curve(method)[-1].accuracy == pytest.approx(cell.accuracy.mean, abs=1e-3)


def test_ten_directions_carry_a_map_between_spaces_of_ten(ranks):
    """The people of `world` differ in ten directions; the networks' other directions are noise."""
    assert ranks.values == tuple(range(1, 17))
    for method in ranks.methods:
        points = ranks.curve(method)
        assert points[0].accuracy < 0.8
        assert points[9].loss_full < 0.01
        assert points[0].accuracy < points[4].accuracy < points[9].accuracy
        assert 4 <= ranks.needed(method, "full").value <= 12


def test_intervals_are_of_the_difference_to_full_rank(ranks):
    point, full = ranks.curve("ridge")[2], ranks.curve("ridge")[-1]
    assert point.low < point.accuracy < point.high
    assert full.low == full.accuracy == full.high


def test_nothing_is_drawn(world, ranks):
    again = rank_study(world.sets[1], world.sets[2], world.protocol, methods=["ridge", "rotation"], seed=9, workers=3)
    np.testing.assert_array_equal(again.accuracy, ranks.accuracy)


def test_the_document(ranks):
    document = jsonable(ranks)
    assert document["points"][0]["rank"] == 1
    assert set(document["needed"]) == {"ridge", "rotation"}
    assert document["full"] == 16
    assert "|ranks:all|" in document["signature"]


@pytest.mark.parametrize(
    ("ranks", "words"), [([13], "ranks 13 exceed 12"), ([0, 4], "whole numbers from 1; got 0"), ([], "no ranks")]
)
def test_impossible_ranks(world, ranks, words):
    with pytest.raises(InputError, match=words):
        rank_study(*world.sets[:2], world.protocol, ranks=ranks)
