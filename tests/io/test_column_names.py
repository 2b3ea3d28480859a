"""Which column of a foreign table is which."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from facespace.embeddings import EmbeddingSet
from facespace.errors import FileFormatError, UnknownNameError
from facespace.io import parquet_columns, texts

LIST, TEXT = pa.list_(pa.float32()), pa.string()


def schema(**columns):
    return pa.schema(columns)


@pytest.mark.parametrize(
    ("columns", "wanted", "found"),
    [
        ({"id": TEXT, "vector": LIST}, {}, {"id": "id", "vector": "vector"}),
        ({"face_id": TEXT, "Embedding": LIST}, {}, {"id": "face_id", "vector": "Embedding"}),
        ({"path": TEXT, "name": TEXT, "arcface": LIST}, {}, {"id": "path", "vector": "arcface", "subject": "name"}),
        ({"name": TEXT, "emb": LIST}, {}, {"id": "name", "vector": "emb"}),
        ({"identity": TEXT, "emb": LIST, "label": TEXT}, {}, {"id": "identity", "vector": "emb", "subject": "label"}),
        ({"id": TEXT, "landmarks": LIST, "embedding": LIST}, {}, {"id": "id", "vector": "embedding"}),
        ({"id": TEXT, "a": LIST, "b": LIST, "subject": TEXT}, {"vector": "b", "subject": ""}, {"id": "id", "vector": "b"}),
        ({"id": pa.binary(), "embedding": pa.binary()}, {}, {"id": "id", "vector": "embedding"}),
        ({"id": TEXT, "embedding": pa.binary(512), "thumbnail": pa.binary()}, {}, {"id": "id", "vector": "embedding"}),
        ({"id": TEXT, "vector": LIST, "quality": pa.float32()}, {}, {"id": "id", "vector": "vector", "quality": "quality"}),
        ({"id": TEXT, "vectors": pa.list_(pa.float16(), 4)}, {}, {"id": "id", "vector": "vectors"}),
    ],
)
def test_columns_are_found_by_name_and_type(columns, wanted, found):
    assert parquet_columns(schema(**columns), wanted) == found


@pytest.mark.parametrize(
    ("columns", "wanted", "message"),
    [
        ({"path": TEXT, "filename": TEXT, "emb": LIST}, {}, r"path and filename could each be the id(?s:.*)FILE:id=NAME"),
        ({"id": TEXT, "emb": LIST, "features": LIST}, {}, "emb and features could each be the vector"),
        ({"id": TEXT, "arcface": LIST, "adaface": LIST}, {}, "each of the columns arcface, adaface could be the vector"),
        ({"id": TEXT, "emb": LIST, "name": TEXT, "label": TEXT}, {}, r'name and label could(?s:.*)subject="" takes none'),
        ({"id": TEXT, "photo": pa.binary()}, {}, "no column 'vector', and none by another name"),
        ({"key1": TEXT, "emb": LIST}, {}, "no column 'id'"),
        ({"id": TEXT, "emb": LIST}, {"vector": "embs"}, "no column 'embs' for vector; its columns are id, emb"),
    ],
)
def test_what_could_be_several_or_is_not_there_is_refused(columns, wanted, message):
    with pytest.raises(FileFormatError, match=message):
        parquet_columns(schema(**columns), wanted)


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(FileFormatError, match="2 columns 'vector'"):
        parquet_columns(pa.schema([("id", TEXT), ("vector", LIST), ("vector", LIST)]))


def test_an_unknown_role_is_named():
    with pytest.raises(UnknownNameError, match="did you mean 'vector'"):
        parquet_columns(schema(id=TEXT, v=LIST), {"vectro": "v"})


def test_in_a_file_of_ours_nothing_is_guessed():
    columns = schema(id=TEXT, vector=LIST, label=TEXT).with_metadata({"facespace": "{}"})
    assert parquet_columns(columns) == {"id": "id", "vector": "vector"}
    assert parquet_columns(columns, {"subject": "label"}) == {"id": "id", "vector": "vector", "subject": "label"}


@pytest.mark.parametrize("whole", [float, np.float32, np.float16, np.int8, np.uint64, int])
def test_a_whole_number_is_one_text_whatever_its_type(whole):
    assert texts(np.array([1, 2, 120], dtype=whole), "subject").tolist() == ["1", "2", "120"]
    assert texts([whole(1), None, float("nan"), "7"], "subject").tolist() == ["1", "", "", "7"]


def test_what_is_missing_in_a_data_frame_is_an_unknown_person(tmp_path):
    """Of every kind of column that pandas makes, and by every file: the same people."""
    pandas = pytest.importorskip("pandas")
    vectors = np.eye(4, dtype=np.float32)
    people = [7, 120, None, 7]
    for kind in (None, "Int64", "float64", "object", "string"):
        frame = pandas.DataFrame({"id": list("abcd"), "subject": pandas.Series(people, dtype=kind), "vector": list(vectors)})
        assert EmbeddingSet.from_frame(frame).subject.tolist() == ["7", "120", "", "7"]
        assert EmbeddingSet(vectors, list("abcd"), subject=frame["subject"]).subject.tolist() == ["7", "120", "", "7"]
    frame = pandas.DataFrame({"id": list("abcd"), "subject": people, "vector": vectors.tolist()})
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_json(tmp_path / "a.json", orient="records")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    np.savez(tmp_path / "a.npz", ids=frame["id"].to_numpy(str), subject=frame["subject"].to_numpy(), vectors=vectors)
    for name in ("a.parquet", "a.json", "a.jsonl", "a.npz"):
        assert EmbeddingSet.load(tmp_path / name).subject.tolist() == ["7", "120", "", "7"]
