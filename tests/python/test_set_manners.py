"""Sets as users take hold of them: rows by id, number, mask and slice; arrays; data frames; other programs' faces."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from facespace.embeddings import EmbeddingSet
from facespace.errors import DimensionError, FileFormatError, GuessWarning, InputError, UnknownNameError

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

IDS = ["ann/1", "ann/2", "bob/1", "bob/2", "eve/1"]


def small(**columns):
    vectors = np.random.default_rng(0).normal(size=(5, 3))
    return EmbeddingSet(vectors, IDS, **({"model": "net"} | columns))


@pytest.fixture
def stored(tmp_path):
    small(subject=list("aabbe")).save(tmp_path / "faces.parquet")
    return EmbeddingSet.open(tmp_path / "faces.parquet")


@pytest.mark.parametrize("kind", ["memory", "files"])
def test_one_id_or_number_is_a_vector_and_all_else_a_set(kind, stored):
    whole = small()
    faces = whole if kind == "memory" else stored
    assert np.array_equal(faces["bob/1"], whole.vectors[2])
    assert np.array_equal(faces[-1], whole.vectors[4])
    assert np.array_equal(faces[np.int64(1)], whole.vectors[1])
    assert faces[["bob/1", "ann/1"]].ids.tolist() == ["bob/1", "ann/1"]
    assert faces[np.array(["eve/1"])].ids.tolist() == ["eve/1"]
    assert faces[[3, -5]].ids.tolist() == ["bob/2", "ann/1"]
    assert faces[1:3].ids.tolist() == ["ann/2", "bob/1"]
    assert faces[::-2].ids.tolist() == ["eve/1", "bob/1", "ann/1"]
    assert faces[np.array([True, False, False, True, False])].ids.tolist() == ["ann/1", "bob/2"]
    assert [(name, vector.tolist()) for name, vector in faces] == list(zip(IDS, whole.vectors.tolist(), strict=True))
    assert np.array_equal(np.asarray(faces), whole.vectors)
    assert np.asarray(faces, dtype=np.float64).dtype == np.float64
    assert len(faces) == 5


def test_membership_is_of_ids():
    assert "ann/1" in small()
    assert "ann/3" not in small()
    assert 3 not in small()


def test_an_array_of_a_set_may_be_its_own_memory_or_a_copy():
    faces = small()
    assert np.shares_memory(np.asarray(faces), faces.vectors)
    assert not np.shares_memory(np.array(faces), faces.vectors)
    with pytest.raises(ValueError, match="copy"):
        np.array(faces, dtype=np.float64, copy=False)


@pytest.mark.parametrize(("key", "told"), [
    ("ann/3", "ids are not in"), (5, "no row 5 among 5"), (-6, "no row -6"), ([1, 7], "no rows 7 among 5"),
    (np.zeros(4, dtype=bool), "mask of shape"), (np.zeros(5, dtype=bool), "no row is chosen"),
    (slice(3, 3), "no row is chosen"), ([], "no row is chosen"),
    (1.5, "no rows for 1.5"), (None, "no rows for None"), ({"a": 1}, "no rows for"),
    ((1, 2), "no rows for"), ([[1], [2, 3]], "no rows for"), ([1.5], "no rows for"), (True, "no rows for True"),
])  # fmt: skip
def test_other_keys_are_errors_that_say_what_to_give(key, told, stored):
    for faces in (small(), stored):
        with pytest.raises(InputError, match=told):
            faces[key]


def test_a_single_text_is_one_id_and_never_its_letters():
    faces = EmbeddingSet(np.eye(6), ["s1/1", "s", "1", "/", "x", "y"])
    assert faces.select("s1/1").ids.tolist() == ["s1/1"]
    assert faces.find("1").tolist() == [2]
    with pytest.raises(InputError, match="1 ids are not in the set of this model: s1"):
        faces.select("s1")


def test_sets_are_put_together():
    whole = small(subject=["a", "a", "b", "b", "e"])
    first, rest = whole[:2], whole[2:]
    both = EmbeddingSet.concat([first, rest])
    assert np.array_equal(both.vectors, whole.vectors)
    assert both.subject.tolist() == whole.subject.tolist()
    bare = EmbeddingSet(rest.vectors, rest.ids, quality=[0.1, 0.2, 0.3])
    mixed = EmbeddingSet.concat([first, bare])
    assert (mixed.subject.tolist(), mixed.model) == (["a", "a", "", "", ""], "net")
    assert np.isnan(mixed.quality[:2]).all()
    assert mixed.quality[2:].tolist() == pytest.approx([0.1, 0.2, 0.3])
    with pytest.raises(InputError, match="duplicate ids"):
        EmbeddingSet.concat([whole, first])
    with pytest.raises(InputError, match="different networks can't be put together: net, other"):
        EmbeddingSet.concat([first, EmbeddingSet(rest.vectors, rest.ids, model="other")])
    with pytest.raises(DimensionError, match="widths 2, 3"):
        EmbeddingSet.concat([first, EmbeddingSet(rest.vectors[:, :2], rest.ids)])
    for wrong in ([], [first, 3], [first.vectors]):
        with pytest.raises(InputError, match="a list of sets"):
            EmbeddingSet.concat(wrong)


@pytest.mark.parametrize(("text", "subjects"), [
    ("id,subject\nann/1,Ann\nbob/2,Bob\nzoe/1,Zoe\n", ["Ann", "", "", "Bob", ""]),
    ("image;person\nann/1.jpg;Ann\nbob/2.PNG;Bob\n", ["Ann", "", "", "Bob", ""]),
    ("filename\tidentity\nbob/1\tRobert, jr.\n", ["", "", "Robert, jr.", "", ""]),
])  # fmt: skip
def test_people_come_from_a_table(text, subjects, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(text)
    named = small().with_people(path)
    assert named.subject.tolist() == subjects
    assert (named.model, named.ids.tolist()) == ("net", IDS)
    assert small().with_people(str(path)).subject.tolist() == subjects


def test_people_come_from_a_dict_or_a_list_too():
    assert small().with_people({"eve/1": "Eve"}).subject.tolist() == ["", "", "", "", "Eve"]
    assert small().with_people(["A", "A", "B", None, "E"]).subject.tolist() == ["A", "A", "B", "", "E"]
    with pytest.raises(InputError, match="none of 1 images with a person is in the set: zoe/1"):
        small().with_people({"zoe/1": "Zoe"})
    with pytest.raises(InputError, match="nobody is named"):
        small().with_people({})
    with pytest.raises(InputError, match="5 vectors but 2 values of 'subject'"):
        small().with_people(["A", "B"])


@pytest.mark.parametrize(("text", "told"), [
    ("id,subject\nann/1,Ann\nann/1,Eve\n", "ann/1 is 'Ann' in one row and 'Eve' in another"),
    ("id,age\nann/1,3\n", "no column for people; its columns are id, age"),
    ("id,subject\nann/1\n", "rows 2 have not 2 fields"),
    ("", "has no column 'id'"),
    ("id,subject\n", "names nobody"),
])  # fmt: skip
def test_a_table_of_people_that_is_none_is_named(text, told, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=told):
        small().with_people(path)


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("wide", [False, True])
def test_a_set_survives_a_data_frame(library, wide):
    faces = small(subject=list("aabbe"), quality=[0.1, 0.2, 0.3, np.nan, 0.5], template=list("tttuu"))
    frame = faces.to_frame(library, wide=wide)
    assert list(frame.columns)[:4] == ["id", "subject", "template", "quality"]
    assert frame.shape == (5, 7 if wide else 5)
    back = EmbeddingSet.from_frame(frame, model="net")
    assert np.array_equal(back.vectors, faces.vectors)
    assert back.ids.tolist() == IDS
    assert (back.subject.tolist(), back.template.tolist()) == (list("aabbe"), list("tttuu"))
    assert np.array_equal(back.quality, faces.quality, equal_nan=True)
    assert (back.model, back.dim) == ("net", 3)


def test_pandas_keeps_the_network():
    assert EmbeddingSet.from_frame(small().to_frame()).model == "net"


V = [[0.5, 1.0, 2.0], [1.5, -1.0, 0.25]]
FRAMES = {
    "lists": lambda: pd.DataFrame({"id": ["a", "b"], "vector": V}),
    "arrays": lambda: pd.DataFrame({"id": ["a", "b"], "vector": [np.array(v) for v in V]}),
    "texts": lambda: pd.DataFrame({"id": ["a", "b"], "vector": ["[0.5, 1, 2]", "[1.5,-1,.25]"]}),
    "index": lambda: pd.DataFrame({"vector": V}, index=pd.Index(["a", "b"], name="id")),
    "counted": lambda: pd.DataFrame(V).assign(id=["a", "b"]),
    "e from 0": lambda: pd.DataFrame({"id": ["a", "b"]} | {f"e{n}": [v[n] for v in V] for n in range(3)}),
    "polars lists": lambda: pl.DataFrame({"id": ["a", "b"], "vector": V}),
    "polars arrays": lambda: pl.DataFrame({"id": ["a", "b"], "vector": np.array(V)}),
    "arrow": lambda: pa.table({"id": ["a", "b"], "vector": V}),
    "arrow, wide": lambda: pa.table({"id": ["a", "b"]} | {f"e{n}": [v[n] for v in V] for n in range(3)}),
}


@pytest.mark.parametrize("name", FRAMES)
def test_data_frames_of_every_make_are_read(name):
    faces = EmbeddingSet.from_frame(FRAMES[name](), model="net")
    assert (faces.ids.tolist(), faces.vectors.tolist()) == (["a", "b"], V)


def test_columns_of_others_are_guessed_and_said_or_named():
    frame = pd.DataFrame({"face_id": ["a", "b"], "person": ["A", "B"], "embedding": V, "other": V})
    with pytest.warns(GuessWarning, match="face_id as id, embedding as vector, person as subject"):
        assert EmbeddingSet.from_frame(frame).subject.tolist() == ["A", "B"]
    named = {"id": "face_id", "vector": "other", "subject": ""}
    assert EmbeddingSet.from_frame(frame, columns=named).subject is None


@pytest.mark.parametrize(("frame", "told"), [
    (pd.DataFrame({"id": [], "vector": []}), "no rows"), (pd.DataFrame({"id": ["a"]}), "no column 'vector'"),
    (pd.DataFrame({"vector": V}), "no column 'id'"), ([1, 2], "a list is no data frame"), (None, "no data frame"),
    (pd.DataFrame({"id": ["a", "b"], "vector": [V[0], None]}), "no vector in row 1"),
    (pd.DataFrame({"id": ["a", "b"], "vector": [V[0], V[1][:2]]}), "vectors of different widths"),
])  # fmt: skip
def test_frames_that_are_no_sets_are_named(frame, told):
    with pytest.raises(InputError, match=told):
        EmbeddingSet.from_frame(frame)


def test_an_unknown_library_is_named():
    with pytest.raises(UnknownNameError, match="did you mean 'pandas'"):
        small().to_frame("panda")


def _deepface(vector, confidence=0.9):
    return {"embedding": vector, "facial_area": {"x": 1, "y": 2, "w": 3, "h": 4}, "face_confidence": confidence}


class Face(dict):
    """As insightface's: a dict whose keys are attributes, None where there is none."""

    def __getattr__(self, name):
        return self.get(name)

    @property
    def normed_embedding(self):
        return self["embedding"] / np.linalg.norm(self["embedding"])


def test_what_deepface_found_is_a_set():
    found = {"ann/1": [_deepface(V[0], 0.9)], "couple": [_deepface(V[1], 0.5), _deepface(V[0], 0.8)]}
    every = EmbeddingSet.from_faces(found, model="ArcFace")
    assert (every.ids.tolist(), every.model) == (["ann/1", "couple", "couple#2"], "ArcFace")
    assert every.quality.tolist() == pytest.approx([0.9, 0.5, 0.8])
    best = EmbeddingSet.from_faces(found, faces="best")
    assert (best.ids.tolist(), best["couple"].tolist()) == (["ann/1", "couple"], V[0])
    in_order = EmbeddingSet.from_faces(list(found.values()), ["ann/1", "couple"])
    assert np.array_equal(in_order.vectors, every.vectors)
    flat = EmbeddingSet.from_faces([_deepface(V[0]), _deepface(V[1])], ["a", "b"])
    assert flat.vectors.tolist() == V


def test_what_insightface_found_is_a_set():
    faces = [Face(embedding=np.array(v, dtype=np.float32), det_score=0.7, bbox=np.zeros(4)) for v in V]
    found = EmbeddingSet.from_faces({"a": faces[:1], "b": faces[1:]})
    assert (found.vectors.tolist(), found.quality.tolist()) == (V, pytest.approx([0.7, 0.7]))
    plain = EmbeddingSet.from_faces([SimpleNamespace(normed_embedding=np.array([0.6, 0.8]))], ["a"])
    assert plain["a"].tolist() == pytest.approx([0.6, 0.8])
    assert plain.quality is None


def test_images_without_a_face_are_counted():
    with pytest.warns(GuessWarning, match="2 images without a face were left out: b, c"):
        found = EmbeddingSet.from_faces({"a": [_deepface(V[0])], "b": [], "c": None})
    assert found.ids.tolist() == ["a"]
    with pytest.warns(GuessWarning, match="1 images"), pytest.raises(InputError, match="no face was found in 1 images"):
        EmbeddingSet.from_faces({"a": []})


@pytest.mark.parametrize(("found", "ids", "told"), [
    ([_deepface(V[0])], None, "these faces have no ids"), ([_deepface(V[0])], ["a", "b"], "1 images with faces but 2 ids"),
    ({"a": ["x"]}, None, "what was found in a is no face: str"),
])  # fmt: skip
def test_faces_that_are_none_are_named(found, ids, told):
    with pytest.raises(InputError, match=told):
        EmbeddingSet.from_faces(found, ids)
    with pytest.raises(UnknownNameError, match="choice of faces"):
        EmbeddingSet.from_faces(found, ids, faces="largest")


def test_what_deepface_found_is_read_from_json(tmp_path):
    """And so on the command line, whose sets are files."""
    path = tmp_path / "faces.json"
    path.write_text(json.dumps({"ann/1": [_deepface(V[0])], "couple": [_deepface(V[1]), _deepface(V[0])]}))
    assert EmbeddingSet.load(path).ids.tolist() == ["ann/1", "couple", "couple#2"]
    lines = tmp_path / "faces.jsonl"
    lines.write_text("\n".join(json.dumps({"id": name, **_deepface(v)}) for name, v in zip("ab", V, strict=True)))
    with pytest.warns(GuessWarning, match="embedding as vector"):
        assert EmbeddingSet.load(lines).vectors.tolist() == V


def test_an_index_of_faiss_is_a_set():
    faiss = pytest.importorskip("faiss")
    vectors = np.asarray(small())
    flat = faiss.IndexFlatIP(3)
    flat.add(vectors)
    assert np.array_equal(EmbeddingSet.from_faiss(flat, IDS).vectors, vectors)
    with pytest.raises(InputError, match="keeps no ids"):
        EmbeddingSet.from_faiss(flat)
    named = faiss.IndexIDMap2(faiss.IndexFlatL2(3))
    named.add_with_ids(vectors, np.arange(7, 12))
    found = EmbeddingSet.from_faiss(named, model="net")
    assert (found.ids.tolist(), found.model) == (["7", "8", "9", "10", "11"], "net")
    assert np.array_equal(found["9"], vectors[2])
    with pytest.raises(InputError, match="a list is no index"):
        EmbeddingSet.from_faiss([1])
    with pytest.raises(InputError, match="5 vectors but 2 ids"):
        EmbeddingSet.from_faiss(flat, ["a", "b"])
