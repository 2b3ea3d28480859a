"""Margin areas of an oracle's map on a linear scorer, and Shapley values, against both written out."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import margin_areas as plain

from facespace.explain.black_box.shapley import coalitions_of, shapley
from facespace.explain.fair import LEVELS, margin_area


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_areas_of_an_oracles_map_on_a_linear_scorer(same, seed):
    rng = np.random.default_rng(seed)
    parts = rng.normal(0.02, 0.05, 60) * (1 if same else -1)
    wanted = parts if same else -parts
    for order in (np.argsort(wanted), np.argsort(-wanted), rng.permutation(60)):
        margins = plain.curve(parts.tolist(), order.tolist(), LEVELS, same, 0.3)
        scores = [m + 0.3 if same else 0.3 - m for m in margins]
        assert margin_area(LEVELS, scores, same, 0.3)[1] == pytest.approx(plain.area(LEVELS, margins), abs=1e-12)
    best = plain.area(LEVELS, plain.curve(parts.tolist(), np.argsort(wanted).tolist(), LEVELS, same, 0.3))
    worst = plain.area(LEVELS, plain.curve(parts.tolist(), np.argsort(-wanted).tolist(), LEVELS, same, 0.3))
    others = [
        plain.area(LEVELS, plain.curve(parts.tolist(), rng.permutation(60).tolist(), LEVELS, same, 0.3)) for _ in range(200)
    ]
    assert worst < min(others)
    assert max(others) < best


@pytest.mark.parametrize("parts", [3, 5, 7])
def test_shapley_values_are_those_of_all_orders(parts):
    rng = np.random.default_rng(parts)
    table = {mask: float(v) for mask, v in enumerate(rng.normal(size=2**parts))}

    def worth(shown: frozenset[int]) -> float:
        return table[sum(1 << p for p in shown)]

    every = coalitions_of(parts, 2**parts - 2, rng)
    assert every.exact
    scores = np.array([worth(frozenset(np.flatnonzero(row).tolist())) for row in every.shown])
    whole, nothing = worth(frozenset(range(parts))), worth(frozenset())
    found = shapley(every, scores, whole, nothing)
    np.testing.assert_allclose(found, plain.shapley(worth, parts), atol=1e-9)
    assert found.sum() == pytest.approx(whole - nothing, abs=1e-12)


def test_drawn_coalitions_come_near_and_share_the_whole_out():
    rng = np.random.default_rng(1)
    values = rng.normal(size=8)
    pairs = np.triu(rng.normal(0, 0.1, (8, 8)), 1)

    def worth(shown: np.ndarray) -> np.ndarray:
        return shown @ values + np.einsum("ni,ij,nj->n", shown, pairs, shown)

    exact = values + (pairs.sum(0) + pairs.sum(1)) / 2
    drawn = coalitions_of(8, 64, rng)
    assert not drawn.exact
    found = shapley(drawn, worth(drawn.shown), worth(np.ones((1, 8)))[0], 0.0)
    assert np.abs(found - exact).max() < 0.15
    assert found.sum() == pytest.approx(values.sum() + pairs.sum())
