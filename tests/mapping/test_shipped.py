"""Maps that come with facespace, and maps that start from another."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from mapping_samples import network, people, two_sets

import facespace as fs
from facespace.datasets import demo_protocol, demo_sets
from facespace.embeddings import EmbeddingSet
from facespace.errors import DimensionError, FileFormatError, InputError, UnknownNameError
from facespace.mapping import (
    AnchoredMap,
    LinearMap,
    PairStatistics,
    ShippedMaps,
    fit_map,
    load_map,
    pair_statistics,
    shipped_map,
    shipped_maps,
)
from facespace.mapping.hub import FILE
from facespace.models import load_card
from facespace.verification import verify


@pytest.fixture(scope="module")
def made():
    """A hub of three made-up networks, and sets of other people by these."""
    latent, ids, _ = people(count=200, seed=5)
    other, names, _ = people(count=60, seed=6)
    widths = {"a": 24, "b": 20, "c": 30}
    keys = {m: EmbeddingSet(network(m, latent, d, i), ids, model=m) for i, (m, d) in enumerate(widths.items())}
    sets = {m: EmbeddingSet(network(m, other, d, i), names, model=m) for i, (m, d) in enumerate(widths.items())}
    statistics = [pair_statistics(keys[a], keys[b]) for a, b in itertools.combinations(keys, 2)]
    return ShippedMaps.fit(statistics, 16, regularization=0.05), sets


def cosines(fitted, a, b):
    p, r = fitted.probe(a.vectors), fitted.reference(b.vectors)
    return p @ r.T / np.outer(np.linalg.norm(p, axis=1), np.linalg.norm(r, axis=1))


def test_every_two_networks_are_joined_without_a_pair_of_theirs(made):
    maps, sets = made
    for a, b in itertools.permutations("abc", 2):
        for fitted, least in ((maps.map(a, b), 0.6), (maps.two_sided(a, b), 0.95)):
            assert (fitted.source_model, fitted.target_model) == (a, b)
            ranks = np.argmax(cosines(fitted, sets[a], sets[b]), axis=1)
            assert np.mean(ranks == np.arange(180)) > least  # of 180 images, three a person; chance is 0.006
            assert fitted.check(sets[a].vectors).in_domain


def test_the_one_sided_map_has_the_hub_s_inner_products(made):
    maps, sets = made
    one, both = maps.map("a", "b"), maps.two_sided("a", "b")
    inner = both.probe(sets["a"].vectors) @ both.reference(sets["b"].vectors).T
    mapped = one.probe(sets["a"].vectors) @ one.reference(sets["b"].vectors).T
    np.testing.assert_allclose(mapped / mapped[0, 0], inner / inner[0, 0], rtol=2e-3, atol=2e-3)
    sides = one.probe(sets["a"].vectors), one.reference(sets["b"].vectors)
    lengths = [np.mean(np.linalg.norm(side, axis=1)) for side in sides]
    assert lengths[0] == pytest.approx(lengths[1], rel=0.25)


def test_a_file_brings_them_back_bit_for_bit(made, tmp_path):
    maps, sets = made
    back = ShippedMaps.load(maps.save(tmp_path / "maps.safetensors"))
    for a, b in itertools.permutations("abc", 2):
        np.testing.assert_array_equal(back.map(a, b).weight, maps.map(a, b).weight)
        found, wanted = (one.two_sided(a, b).probe(sets[a].vectors) for one in (back, maps))
        np.testing.assert_array_equal(found, wanted)


def test_what_ships_is_small_tells_its_losses_and_is_of_the_weights_of_the_cards():
    maps = shipped_maps()
    assert FILE.stat().st_size < 6_000_000
    pairs = {f"{a} → {b}" for a, b in itertools.permutations(maps.networks, 2)}
    assert set(maps.losses) == pairs
    for told in maps.losses.values():
        assert told["one_sided_low"] <= told["one_sided_loss"] <= told["one_sided_high"]
        assert told["pairs"] == 6000
    for name, network_ in maps.networks.items():
        card = load_card(name)
        assert len(network_.into) == card.dim
        assert maps.facts["cards"][name] == [file.sha256 for file in card.files]


def test_on_the_demo_s_networks_they_lose_little_and_say_that_they_saw_lfw():
    sets = {faces.model: faces for faces in demo_sets()}
    a, b = sets["mobileface-v2"], sets["openvino-0095"]
    protocol = demo_protocol()
    found = verify(a, b, protocol=protocol, map=fs.load_map(a.model, b.model), intervals=False)
    own = verify(b, protocol=protocol, intervals=False)
    assert found.accuracy.mean > own.accuracy.mean - 0.012
    lfw = shipped_map(a.model, b.model).fitted
    assert lfw.has(np.array(["Aaron_Eckhart/Aaron_Eckhart_0001", "nobody/1"])).tolist() == [True, False]


def test_unknown_networks_are_told_with_what_is_known():
    with pytest.raises(UnknownNameError, match="openvino-0095"):
        load_map("openvino-95", "mobileface-v2")


@pytest.fixture(scope="module")
def start():
    """A map between the networks of `two_sets`, fitted on other people, who have the same names there."""
    return fit_map(*two_sets(seed=3, count=300), "cca", provenance=False)


def test_few_pairs_sharpen_a_start_and_never_spoil_it(start):
    a, b = two_sets()
    few = b.take(np.arange(12))
    sharpened, alone = fit_map(a, few, start=start, judge=False), fit_map(a, few, "anchored", judge=False)
    genuine = [np.mean(np.argmax(cosines(one, a, b), axis=1) == np.arange(180)) for one in (start, sharpened, alone)]
    assert genuine[1] > genuine[2]
    assert genuine[1] > genuine[0] - 0.03
    assert sharpened.facts["start"] == "cca"


def test_with_people_enough_auto_leaves_a_good_start_as_it_is_and_drops_a_bad_one(start):
    a, b = two_sets()
    assert fit_map(a, b, start=start).facts["chosen"] in ("start", "start+anchored")
    rng = np.random.default_rng(0)
    wrong = LinearMap.of(
        rng.normal(size=(24, 20)), start.bias, start.origin, start.source_mean,
        (start.source_values, start.source_vectors), ("a", "b"), {"method": "made up"},
    )  # fmt: skip
    assert fit_map(a, b, start=wrong).facts["chosen"] != "start"


def test_a_start_is_ridge_s_prior_mean():
    """W = A + (G + αI)⁻¹ (C − G A) with A = s W₀, s = ⟨W₀, C⟩ / ⟨W₀, G W₀⟩."""
    rng = np.random.default_rng(0)
    x, first = rng.normal(size=(30, 5)), rng.normal(size=(5, 4))
    y = x @ (2 * first) + 0.1 * rng.normal(size=(30, 4))
    statistics = PairStatistics.of(x, y)
    fitted = AnchoredMap(alpha=3.0, shrinkage=1.0, start=first).fit_statistics(statistics)
    g, c = statistics.source.scatter(True), statistics.covariation(True)
    anchor = first * np.vdot(first, c) / np.vdot(first, g @ first)
    np.testing.assert_allclose(fitted.weight_, anchor + np.linalg.solve(g + 3 * np.eye(5), c - g @ anchor), atol=1e-10)


def test_a_start_of_other_networks_or_another_method_is_refused(start):
    a, b = two_sets()
    with pytest.raises(InputError, match="by the methods auto and anchored"):
        fit_map(a, b, "ridge", start=start)
    with pytest.raises(InputError, match="source is 'a'"):
        fit_map(b, a, start=start)
    with pytest.raises(DimensionError, match="24 → 20"):
        fit_map(EmbeddingSet(b.vectors, b.ids), EmbeddingSet(a.vectors, a.ids), start=start)
    with pytest.raises(DimensionError, match="a start of shape"):
        AnchoredMap(start=np.eye(3)).fit_statistics(pair_statistics(a, b))


def test_means_of_few_embeddings_are_the_start_s(start):
    a, b = two_sets()
    few = a.take(np.arange(9)), b.take(np.arange(9))
    fitted = fit_map(*few, start=start, judge=False)
    mean = start.bias + start.source_mean @ start.weight
    np.testing.assert_allclose(fitted.origin, mean, atol=1e-6)
    np.testing.assert_allclose(fitted.bias, mean - start.source_mean @ fitted.weight, atol=1e-6)


@pytest.mark.parametrize("wrong", [0.2, {}, {"pairs": 6000, "people": 9, "accuracy": "high"}])
def test_a_map_s_file_whose_losses_are_no_losses_is_refused(tmp_path, wrong):
    path = replace(shipped_map("w600k-mbf", "facenet"), facts={"losses": wrong}).save(tmp_path / "m.safetensors")
    with pytest.raises(FileFormatError):
        load_map(path)


@pytest.mark.parametrize("shared", [0, 1, 60])
def test_a_start_is_not_judged_by_pairs_that_it_was_fitted_on(shared):
    """An overfitted start is perfect on its own pairs, and loses on others."""
    a, b = two_sets(p=60, q=50, count=200, k=40)  # three images a person
    mine = np.arange(180)
    theirs = np.arange(180 - 3 * shared, 360 - 3 * shared)
    start = fit_map(a.take(theirs), b.take(theirs), "ols", judge=False)
    fitted = fit_map(a.take(mine), b.take(mine), start=start)
    told = [w for w in fitted.facts["warnings"] if w.startswith("the start was fitted on")]
    offered = fitted.facts["cross_validation"]["error"]
    assert ("start" in offered) == (shared == 0)
    assert len(told) == (shared > 0)
    if shared:
        assert f"{3 * shared} of these 180 images and {shared} of their 60 people" in told[0]
        assert "start" not in fitted.facts
    known = fit_map(a.take(mine), b.take(mine), "anchored", start=start, judge=False).fitted
    assert known.has(a.ids).sum() == 360 - 3 * shared  # a map knows its start's people too
