from __future__ import annotations

import csv

import numpy as np
import pytest

from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError
from facespace.identification import identify, match_probes
from facespace.mapping import fit_map

RNG = np.random.default_rng(4)


def faces(people, images, name="net", first=0):
    ids = [f"p{p:02d}/{i}" for p in range(people) for i in range(first, first + images)]
    centre = np.random.default_rng(1).normal(size=(people, 16))
    return EmbeddingSet(np.repeat(centre, images, axis=0) + 0.7 * RNG.normal(size=(len(ids), 16)), ids, model=name)


@pytest.fixture(scope="module")
def sides():
    """A gallery of 30 people with two images, one of them unknown; probes of 40 people."""
    gallery, probes = faces(30, 2), faces(40, 2, first=2)
    subject = [i.split("/")[0] for i in gallery.ids]
    subject[3] = ""
    return EmbeddingSet(gallery.vectors, gallery.ids, model="net", subject=subject), probes


def test_each_probe_gets_the_entry_of_the_greatest_cosine_of_a_known_person(sides):
    gallery, probes = sides
    found = match_probes(gallery, probes)
    known = np.flatnonzero(gallery.subject != "")
    scores = probes.normalized() @ gallery.normalized()[known].T
    best = known[scores.argmax(axis=1)]
    assert found.entry.tolist() == gallery.ids[best].tolist()
    assert found.person.tolist() == gallery.subject[best].tolist()
    assert np.allclose(found.score, scores.max(axis=1), atol=1e-6)
    assert found.probe.tolist() == probes.ids.tolist()
    assert found.shown.tolist() == [i.split("/")[0] for i in probes.ids]
    assert found.warnings[0] == "1 of 60 images of the gallery are of unknown people and were left out"


def test_it_agrees_with_identify_on_who_is_found_first(sides):
    gallery, probes = sides
    found, rates = match_probes(gallery, probes), identify(gallery, probes)
    assert np.mean((found.person == found.shown)[:60]) == pytest.approx(rates.cmc[0].rate)
    cut = rates.fnir[0].threshold
    wrong = (found.score >= np.float32(cut))[60:]
    assert int(wrong.sum()) == rates.fnir[0].false_positives


def test_a_stored_gallery_gives_the_same(sides, tmp_path, monkeypatch):
    gallery, probes = sides
    gallery.save(tmp_path / "g", rows_per_file=7)
    stored = match_probes(EmbeddingSet.open(tmp_path / "g"), probes)
    assert stored.entry.tolist() == match_probes(gallery, probes).entry.tolist()
    assert stored.person.tolist() == match_probes(gallery, probes).person.tolist()


def test_maps_and_cohorts_are_those_of_identify(sides):
    gallery, probes = sides
    turn = np.linalg.qr(RNG.normal(size=(16, 16)))[0]
    other = EmbeddingSet(probes.vectors @ turn, probes.ids, model="turned", subject=[i[:3] for i in probes.ids])
    keys = EmbeddingSet(RNG.normal(size=(200, 16)), [f"k{i}" for i in range(200)], model="turned")
    fitted = fit_map(keys, EmbeddingSet(keys.vectors @ turn.T, keys.ids, model="net"), "rotation")
    found, rates = match_probes(gallery, other, map=fitted), identify(gallery, other, map=fitted)
    assert np.mean((found.person == found.shown)[:60]) == pytest.approx(rates.cmc[0].rate)
    assert rates.cmc[0].rate > 0.5  # of 30 people
    cohort = EmbeddingSet(RNG.normal(size=(500, 16)), [f"c{i}" for i in range(500)], model="net")
    found = match_probes(gallery, probes, cohort=(cohort, cohort))
    rates = identify(gallery, probes, cohort=(cohort, cohort))
    assert np.mean((found.person == found.shown)[:60]) == pytest.approx(rates.cmc[0].rate)


def test_the_table_names_probe_person_entry_score_and_threshold(sides, tmp_path):
    gallery, probes = sides
    found = match_probes(gallery, probes, thresholds={"fpir_0.1": 0.5})
    with found.save(tmp_path / "m.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["probe", "person", "gallery_id", "score", "above_fpir_0.1", "shown"]
    assert [np.float32(row["score"]) for row in rows] == found.score.tolist()
    assert [row["above_fpir_0.1"] == "1" for row in rows] == (found.score >= 0.5).tolist()


def test_images_on_both_sides_are_refused(sides):
    with pytest.raises(InputError, match="in the gallery and among the probes"):
        match_probes(sides[0], sides[0])


def test_where_no_stranger_may_pass_none_does_in_the_table(sides):
    gallery, probes = sides
    result = identify(gallery, probes, fpirs=(1e-3, 0.1))
    found = match_probes(gallery, probes, thresholds={f"{row.fpir:g}": row.threshold for row in result.fnir})
    stranger = ~np.isin(found.shown, gallery.subject)
    assert result.fnir[0].false_positives == 0
    for row in result.fnir:
        assert np.count_nonzero(found.above(f"{row.fpir:g}") & stranger) == row.false_positives


@pytest.mark.parametrize("seed", range(3))
def test_the_table_cuts_probes_as_the_rates_do(seed):
    """Thresholds are scores of probes: another way to multiply, another last bit, and a mate falls on the other side."""
    rng = np.random.default_rng(seed)
    centre, who = rng.normal(size=(300, 512)), np.repeat(np.arange(300), 3)
    people = np.array([f"p{n}" for n in who])
    gallery = EmbeddingSet(
        centre[:200] + 0.9 * rng.normal(size=(200, 512)), [f"g{n}" for n in range(200)], subject=people[:600:3]
    )
    vectors = centre[who] + 3.2 * rng.normal(size=(900, 512))
    probes = EmbeddingSet(vectors, [f"q{n}" for n in range(900)], subject=people)
    result = identify(gallery, probes, fpirs=np.linspace(0.001, 0.3, 60).tolist())
    found = match_probes(gallery, probes, thresholds={f"{row.fpir:g}": row.threshold for row in result.fnir})
    for row in result.fnir:
        right = (found.person == people) & found.above(f"{row.fpir:g}") & (who < 200)
        assert 1 - right.sum() / 600 == pytest.approx(row.fnir, abs=1e-9)
