"""A map knows what it was fitted on, and whoever judges it on that is told."""

from __future__ import annotations

import numpy as np
import pytest
from mapping_samples import two_sets

from facespace.datasets import PairProtocol, person_templates
from facespace.embeddings import EmbeddingSet
from facespace.errors import FileFormatError, InputError
from facespace.identification import identify
from facespace.io import read_artefact, to_json, write_artefact
from facespace.mapping import FittedOn, fit_map, load_map
from facespace.studies.cross_model import cross_model_study
from facespace.templates import verify_templates
from facespace.verification import System, compare_systems, transfer_threshold, verify


@pytest.fixture(scope="module")
def half():
    """Two networks' sets, those of the first half of the people, pairs of all, and which pairs are of the first half."""
    a, b = two_sets()
    people = np.unique(a.subject)
    mine = np.flatnonzero(np.isin(a.subject, people[:30]))
    rng = np.random.default_rng(0)
    in_half = np.isin(a.subject, people[:30])
    left, right = [], []
    for person in people:
        own = a.subject == person
        rows = np.flatnonzero(own)
        strangers = np.flatnonzero(~own & (in_half == in_half[rows[0]]))
        left += [rows[0], rows[1]]
        right += [rows[1], rng.choice(strangers)]
    same = np.tile([True, False], len(people))
    protocol = PairProtocol("made", a.ids[left], a.ids[right], same)
    return a, b, a.take(mine), b.select(a.ids[mine]), protocol, in_half[left]


@pytest.mark.parametrize("method", ["rotation", "joint"])
def test_pairs_that_a_map_was_fitted_on_are_counted_and_the_rest_judged_alone(half, method, tmp_path):
    a, b, mine, theirs, protocol, seen = half
    fitted = load_map(fit_map(mine, theirs, method).save(tmp_path / "m.safetensors"))
    found = verify(a, b, protocol=protocol, map=fitted)
    assert found.fitted_pairs == seen.sum()
    rest = verify(a, b, protocol=protocol.take(~seen), map=fitted)
    assert rest.fitted_pairs == 0
    assert found.unseen is not None
    assert to_json(found.unseen) == to_json(rest)
    assert any(
        f"{seen.sum()} of {len(seen)} pairs are of images or people that the map was fitted on" in w for w in found.warnings
    )
    with pytest.raises(InputError, match="fitted on"):
        verify(a, b, protocol=protocol, map=fitted, strict=True)
    verify(a, b, protocol=protocol.take(~seen), map=fitted, strict=True)


def test_other_photos_of_the_people_count_too(half):
    a, b, mine, theirs, protocol, seen = half
    first = np.flatnonzero([not np.any(mine.subject[:i] == s) for i, s in enumerate(mine.subject)])
    fitted = fit_map(mine.take(first), theirs.take(first), "rotation")
    assert verify(a, b, protocol=protocol, map=fitted).fitted_pairs == seen.sum()


def test_judged_on_all_that_it_was_fitted_on_nothing_is_left(half):
    a, b, *_, protocol, _ = half
    found = verify(a, b, protocol=protocol, map=fit_map(a, b, "ridge"))
    assert (found.fitted_pairs, found.unseen) == (len(protocol), None)
    assert any("nothing is left to judge by" in warning for warning in found.warnings)


def test_identification_templates_and_thresholds_tell_it_too(half):
    a, b, mine, theirs, *_ = half
    fitted = fit_map(mine, theirs, "rotation")
    first = np.array([not np.any(a.subject[:i] == s) for i, s in enumerate(a.subject)])
    gallery, probes = b.select(a.ids[first]), a.take(np.flatnonzero(~first))
    told = identify(gallery, probes, map=fitted).warnings
    assert any("probes are of images or people that the map was fitted on" in warning for warning in told)
    assert any("gallery entries are of images" in warning for warning in told)
    assert "source images are of images" in transfer_threshold(fitted, a, b, 0.1, pairs=2000).notes[0]
    templates = verify_templates(a, b, protocol=person_templates(a), map=fitted)
    assert any("pairs of templates are of images" in warning for warning in templates.warnings)


@pytest.mark.parametrize("method", ["rotation", "joint"])
def test_a_mapped_set_says_which_map_moved_it(half, method, tmp_path):
    a, b, mine, theirs, protocol, _ = half
    fitted = fit_map(mine, theirs, method)
    moved = EmbeddingSet.load(fitted.apply(a).save(tmp_path / "moved.parquet"))
    assert moved.mapped is not None
    assert moved.mapped["source"] == a.model
    assert moved.mapped["fitted"] == len(mine)
    target = b if method == "rotation" else fitted.apply(b)
    warnings = verify(moved, target, protocol=protocol).warnings
    assert not any("without a map" in warning for warning in warnings)
    assert any("judge a map on other people than its own" in warning for warning in warnings)
    with pytest.raises(InputError, match="a map has moved these sets"):
        cross_model_study([a, b, moved], protocol)


def test_what_was_fitted_on_can_be_left_out(half, tmp_path):
    a, b, *_, protocol, _ = half
    fitted = fit_map(a, b, "ridge", provenance=False)
    assert fitted.fitted is None
    assert fitted.facts["provenance"] == "left out"
    assert load_map(fitted.save(tmp_path / "m.safetensors")).fitted is None
    assert verify(a, b, protocol=protocol, map=fitted).fitted_pairs == 0
    with pytest.raises(InputError, match="doesn't say"):
        verify(a, b, protocol=protocol, map=fitted, strict=True)


def test_hashes_find_the_names_and_no_others():
    names = np.array([f"p{i}" for i in range(1000)])
    fitted = FittedOn.of(names[:500], np.array(["ann", "", "bob"]))
    assert fitted.has(names).tolist() == [True] * 500 + [False] * 500
    assert fitted.has(names[600:603], np.array(["bob", "", "eve"])).tolist() == [True, False, False]
    assert len(fitted.people) == 2


def test_a_file_whose_hashes_are_no_hashes_is_refused(half, tmp_path):
    a, b, *_ = half
    path = fit_map(a, b, "ridge").save(tmp_path / "m.safetensors")
    file = read_artefact(path)
    broken = {**file.arrays, "fitted_people": np.zeros(3)}
    with pytest.raises(FileFormatError, match="fitted_people"):
        load_map(write_artefact(path, "map", broken, file.facts))


def test_two_systems_on_the_same_pairs_tell_it_too(half):
    a, b, mine, theirs, protocol, seen = half
    found = compare_systems(System(a, b, fit_map(mine, theirs, "ridge")), System(b), protocol=protocol)
    assert any(f"{seen.sum()} of {len(seen)} pairs are of images" in warning for warning in found.warnings)
