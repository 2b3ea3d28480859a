"""rise with a budget: masks are drawn until a time is over, or a map's own standard error is small enough."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from test_black_box import FACE, Tiny, contrast, crop_of

from facespace.errors import InputError
from facespace.explain import Budget, explain_black_box
from facespace.explain.black_box import black_box_map
from facespace.explain.black_box.budget import budgeted_maps


def test_the_standard_error_is_how_far_maps_of_other_masks_lie_apart():
    partner = np.array([3.0, 1.0, 2.0])
    found = [black_box_map(FACE, partner, contrast, method="rise", passes=96, seed=seed) for seed in range(40)]
    apart = float(np.sqrt(np.var([m.signed for m in found], axis=0, ddof=1).mean()))
    said = float(np.mean([m.error for m in found]))
    assert said == pytest.approx(apart, rel=0.15)
    more = black_box_map(FACE, partner, contrast, method="rise", passes=384).error
    assert more == pytest.approx(said / 2, rel=0.2)
    assert black_box_map(FACE, partner, contrast).error is None


def test_a_run_with_a_budget_says_its_masks_and_is_repeated_by_their_number():
    network = Tiny()
    a, b = crop_of(network, 1), crop_of(network, 2)
    timed = explain_black_box(a, b, network, method="rise", budget=Budget(error=0.09), seed=5)
    assert timed.passes[0] == timed.passes[1] > 16
    assert max(timed.standard_error) <= 0.09
    assert f"passes={timed.passes[0]}+{timed.passes[0]}" in timed.signature.replace(":", "=")
    again = explain_black_box(a, b, network, method="rise", passes=timed.passes[0], seed=5)
    assert again.standard_error == timed.standard_error
    for one, two in zip(timed.faces, again.faces, strict=True):
        np.testing.assert_array_equal(one.importance, two.importance)
    assert timed.to_dict() == again.to_dict()


def test_seconds_end_it_before_they_are_over():
    ticks = itertools.count()
    told = []
    budget, sides, partners = Budget(seconds=10), [(FACE, contrast)] * 2, [np.ones(3)] * 2
    maps = budgeted_maps(sides, partners, budget, progress=lambda *t: told.append(t), clock=lambda: float(next(ticks)))
    assert [m.passes for m in maps] == [80, 80]  # a second for each batch of both
    assert told[-1] == (160, 160)
    short = budgeted_maps(sides, partners, Budget(seconds=1e-9))
    assert [m.passes for m in short] == [16, 16]
    first = budgeted_maps(sides, partners, Budget(seconds=100, error=0.5), clock=lambda: float(next(ticks)))
    assert first[0].passes == 16


def test_a_budget_that_ends_nothing_or_is_anothers_is_refused():
    network = Tiny()
    a, b = crop_of(network, 1), crop_of(network, 2)
    for wrong in ({}, {"seconds": 0}, {"error": -1.0}):
        with pytest.raises(InputError, match="ends no drawing"):
            Budget(**wrong)
    with pytest.raises(InputError, match="not by occlusion"):
        explain_black_box(a, b, network, budget=Budget(1.0))
    with pytest.raises(InputError, match="40 passes"):
        explain_black_box(a, b, network, method="rise", passes=40, budget=Budget(1.0))
