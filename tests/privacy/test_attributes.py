from __future__ import annotations

import json

import numpy as np
import pytest

from facespace.embeddings import EmbeddingSet
from facespace.errors import FileFormatError, InputError
from facespace.io import to_json
from facespace.privacy import attribute_finding, attribute_report, audit_attributes, read_labels

pytest.importorskip("cryptography")
SOME = ("rotation", "1-bit", "encrypted")


def made(people=120, images=4, share=0.3, seed=0):
    """A set in which an attribute of the person lies along one direction, and one of the image along another."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), images)
    tall, bright = rng.random(people)[person] < share, rng.random(len(person)) < 0.5
    vectors = rng.normal(size=(people, 16))[person] + 0.4 * rng.normal(size=(len(person), 16))
    vectors[:, 0] += 4 * tall
    vectors[:, 1] += 3 * bright
    ids = [f"p{p}/{i}" for i, p in enumerate(person)]
    labels = {
        "tall": dict(zip(ids, np.where(tall, "yes", "no").tolist(), strict=True)),
        "bright": dict(zip(ids, np.where(bright, "yes", "no").tolist(), strict=True)),
    }
    return EmbeddingSet(vectors, ids, model="net", subject=[f"p{p}" for p in person]), labels


@pytest.fixture(scope="module")
def data():
    return made()


@pytest.fixture(scope="module")
def audit(data):
    return audit_attributes(*data, only=SOME, resamples=60)


def points(result, attribute):
    return {(p.protection, p.keys): p for p in result.points if p.attribute == attribute}


def test_a_probe_reads_what_lies_along_a_direction_and_a_rotation_hides_nothing(audit):
    for attribute in ("tall", "bright"):
        found = points(audit, attribute)
        assert found["plain", "common"].balanced_low > 0.7
        # whoever trains the probe has labelled templates of the same secret, and a rotation moves the direction only
        assert found["rotation", "common"].balanced == pytest.approx(found["plain", "common"].balanced, abs=0.05)
        assert found["1-bit", "common"].balanced > 0.6


def test_nothing_is_read_where_the_secret_is_another_or_a_key_is_missing(audit):
    for attribute in ("tall", "bright"):
        found = points(audit, attribute)
        for way in (("rotation", "person"), ("encrypted", "common")):
            assert found[way].balanced_low < 0.5 + 0.03
            assert found[way].balanced < 0.6


def test_the_base_rate_is_that_of_the_commoner_class(audit, data):
    yes = np.mean([label == "yes" for label in data[1]["tall"].values()])
    for point in points(audit, "tall").values():
        assert point.base_rate == pytest.approx(max(yes, 1 - yes))
        assert (point.images, point.people, point.classes) == (480, 120, ("no", "yes"))
        assert point.low <= point.accuracy <= point.high
        assert point.balanced_low <= point.balanced <= point.balanced_high


def test_nobody_is_in_training_and_test_of_one_probe():
    """A label drawn for each person at random is learnt by heart where people are on both sides, and else not at all."""
    faces, _ = made(people=150, images=6, seed=3)
    rng = np.random.default_rng(4)
    drawn = {name: str(label) for name, label in zip(np.unique(faces.subject), rng.integers(0, 2, 150), strict=True)}
    labels = {"coin": {i: drawn[s] for i, s in zip(faces.ids.tolist(), faces.subject.tolist(), strict=True)}}
    point = audit_attributes(faces, labels, only=["plain"], resamples=60).points[0]
    assert point.balanced_low < 0.5 < point.balanced_high + 0.02
    assert point.balanced < 0.6


def test_images_without_a_label_are_left_out_and_counted(data):
    faces, labels = data
    some = {"tall": dict(list(labels["tall"].items())[:400])}
    found = audit_attributes(faces, some, only=["plain"], resamples=20)
    assert found.points[0].images == 400
    assert "tall: 80 of 480 images have no label and were left out" in found.warnings


def test_the_seed_fixes_the_document(data, audit):
    assert to_json(audit_attributes(*data, only=SOME, resamples=60)) == to_json(audit)
    assert "|seed:0|" in audit.signature
    assert len(json.loads(to_json(audit))["points"]) == 2 * (1 + 2 + 1 + 2)


def test_the_report_says_what_was_read(audit, tmp_path):
    attribute_report(audit).write(tmp_path)
    page = (tmp_path / "report.html").read_text()
    for part in ("tall: no or yes", "rotation, own secrets", "base rate", audit.signature):
        assert part in page
    assert "tall: a probe reads" in attribute_finding(audit)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (lambda ids: {"x": dict.fromkeys(ids, "one")}, "has 1 classes"),
        (lambda ids: {"x": {}}, "has 0 classes"),
        (lambda ids: {"x": {name: str(i) for i, name in enumerate(ids)}}, "has 480 classes"),
        (lambda ids: {"x": {name: str(i < 8) for i, name in enumerate(ids)}}, "class 'True' has 2 people"),
    ],
)
def test_unusable_labels_are_refused(data, labels, message):
    with pytest.raises(InputError, match=message):
        audit_attributes(data[0], labels(data[0].ids.tolist()), only=["plain"])


def test_labels_are_read_by_column(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("id;age;glasses\na/1; old ;yes\na/2;;no\n", encoding="utf-8-sig")
    assert read_labels(path) == {"age": {"a/1": "old"}, "glasses": {"a/1": "yes", "a/2": "no"}}
    assert read_labels(path, ["glasses"]) == {"glasses": {"a/1": "yes", "a/2": "no"}}


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("", None, "holds no labels"),
        ("name,age\na,1\n", None, "no column 'id'"),
        ("id\na\n", None, "no column beside id"),
        ("id,age\na,1\n", ["sex"], "no column 'sex'"),
        ("id,age\na,1\na,2\n", None, "id 'a' twice"),
    ],
)
def test_a_table_that_holds_no_labels_says_why(tmp_path, text, columns, message):
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=message):
        read_labels(path, columns)


def test_what_can_t_be_probed_is_told_before_anything_is(data, monkeypatch):
    """The second attribute's ages were refused after half a minute of the first."""
    faces, labels = data[:2]
    good = next(iter(labels.values()))
    ages = {name: f"{number % 60}" for number, name in enumerate(faces.ids.tolist())}
    monkeypatch.setattr("facespace.privacy.attributes.probe._probe", lambda *_: pytest.fail("something was probed"))
    with pytest.raises(InputError, match="attribute 'age' has 60 classes"):
        audit_attributes(faces, {"good": good, "age": ages})
