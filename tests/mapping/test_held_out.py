"""A map is fitted on pairs; do they correspond? Every fit measures it on pairs held out, people kept together."""

from __future__ import annotations

import numpy as np
import pytest

from facespace.datasets import demo_sets
from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError
from facespace.mapping import fit_map


def two_networks(exchanged=0.0, people=80, images=5, named=False, noise=0.3):
    """One network's faces, and another's that turns them; a share of the second's rows stands under others' ids."""
    rng = np.random.default_rng(3)
    x = np.repeat(rng.normal(size=(people, 64)), images, 0) + 0.6 * rng.normal(size=(people * images, 64))
    y = x @ np.linalg.qr(rng.normal(size=(64, 64)))[0] + noise * rng.normal(size=x.shape)
    moved = rng.permutation(len(x))[: int(exchanged * len(x))]
    y[moved] = y[np.roll(moved, 1)]
    ids = [f"p{i // images}/{i}" if named else f"{i}" for i in range(len(x))]
    return EmbeddingSet(x, ids, model="a"), EmbeddingSet(y, ids, model="b")


@pytest.mark.parametrize("method", ["auto", "rotation", "ridge", "joint", "anchored", "identity"])
@pytest.mark.parametrize("named", [True, False])
def test_pairs_that_dont_correspond_are_near_chance_whatever_the_method(method, named):
    facts = fit_map(*two_networks(1.0, named=named), method).facts
    assert abs(facts["agreement"]["auc"] - 0.5) < 0.1
    assert "do not seem to correspond" in facts["warnings"][0]


@pytest.mark.parametrize("method", ["auto", "rotation", "ridge", "joint"])
@pytest.mark.parametrize("share", [0.05, 0.1, 0.25])
def test_the_share_of_exchanged_ids_is_estimated(method, share):
    facts = fit_map(*two_networks(share), method).facts
    assert abs(facts["agreement"]["impostor_like"] - share) < 0.06
    assert "part of the pairs do not seem to correspond" in facts["warnings"][0]


@pytest.mark.parametrize("method", ["auto", "rotation", "ridge", "cca", "joint"])
def test_honest_pairs_give_no_warning(method):
    facts = fit_map(*two_networks(named=True), method).facts
    assert facts["warnings"] == []
    assert facts["agreement"]["auc"] > 0.99
    assert facts["agreement"]["auc_low"] < facts["agreement"]["auc"] <= facts["agreement"]["auc_high"] <= 1


def test_real_networks_give_none_either_and_exchanged_rows_do():
    dlib, openvino = (faces.take(np.arange(300)) for faces in (demo_sets()[0], demo_sets()[3]))
    assert fit_map(dlib, openvino, "rotation").facts["warnings"] == []
    ids = openvino.ids.copy()
    ids[:45] = np.roll(ids[:45], 1)
    facts = fit_map(dlib, EmbeddingSet(openvino.vectors, ids, model="other"), "rotation").facts
    assert abs(facts["agreement"]["impostor_like"] - 0.15) < 0.06
    assert facts["warnings"]


def test_noise_is_at_chance_though_a_ridge_of_64_photos_fits_it():
    rng = np.random.default_rng(0)
    ids = [f"{i}" for i in range(64)]
    source, target = (EmbeddingSet(rng.normal(size=(64, 128)), ids, model=name) for name in "ab")
    assert "near chance" in fit_map(source, target, "ridge").facts["warnings"][0]


def test_few_people_can_not_be_judged_and_that_is_said():
    facts = fit_map(*two_networks(people=9, named=True), "ridge").facts
    assert facts["agreement"] == {"pairs": 0}
    assert "could not be measured" in facts["warnings"][0]


@pytest.mark.parametrize("named", [True, False])
def test_a_choice_takes_people_named_or_not(named):
    with pytest.raises(InputError, match="needs at least 10 people.* these " + ("pairs have 9" if named else "are 45")):
        fit_map(*two_networks(people=9, named=named), "auto")


@pytest.mark.parametrize(("method", "judge"), [("auto", True), ("auto", False), ("joint", True)])
def test_a_choice_on_folds_that_may_share_people_says_so(method, judge):
    facts = fit_map(*two_networks(people=30), method, judge=judge).facts
    assert len(facts["warnings"]) == 1
    assert "nobody is known in these pairs: the folds" in facts["warnings"][0]
    assert fit_map(*two_networks(people=30), "joint", regularization=0.1).facts["warnings"] == []
    assert "nobody is known" not in str(fit_map(*two_networks(people=30, named=True), method, judge=judge).facts)


def test_measuring_leaves_the_map_as_it_is_and_can_be_left_out():
    source, target = two_networks(people=30)
    judged, plain = fit_map(source, target, "ridge"), fit_map(source, target, "ridge", judge=False)
    assert np.array_equal(judged.weight, plain.weight)
    assert "agreement" not in plain.facts
