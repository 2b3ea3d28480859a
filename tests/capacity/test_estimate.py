from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facespace.capacity import answer, bound_answer, capacity_report, estimate, estimate_capacity, finding
from facespace.capacity.left_out import leave_out
from facespace.capacity.report import people
from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError, UnknownNameError
from facespace.io import to_json


@pytest.fixture(scope="module")
def result(faces):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimate, "_STEPS", 150)
        patch.setattr(estimate, "_FEW_STEPS", 50)
        return estimate_capacity(faces, validate=True, resamples=30)


def test_every_q_shape_and_class_has_a_point_with_its_interval(result):
    assert len(result.points) == 4 * 3 * 4
    assert all(p.low < p.capacity < p.high for p in result.points)
    for shape in ("full", "axis", "sphere"):
        for choice in ("max", "median", "mean", "min"):
            falling = [p.capacity for p in result.of(shape, choice)]
            assert falling == sorted(falling, reverse=True)
    at = {p.person_class: p.capacity for p in result.points if (p.q, p.shape) == (0.01, "full")}
    assert at["max"] < at["mean"] < at["median"] < at["min"]


def test_the_document_has_the_keys_that_scripts_rely_on(result):
    document = result.to_dict()
    assert set(document["points"][0]) == {"q", "shape", "class", "capacity", "low", "high"}
    assert document["intrinsic_dimension"]["images"]["two_nn"][0] > 0
    assert {curve["meaning"] for curve in document["validation"]} == {"far", "fnmr"}
    assert '"signature": "capacity|model:made-net|images:' in to_json(result)


def test_a_bound_that_the_set_itself_breaks_is_told_in_the_first_line(result):
    held = result.check.limit
    least = tuple(replace(point, capacity=held / 2) for point in result.points)
    broken, kept = replace(result, points=least), replace(result, points=tuple(replace(p, capacity=2 * held) for p in least))
    assert broken.contradicted
    assert (
        f"contradicted by this set: at that false reject rate half of the strangers are falsely identified among {held:.0f}"
        in (answer(broken))
    )
    assert broken.to_dict()["bound_contradicted"]
    assert not kept.contradicted
    assert "contradicted" not in answer(kept)


def test_ids_can_be_left_out_and_must_be_there(faces, monkeypatch):
    monkeypatch.setattr(estimate, "_STEPS", 5)
    gone = faces.ids[:7].tolist()
    found = estimate_capacity(faces, dim=3, sensitivity=False, resamples=5, exclude=gone)
    bare = estimate_capacity(faces.take(np.arange(7, len(faces))), dim=3, sensitivity=False, resamples=5)
    assert found.points == bare.points
    assert found.gallery_size.people == bare.gallery_size.people
    assert found.counts == bare.counts | {"excluded": 7}
    with pytest.raises(InputError, match="1 of 2 ids to leave out is not in the set: nobody/1"):
        estimate_capacity(faces, exclude=[gone[0], "nobody/1"])
    assert leave_out(faces, [f"{name}.jpg" for name in gone]).tolist() == list(range(7, len(faces)))


def test_what_the_number_hangs_on_is_told(result):
    changed = [s.changed for s in result.sensitivity]
    assert changed[0] == "nothing"
    assert {p.dim for p in result.by_dim} > {result.dim}
    assert sum("passes" in text for text in changed) == 2
    assert result.sensitivity[0].largest == pytest.approx(result.of("full", "max")[0].capacity)
    with_model, printed = (result.sensitivity[i].median for i in (0, 2))
    assert printed > with_model  # too few images make too small people, so too many of them


def test_measured_limits_grow_with_a_stricter_far_and_shrink_with_a_stricter_fnmr(result):
    thresholds = {kind: [c.threshold for c in result.measured(kind)] for kind in ("far", "fnmr")}
    assert thresholds["far"] == sorted(thresholds["far"])
    assert thresholds["fnmr"] == sorted(thresholds["fnmr"], reverse=True)
    assert all((np.diff(c.fpir) >= -1e-12).all() for c in result.validation)


def test_the_headline_is_of_the_shape_and_class_asked_for(faces, monkeypatch):
    monkeypatch.setattr(estimate, "_STEPS", 5)
    monkeypatch.setattr(estimate, "_FEW_STEPS", 5)
    steps = []
    found = estimate_capacity(
        faces, qs=[0.05], shape="sphere", person_class="mean", dim=3, resamples=5, progress=lambda *at: steps.append(at)
    )
    assert [(p.shape, p.person_class) for p in found.headline()] == [("sphere", "mean")]
    assert found.dim == 3
    assert found.validation == ()
    assert steps == [(i, 7) for i in range(1, 8)]


def test_sets_that_say_too_little_are_refused(faces):
    plain = EmbeddingSet(faces.vectors, [str(i) for i in range(len(faces))])
    with pytest.raises(InputError, match="nothing says who is in the images of the set"):
        estimate_capacity(plain)
    with pytest.raises(InputError, match="0 of 260 people have 50 images or more"):
        estimate_capacity(faces, min_images=50)
    with pytest.raises(InputError, match="q must be above 0 and below 1, not 2"):
        estimate_capacity(faces, qs=[2.0])
    with pytest.raises(UnknownNameError, match="unknown class 'biggest'"):
        estimate_capacity(faces, person_class="biggest")


def test_the_report_says_what_q_is_and_what_was_measured(result, tmp_path):
    files = capacity_report(result).write(tmp_path)
    page = next(f for f in files if f.name == "report.html").read_text()
    assert "lie outside their own ellipsoid" in page
    assert {"capacity.svg", "limits.svg", "growth.svg", "volumes.svg"} <= {f.name for f in files}
    assert people(result.headline()[1].capacity) in bound_answer(result)
    assert answer(result).startswith(f"The gallery may hold {people(result.gallery_size.people.value)} people")
    assert {"gallery-size.svg", "searches.svg"} <= {f.name for f in files}
    assert "strangers" in finding(result)


def test_numbers_of_people_are_written_as_people_read_them():
    assert [people(x) for x in (0.34, 39.6, 12345.6, 2.34e9, np.inf)] == ["0.3", "40", "12,346", "2.3e9", "inf"]


def doubled(faces, rows, **names):
    """The set with copies of `rows` under ids of their own."""
    ids = np.concatenate([faces.ids, [f"{faces.ids[row]}-again" for row in rows]])
    return EmbeddingSet(np.concatenate([faces.vectors, 2 * faces.vectors[rows]]), ids, model=faces.model, **names)


def test_copies_of_a_photo_count_once_and_are_named(faces, monkeypatch):
    monkeypatch.setattr(estimate, "_STEPS", 5)
    once = estimate_capacity(faces, dim=4, sensitivity=False, resamples=5)
    twice = estimate_capacity(doubled(faces, np.arange(0, len(faces), 4)), dim=4, sensitivity=False, resamples=5)
    assert twice.points == once.points
    assert twice.counts == once.counts | {"copies": -(-len(faces) // 4)}
    assert any("copies of another one of their person and count once" in warning for warning in twice.warnings)


def test_one_person_under_two_names_is_named(faces, monkeypatch):
    monkeypatch.setattr(estimate, "_STEPS", 5)
    x = faces.vectors.copy()
    x[-1] = x[0]
    found = estimate_capacity(EmbeddingSet(x, faces.ids), dim=4, sensitivity=False, resamples=5)
    named = next(warning for warning in found.warnings if "another person's" in warning)
    assert f"{faces.ids[-1]} = {faces.ids[0]}" in named


def test_people_of_nothing_but_copies_are_refused_with_a_message():
    x = np.repeat(np.random.default_rng(0).normal(size=(30, 8)), 4, axis=0)
    with pytest.raises(InputError, match="0 of 30 people have 2 images or more, where copies count once: there are 90"):
        estimate_capacity(EmbeddingSet(x, [f"p{i // 4}/{i}" for i in range(120)]))
