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
