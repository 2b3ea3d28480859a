"""`compare` and `find`, from files through the card of a small network: scores, thresholds, sets that are kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import facespace as fs
from facespace.errors import FileFormatError, InputError, OutputError
from facespace.io import write_json
from facespace.metrics import PairCounts, ScoreTable, shipped_table
from facespace.models import embed
from facespace.photos import FETCHED, default_network, write_comparison

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))

from test_explain_any import _own_places, network  # noqa: F401


def people_table(name: str = "tiny") -> ScoreTable:
    """Of 200 people's random vectors, two each, which are alike."""
    rng = np.random.default_rng(1)
    vectors = np.repeat(rng.normal(size=(200, 8)), 2, axis=0) + 0.3 * rng.normal(size=(400, 8))
    people = np.repeat(np.arange(200), 2)
    counts = PairCounts.of(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), people, people, 40)
    return ScoreTable.fit(counts, network=name, sha256="", reference="made: of nobody", people=200)


@pytest.fixture(scope="module")
def table() -> ScoreTable:
    return people_table()


@pytest.fixture
def card(tmp_path) -> Path:
    return network(tmp_path, "tiny", 8)


@pytest.fixture
def photos(tmp_path) -> Path:
    """Twelve drawn crops, and the probe, which is the fourth a little changed."""
    rng, folder = np.random.default_rng(0), tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for number in range(12):
        picture = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8).repeat(14, 0).repeat(14, 1)
        cv2.imwrite(str(folder / ("more" if number % 2 else ".") / f"{number}.png"), picture)
        if number == 3:
            noise = rng.normal(0, 12, picture.shape)
            cv2.imwrite(str(tmp_path / "probe.png"), np.clip(picture + noise, 0, 255).astype(np.uint8))
    return folder


def test_the_score_is_that_of_embeddings_and_the_table_decides(card, photos, tmp_path, table):
    files = [tmp_path / "probe.png", photos / "more/3.png"]
    found = fs.compare(*files, card, table=table, aligned=True)
    x, y = embed([str(file) for file in files], card, aligned=True).embeddings.normalized().astype(float)
    assert found.score == pytest.approx(x @ y, abs=1e-6)
    assert found.threshold == table.threshold(1e-3)
    assert found.ratio == table.ratio(found.score)
    assert found.same is True
    assert fs.compare(*files, card, table=table, aligned=True, far=0.2).threshold == table.threshold(0.2) < found.threshold
    other = fs.compare(files[0], photos / "more/1.png", card, table=table, aligned=True)
    assert (other.same, other.decision) == (other.score >= table.threshold(1e-3), "different people")
    assert f"{other.score:.3f}" in repr(other)
    assert "different people" in repr(other)


def test_without_a_table_nothing_is_decided_and_it_is_said_how_to_make_one(card, photos):
    found = fs.compare(photos / "0.png", photos / "2.png", card, aligned=True)
    assert found.same is found.ratio is found.threshold is found.to_dict()["reference"] is None
    assert "docs/evidence.md" in " ".join(found.notes)
    assert "no table" in repr(found)
    page = found.report()
    assert not any(getattr(section, "name", "") == "scale" for section in page.sections)


def test_a_table_comes_out_of_a_file_and_one_of_another_network_is_told(card, photos, tmp_path, table):
    write_json(table.to_dict(), tmp_path / "table.json")
    files = photos / "0.png", photos / "2.png"
    found = fs.compare(*files, card, table=tmp_path / "table.json", aligned=True)
    assert found.ratio.value == pytest.approx(table.ratio(found.score).value, rel=1e-2)  # numbers are rounded in files
    assert not found.notes
    other = fs.compare(*files, card, table=shipped_table("facenet"), aligned=True)
    assert "facenet's scores, not of tiny's" in other.notes[0]
    (tmp_path / "none.json").write_text("{}")
    with pytest.raises(FileFormatError, match="is no table of scores"):
        fs.compare(*files, card, table=tmp_path / "none.json", aligned=True)


def test_wrong_questions_are_told(card, photos, tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(InputError, match="gave no face: unreadable"):
        fs.compare(tmp_path / "text.jpg", photos / "0.png", card, aligned=True)
    with pytest.raises(InputError, match="is no false accept rate"):
        fs.compare(photos / "0.png", photos / "2.png", card, far=0, aligned=True)
    with pytest.raises(InputError, match="has no photo but"):
        fs.find(photos / "0.png", photos / "0.png", card, aligned=True)
    found = fs.compare(photos / "0.png", photos / "2.png", card, aligned=True)
    with pytest.raises(OutputError, match="can't write this kind"):
        write_comparison(found, tmp_path / "out.gif")


def test_the_picture_and_the_page_show_both_faces(card, photos, tmp_path, table):
    found = fs.compare(photos / "0.png", photos / "2.png", card, table=table, aligned=True)
    assert cv2.imread(str(write_comparison(found, tmp_path / "two.png"))).shape[1] > 2 * 260
    assert write_comparison(found, tmp_path / "two.svg").read_text().count("<image") == 2
    found.report(tmp_path / "page")
    page = (tmp_path / "page" / "report.html").read_text()
    assert page.count("<img") == 2
    assert "made" in page
    assert found.ratio.words() in page


def test_every_face_is_ranked_and_the_threshold_is_of_so_many(card, photos, tmp_path, table):
    found = fs.find(tmp_path / "probe.png", photos, card, table=table, aligned=True, top=5)
    assert (found.compared, found.images, len(found.found)) == (12, 12, 5)
    scores = [face.score for face in found.found]
    assert scores == sorted(scores, reverse=True)
    assert found.found[0].id == "more/3"
    assert found.corrected == table.threshold(1e-3 / 12) >= found.threshold == table.threshold(1e-3)
    assert found.expected == pytest.approx(12 * table.false_match_rate(found.threshold))
    for face in found.found:
        pair = fs.compare(tmp_path / "probe.png", face.file, card, table=table, aligned=True)
        assert face.score == pytest.approx(pair.score, abs=1e-6)
        assert face.above == (face.score >= found.corrected)
        assert face.expected == pytest.approx(12 * table.false_match_rate(face.score))
    assert found.above == sum(
        face.above for face in fs.find(tmp_path / "probe.png", photos, card, table=table, aligned=True).found
    )
    assert "can't show a rate of 1 in 12,000" not in " ".join(found.warnings)  # 19,900 pairs of people can
    stricter = fs.find(tmp_path / "probe.png", photos, card, table=table, aligned=True, far=1e-4)
    assert "can't show a rate of 1 in 120,000" in " ".join(stricter.warnings)


def test_the_photo_itself_is_left_out_and_bad_files_are_listed(card, photos, table):
    (photos / "text.jpg").write_text("no picture")
    found = fs.find(photos / "more/3.png", photos, card, table=table, aligned=True)
    assert "more/3" not in [face.id for face in found.found]
    assert [(each.id, each.reason) for each in found.skipped] == [("text", "unreadable")]
    assert found.to_dict()["skipped"][0]["file"].endswith("text.jpg")
    assert "skipped" in [getattr(section, "name", "") for section in found.report().sections]


def test_a_set_is_made_kept_and_added_to(card, photos, tmp_path, table, monkeypatch):
    kept, probe = tmp_path / "faces.parquet", tmp_path / "probe.png"
    first = fs.find(probe, photos, card, table=table, aligned=True, faces=kept)
    assert (first.kept, len(fs.EmbeddingSet.load(kept))) == (0, 12)
    again = fs.find(probe, photos, card, table=table, aligned=True, faces=kept)
    assert again.kept == 12
    assert [(f.id, f.score) for f in again.found] == [(f.id, pytest.approx(f.score, abs=1e-6)) for f in first.found]
    (photos / "2.png").unlink()
    cv2.imwrite(str(photos / "new.png"), cv2.imread(str(probe)))
    changed = photos / "4.png"
    cv2.imwrite(str(changed), cv2.imread(str(probe)))
    later = kept.stat().st_mtime + 10
    os.utime(changed, (later, later))
    third = fs.find(probe, photos, card, table=table, aligned=True, faces=kept)
    assert third.kept == 10
    assert sorted(f.id for f in third.found[:2]) == ["4", "new"]
    assert third.found[0].score == pytest.approx(1, abs=1e-6)
    assert {"new", "4"} <= set(fs.EmbeddingSet.load(kept).ids.tolist())
    assert "2" not in fs.EmbeddingSet.load(kept).ids.tolist()


def test_a_set_that_embed_made_serves_and_one_of_another_network_does_not(card, photos, tmp_path, table):
    probe = tmp_path / "probe.png"
    embed(photos, card, aligned=True, out=tmp_path / "embedded.parquet")
    assert fs.find(probe, photos, card, table=table, aligned=True, faces=tmp_path / "embedded.parquet").kept == 12
    (tmp_path / "other").mkdir()
    other = network(tmp_path / "other", "other", 6)
    with pytest.raises(InputError, match="is by tiny, and the photo is compared by other"):
        fs.find(probe, photos, other, aligned=True, faces=tmp_path / "embedded.parquet")


def test_by_default_the_best_network_here_else_one_out_of_a_wheel(tmp_path, monkeypatch):
    name, why = default_network(tmp_path)
    assert name == FETCHED
    assert "pip fetches" in why
    (tmp_path / "edgeface_xxs.onnx").write_bytes(b"")
    for file in fs.load_card("edgeface-xxs").files:
        (tmp_path / file.name).write_bytes(b"")
    for file in fs.load_card("mobileface-v2").files:
        (tmp_path / file.name).write_bytes(b"")
    name, why = default_network(tmp_path)
    assert name == "edgeface-xxs"  # Cllr .030 against .048
    assert "best calibrated" in why


def test_the_corrected_threshold_holds_what_it_promises():
    """Of searches among strangers, one in 1 / far at most has anybody above it: drawn from a network's own table."""
    table, rng = shipped_table("edgeface-xxs"), np.random.default_rng(0)
    far, n = 0.05, 40
    shares = table.impostor / table.impostor.sum()
    scores = table.edges[rng.choice(len(shares), (20_000, n), p=shares)] + 0.005
    assert (scores >= table.threshold(far / n)).any(1).mean() <= far * 1.05
    each = (scores >= table.threshold(far)).sum(1).mean()
    assert each == pytest.approx(n * table.false_match_rate(table.threshold(far)), rel=0.05)


def test_dlib_is_taken_where_nothing_better_can_be_had(tmp_path, monkeypatch):
    from facespace.errors import ModelError
    from facespace.models import good_detector
    from facespace.models.faces import detectors

    def refuse(file, weights):
        raise ModelError("no index")

    monkeypatch.setattr(detectors, "find_file", refuse)
    for here, taken in ((["yunet", "dlib"], "yunet"), (["dlib"], "dlib")):
        monkeypatch.setattr(detectors, "detectors_at_hand", lambda weights, here=here: here)
        assert good_detector(tmp_path) == taken
    monkeypatch.setattr(detectors, "detectors_at_hand", lambda weights: [])
    with pytest.raises(ModelError, match="no index"):
        good_detector(tmp_path)
    monkeypatch.setattr(detectors, "find_file", lambda file, weights: tmp_path)
    monkeypatch.setattr(detectors, "detectors_at_hand", lambda weights: ["dlib"])
    assert good_detector(tmp_path) == "scrfd"
