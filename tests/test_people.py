"""One rule for whose image it is, in every command that needs people; an unknown person is nobody, never one person."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facespace.capacity import estimate_capacity
from facespace.cli import main
from facespace.datasets import exclude_people, person_templates, single_images, stratified
from facespace.datasets.protocol import PairProtocol
from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError
from facespace.identification import identify
from facespace.mapping import fit_map
from facespace.people import people_in, people_named, people_of
from facespace.privacy import audit_linkage
from facespace.verification import subjects_of, transfer_thresholds


def faces_of(people: int, images: int, *, d: int = 24, seed: int = 0, model: str = "a", turn: int | None = None):
    """People × images vectors, ids pN/view/I, no subject column."""
    rng = np.random.default_rng(seed)
    x = np.repeat(rng.normal(size=(people, d)), images, axis=0) + 0.4 * rng.normal(size=(people * images, d))
    if turn is not None:
        x = x @ np.linalg.qr(np.random.default_rng(turn).normal(size=(d, d)))[0]
    ids = [f"p{i // images}/{'frontal' if i % 2 else 'profile'}/{i % images:02}" for i in range(people * images)]
    return EmbeddingSet(x, ids, model=model)


def labelled(faces: EmbeddingSet, subject) -> EmbeddingSet:
    return EmbeddingSet(faces.vectors, faces.ids, model=faces.model, subject=subject)


def folders(faces: EmbeddingSet) -> list[str]:
    return [name.split("/")[0] for name in faces.ids]


def test_the_rule():
    plain = EmbeddingSet(np.eye(3), ["ann/side/1", "bob/1", "loose"])
    assert (people_of(plain).names.tolist(), people_of(plain).source) == (["ann", "bob", ""], "folder")
    assert people_of(plain).codes.tolist() == [0, 1, -1]
    named = labelled(plain, ["zoe", "", "zoe"])
    assert (people_of(named).names.tolist(), people_of(named).source) == (["zoe", "", "zoe"], "subject")
    assert people_of(plain, named).names.tolist() == ["zoe", "", "zoe"]
    assert people_in(["1", "2"]).source == people_named(["", ""]).source == "nobody"
    assert people_in(["/x", "a/"]).names.tolist() == ["", "a"]


@pytest.mark.parametrize("missing", [None, "", float("nan")])
def test_a_missing_subject_is_nobody(missing, tmp_path):
    faces = EmbeddingSet(np.eye(4), list("abcd"), subject=["ann", missing, "ann", missing])
    assert people_of(faces).names.tolist() == ["ann", "", "ann", ""]
    for suffix in (".parquet", ".npz", ".npy"):
        again = EmbeddingSet.load(faces.save(tmp_path / f"s{suffix}"))
        assert again.subject.tolist() == ["ann", "", "ann", ""], suffix


def test_a_null_of_another_program_is_nobody_and_so_is_ours_to_it(tmp_path):
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(np.eye(3, dtype=np.float32).ravel()), 3)
    table = pa.table({"id": ["a", "b", "c"], "subject": ["ann", None, ""], "vector": vectors})
    pq.write_table(table, tmp_path / "s.parquet")
    faces = EmbeddingSet.load(tmp_path / "s.parquet")
    assert faces.subject.tolist() == ["ann", "", ""]
    assert pq.read_table(faces.save(tmp_path / "t.parquet"))["subject"].to_pylist() == ["ann", None, None]


def test_units_are_known_people_or_every_image():
    rows, codes = people_in(["a/1", "2", "b/1", "a/3"]).units()
    assert (rows.tolist(), codes.tolist()) == ([0, 2, 3], [0, 1, 0])
    rows, codes = people_in(["1", "2"]).units()
    assert (rows.tolist(), codes.tolist()) == ([0, 1], [0, 1])


def test_capacity_of_a_set_is_that_of_its_known_people():
    faces = faces_of(30, 3)
    more = EmbeddingSet(
        np.concatenate([faces.vectors, np.random.default_rng(9).normal(size=(20, 24))]),
        [*faces.ids, *(f"x{i}" for i in range(20))],
        subject=[*folders(faces), *[None] * 20],
    )
    options = {"qs": (0.1,), "dim": 4, "resamples": 10, "sensitivity": False}
    one, other = estimate_capacity(labelled(faces, folders(faces)), **options), estimate_capacity(more, **options)
    assert one.points == other.points
    assert other.counts["images_of_unknown_people"] == 20
    assert any("20 of 110 images of the set are of unknown people" in warning for warning in other.warnings)
    assert "people_by:subject" in other.signature
    assert "people_by:folder" in estimate_capacity(faces, **options).signature


def test_identification_finds_people_in_the_first_folder_and_leaves_unknown_ones_out():
    faces = faces_of(12, 4)
    even = np.arange(len(faces)) % 2 == 0
    gallery, probes = faces.take(np.flatnonzero(even)), faces.take(np.flatnonzero(~even))
    by_folder = identify(gallery, probes, fpirs=())
    by_column = identify(labelled(gallery, folders(gallery)), labelled(probes, folders(probes)), fpirs=())
    assert by_folder.cmc == by_column.cmc
    assert "people_by:folder" in by_folder.signature
    names = folders(probes)
    names[:6] = [None] * 6
    fewer = identify(gallery, labelled(probes, names), fpirs=())
    assert (by_folder.mated, fewer.mated) == (24, 18)
    assert "people_by:folder/subject" in fewer.signature
    assert "6 of 24 images of the probes are of unknown people and were left out" in fewer.warnings
    with pytest.raises(InputError, match="nothing says who is in the images of the gallery"):
        identify(labelled(gallery, [""] * len(gallery)), probes)


def test_a_map_is_chosen_with_every_person_in_one_part():
    """Ids with folders and a subject column say the same; without people each image is its own, and the map says so."""
    a, b = faces_of(20, 5), faces_of(20, 5, turn=1, model="b")
    by_folder, by_column = fit_map(a, b), fit_map(labelled(a, folders(a)), b)
    assert by_folder.facts["cross_validation"] == by_column.facts["cross_validation"]
    assert [fitted.facts["people_by"] for fitted in (by_folder, by_column)] == ["folder", "subject"]
    assert by_folder.facts["subjects"] == 20
    loose = [f"{i}" for i in range(100)]
    nobody = fit_map(EmbeddingSet(a.vectors, loose), EmbeddingSet(b.vectors, loose))
    assert (nobody.facts["people_by"], nobody.facts["subjects"]) == ("nobody", None)
    some = fit_map(labelled(a, [name if i % 5 else "" for i, name in enumerate(folders(a))]), b)
    assert (some.facts["pairs"], some.facts["pairs_of_unknown_people"]) == (100, 20)


def test_linkage_takes_people_from_folders():
    a, b = faces_of(40, 3), faces_of(40, 3, turn=1, model="b")
    options = {"leaked": (10,), "repeats": 1, "resamples": 20, "fpirs": (0.1,)}
    by_folder, by_column = audit_linkage(a, b, **options), audit_linkage(labelled(a, folders(a)), b, **options)
    assert by_folder.points == by_column.points
    assert "people_by:folder" in by_folder.signature
    some = audit_linkage(labelled(a, [None if i < 3 else name for i, name in enumerate(folders(a))]), b, **options)
    assert any("3 of 120 images of both sets are of unknown people" in warning for warning in some.warnings)


def test_templates_are_of_known_people_only():
    made = person_templates(["a/x/1", "a/y/2", "b/1", "b/2", "loose1", "loose2"])
    assert made.subject.tolist() == ["a", "b", "a", "b"]
    assert single_images(["a/1", "b/1", "b/2", "loose"]).tolist() == ["a/1"]
    assert single_images(["1", "2", "3"], ["", "ann", ""]).tolist() == ["2"]


def test_pairs_know_their_people_by_the_same_rule():
    protocol = PairProtocol("p", ["x/1", "x/2"], ["x/3", "y/4"], [True, False])
    found = subjects_of(protocol)
    assert (found[0].names.tolist(), found[0].source) == (["x", "x"], "folder")
    ids = ["x/1", "x/2", "x/3", "y/4"]
    column = EmbeddingSet(np.eye(4), ids, subject=["ann", "bob", "ann", "cy"])
    assert subjects_of(protocol, column, column)[0].source == "subject"
    unknown = EmbeddingSet(np.eye(4), ids, subject=["ann", "", "ann", "cy"])
    assert subjects_of(protocol, unknown, unknown)[0].source == "folder"


def test_thresholds_leave_unknown_people_out():
    a, b = faces_of(20, 3), faces_of(20, 3, turn=1, model="b")
    fitted = fit_map(a, b, "rotation")
    by_folder = transfer_thresholds(fitted, a, b, [0.1])[0]
    by_column = transfer_thresholds(fitted, labelled(a, folders(a)), labelled(b, folders(b)), [0.1])[0]
    assert by_folder.threshold == by_column.threshold
    rows = np.arange(3, 60)
    names = [None if i < 3 else name for i, name in enumerate(folders(a))]
    left_out = transfer_thresholds(fitted, labelled(a, names), b, [0.1])[0]
    assert left_out.threshold == transfer_thresholds(fitted, a.take(rows), b, [0.1])[0].threshold


def test_who_is_excluded_from_a_training():
    pairs = PairProtocol("p", ["ann/1", "7"], ["ann/2", "8"], [True, False])
    assert exclude_people(["ann/side/3", "bob/1", "7", "9"], pairs).tolist() == [False, True, False, True]
    protocol = PairProtocol("p", [f"a{i}" for i in range(400)], ["b"] * 400, np.arange(400) % 2 == 0, np.arange(400) // 40)
    few = stratified(protocol, 100)
    assert (np.bincount(few.fold).tolist(), int(few.same.sum())) == ([10] * 10, 50)


def test_info_says_who_told_the_people(tmp_path, capsys):
    faces = faces_of(4, 2)
    labelled(faces, ["ann", None, *["bob"] * 6]).save(tmp_path / "s.parquet")
    assert main(["info", str(tmp_path / "s.parquet"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["people"] == {"by": "subject", "known": 2, "images_of_unknown_people": 1}
    assert main(["info", str(faces.save(tmp_path / "t.parquet"))]) == 0
    assert "4 people, by the folders in the ids" in capsys.readouterr().out
