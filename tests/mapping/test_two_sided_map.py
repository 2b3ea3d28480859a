"""TwoSidedMap: what `fit_map(…, "joint")` gives, from the fit to the file and the comparisons it serves."""

from __future__ import annotations

import json

import numpy as np
import pytest
from mapping_samples import two_sets

import facespace as fs
from facespace.datasets import PairProtocol
from facespace.embeddings import EmbeddingSet
from facespace.errors import DimensionError, FileFormatError, InputError, UnknownNameError
from facespace.io import jsonable
from facespace.mapping import JointMap, PairStatistics, TwoSidedMap, fit_map, load_map, pair_statistics, refine_map
from facespace.verification import transfer_threshold, verify


@pytest.fixture(scope="module")
def sets():
    return two_sets()


@pytest.fixture(scope="module")
def joint(sets):
    return fit_map(*sets, "joint")


@pytest.fixture(scope="module")
def protocol(sets):
    ids, rng = sets[0].ids, np.random.default_rng(0)
    left = np.arange(0, 180, 3)
    other = left[rng.permutation(60)]
    keep = other != left
    pairs = np.concatenate([ids[left], ids[left[keep]]]), np.concatenate([ids[left + 1], ids[other[keep] + 2]])
    return PairProtocol("made", *pairs, np.repeat([True, False], [60, keep.sum()]))


def test_it_is_the_estimator_of_the_study_on_the_same_statistics(sets, joint):
    rho = joint.facts["regularization"]
    estimator = JointMap(rho).fit_statistics(pair_statistics(*sets))
    x, y = sets[0].normalized(), sets[1].normalized()
    np.testing.assert_allclose(joint.probe(sets[0].vectors), estimator.probe(x), atol=1e-5)
    np.testing.assert_allclose(joint.reference(7 * sets[1].vectors), estimator.reference(y), atol=1e-5)
    assert joint.correlations.shape == (joint.dim,) == (20,)


def test_the_regularization_is_chosen_as_auto_chooses_and_the_facts_say_so(joint):
    judged = joint.facts["cross_validation"]
    assert (
        joint.facts["chosen"] == min(judged["error"], key=judged["error"].get) == f"joint(ρ={joint.facts['regularization']})"
    )
    assert set(judged["error"]) == {"joint(ρ=0.03)", "joint(ρ=0.1)"}
    assert (judged["parts"], judged["labelled"]) == (5, True)
    assert [joint.facts[key] for key in ("method", "pairs", "subjects", "pairing")] == ["joint", 180, 60, "same"]
    json.dumps(jsonable(joint.facts))


def test_it_is_given_or_the_default_where_there_are_too_few_people(sets):
    few = sets[0].take(np.arange(27))
    fitted = fit_map(few, sets[1], "joint")
    assert fitted.facts["regularization"] == 0.1
    assert "needs at least 10 people; these pairs have 9" in fitted.facts["note"]
    given = fit_map(few, sets[1], "joint", regularization=0.5)
    assert (given.facts["regularization"], "note" in given.facts) == (0.5, False)
    with pytest.raises(InputError, match="regularization must be a positive number; got -1"):
        fit_map(*sets, "joint", regularization=-1)


@pytest.mark.parametrize("options", [{"center": False}, {"intercept": True}])
def test_without_centring_there_is_no_joint_map(sets, options):
    with pytest.raises(InputError, match="about the means"):
        fit_map(*sets, "joint", **options)


def test_a_method_that_does_not_exist_is_told_all_that_do(sets):
    with pytest.raises(UnknownNameError, match="did you mean 'joint'") as error:
        fit_map(*sets, "joynt")
    assert {"auto", "joint", "ridge"} <= set(error.value.hint.removeprefix("Known: ").rstrip(".").split(", "))


def test_it_comes_back_from_its_file_whole(joint, sets, tmp_path):
    path = joint.save(tmp_path / "m.safetensors")
    for found in (TwoSidedMap.load(path), load_map(path), fs.load_map(path)):
        assert (found.name, repr(found), found.method) == (joint.name, repr(joint), "joint")
        assert (found.source_model, found.target_model) == ("a", "b")
        assert dict(found.facts) == jsonable(joint.facts)
        assert np.array_equal(found.correlations, joint.correlations)
        for side, faces in zip(("source", "target"), sets, strict=True):
            assert np.array_equal(found.apply(faces).vectors, joint.apply(faces, side).vectors)
            assert found.check(faces.vectors, side) == joint.check(faces.vectors, side)
    assert repr(joint) == "TwoSidedMap(a (24) + b (20) → 20, joint, 180 pairs)"


def test_each_kind_of_map_is_loaded_as_what_it_is(joint, sets, tmp_path):
    two = joint.save(tmp_path / "two.safetensors")
    one = fit_map(*sets, "ridge").save(tmp_path / "one.safetensors")
    assert isinstance(load_map(one), fs.LinearMap)
    with pytest.raises(FileFormatError, match="holds 'two-sided-map', but 'map' is needed") as error:
        fs.LinearMap.load(two)
    assert "every --method but joint" in error.value.hint
    with pytest.raises(FileFormatError, match="holds 'map', but 'two-sided-map' is needed"):
        TwoSidedMap.load(one)
    with pytest.raises(FileFormatError, match="holds 'statistics', but 'map' or 'two-sided-map'"):
        load_map(pair_statistics(*sets).save(tmp_path / "s.safetensors"))


def test_moved_sets_are_compared_without_a_map(joint, sets, protocol):
    with_map = verify(*sets, protocol=protocol, map=joint)
    moved = [joint.apply(faces) for faces in sets]
    assert moved[0].model == moved[1].model == joint.name
    assert joint.name.startswith("joint:a+b@")
    plain = verify(*moved, protocol=protocol)
    np.testing.assert_allclose(plain.genuine_scores, with_map.genuine_scores, atol=1e-6)
    np.testing.assert_allclose(plain.impostor_scores, with_map.impostor_scores, atol=1e-6)
    assert not any("without a map" in text for text in plain.warnings)
    assert "map:joint" in with_map.signature
    assert moved[0].subject.tolist() == sets[0].subject.tolist()


def test_the_name_of_the_common_space_tells_fits_apart(joint, sets):
    assert fit_map(*sets, "joint").name == joint.name
    assert fit_map(*sets, "joint", regularization=0.5).name != joint.name


def test_exchanging_the_networks_changes_no_score(joint, sets, protocol):
    """Neither by a new fit (the same statistics, so the same ρ) nor by `swap`."""
    other = PairProtocol("made", protocol.right, protocol.left, protocol.same)
    forward = verify(*sets, protocol=protocol, map=joint)
    for back in (joint.swap(), fit_map(*sets[::-1], "joint", regularization=joint.facts["regularization"])):
        backward = verify(*sets[::-1], protocol=other, map=back)
        np.testing.assert_allclose(backward.genuine_scores, forward.genuine_scores, atol=1e-5)
        np.testing.assert_allclose(backward.impostor_scores, forward.impostor_scores, atol=1e-5)
    few = fit_map(sets[0].take(np.arange(100)), sets[1], "joint")
    assert (few.facts["target_unmatched"], few.swap().facts["source_unmatched"]) == (80, 80)
    assert few.swap().apply(sets[1], "source").model == few.name


def test_the_side_is_found_by_the_name_or_asked_for(joint, sets):
    a, b = sets
    nameless, foreign = (EmbeddingSet(a.vectors, a.ids, model=model) for model in ("", "c"))
    assert np.array_equal(joint.apply(nameless, "source").vectors, joint.apply(a).vectors)
    with pytest.raises(InputError, match="names no network") as error:
        joint.apply(nameless)
    assert "--side source or --side target" in error.value.hint
    with pytest.raises(InputError, match="of 'a' and 'b', and the set was made by 'c'"):
        joint.apply(foreign)
    with pytest.raises(InputError, match="this map's source is 'a', but the set was made by 'c'"):
        joint.apply(foreign, "source")
    with pytest.raises(InputError, match="this map's target is 'b', but the set was made by 'a'") as error:
        joint.check_model(a, "target")
    assert "exchanged" in error.value.hint
    with pytest.raises(UnknownNameError, match="did you mean 'source'"):
        joint.apply(a, "sources")
    with pytest.raises(InputError, match="was made by"):  # moved already
        joint.apply(joint.apply(b))
    with pytest.raises(DimensionError, match="width 24"):
        joint.probe(b.vectors)


def test_two_networks_of_one_name_have_to_be_told_apart(sets):
    one, two = (EmbeddingSet(s.vectors, s.ids, model="net", subject=s.subject) for s in sets)
    fitted = fit_map(one, two, "joint")
    with pytest.raises(InputError, match="of 'net' and 'net'"):
        fitted.apply(one)
    assert fitted.apply(one, "source").model == fitted.apply(two, "target").model


def test_the_domain_of_either_side_is_known(joint, sets):
    a, b = sets
    assert joint.check(a.vectors).in_domain
    assert joint.check(b.vectors, "target").in_domain
    turned = a.normalized() @ np.linalg.qr(np.random.default_rng(3).normal(size=(24, 24)))[0]
    assert not joint.check(turned).in_domain


def test_it_brings_out_what_the_networks_share(sets):
    """Fitted on 40 people, 20 others are found by their image of the other network."""
    known, others = np.arange(120), np.arange(120, 180)
    fitted = fit_map(*(s.take(known) for s in sets), "joint")
    x, y = fitted.apply(sets[0].take(others)).normalized(), fitted.apply(sets[1].take(others)).normalized()
    assert np.mean((x @ y.T).argmax(axis=1) == np.arange(60)) > 0.9


def test_thresholds_are_transferred(joint, sets):
    found = transfer_threshold(joint, *sets, 0.05, pairs=30_000)
    x, y = (joint.apply(faces).normalized() for faces in sets)
    apart = sets[0].subject[:, None] != sets[1].subject
    assert np.mean((x @ y.T)[apart] >= found.threshold) == pytest.approx(0.05, abs=0.01)
    assert "map:joint" in found.signature


def test_it_is_no_start_for_refining(joint, sets):
    with pytest.raises(InputError, match="own space, not from a two-sided one") as error:
        refine_map(joint, *sets)
    assert "another method than joint" in error.value.hint


@pytest.mark.parametrize("side", ["source", "target"])
def test_each_side_is_exported(joint, sets, tmp_path, side):
    pytest.importorskip("onnx")
    import onnxruntime

    path = joint.to_onnx(tmp_path / "m.onnx", side=side)
    faces = sets[side == "target"]
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = session.run(None, {"embedding": faces.vectors})[0]
    np.testing.assert_allclose(found, joint.apply(faces, side).vectors, atol=1e-4)
    assert session.get_modelmeta().custom_metadata_map["facespace.target"] == joint.name


def test_matched_pairs_of_a_list_fit_it_too(sets, protocol):
    fitted = fit_map(*sets, "joint", protocol=protocol)
    assert (fitted.facts["pairing"], fitted.facts["pairs"]) == ("matched", 60)
    statistics = PairStatistics.of(sets[0].normalized()[0::3], sets[1].normalized()[1::3])
    estimator = JointMap(fitted.facts["regularization"]).fit_statistics(statistics)
    np.testing.assert_allclose(fitted.probe(sets[0].vectors), estimator.probe(sets[0].normalized()), atol=1e-4)
