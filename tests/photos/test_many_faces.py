"""`compare` and `find` on photographs with several faces, by a real detector and network."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import facespace as fs

PEOPLE = ["Colin_Powell", "Serena_Williams", "Tony_Blair"]


@pytest.fixture(scope="module")
def photos(shared, tmp_path_factory):
    """A group of three people in one picture, a photo of each, and another photo of each to look for."""
    folder = tmp_path_factory.mktemp("group")
    (folder / "photos").mkdir()
    faces = [cv2.imread(str(shared / f"data/lfw/{name}/{name}_0001.jpg")) for name in PEOPLE]
    large = cv2.resize(faces[1], (264, 264))
    canvas = np.full((264, 620, 3), 90, np.uint8)
    canvas[44:220, :176], canvas[:, 178:442], canvas[44:220, 444:] = faces[0], large, faces[2]
    cv2.imwrite(str(folder / "photos/group.png"), canvas)
    for name, face in zip(PEOPLE, faces, strict=True):
        cv2.imwrite(str(folder / f"photos/{name}.png"), face)
        cv2.imwrite(str(folder / f"{name}.png"), cv2.imread(str(shared / f"data/lfw/{name}/{name}_0002.jpg")))
    cv2.imwrite(str(folder / "photos/wall.png"), np.full((200, 200, 3), 128, np.uint8))
    return folder


def given(shared):
    return {"model": "edgeface-xxs", "weights": shared / "models", "detector": "yunet"}


@pytest.mark.parametrize("name", PEOPLE)
def test_each_is_found_on_the_group_and_alone_and_nobody_else(photos, shared, name):
    found = fs.find(photos / f"{name}.png", photos / "photos", **given(shared))
    assert (found.compared, found.images, [s.id for s in found.skipped]) == (6, 4, ["wall"])
    above = [face for face in found.found if face.above]
    assert {face.id for face in above} == {"group", name}
    assert all("strong" in face.ratio.words() for face in above)
    number = next(face.face for face in above if face.id == "group")
    assert (number == 1) == (name == PEOPLE[1])  # the large one in the middle is the picture's
    for face in above:  # the crop that is shown is that of the score
        crop = photos / "crop.png"
        cv2.imwrite(str(crop), cv2.cvtColor(face.crop, cv2.COLOR_RGB2BGR))
        probe = photos / "probe.png"
        cv2.imwrite(str(probe), cv2.cvtColor(found.photo.crop, cv2.COLOR_RGB2BGR))
        again = fs.compare(probe, crop, "edgeface-xxs", weights=shared / "models", aligned=True)
        assert again.score == pytest.approx(face.score, abs=1e-4)


def test_faces_of_one_photo_are_kept_apart_in_the_set(photos, shared, tmp_path):
    kept = tmp_path / "faces.parquet"
    first = fs.find(photos / f"{PEOPLE[0]}.png", photos / "photos", faces=kept, **given(shared))
    ids = fs.EmbeddingSet.load(kept).ids.tolist()
    assert {"group", "group#2", "group#3"} <= set(ids)
    again = fs.find(photos / f"{PEOPLE[0]}.png", photos / "photos", faces=kept, **given(shared))
    assert again.kept == 6
    assert [(f.name, round(f.score, 5)) for f in again.found] == [(f.name, round(f.score, 5)) for f in first.found]


def test_of_several_faces_one_is_compared_and_it_is_said(photos, shared):
    found = fs.compare(photos / f"{PEOPLE[1]}.png", photos / "photos/group.png", **given(shared))
    assert found.same
    assert found.photos[1].faces == 3
    assert "group.png shows 3 faces" in found.warnings[0]
    assert found.ratio.cautious > 1_000
    whole = found.photos[1].whole
    assert whole.shape[1] == 560
    blue = (np.abs(whole.astype(int) - [0, 114, 178]).sum(2) < 30).any(0)
    assert 180 * 560 / 620 < np.flatnonzero(blue).mean() < 440 * 560 / 620  # the frame is about the one in the middle


def test_the_score_is_that_of_verify(photos, shared):
    from facespace.models import embed

    files = [photos / f"{PEOPLE[0]}.png", photos / f"photos/{PEOPLE[0]}.png"]
    found = fs.compare(*files, **given(shared))
    faces = embed([str(f) for f in files], "edgeface-xxs", weights=shared / "models", detector="yunet").embeddings
    x, y = faces.normalized().astype(float)
    assert found.score == pytest.approx(x @ y, abs=1e-5)


@pytest.fixture(scope="module")
def lying(photos, tmp_path_factory):
    """The group upside down, and one of its people on the right side."""
    folder = tmp_path_factory.mktemp("lying")
    group, one = (cv2.imread(str(photos / f"photos/{name}.png")) for name in ("group", PEOPLE[0]))
    cv2.imwrite(str(folder / "group.png"), np.ascontiguousarray(np.rot90(group, 2)))
    cv2.imwrite(str(folder / "one.png"), np.ascontiguousarray(np.rot90(one, 3)))
    return folder


def written(found, folder):
    found.report(folder)
    return (folder / "report.html").read_text()


def test_compare_tells_what_it_turned_and_which_face_it_took(photos, lying, shared, tmp_path):
    found = fs.compare(lying / "one.png", lying / "group.png", **given(shared))
    upright = fs.compare(photos / f"photos/{PEOPLE[0]}.png", photos / "photos/group.png", **given(shared))
    assert found.score == pytest.approx(upright.score, abs=0.05)
    one, group = (photo.to_dict() for photo in found.photos)
    assert (one["degrees"], one["faces"], group["degrees"], group["faces"]) == (270, 1, 180, 3)
    left, top, right, bottom = upright.to_dict()["photos"][1]["box"]
    np.testing.assert_allclose(group["box"], [619 - right, 263 - bottom, 619 - left, 263 - top], atol=6)
    told = " ".join(found.warnings)
    assert "one.png lies on its side: it was turned by 270° clockwise" in told
    assert "group.png stands upside down: it was turned by 180° clockwise" in told
    assert f"the largest near the middle, from ({group['box'][0]}, {group['box'][1]}) to" in told
    whole = found.photos[1].whole.astype(int)  # as the upright one is shown: the frame at the same place
    assert np.abs(whole - upright.photos[1].whole).mean() < 8
    page = written(found, tmp_path / "turned")
    assert page.count("it was turned by") == 2
    assert "lies on its side, shown upright" in page
    assert "it was turned by" not in " ".join(upright.warnings) + written(upright, tmp_path / "upright")


def test_find_tells_what_it_turned_and_which_of_a_photos_faces_each_is(photos, lying, shared, tmp_path, capsys):
    from facespace.cli import main

    found = fs.find(photos / f"{PEOPLE[1]}.png", lying, **given(shared))
    best = found.found[0].to_dict()
    assert (best["id"], best["face"], best["faces"], best["degrees"]) == ("group", 1, 3, 180)
    assert 178 < best["box"][0] < best["box"][2] < 442
    assert {(f.id, f.which) for f in found.found} >= {("group", "2 of 3, turned by 180°"), ("one", "1 of 1, turned by 270°")}
    assert "1 of 3, turned by 180°" in written(found, tmp_path)
    words = [str(photos / f"{PEOPLE[1]}.png"), str(lying), "--model", "edgeface-xxs", "--weights", str(shared / "models")]
    assert main(["find", *words]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "group (face 1 of 3, turned by 180°)" in told
    assert "one (face 1 of 1, turned by 270°)" in told
