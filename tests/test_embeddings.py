from __future__ import annotations

import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facespace.datasets import demo_sets
from facespace.embeddings import EmbeddingSet, normalize
from facespace.errors import DimensionError, FileFormatError, InputError, OutputError
from facespace.mapping import LinearMap

SUFFIXES = (".parquet", ".npz", ".npy")
plain = settings(deadline=None, max_examples=25, derandomize=True)


def made(n=5, d=3, **columns):
    vectors = np.random.default_rng(0).normal(size=(n, d)).astype(np.float32)
    return EmbeddingSet(vectors, [f"i{k}" for k in range(n)], model="net", **columns)


def full():
    subject, template = ["a", "a", "b", "b", "é"], ["t1", "t1", "t2", "t3", "t3"]
    return made(subject=subject, template=template, media=list("vwxyz"), quality=[0.1, 0.2, 0.3, 0.4, np.nan])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_with_row_and_id(value):
    vectors = np.ones((4, 3), dtype=np.float32)
    vectors[2, 1] = value
    with pytest.raises(InputError, match=r"NaN or infinite values in 1 of 4 vectors: row 2 \(c\)"):
        EmbeddingSet(vectors, list("abcd"))


def test_values_too_large_for_float32_are_refused():
    with pytest.raises(InputError, match="infinite"), np.errstate(over="ignore"):
        EmbeddingSet([[1e39, 1.0]], ["a"])


def test_zero_vectors_are_refused_with_their_rows_and_how_many_more():
    vectors = np.zeros((9, 3))
    vectors[0] = 1
    with pytest.raises(InputError, match=r"zero vectors in 8 of 9 .*row 1 \(1\), .*row 5 \(5\) and 3 more"):
        EmbeddingSet(vectors, [str(k) for k in range(9)])


@pytest.mark.parametrize(
    ("vectors", "ids", "options", "message"),
    [
        ([[1, 2], [3]], ["a", "b"], {}, "rows of different widths"),
        ([["x"]], ["a"], {}, "not numbers"),
        (np.ones(3), ["a"], {}, r"must be a matrix \(n, d\); got shape \(3,\)"),
        (np.ones((2, 3)), ["a"], {}, "2 vectors but 1 ids"),
        (np.ones((0, 3)), [], {}, "at least one vector"),
        (np.ones((2, 3)), ["a", ""], {}, "empty id in row 1"),
        (np.ones((4, 3)), ["a", "b", "a", "b"], {}, "duplicate ids: a, b"),
        (np.ones((2, 3)), ["a", "b"], {"subject": ["s"]}, "2 vectors but 1 values of 'subject'"),
        (np.ones((2, 3)), ["a", "b"], {"quality": [1, 2, 3]}, "2 vectors but 3 values of 'quality'"),
    ],
)
def test_inconsistent_sets_are_refused(vectors, ids, options, message):
    with pytest.raises(InputError, match=message):
        EmbeddingSet(vectors, ids, **options)


@plain
@given(order=st.permutations(range(8)), wanted=st.lists(st.integers(0, 11), max_size=12))
def test_find_gives_the_row_of_every_id_and_minus_one_for_none(order, wanted):
    faces = made(8).take(np.array(order))
    names = [f"i{k}" for k in wanted]
    expected = [order.index(k) if k < 8 else -1 for k in wanted]
    assert faces.find(names).tolist() == expected


def test_longer_ids_are_not_cut_to_the_length_of_the_sets_ids():
    assert made(2).find(["i0", "i00", "i0/more"]).tolist() == [0, -1, -1]


def test_select_takes_rows_and_columns_in_the_given_order():
    chosen = full().select(["i4", "i1"])
    assert chosen.ids.tolist() == ["i4", "i1"]
    assert chosen.subject.tolist() == ["é", "a"]
    assert np.array_equal(chosen.vectors, full().vectors[[4, 1]])
    assert chosen.model == "net"


def test_missing_ids_are_named():
    with pytest.raises(InputError, match="2 ids are not in the set of net: x, y") as caught:
        made().rows(["i0", "y", "x", "y"])
    assert "i0, i1, i2" in caught.value.hint


def test_normalized_rows_have_length_one_and_the_same_direction():
    faces = made()
    unit = faces.normalized()
    assert unit.dtype == np.float32
    assert np.allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-6)
    assert np.allclose(unit * np.linalg.norm(faces.vectors, axis=1, keepdims=True), faces.vectors, atol=1e-6)


def test_normalize_survives_lengths_whose_square_leaves_float32():
    assert np.allclose(normalize(np.array([[3e25, 4e25], [3e-25, 4e-25]], dtype=np.float32)), [[0.6, 0.8]] * 2)


@plain
@given(a=st.sets(st.integers(0, 9), min_size=1), b=st.sets(st.integers(0, 9), min_size=1))
def test_join_pairs_equal_ids_and_lists_the_others(a, b):
    left, right = made(10).take(np.array(sorted(a))), made(10).take(np.array(sorted(b))[::-1])
    if not a & b:
        with pytest.raises(InputError, match="share no id"):
            left.join(right)
        return
    joined = left.join(right)
    assert joined.left.ids.tolist() == joined.right.ids.tolist() == [f"i{k}" for k in sorted(a & b)]
    assert set(joined.left_only) == {f"i{k}" for k in a - b}
    assert set(joined.right_only) == {f"i{k}" for k in b - a}
    assert len(joined) + len(joined.left_only) == len(left)
    assert np.array_equal(joined.left.vectors, joined.right.vectors)


def test_repr_says_size_model_and_columns():
    assert repr(full()) == "EmbeddingSet(5 × 3, model='net', subject, template, media, quality)"


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_saved_set_is_the_same_set(tmp_path, suffix, dtype):
    faces = full()
    loaded = EmbeddingSet.load(faces.save(tmp_path / f"new/folder/set{suffix}", dtype))
    assert loaded.vectors.dtype == np.float32
    assert np.array_equal(loaded.vectors, faces.vectors.astype(dtype).astype(np.float32))
    assert loaded.ids.tolist() == faces.ids.tolist()
    for name in ("subject", "template", "media"):
        assert getattr(loaded, name).tolist() == getattr(faces, name).tolist()
    assert np.array_equal(loaded.quality, faces.quality, equal_nan=True)
    assert loaded.model == ("" if suffix == ".npy" else "net")


@pytest.mark.parametrize("suffix", [".parquet", ".npz"])
def test_metadata_is_kept(tmp_path, suffix):
    faces = EmbeddingSet(np.ones((1, 2)), ["a"], metadata={"licence": "MIT", "crop": [112, 112]})
    assert EmbeddingSet.load(faces.save(tmp_path / f"s{suffix}")).metadata == {"licence": "MIT", "crop": [112, 112]}


@pytest.mark.parametrize("ending", ["\n", ""])
def test_npy_with_plain_ids_beside_it(tmp_path, ending):
    np.save(tmp_path / "s.npy", np.ones((2, 3)))
    (tmp_path / "s.ids.txt").write_text("a b\nc" + ending)
    assert EmbeddingSet.load(tmp_path / "s.npy").ids.tolist() == ["a b", "c"]


def test_npy_without_ids_says_what_to_put_there(tmp_path):
    np.save(tmp_path / "s.npy", np.ones((2, 3)))
    with pytest.raises(FileFormatError, match=r"no ids beside it") as caught:
        EmbeddingSet.load(tmp_path / "s.npy")
    assert "s.ids.csv" in caught.value.hint
    (tmp_path / "s.ids.csv").write_text("age\n1\n2\n")
    with pytest.raises(FileFormatError, match=r"no column 'id'.*its columns are age"):
        EmbeddingSet.load(tmp_path / "s.npy")
    (tmp_path / "s.ids.csv").write_text("id\na\n")
    with pytest.raises(InputError, match=r"s\.npy: 2 vectors but 1 ids"):
        EmbeddingSet.load(tmp_path / "s.npy")


def parquet(path, vector, ids=None, **more):
    pq.write_table(pa.table({"id": ids or [f"{k}" for k in range(len(vector))], "vector": vector, **more}), path)
    return path


@pytest.mark.parametrize("kind", [pa.list_(pa.float32()), pa.large_list(pa.float64()), pa.list_(pa.float32(), 2)])
def test_parquet_of_other_tools_is_read(tmp_path, kind):
    path = parquet(tmp_path / "s.parquet", pa.array([[1.0, 2.0], [3.0, 4.0]], kind), extra=[7, 8])
    loaded = EmbeddingSet.load(path)
    assert np.array_equal(loaded.vectors, [[1, 2], [3, 4]])
    assert loaded.model == ""


def test_parquet_in_several_row_groups_is_read(tmp_path):
    table = pa.table({"id": list("abcde"), "vector": pa.array([[float(k), 1.0] for k in range(5)], pa.list_(pa.float32()))})
    pq.write_table(table, tmp_path / "s.parquet", row_group_size=2)
    assert EmbeddingSet.load(tmp_path / "s.parquet").vectors[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_parquet_is_readable_by_others(tmp_path):
    table = pq.read_table(full().save(tmp_path / "s.parquet"))
    assert pa.types.is_fixed_size_list(table.schema.field("vector").type)
    assert json.loads(table.schema.metadata[b"facespace"])["dim"] == 3


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        (pa.array([[1.0], [1.0, 2.0]], pa.list_(pa.float32())), "vectors of different widths"),
        (pa.array([1.0, 2.0]), "column 'vector' is double, not a list of numbers"),
        (pa.array([[1.0], None], pa.list_(pa.float32())), "1 rows have no vector"),
        (pa.array([["a"], ["b"]], pa.list_(pa.string())), "must be a matrix of numbers"),
        (pa.array([[1.0, None], [1.0, 2.0]], pa.list_(pa.float32(), 2)), r"NaN or infinite values in 1 of 2 .*row 0"),
    ],
)
def test_unusable_parquet_columns_are_named(tmp_path, vector, message):
    with pytest.raises(InputError, match=rf"s\.parquet.*{message}"):
        EmbeddingSet.load(parquet(tmp_path / "s.parquet", vector))


def test_missing_columns_are_named_with_those_that_are_there(tmp_path):
    pq.write_table(pa.table({"age": ["a"], "vector": [[1.0]]}), tmp_path / "s.parquet")
    with pytest.raises(FileFormatError, match=r"no column 'id'.*; its columns are age, vector"):
        EmbeddingSet.load(tmp_path / "s.parquet")
    np.savez(tmp_path / "s.npz", X=np.ones((2, 2)), ids=["a", "b"])
    with pytest.raises(FileFormatError, match=r"no array 'vector'.*; its arrays are X, ids"):
        EmbeddingSet.load(tmp_path / "s.npz")


def test_bad_rows_of_a_file_are_named_with_the_file(tmp_path):
    np.savez(tmp_path / "s.npz", vectors=np.zeros((2, 2)), ids=["a", "b"])
    with pytest.raises(InputError, match=r"s\.npz: zero vectors in 2 of 2 vectors"):
        EmbeddingSet.load(tmp_path / "s.npz")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.97])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_truncated_file_is_a_clear_error(tmp_path, suffix, share):
    path = made(200, 16).save(tmp_path / f"s{suffix}")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(FileFormatError, match=rf"s\{suffix} can't be read as"):
        EmbeddingSet.load(path)


def test_missing_file_and_unknown_ending_are_clear_errors(tmp_path):
    with pytest.raises(FileFormatError, match="no such file"):
        EmbeddingSet.load(tmp_path / "s.parquet")
    with pytest.raises(FileFormatError, match=r"unknown kind of embedding file '\.txt'"):
        EmbeddingSet.load(tmp_path / "s.txt")
    with pytest.raises(FileFormatError, match="can't write this kind of file"):
        made().save(tmp_path / "s.txt")
    with pytest.raises(FileFormatError, match="is a gallery in sqlite") as caught:
        EmbeddingSet.load("sqlite:photos.db#faces")
    assert "facespace gallery copy" in str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_unwritable_output_is_a_clear_error(tmp_path, suffix):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="can't write"):
        made().save(tmp_path / f"file/s{suffix}")
    (tmp_path / f"folder{suffix}").mkdir()
    with pytest.raises(OutputError, match="it is a folder"):
        made().save(tmp_path / f"folder{suffix}")


@pytest.mark.parametrize("suffix", [".parquet", ".npz"])
def test_failed_write_leaves_the_old_file_and_no_other(tmp_path, suffix, monkeypatch):
    path = made().save(tmp_path / f"s{suffix}")
    before = path.read_bytes()

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(OutputError, match="No space left on device"):
        made(9).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_with_vectors_keeps_ids_and_columns():
    moved = full().with_vectors(np.ones((5, 7)), "other")
    assert (moved.dim, moved.model) == (7, "other")
    assert moved.subject.tolist() == full().subject.tolist()


def test_width_is_checked_where_a_width_is_needed():
    eye = np.eye(4, dtype=np.float32)
    zero = np.zeros(4, dtype=np.float32)
    with pytest.raises(DimensionError, match="width 4"):
        LinearMap(eye, zero, zero, zero, zero, eye).transform(np.ones((2, 3)))


def test_replaced_ids_are_told_by_the_set():
    assert all(faces.ids_replaced for faces in demo_sets())
    assert not EmbeddingSet(np.eye(2), ["a", "b"], metadata={"images": "LFW"}).ids_replaced
