from __future__ import annotations

import itertools

import numpy as np
import pytest

from facespace import sensitivity_study
from facespace.errors import InputError, UnknownNameError
from facespace.io import jsonable
from facespace.studies.curves._curve import Needed, needed

METHODS = ("ridge", "rotation", "identity")


@pytest.fixture(scope="module")
def curve(world):
    return sensitivity_study(*world.sets[:2], world.protocol, sizes=[4, 8, 16, 64], methods=METHODS, repeats=3)


@pytest.mark.parametrize("pairing", ["same", "matched"])
def test_all_pairs_are_the_cross_model_study_s_number(world, study, pairing):
    methods = ("ridge", "rotation", "ols")
    for source, target in ((0, 2), (2, 1)):
        result = sensitivity_study(
            world.sets[source], world.sets[target], world.protocol, sizes=[10], methods=methods, repeats=2, pairing=pairing
        )
        for method in methods:
            cell = study.cell(result.source, result.target, method, pairing)
            last = result.curve(method)[-1]
            assert last.accuracy == pytest.approx(cell.accuracy.mean, abs=1e-12)
            assert last.loss_target == pytest.approx(cell.loss_target, abs=1e-12)
            assert (last.loss_full, last.low, last.high) == pytest.approx((0, last.accuracy, last.accuracy), abs=1e-12)


def test_the_last_value_is_what_the_smallest_training_part_has(curve, world):
    assert curve.values == (4, 8, 16, 64, 384)
    matched = sensitivity_study(
        *world.sets[:2], world.protocol, sizes=[10_000], methods=["ridge"], pairing="matched", repeats=1
    )
    assert matched.values == (192,)


def test_more_pairs_are_not_worse_beyond_noise(curve):
    for method in ("ridge", "rotation"):
        points = curve.curve(method)
        for few, many in itertools.pairwise(points):
            assert many.accuracy > few.accuracy - 0.02
        assert points[-1].accuracy > points[0].accuracy + 0.1


def test_the_control_learns_nothing(curve):
    control = curve.curve("identity")
    assert {point.accuracy for point in control} == {control[0].accuracy}
    assert curve.needed("identity") == Needed(None, 384, None)


def test_the_seed_decides_and_threads_do_not(world):
    def run(**options):
        return sensitivity_study(*world.sets[:2], world.protocol, sizes=[8, 20], methods=["ridge"], **options).accuracy

    first = run(seed=4)
    np.testing.assert_array_equal(first, run(seed=4, workers=3))
    assert not np.array_equal(first[:, :2], run(seed=5)[:, :2])


def test_a_size_does_not_depend_on_the_others_nor_on_their_order(world, curve):
    alone = sensitivity_study(*world.sets[:2], world.protocol, sizes=[16], methods=["ridge"], repeats=3)
    assert alone.curve("ridge")[0].accuracy == pytest.approx(curve.curve("ridge")[2].accuracy, abs=0.003)
    turned = sensitivity_study(*world.sets[:2], world.protocol, sizes=[64, 16, 4, 8, 8], methods=METHODS, repeats=3)
    np.testing.assert_array_equal(turned.accuracy, curve.accuracy)


def test_intervals_are_those_of_draws_about_each_fold_s_mean(curve):
    cell = curve.accuracy[0, 0]
    repeats, folds = cell.shape
    variance = sum(np.var(cell[:, f], ddof=1) for f in range(folds)) / folds
    point = curve.curve("ridge")[0]
    assert point.sd == pytest.approx(np.sqrt(variance))
    half = 2.2281388519649385 * np.sqrt(variance / (repeats * folds))  # Student's t, 10 degrees of freedom
    assert (point.low, point.high) == pytest.approx((point.accuracy - half, point.accuracy + half))


def test_one_repeat_has_no_interval(world):
    result = sensitivity_study(*world.sets[:2], world.protocol, sizes=[8], methods=["ridge"], repeats=1)
    assert {(p.low, p.high, p.sd) for p in result.points} == {(None, None, None)}
    assert jsonable(result)["points"][0]["low"] is None


def test_even_sizes_run_from_the_smallest_to_all(world):
    for center, smallest in ((True, 2), (False, 1)):
        result = sensitivity_study(
            *world.sets[:2], world.protocol, sizes="even", methods=["ridge"], pairing="matched", repeats=1, center=center
        )
        assert len(result.values) == 100
        assert (result.values[0], result.values[-1]) == (smallest, 192)
        assert set(np.diff(result.values)) <= {1, 2, 3}


def test_every_family_has_a_curve(world):
    from facespace.mapping import FAMILIES

    result = sensitivity_study(*world.sets[:2], world.protocol, sizes=[2, 5, 40], methods=FAMILIES, repeats=1)
    assert np.isfinite(result.accuracy).all()


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([0.03, 0.02, 0.005], Needed(159, 100, 200)),
        ([0.009, 0.005, 0.001], Needed(50, None, 50)),
        ([0.03, 0.02, 0.0101], Needed(None, 200, None)),
        ([0.005, 0.02, 0.005], Needed(159, 100, 200)),  # enough once is not enough from there on
        ([0.03, 0.01, 0.005], Needed(100, 50, 100)),
    ],
)
def test_needed_lies_on_the_line_between_failing_and_holding(losses, expected):
    assert needed([50, 100, 200], losses, 0.01) == expected


def test_the_document(curve):
    document = jsonable(curve)
    assert set(document) >= {"signature", "models", "points", "needed", "needed_full", "between", "loss", "warnings"}
    assert [m["name"] for m in document["models"]] == ["small", "medium"]
    assert len(document["points"]) == 15
    point = document["points"][0]
    assert (point["method"], point["pairs"]) == ("ridge", 4)
    assert 0.5 < point["low"] < point["accuracy"] < point["high"] < 1
    assert set(document["needed"]) == set(METHODS)
    assert "|sizes:4+8+16+64+384|repeats:3|" in document["signature"]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"sizes": [1, 8]}, InputError, "whole numbers from 2; got 1"),
        ({"sizes": []}, InputError, "no sizes"),
        ({"sizes": "odd"}, UnknownNameError, "did you mean|Known: even"),
        ({"repeats": 0}, InputError, "repeats"),
        ({"methods": ["ridgge"]}, UnknownNameError, "did you mean 'ridge'"),
        ({"methods": []}, InputError, "no method"),
        ({"pairing": "machted"}, UnknownNameError, "matched"),
    ],
)
def test_mistakes(world, options, error, words):
    with pytest.raises(error, match=words):
        sensitivity_study(*world.sets[:2], world.protocol, **options)


def test_one_network_twice_is_refused(world):
    with pytest.raises(InputError, match="two different model names"):
        sensitivity_study(world.sets[0], world.sets[0], world.protocol)
