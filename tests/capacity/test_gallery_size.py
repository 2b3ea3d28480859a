"""How many people the gallery may hold: formulas written out, and what the answer says of its own evidence."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from facespace.capacity import gallery_size, size_report
from facespace.capacity.sizing.evidence import Genuine, impostors, triangle
from facespace.capacity.sizing.model import estimate
from facespace.capacity.sizing.tail import pareto_moments
from facespace.embeddings import EmbeddingSet, normalize
from facespace.errors import InputError
from facespace.io import to_json


def made(people=400, dim=24, noise=0.55, seed=0):
    """Two images each of people in all directions alike."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), 2)
    vectors = rng.normal(size=(people, dim))[person] + noise * rng.normal(size=(2 * people, dim))
    return EmbeddingSet(vectors, [f"p{p:04d}/{i}" for i, p in enumerate(person)], model="made")


@pytest.fixture(scope="module")
def size():
    return gallery_size(made())


@pytest.mark.parametrize("shape", [-0.2, -0.05, 0.1])
def test_probability_weighted_moments_find_the_tail_that_scores_are_drawn_from(shape):
    drawn = np.sort(stats.genpareto.rvs(shape, scale=0.04, size=200_000, random_state=1))
    sigma, xi = pareto_moments(drawn)
    assert sigma == pytest.approx(0.04, rel=0.02)
    assert xi == pytest.approx(shape, abs=0.01)


def test_an_excess_of_weight_two_is_two_excesses():
    excess = np.sort(np.random.default_rng(0).exponential(0.04, 1000))
    twice = np.where(np.arange(1000) % 3 == 0, 2.0, 1.0)
    weighted, repeated = pareto_moments(excess, twice), pareto_moments(np.repeat(excess, twice.astype(int)))
    assert weighted == pytest.approx(repeated, rel=1e-6)


def test_the_tail_is_the_generalised_pareto_s_and_the_body_is_counted():
    unit = normalize(np.random.default_rng(2).normal(size=(300, 16)))
    scores, pairs = triangle(unit)
    found = impostors(scores, pairs, 300, np.empty(0, np.intp))
    tail = estimate(found, Genuine.of(np.array([0.9, 0.8]), np.array([0, 1])), -0.08).tail
    assert tail.shape == -0.08
    above = np.linspace(tail.start, tail.start + 0.2, 5)
    assert np.allclose(tail.fmr(above), tail.share * stats.genpareto.sf(above - tail.start, tail.shape, scale=tail.scale))
    for score in (-0.2, 0.0, 0.15):
        assert tail.fmr(score) == pytest.approx(np.mean(scores >= score), rel=0.05)


def test_the_answer_is_where_the_curve_reaches_what_was_asked_for(size):
    at = np.interp(np.log(size.people.value), np.log(size.curve.sizes), size.curve.fpir)
    assert at == pytest.approx(size.fpir, rel=0.05)
    failed = np.interp(np.log(size.people.value), np.log(size.curve.sizes), size.curve.fnir)
    assert failed == pytest.approx(size.fnir, abs=0.01)


def test_counting_agrees_with_the_model_within_the_set(size):
    assert size.people.low < size.measured.value < size.people.high
    inside = size.curve.inside
    assert np.isnan(size.curve.measured[~inside]).all()
    assert (np.abs(np.log(size.curve.fpir[inside] / size.curve.measured[inside])) < 0.35).all()


def test_a_stricter_demand_makes_a_smaller_gallery(size):
    stricter = gallery_size(made(), fpir=0.001)
    more_found = gallery_size(made(), fnir=0.02)
    assert stricter.people.value == pytest.approx(size.people.value / 10, rel=0.1)
    assert more_found.people.value < size.people.value
    assert more_found.threshold.value < size.threshold.value


def test_people_of_many_images_count_once():
    rng = np.random.default_rng(3)
    scores = np.concatenate([rng.normal(0.7, 0.05, 20), [0.3]])
    genuine = Genuine.of(scores, np.array([0] * 20 + [1]))
    assert genuine.weights[genuine.scores == 0.3] == pytest.approx(0.5)


def with_wrong_names(faces):
    """The set with a copy, and with a near copy, of one image each under another name."""
    x = faces.vectors.copy()
    x[[40, 41]] = x[[60, 61]]
    x[[80, 81]] = x[[100, 101]] + 0.05
    return EmbeddingSet(x, faces.ids, model=faces.model)


def test_label_errors_are_named_and_not_counted(size):
    found = gallery_size(with_wrong_names(made()))
    pairs = {(p.left.split("/")[0], p.right.split("/")[0]) for p in found.suspects}
    assert ("p0020", "p0030") in pairs
    assert ("p0040", "p0050") in pairs
    assert len(pairs) == 2
    assert any("2 pairs of two names score like one person and were not counted" in text for text in found.warnings)
    assert found.people.value == pytest.approx(size.people.value, rel=0.25)
    assert found.with_suspects.value < found.people.value
    assert size.suspects == ()
    assert size.with_suspects is None


def test_ids_that_are_left_out_take_their_pairs_along():
    faces = with_wrong_names(made())
    gone = [name for name in faces.ids.tolist() if name.startswith(("p0020", "p0040"))]
    found = gallery_size(faces, exclude=gone)
    assert found.suspects == ()
    assert found.counts["people"] == 398
    assert found.counts["excluded"] == 4


def test_more_genuine_pairs_halve_the_interval_only_where_they_are_what_is_missing(size):
    c = size.counts
    assert 0 < size.genuine_part < 1
    wanted = c["halving_people"]
    assert (wanted == 0) == (size.genuine_part <= 0.75)
    few = gallery_size(EmbeddingSet(*(part for part in _few_pairs(made(1000, seed=5), 60)), model="made"), resamples=100)
    assert few.genuine_part > size.genuine_part
    assert few.counts["halving_people"] > 4 * few.counts["genuine_people"]


def _few_pairs(faces, people):
    keep = np.array([i % 2 == 0 or i // 2 < people for i in range(len(faces))])
    return faces.vectors[keep], faces.ids[keep]


def test_vectors_that_tell_nobody_apart_are_told():
    """Every person's two images are opposite, so that all scores of two people are as high as that of one."""
    signs = EmbeddingSet(np.tile([[1.0], [-1.0]], (400, 1)), made().ids, model="one number")
    with pytest.raises(InputError, match="79,800 of 79,800 scores of two people are as high as those of one"):
        gallery_size(signs)


def test_what_can_t_be_told_is_refused():
    with pytest.raises(InputError, match="fpir must be above 0 and below 1, not 1"):
        gallery_size(made(60), fpir=1.0)
    with pytest.raises(InputError, match="29 people are too few"):
        gallery_size(made(29))
    with pytest.raises(InputError, match=r"a FNIR of 0.005 of 100 people .* is less than one person"):
        gallery_size(made(100), fnir=0.005)


def test_the_report_and_the_document_say_what_was_counted_and_what_was_not(size, tmp_path):
    document = json.loads(to_json(size))
    assert document["curve"]["measured"][-1] is None
    assert document["curve"]["inside"][0] is True
    files = size_report(gallery_size(with_wrong_names(made()), resamples=20)).write(tmp_path)
    page = next(f for f in files if f.name == "report.html").read_text()
    assert "Two names, one person?" in page
    assert "model, extrapolated" in page
    assert "The gallery may hold" in page
