"""Two images a person and a cohort, against the plain system on the same draws."""

from __future__ import annotations

import json

import numpy as np
import pytest

from facespace.capacity import gallery_size, plan_capacity, plan_report
from facespace.capacity.planning.triples import Triples
from facespace.embeddings import EmbeddingSet, normalize
from facespace.errors import InputError
from facespace.io import to_json


def made(people=90, images=3, noise=0.45, seed=0, prefix="p", tilt=0.0):
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), images)
    vectors = rng.normal(size=(people, 12))[person] + noise * rng.normal(size=(people * images, 12))
    # Some images drift towards one direction, as blurred ones do: such score high with each other.
    vectors[:, 0] += tilt * (rng.random(len(vectors)) < 0.3)
    return EmbeddingSet(vectors, [f"{prefix}{p:03d}/{i}" for i, p in enumerate(person)], model="made")


@pytest.fixture(scope="module")
def plan():
    return plan_capacity(made(tilt=2.0), cohort=made(200, 1, seed=9, prefix="c", tilt=2.0), fnir=0.1, resamples=40)


def test_two_images_hold_a_larger_gallery_than_one(plan):
    one, pooled, higher = plan.templates
    assert one.ratio is None
    assert pooled.ratio.value == pytest.approx(pooled.people.value / one.people.value)
    assert pooled.ratio.low > 1
    assert higher.ratio.value > 1
    assert plan.counts["template_people"] == 90
    assert plan.counts["template_searches"] == 270


def test_a_cohort_takes_back_what_drifting_images_cost(plan):
    plain, corrected = plan.cohort
    assert plain.people.value == pytest.approx(gallery_size(made(tilt=2.0), fnir=0.1, resamples=40).people.value, rel=0.1)
    assert corrected.ratio.value > 1


def test_scores_of_two_images_written_out():
    faces = made(40, 4)
    unit, person = faces.normalized(), np.repeat(np.arange(40), 4)
    triples = Triples.of(person, 0)
    assert len({tuple(sorted(row)) for row in triples.rows.tolist()}) == len(triples.rows) == 160
    for row, who in zip(triples.rows, triples.person, strict=True):
        assert len(set(person[row])) == 1
        assert person[row[0]] == person[triples.first[who, 0]]
    for way in ("one", "pooled", "higher"):
        scores, (left, right), genuine = triples.scored(unit, way)
        for at in (0, 7, len(scores) - 1):
            a, b, _ = triples.first[left[at]]
            c = unit[triples.first[right[at], 2]]
            wanted = {
                "one": unit[a] @ c,
                "pooled": normalize((unit[a] + unit[b])[None])[0] @ c,
                "higher": max(unit[a] @ c, unit[b] @ c),
            }
            assert scores[at] == pytest.approx(wanted[way], abs=1e-6)
        assert genuine.weights.sum() == pytest.approx(1)


def test_n_star_falls_with_stricter_targets(plan):
    at = {(t.fpir, t.fnir): t.people.value for t in plan.targets}
    assert at[0.01, 0.2] > at[0.01, 0.1] > at[0.01, 0.05]
    assert at[0.1, 0.1] > at[0.01, 0.1] > at[0.001, 0.1]


def test_without_people_of_three_images_that_is_said():
    found = plan_capacity(made(60, 2), fnir=0.1, resamples=5)
    assert found.templates == found.cohort == ()
    assert any("what two images a person do can't be told" in text for text in found.warnings)


def test_a_cohort_of_the_set_s_own_images_is_refused():
    with pytest.raises(InputError, match="270 images of the set are in the cohort"):
        plan_capacity(made(), cohort=made(), fnir=0.1)
    other = made(200, 1, prefix="c")
    with pytest.raises(InputError, match="the set is of made, the cohort of another"):
        plan_capacity(made(), cohort=EmbeddingSet(other.vectors, other.ids, model="another"), fnir=0.1)


def test_the_report_and_the_document(plan, tmp_path):
    document = json.loads(to_json(plan))
    assert [row["way"] for row in document["templates"]] == ["one", "pooled", "higher"]
    page = next(f for f in plan_report(plan).write(tmp_path) if f.name == "report.html").read_text()
    assert "Two images a person" in page
    assert "A cohort of strangers" in page
