"""Sets in files of other programs, damaged, or made to fill the memory: read rightly, or refused with a reason."""

from __future__ import annotations

import os
import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facespace.embeddings import EmbeddingSet
from facespace.errors import FileFormatError, InputError, OutputError

V = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
LISTS = pa.array(V.tolist())
IDS = ["é", "b", "c", "d"]


def parquet(path, about=None, **columns):
    table = pa.table({"id": IDS, "vector": LISTS, **columns})
    pq.write_table(table if about is None else table.replace_schema_metadata({"facespace": about}), path)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"vector": pa.array([[]] * 4, pa.list_(pa.float32()))}, "column 'vector': the lists are empty"),
        ({"id": pa.array([bytes([200 + k] * 16) for k in range(4)], pa.binary(16))}, "'id' is .*can't be read as text"),
        ({"id": [["a"]] * 4}, "'id' is list.*can't be read as text"),
        ({"subject": [{"name": "a"}] * 4}, "'subject' is struct.*can't be read as text"),
        ({"quality": ["good"] * 4}, "'quality' is string, which can't be read as numbers.*good"),
        ({"about": "v1"}, "'facespace' can't be read as JSON"),
        ({"about": '{"model": 3}'}, "not facespace's"),
        ({"about": "[" * 100_000}, "recursion"),
        ({"about": '{"model": ' + "9" * 5000 + "}"}, "4300 digits"),
        ({"id": ["x" * 200_000, *"bcd"]}, "'id' has a text of 200,000 bytes"),
    ],
)
def test_foreign_parquet_is_refused_with_column_and_reason(tmp_path, columns, message):
    parquet(tmp_path / "s.parquet", **columns)
    with pytest.raises(FileFormatError, match=rf"(?s)s\.parquet.*{message}"):
        EmbeddingSet.load(tmp_path / "s.parquet")


@pytest.mark.parametrize(
    "ids",
    [IDS, pa.array([i.encode() for i in IDS]), pa.array(IDS, pa.large_string()), pa.array(IDS).dictionary_encode()],
)
def test_ids_of_any_kind_of_text_are_read(tmp_path, ids):
    parquet(tmp_path / "s.parquet", id=ids, subject=ids)
    loaded = EmbeddingSet.load(tmp_path / "s.parquet")
    assert (loaded.ids.tolist(), loaded.subject.tolist()) == (IDS, IDS)


def test_lists_that_a_dictionary_makes_small_are_refused_before_they_are_unpacked(tmp_path):
    values, starts = np.ones(40_000_000, np.float32), np.arange(0, 40_000_001, 400_000, dtype=np.int32)
    table = {"id": [str(row) for row in range(100)], "vector": pa.ListArray.from_arrays(starts, pa.array(values))}
    pq.write_table(pa.table(table), tmp_path / "s.parquet")
    assert (tmp_path / "s.parquet").stat().st_size < 10_000
    with pytest.raises(FileFormatError, match=r"s\.parquet unpacks to 160 MB from a file of"):
        EmbeddingSet.load(tmp_path / "s.parquet")


def test_bytes_in_npz_are_utf_8(tmp_path):
    coded = np.array([i.encode() for i in IDS])
    np.savez(tmp_path / "s.npz", vectors=V, ids=coded, subject=coded, model=np.array(b"net"))
    loaded = EmbeddingSet.load(tmp_path / "s.npz")
    assert (loaded.ids.tolist(), loaded.subject.tolist(), loaded.model) == (IDS, IDS, "net")
    np.savez(tmp_path / "s.npz", vectors=V, ids=np.array([b"\xe9", b"b", b"c", b"d"]))
    with pytest.raises(InputError, match=r"b'\\xe9', which is not UTF-8"):
        EmbeddingSet.load(tmp_path / "s.npz")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"ids": np.array(IDS, dtype=object)}, r"(?s)'ids' holds pickled objects, which are never loaded.*dtype=str"),
        ({"vectors": V + 1j}, "of type complex64"),
        ({"vectors": V.astype("M8[s]")}, "of type datetime64"),
        ({"quality": np.array(["good"] * 4)}, "quality must be numbers; it begins with good"),
        ({"ids": np.array(IDS)[:, None]}, r"shape \(4, 1\)"),
        ({"metadata": np.array("{" * 100_000)}, "'metadata' can't be read as JSON"),
        ({"vectors": np.ones((4_000_000, 20), np.float32)}, r"'vectors' of .* unpacks to 320 MB"),
    ],
)
def test_foreign_npz_is_refused_with_array_and_reason(tmp_path, arrays, message):
    np.savez_compressed(tmp_path / "s.npz", **{"vectors": V, "ids": IDS, **arrays})
    with pytest.raises(InputError, match=message):
        EmbeddingSet.load(tmp_path / "s.npz")


def test_arrays_that_are_not_needed_are_not_unpacked(tmp_path):
    np.savez(tmp_path / "s.npz", vectors=V, ids=IDS, extra=np.array([{}]))
    assert len(EmbeddingSet.load(tmp_path / "s.npz")) == 4


@pytest.mark.parametrize("header", ["(2000000, 1000), }", "(4, 3), ", "(-1, 3), }"])
def test_an_npy_header_is_not_believed(tmp_path, header):
    text = "{'descr': '<f4', 'fortran_order': False, 'shape': " + header
    data = b"\x93NUMPY\x01\x00\x76\x00" + text.encode().ljust(117) + b"\n"
    (tmp_path / "s.npy").write_bytes(data)
    (tmp_path / "s.ids.txt").write_text("a\n")
    with pytest.raises(FileFormatError, match=r"s\.npy can't be read as npy"):
        EmbeddingSet.load(tmp_path / "s.npy")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("s.ids.txt", "é\r\nb\r\nc\r\nd\r\n\r\n"),
        ("s.ids.csv", "ID;Subject\r\né;x\r\nb;x\r\nc;x\r\nd;x\r\n\r\n"),
        ("s.ids.csv", "subject\tid\nx\té\nx\tb\nx\tc\nx\td"),
    ],
)
def test_ids_beside_an_npy_are_read_however_they_were_saved(tmp_path, encoding, name, text):
    np.save(tmp_path / "s.npy", np.asfortranarray(V))
    (tmp_path / name).write_bytes(text.encode(encoding))
    loaded = EmbeddingSet.load(tmp_path / "s.npy")
    assert loaded.ids.tolist() == IDS
    assert np.array_equal(loaded.vectors, V)


@pytest.mark.parametrize("name", ["s.ids.txt", "s.ids.csv"])
def test_latin_1_is_refused_with_its_line(tmp_path, name):
    np.save(tmp_path / "s.npy", V)
    (tmp_path / name).write_bytes("id\né\nb\nc\n".encode("latin-1"))
    with pytest.raises(FileFormatError, match=r"(?s)0xe9, in line 2.*iconv"):
        EmbeddingSet.load(tmp_path / "s.npy")


def test_a_row_of_ids_that_lacks_a_field_is_named(tmp_path):
    np.save(tmp_path / "s.npy", V)
    (tmp_path / "s.ids.csv").write_text("id,subject\na,x\nb\nc,x\nd,x\n")
    with pytest.raises(FileFormatError, match="rows 2 have not 2 fields"):
        EmbeddingSet.load(tmp_path / "s.npy")


def test_new_vectors_are_never_paired_with_old_ids(tmp_path, monkeypatch):
    path = EmbeddingSet(V, IDS).save(tmp_path / "s.npy")
    replace = os.replace

    def fail_at_the_vectors(source, target):
        if str(target).endswith(".npy"):
            raise OSError(28, "No space left on device")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail_at_the_vectors)
        with pytest.raises(OutputError):
            EmbeddingSet(V[::-1], IDS[::-1]).save(path)
    with pytest.raises(FileFormatError, match=r"4 of 4 rows are not those that s\.ids\.csv was written for: row 0"):
        EmbeddingSet.load(path)
    EmbeddingSet(V[::-1], IDS[::-1]).save(path)
    assert EmbeddingSet.load(path).ids.tolist() == IDS[::-1]
    (tmp_path / "s.ids.csv").write_text("id\n" + "\n".join(IDS))  # without the column it is the user's word
    assert EmbeddingSet.load(path).ids.tolist() == IDS


@pytest.mark.parametrize("file", ["s.parquet", "s.npz", "s.npy"])
def test_a_flipped_bit_gives_no_other_vectors_and_ids(tmp_path, file):
    faces = EmbeddingSet(V, IDS, model="net", metadata={"a": 1})
    path = faces.save(tmp_path / file)
    whole, rng, refused = path.read_bytes(), np.random.default_rng(0), 0
    for at in rng.integers(0, 8 * len(whole), 200).tolist():
        spoiled = bytearray(whole)
        spoiled[at // 8] ^= 1 << at % 8
        path.write_bytes(spoiled)
        try:
            loaded = EmbeddingSet.load(path)
        except InputError:
            refused += 1
        else:
            assert np.array_equal(loaded.vectors, V)
            assert loaded.ids.tolist() == IDS
    assert refused > 100


@pytest.mark.parametrize("value", [1e5, 1e-9])
@pytest.mark.parametrize("file", ["s.parquet", "s.npz", "s.npy"])
def test_what_float16_cannot_hold_is_refused_before_it_is_written(tmp_path, file, value):
    vectors = V.copy()
    vectors[2] = [value, 0, 0]
    with pytest.raises(InputError, match=r"1 vectors .* too large or too small for float16: row 2 \(c\)"):
        EmbeddingSet(vectors, IDS).save(tmp_path / file, "float16")
    assert list(tmp_path.iterdir()) == []


def test_ids_of_two_unicode_forms_are_one(tmp_path):
    mac, windows = unicodedata.normalize("NFD", "José/1"), unicodedata.normalize("NFC", "José/1")
    a, b = EmbeddingSet(V[:1], [mac], subject=["Jose\u0301"]), EmbeddingSet(V[:1], [windows])
    assert a.ids.tolist() == b.ids.tolist() == [windows]
    assert a.subject.tolist() == ["José"]
    assert len(a.join(b)) == 1
    assert b.find([mac]).tolist() == [0]
    with pytest.raises(InputError, match=r"duplicate ids: José/1 .*NFC and NFD"):
        EmbeddingSet(V[:2], [mac, windows])


@pytest.mark.parametrize(
    ("given", "name"),
    [("ann/1\ufeff", "ZERO WIDTH NO-BREAK SPACE"), ("ann\u200b/1", "ZERO WIDTH SPACE"), ("ann/1 ", "SPACE")],
)
def test_differences_that_cannot_be_seen_are_named(given, name):
    faces = EmbeddingSet(V[:2], ["ann/1", "bob/1"])
    with pytest.raises(InputError) as caught:
        faces.rows([given])
    assert "1 of them differ from the set's only in what can't be seen" in caught.value.hint
    assert name in caught.value.hint
    with pytest.raises(InputError, match="can't be seen"):
        faces.join(EmbeddingSet(V[:1], [given]))
    assert "seen" not in faces.unseen(np.array(["ann/2"]))


def test_ids_that_are_file_names_are_found_without_their_suffix():
    faces = EmbeddingSet(V, ["a.jpg", "b.PNG", "c.jpg", "c.png"])
    assert faces.find(["a", "b", "c", "c.png", "a.jpg"]).tolist() == [0, 1, -1, 3, 0]


def test_rows_too_short_for_a_direction_are_named():
    with pytest.raises(InputError, match=r"too small for float32 .* row 1 \(b\)"):
        EmbeddingSet([[1, 1], [1e-42, 0]], ["a", "b"])


def test_odd_headers_and_characters_of_npy_are_refused_without_a_warning(tmp_path):
    np.savez(tmp_path / "s.npz", vectors=V, ids=np.array([0x110000] * 4, "<u4").view("<U1"))
    with pytest.raises(FileFormatError, match="'ids' holds what are no characters"):
        EmbeddingSet.load(tmp_path / "s.npz")
    np.save(tmp_path / "s.npy", V)
    (tmp_path / "s.npy").write_bytes((tmp_path / "s.npy").read_bytes().replace(b"<f4", b"<\\F"))
    (tmp_path / "s.ids.txt").write_text("a\nb\nc\nd\n")
    with pytest.raises(FileFormatError, match=r"s\.npy can't be read as npy"):
        EmbeddingSet.load(tmp_path / "s.npy")
