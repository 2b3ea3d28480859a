"""Faces found once, several faces, turned pictures: from images to a set."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from facespace.cli import main
from facespace.errors import GuessWarning, InputError, OutputError
from facespace.images import ImageFile, read_image
from facespace.io import new_key_file
from facespace.models import LocatedFace, _pipeline, aligned_faces, detect, embed, load_card, located_faces

MODEL = "edgeface-xxs"
ONE, TWO = "Aaron_Eckhart/Aaron_Eckhart_0001", "Abba_Eban/Abba_Eban_0001"


@pytest.fixture(scope="module")
def photos(shared, tmp_path_factory):
    """ann/one: a face; ann/side: it on its side; ann/couple: it and a smaller one; ann/none: grey."""
    folder = tmp_path_factory.mktemp("photos") / "p"
    (folder / "ann").mkdir(parents=True)
    one, two = (read_image(shared / f"data/lfw/{name}.jpg")[..., ::-1] for name in (ONE, TWO))
    couple = np.full((240, 420, 3), 90, np.uint8)
    couple[20:196, 60:236] = one
    couple[60:192, 270:402] = cv2.resize(two, (132, 132), interpolation=cv2.INTER_AREA)
    pictures = {"one": one, "side": np.rot90(one), "couple": couple, "none": np.full((100, 100, 3), 90, np.uint8)}
    for name, picture in pictures.items():
        cv2.imwrite(str(folder / f"ann/{name}.png"), np.ascontiguousarray(picture))
    return folder, {"detector": "yunet", "weights": shared / "models"}


def cosines(faces):
    unit = faces.normalized()
    return {(a, b): float(unit[i] @ unit[j]) for i, a in enumerate(faces.ids) for j, b in enumerate(faces.ids)}


def test_all_faces_become_rows_and_turned_pictures_are_noted(photos):
    folder, how = photos
    found = embed(folder, MODEL, faces="all", **how)
    faces = found.embeddings
    assert faces.ids.tolist() == ["ann/couple", "ann/couple#2", "ann/one", "ann/side"]
    assert faces.subject.tolist() == ["ann", "", "ann", "ann"]
    assert faces.quality.min() > 0.8
    alike = cosines(faces)
    assert alike["ann/one", "ann/side"] > 0.99
    assert alike["ann/one", "ann/couple"] > 0.9
    assert alike["ann/one", "ann/couple#2"] < 0.4
    assert [(one.id, one.faces, one.degrees) for one in found.noted] == [("ann/couple", 2, 0), ("ann/side", 1, 90)]
    assert [one.id for one in found.turned] == ["ann/side"]
    assert found.several_faces == 1
    assert [one.reason for one in found.skipped] == ["no face"]


def test_faces_found_once_give_the_same_embeddings(photos, tmp_path):
    folder, how = photos
    table = tmp_path / "faces.parquet"
    found = detect(folder, table, **how)
    assert (found.images, found.faces, found.several, found.turned) == (4, 4, 1, 1)
    assert found.reasons == {"no face": 1}
    for rule in ("best", "largest", "all"):
        by_table = embed(folder, MODEL, landmarks=table, faces=rule, weights=how["weights"])
        by_detector = embed(folder, MODEL, faces=rule, **how)
        assert by_table.embeddings.ids.tolist() == by_detector.embeddings.ids.tolist()
        close = np.vecdot(by_table.embeddings.normalized(), by_detector.embeddings.normalized())
        assert close.min() > 0.9999  # the table's numbers are float32
        assert by_table.reasons == by_detector.reasons == {"no face": 1}
        assert len(by_table.noted) == 2


def test_a_folder_lists_what_was_noted_and_resumes_all_faces(photos, tmp_path):
    folder, how = photos
    found = embed(folder, MODEL, faces="all", out=tmp_path / "set", rows_per_file=2, **how)
    assert found.embeddings.load().ids.tolist() == ["ann/couple", "ann/couple#2", "ann/one", "ann/side"]
    lines = (tmp_path / "set/noted.csv").read_text().splitlines()
    assert lines[0] == "id,file,faces,left,top,right,bottom,degrees,score"
    assert [line.split(",")[0] for line in lines[1:]] == ["ann/couple", "ann/side"]


def test_another_picture_of_that_name_is_not_cropped_by_the_old_landmarks(photos, tmp_path):
    folder, how = photos
    detect(folder, tmp_path / "faces.parquet", **how)
    (tmp_path / "p/ann").mkdir(parents=True)
    for name in ("one", "side"):
        picture = cv2.imread(str(folder / f"ann/{name}.png"))
        size = (90, 90) if name == "one" else picture.shape[1::-1]
        cv2.imwrite(str(tmp_path / f"p/ann/{name}.png"), cv2.resize(picture, size))
    found = embed(tmp_path / "p", MODEL, landmarks=tmp_path / "faces.parquet", weights=how["weights"])
    assert found.embeddings.ids.tolist() == ["ann/side"]
    assert [(one.id, one.reason) for one in found.skipped] == [("ann/one", "other size")]


def test_single_crops_say_which_face_was_taken(photos):
    folder, how = photos
    with pytest.warns(GuessWarning, match=r"couple\.png shows 2 faces; the one from \(\d+, \d+\)"):
        aligned_faces([ImageFile("c", folder / "ann/couple.png")], load_card(MODEL), **how)
    with pytest.warns(GuessWarning, match=r"turned upright: .*side\.png by 90°"):
        aligned_faces([ImageFile("c", folder / "ann/side.png")], load_card(MODEL), **how)


def test_located_faces_are_those_of_aligned_faces_with_their_place(photos, tmp_path):
    folder, how = photos
    detect(folder, tmp_path / "faces.parquet", **how)
    files = [ImageFile(f"ann/{name}", folder / f"ann/{name}.png") for name in ("side", "couple", "none")]
    card = load_card(MODEL)
    for given in (how, {"landmarks": tmp_path / "faces.parquet"}):
        with pytest.warns(GuessWarning, match="turned upright|shows 2 faces") as told:
            side, couple, none = located_faces(files, [card] * 3, **given)
        assert len(told) == 2
        with pytest.warns(GuessWarning, match="turned upright|shows 2 faces"):
            crops = aligned_faces(files, card, **given)[0]
        assert isinstance(side, LocatedFace)
        assert (side.faces, side.picture, couple.faces, couple.picture) == (1, (176, 176), 2, (240, 420))
        assert none.reason == "no face"
        assert np.array_equal(np.stack([side.crop, couple.crop]), crops)
        assert side.landmarks[0, 1] > side.landmarks[1, 1] + 20  # the eyes stand above each other in the picture
        assert abs(side.landmarks[0, 0] - side.landmarks[1, 0]) < 10


def test_an_encrypted_run_resumes_with_scores_and_what_was_noted(photos, tmp_path, monkeypatch):
    folder, how = photos
    key, out, plain, calls = new_key_file(tmp_path / "house.key"), tmp_path / "set.parquet", _pipeline.embed_batch, []

    def failing(*given):
        calls.append(given)
        if len(calls) > 1:
            raise RuntimeError
        return plain(*given)

    with monkeypatch.context() as patch:
        patch.setattr(_pipeline, "embed_batch", failing)
        with pytest.raises(RuntimeError):
            embed(folder, MODEL, out=out, faces="all", batch_size=1, workers=1, key=key, **how)
    (shard,) = (tmp_path / "set.parquet.partial").glob("*.npz")
    assert not shard.read_bytes().startswith(b"PK")
    found = embed(folder, MODEL, out=out, faces="all", batch_size=1, workers=1, key=key, resume=True, **how)
    assert (found.resumed, found.encrypted) == (1, "house")
    assert found.embeddings.ids.tolist() == ["ann/couple", "ann/couple#2", "ann/one", "ann/side"]
    assert found.embeddings.quality.min() > 0.8
    assert [one.id for one in found.noted] == ["ann/couple", "ann/side"]
    parts = embed(folder, MODEL, out=tmp_path / "set", faces="all", key=key, **how)
    assert parts.encrypted == "house"
    assert parts.embeddings.load().ids.tolist() == found.embeddings.ids.tolist()


def test_the_commands_go_together(photos, tmp_path, capsys, monkeypatch):
    folder, how = photos
    monkeypatch.setenv("FACESPACE_MODELS", str(how["weights"]))
    assert main(["detect", str(folder), "-o", str(tmp_path / "f.parquet"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["turned"] == 1
    table, made = str(tmp_path / "f.parquet"), str(tmp_path / "s.parquet")
    assert main(["embed", str(folder), "-m", MODEL, "--landmarks", table, "-o", made, "--faces", "all"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "1 images show several faces; all were taken, the second of one as NAME#2" in out
    assert "1 images lay on a side or upside down and were turned" in out


def test_what_cannot_be_is_said(photos, tmp_path):
    folder, how = photos
    with pytest.raises(OutputError, match=r"one \.parquet file"):
        detect(folder, tmp_path / "faces.csv", **how)
    with pytest.raises(InputError, match="at least 1 pixel"):
        detect(folder, tmp_path / "f.parquet", min_face=0, **how)
