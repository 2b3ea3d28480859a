"""Sets as other programs write them: each kind of file by the program itself where it is at hand, else letter by letter."""

from __future__ import annotations

import json
import pickle
import struct
import warnings

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file

from facespace.embeddings import EmbeddingSet
from facespace.errors import FileFormatError, GuessWarning, InputError, UnknownNameError

V = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
IDS, WHO = ["Ann/1.jpg", "Ann é/2", "b 3"], ["Ann", "Ann", ""]
LISTS = [str(row) for row in V.tolist()]


def table(*rows, delimiter=","):
    """Text of csv with what needs quotation marks in them, as pandas writes it."""
    quoted = [[f'"{cell}"' if delimiter in str(cell) or "\n" in str(cell) else str(cell) for cell in row] for row in rows]
    return "\n".join(delimiter.join(row) for row in quoted) + "\n"


def wide(*names, delimiter=",", comma=False):
    rows = [[name, *(str(x).replace(".", ",") if comma else x for x in row)] for name, row in zip(IDS, V, strict=True)]
    return table(names, *rows, delimiter=delimiter)


def column(*names, values=LISTS, delimiter=","):
    return table(names, *zip(IDS, values, WHO, strict=True), delimiter=delimiter)


def saved(tmp_path, name, content, encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def check(path, told="", columns=None, subject=None, ids=IDS):
    """The set in `path` is V's; a warning says `told`, or there is none."""
    if told:
        with pytest.warns(GuessWarning, match=rf"{path.name} was read with {told}$"):
            found = EmbeddingSet.load(path, columns=columns)
        assert found.metadata["columns"]
    else:
        found = EmbeddingSet.load(path, columns=columns)
    assert found.ids.tolist() == ids
    np.testing.assert_allclose(found.vectors, V, rtol=1e-6)
    assert (None if found.subject is None else found.subject.tolist()) == subject
    return found


def refused(path, message, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GuessWarning)
        with pytest.raises(InputError, match=f"(?s){message}") as caught:
            EmbeddingSet.load(path, **options)
    assert path.name in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "told", "subject"),
    [
        ("s.csv", wide("id", "e0", "e1", "e2", "e3"), "e0…e3 as vector", None),
        ("s.csv", wide("face_id", *(f"emb_{k}" for k in range(4))), "face_id as id, emb_0…emb_3 as vector", None),
        ("s.csv", wide("", "0", "1", "2", "3"), "Unnamed: 0 as id, 0…3 as vector", None),
        ("s.tsv", wide("path", "D1", "D2", "D3", "D4", delimiter="\t"), "path as id, D1…D4 as vector", None),
        ("s.csv", wide("id", "v0", "v1", "v2", "v3", delimiter=";", comma=True), "v0…v3 as vector", None),
        ("s.csv", column("id", "vector", "subject"), "", WHO),
        ("s.csv", column("identity", "embedding", "label"), "identity as id, embedding as vector, label as subject", WHO),
        ("s.csv", column("id", "vector", "subject", delimiter=";"), "", WHO),
        ("s.csv", column("id", "vector", "subject", values=[str(row).replace(" ", "\n ") for row in V]), "", WHO),
        ("s.csv", column("id", "vector", "subject", values=[repr(row) for row in V]), "", WHO),
        ("s.csv", column("id", "vector", "subject", values=[repr(list(row)) for row in V]), "", WHO),
        ("s.tsv", "\n".join(f"{i}\t{v}" for i, v in zip(IDS, LISTS, strict=True)), "1 as id, 2 as vector", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_and_tsv(tmp_path, name, text, told, subject, encoding):
    check(saved(tmp_path, name, text, encoding), told, subject=subject)


def test_numbered_columns_are_taken_in_the_order_of_their_numbers(tmp_path):
    rng = np.random.default_rng(1)
    order, vectors = rng.permutation(12), rng.normal(size=(2, 12)).astype(np.float32)
    rows = [["id", *(f"e{k}" for k in order)], *([f"i{row}", *vectors[row, order]] for row in range(2))]
    path = saved(tmp_path, "s.csv", table(*rows))
    np.testing.assert_array_equal(EmbeddingSet.load(path, columns={"vector": "e"}).vectors, vectors)


def test_other_columns_of_a_csv_are_left_alone_and_quality_may_lack(tmp_path):
    rows = [["id", "x1", "x2", "quality", "e0", "e1", "e2", "e3", "subject"]]
    rows += [[i, 5, 6, q, *v, w] for i, q, v, w in zip(IDS, ("0.5", "", "1"), V, WHO, strict=True)]
    found = check(saved(tmp_path, "s.csv", table(*rows)), "e0…e3 as vector", subject=WHO)
    np.testing.assert_array_equal(found.quality, np.float32([0.5, np.nan, 1]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,e0,e1\na,1\n", "Expected 3 columns, got 2"),
        ("id,e0,e1\na,1,x\n", "invalid value 'x'"),
        ("id,e0,e1\na,1,\n", "NaN or infinite values in 1 of 1"),
        ("a,0.5,0.25\nb,1,2\n", "has no header.*id,e0,e1"),
        ("id,e0,e1\n", "holds no rows"),
        ("", "holds no rows"),
        ('id,vector\na,"[1 2 ... 3]"\n', "shortened to '…'"),
        ('id,vector\na,"[1, 2]"\nb,"[1]"\n', r"different widths: the first 2, but row 1 \(1\)"),
        ('id,vector\na,"[1, 2]"\nb,"[1, Ann]"\n', "parts that are no numbers"),
        ("id,age\na,7\n", "no column 'vector'.*its columns are id, age"),
        ("id,e0,e1,f0,f1\na,1,2,3,4\n", "columns e0…e1, f0…f1 could be the vector"),
        ("id,id,e0,e1\na,a,1,2\n", "2 columns 'id'"),
        (b"id,e0,e1\n\xe9,1,2\n", "is not text"),
    ],
)
def test_a_csv_that_is_no_set_is_refused_with_its_reason(tmp_path, text, message):
    refused(saved(tmp_path, "s.csv", text), message)


RECORDS = [{"id": i, "vector": v, "subject": w or None} for i, v, w in zip(IDS, V.tolist(), WHO, strict=True)]
OTHERS = [{"face_id": i, "embedding": v, "age": 3} for i, v in zip(IDS, V.tolist(), strict=True)]


@pytest.mark.parametrize(
    ("name", "text", "told", "subject"),
    [
        ("s.jsonl", "\n".join(map(json.dumps, RECORDS)), "", WHO),
        ("s.ndjson", "\n\n".join(map(json.dumps, OTHERS)) + "\n", "face_id as id, embedding as vector", None),
        ("s.json", json.dumps(RECORDS, indent=1), "", WHO),
        ("s.json", json.dumps({"ids": IDS, "vectors": V.tolist()}), "", None),
        ("s.json", json.dumps(dict(zip(IDS, V.tolist(), strict=True))), "", None),
        ("s.json", json.dumps([{"id": i, "emb": v} for i, v in zip(IDS, LISTS, strict=True)]), "emb as vector", None),
    ],
)
def test_json(tmp_path, name, text, told, subject):
    check(saved(tmp_path, name, text), told, subject=subject)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("s.jsonl", '{"id": "a", "vector": [1]}\n{"id": "b", "vec', ":2: .* is no JSON"),
        ("s.jsonl", '{"id": "a", "vector": [1]}\n[1]', "no list of JSON objects"),
        ("s.jsonl", '{"id": "a", "vector": [1]}\n{"id": "b"}', "no vector in rows 1"),
        ("s.jsonl", '{"id": "a", "vector": [1]}\n{"id": "b", "vector": [1, 2]}', "different widths"),
        ("s.jsonl", '{"id": "a", "vector": [1]}\n{"id": "b", "vector": ["x"]}', "no numbers"),
        ("s.jsonl", '{"id": {"a": 1}, "vector": [1]}', "'id' is no text or number in rows 0"),
        ("s.jsonl", '{"id": "a", "vector": [' + "9" * 5000 + "]}", "4300 digits"),
        ("s.json", "[" * 100_000, "recursion"),
        ("s.json", '{"id": {"0": "a"}, "vector": {"0": [1]}}', "orient='records'"),
        ("s.json", "[]", "holds no rows"),
        ("s.json", "7", "no list"),
    ],
)
def test_json_that_is_no_set_is_refused_with_its_reason(tmp_path, name, text, message):
    refused(saved(tmp_path, name, text), message)


BYTES = np.array([i.encode() for i in IDS]).view(np.uint8).reshape(3, -1)


@pytest.mark.parametrize(
    ("arrays", "metadata", "told"),
    [
        ({"vectors": V}, {"ids": json.dumps(IDS)}, ""),
        ({"embeddings": V}, {"ids": json.dumps(IDS), "model": "net"}, "embeddings as vector"),
        ({"weight": V, "ids": BYTES}, None, "weight as vector"),
        ({"vectors": V.astype(np.float64), "names": BYTES}, None, "names as id"),
        (dict(zip(IDS, V, strict=True)), None, ""),
    ],
)
def test_safetensors(tmp_path, arrays, metadata, told):
    save_file(arrays, tmp_path / "s.safetensors", metadata)
    if len(arrays) == 3:  # of one vector an id; the library sorts them
        found = EmbeddingSet.load(tmp_path / "s.safetensors").select(IDS)
        np.testing.assert_array_equal(found.vectors, V)
    else:
        assert check(tmp_path / "s.safetensors", told).model == (metadata or {}).get("model", "")


def test_ids_may_be_beside_safetensors_and_numbers_are_ids_too(tmp_path):
    save_file({"vectors": V}, tmp_path / "s.safetensors")
    refused(tmp_path / "s.safetensors", "no array 'id'")
    saved(tmp_path, "s.ids.csv", table(["id", "subject"], *zip(IDS, WHO, strict=True)))
    check(tmp_path / "s.safetensors", subject=WHO)
    save_file({"vectors": V, "ids": np.arange(3)}, tmp_path / "n.safetensors")
    check(tmp_path / "n.safetensors", ids=["0", "1", "2"])
    save_file({"a": V, "b": V[:, :2]}, tmp_path / "s.safetensors")
    check(tmp_path / "s.safetensors", columns={"vector": "a", "subject": ""})
    save_file({"vectors": np.arange(12, dtype=np.uint8).reshape(3, 4) + 1, "ids": BYTES}, tmp_path / "u.safetensors")
    assert EmbeddingSet.load(tmp_path / "u.safetensors").vectors.tolist()[0] == [1, 2, 3, 4]


def test_a_signalling_nan_among_tensors_of_several_types_is_refused_without_a_warning(tmp_path):
    nan = np.array([0x7F800001] * 4, dtype="<u4").view("<f4")
    save_file({"a": V[0], "b": nan, "c": np.arange(4, dtype=np.int32)}, tmp_path / "s.safetensors")
    with pytest.raises(InputError, match=r"NaN or infinite values in 1 of 3 vectors: row \d \(b\)"):
        EmbeddingSet.load(tmp_path / "s.safetensors")


def test_safetensors_of_facespace_are_no_sets(tmp_path):
    from facespace.io import write_artefact

    write_artefact(tmp_path / "m.safetensors", "map", {"weight": V}, {})
    refused(tmp_path / "m.safetensors", "holds 'map', not a set")
    saved(tmp_path, "x.safetensors", b"\xff" * 20)
    refused(tmp_path / "x.safetensors", "can't be read as safetensors")


COPY = "\n".join(
    "\t".join(row) for row in zip("123", ["Ann", "B\\tb", "\\N"], [v.replace(" ", "") for v in LISTS], strict=True)
)
DUMP = f"""--
-- PostgreSQL database dump
--
SET client_encoding = 'UTF8';
CREATE TABLE public.faces (id bigint NOT NULL, person text, "Face Vector" public.vector(4));
COPY public.notes (id, note) FROM stdin;
1\ta note with [brackets]
\\.

COPY public.faces (id, person, "Face Vector") FROM stdin;
{COPY}
\\.

SELECT pg_catalog.setval('public.faces_id_seq', 3, true);
"""


def test_dumps_of_postgresql(tmp_path):
    path = saved(tmp_path, "s.sql", DUMP)
    check(path, "Face Vector as vector, person as subject", subject=["Ann", "B\tb", ""], ids=["1", "2", "3"])
    check(path, columns={"vector": "Face Vector", "subject": ""}, ids=["1", "2", "3"])
    path = saved(tmp_path, "s.copy", COPY + "\n")
    refused(path, "no column 'id'.*its columns are 1, 2, 3")
    check(path, columns={"id": "1", "vector": "3", "subject": "2"}, subject=["Ann", "B\tb", ""], ids=["1", "2", "3"])


def test_a_dump_with_several_tables_asks_which(tmp_path):
    other = DUMP.replace("public.faces", "public.other").replace("Face Vector", "emb").replace("\n1\tAnn", "\n7\tAnn")
    path = saved(tmp_path, "s.sql", DUMP + other)
    refused(path, "public.faces, public.other each have vectors.*TABLE.COLUMN")
    for table_name in ("other", "public.other"):
        columns = {"vector": f"{table_name}.emb", "subject": ""}
        check(path, columns=columns, ids=["7", "2", "3"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DUMP.replace("\\.\n\nSELECT", "SELECT"), "have no end"),
        (DUMP.replace("2\tB", "2\tx\tB"), "rows 2 have not 3 fields"),
        (DUMP.replace(LISTS[1].replace(" ", ""), "\\N"), "1 rows have no Face Vector"),
        ("INSERT INTO faces VALUES (1, '[1,2]');", "no rows with a vector.*without --inserts"),
        (DUMP.replace("[", "{1:").replace("]", "}/4"), "no numbers"),
    ],
)
def test_a_dump_that_is_no_set_is_refused_with_its_reason(tmp_path, text, message):
    refused(saved(tmp_path, "s.sql", text), message)


def flat(vectors, kind=b"IxF2", metric=1):
    head = struct.pack("<iqqq?i", vectors.shape[1], len(vectors), 1 << 20, 1 << 20, True, metric)
    argument = struct.pack("<f", 0) if metric > 1 else b""
    return kind + head + argument + struct.pack("<Q", vectors.size) + vectors.tobytes()


def mapped(vectors, ids, kind=b"IxMp"):
    head = struct.pack("<iqqq?i", vectors.shape[1], len(vectors), 1 << 20, 1 << 20, True, 1)
    return kind + head + flat(vectors) + struct.pack("<Q", len(ids)) + np.array(ids, "<i8").tobytes()


@pytest.mark.parametrize("name", ["s.faiss", "s.index"])
@pytest.mark.parametrize(("kind", "metric"), [(b"IxF2", 1), (b"IxFI", 0), (b"IxFl", 2)])
def test_flat_faiss(tmp_path, name, kind, metric):
    path = saved(tmp_path, name, flat(V, kind, metric))
    refused(path, "no ids beside it")
    saved(tmp_path, "s.ids.txt", "\n".join(IDS))
    check(path)


def test_faiss_with_a_map(tmp_path):
    path = saved(tmp_path, "s.faiss", mapped(V, [7, -1, 1 << 40]))
    check(path, ids=["7", "-1", str(1 << 40)])
    saved(tmp_path, "s.ids.csv", table(["id", "subject"], *zip(IDS, WHO, strict=True)))
    check(path, subject=WHO)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (flat(V, b"IHNf"), "no flat FAISS index: it is of kind 'IHNf'.*reconstruct_n"),
        (mapped(V, [1, 2, 3]).replace(b"IxF2", b"IwFl"), "of kind 'IwFl'"),
        (flat(V)[:-4], "declares 12 numbers"),
        (flat(V) + b"x", "1 bytes behind"),
        (mapped(V, [1, 2]), "declares 3 numbers, and 2"),
        (flat(V)[:20], "can't be read as a FAISS index"),
        (b"IxF2" + struct.pack("<iqqq?iQ", 1 << 30, 1 << 32, 0, 0, True, 1, 1 << 62), "truncated or damaged"),
        (b"IxF2" + struct.pack("<iqqq?iQ", -4, -3, 0, 0, True, 1, 12) + V.tobytes(), "declares -3 vectors of -4 numbers"),
    ],
)
def test_other_or_damaged_faiss_is_refused(tmp_path, data, message):
    refused(saved(tmp_path, "s.faiss", data), message)


def test_faiss_by_faiss(tmp_path):
    faiss = pytest.importorskip("faiss", reason='pip install "facespace[dev]"')
    for inner in (faiss.IndexFlatL2(4), faiss.IndexFlatIP(4), faiss.IndexFlat(4, faiss.METRIC_L1)):
        index = faiss.IndexIDMap2(inner)
        index.add_with_ids(V, np.array([5, 6, 7]))
        faiss.write_index(index, str(tmp_path / "s.faiss"))
        check(tmp_path / "s.faiss", ids=["5", "6", "7"])
        faiss.write_index(inner, str(tmp_path / "t.faiss"))
        saved(tmp_path, "t.ids.txt", "\n".join(IDS))
        check(tmp_path / "t.faiss")
    for other in ("HNSW4,Flat", "SQ8", "L2norm,Flat"):
        index = faiss.index_factory(4, other)
        index.train(V)
        index.add(V)
        faiss.write_index(index, str(tmp_path / "o.faiss"))
        refused(tmp_path / "o.faiss", "no flat FAISS index")


class TestHdf5:
    """Files that h5py writes."""

    @pytest.fixture
    def write(self, tmp_path):
        h5py = pytest.importorskip("h5py", reason='pip install "facespace[hdf5]"')

        def write(fill):
            with h5py.File(tmp_path / "s.h5", "w") as file:
                fill(file, h5py)
            return tmp_path / "s.h5"

        return write

    def test_datasets(self, write):
        def fill(file, h5py):
            file["vectors"], file["ids"] = V, IDS
            file["quality"] = np.ones(3)

        assert check(write(fill)).quality.tolist() == [1, 1, 1]

    def test_other_names_in_a_group(self, write):
        def fill(file, h5py):
            file["faces/features"] = V.astype(np.float16)
            file["faces/filenames"] = np.array([i.encode() for i in IDS])
            file["faces/labels"] = WHO

        with pytest.warns(GuessWarning, match="filenames as id, features as vector, labels as subject"):
            found = EmbeddingSet.load(write(fill))
        assert (found.ids.tolist(), found.subject.tolist()) == (IDS, WHO)
        np.testing.assert_array_equal(found.vectors, V.astype(np.float16))

    def test_a_dataset_for_each_id(self, write):
        def fill(file, h5py):
            for name, row in zip(IDS, V, strict=True):
                file[name] = row

        found = EmbeddingSet.load(write(fill))
        np.testing.assert_array_equal(found.select(IDS).vectors, V)

    @pytest.mark.parametrize(
        ("fill", "message"),
        [
            (lambda file, h5py: None, "holds no datasets"),
            (lambda file, h5py: file.update(vectors=V), "no array 'id'"),
            (lambda file, h5py: file.update(vectors=V, ids=np.zeros(3, [("a", "i4")])), "'ids' holds"),
            (lambda file, h5py: file.update(vectors=h5py.ExternalLink("/etc/passwd", "/x"), ids=IDS), "no array 'vector'"),
            (
                lambda file, h5py: file.create_dataset("vectors", (3, 1 << 26), "f4", chunks=(1, 1 << 16))
                and file.update(ids=IDS),
                "'vectors' of .*unpacks to",
            ),
            (
                lambda file, h5py: file.create_dataset("vectors", (3, 4), "f4", external=[("/etc/passwd", 0, 48)])
                and file.update(ids=IDS),
                "kept in other files",
            ),
        ],
    )  # fmt: skip
    def test_what_is_no_set_is_refused(self, write, fill, message):
        refused(write(fill), message)

    def test_damage(self, write, tmp_path):
        path = write(lambda file, h5py: file.update(vectors=V, ids=IDS))
        path.write_bytes(path.read_bytes()[:500])
        refused(path, "can't be read as HDF5")


def test_hdf5_without_h5py_names_the_extra(tmp_path, monkeypatch):
    import sys

    from facespace.errors import MissingExtraError

    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"facespace\[hdf5\]"):
        EmbeddingSet.load(saved(tmp_path, "s.h5", b""))


def parquet(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize(
    ("vector", "told"),
    [
        ({"embedding": pa.array(V.tolist(), pa.list_(pa.float64()))}, "embedding as vector"),
        ({"features": pa.array(V.tolist(), pa.large_list(pa.float32()))}, "features as vector"),
        ({"arcface": pa.array(V.tolist(), pa.list_(pa.float32(), 4))}, "arcface as vector"),
        ({"emb": [row.tobytes() for row in V]}, "emb as vector"),
        ({"emb": pa.array([row.tobytes() for row in V], pa.binary(16))}, "emb as vector"),
        ({"embedding": LISTS}, "embedding as vector"),
    ],
)
def test_parquet_with_other_columns(tmp_path, vector, told):
    path = parquet(tmp_path / "s.parquet", id=IDS, **vector)
    check(path, told)
    check(path, columns={"vector": next(iter(vector))})


def test_parquet_with_everything_named_otherwise(tmp_path):
    path = parquet(tmp_path / "s.parquet", face_id=[3, 4, 5], emb=V.tolist(), person=WHO, other=IDS)
    check(path, "face_id as id, emb as vector, person as subject", subject=WHO, ids=["3", "4", "5"])
    check(path, columns={"id": "other", "vector": "emb", "subject": "person"}, subject=WHO)
    check(path, "emb as vector", columns={"id": "other", "subject": ""})
    refused(path, "no column 'faceid' for id; its columns are face_id", columns={"id": "faceid"})


def test_bytes_that_are_not_float32_are_refused_until_they_are_named(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(3, 64)).astype(np.float16) / 8
    for dtype in ("float16", "float64"):
        path = parquet(tmp_path / "s.parquet", id=IDS, vector=[row.astype(dtype).tobytes() for row in vectors])
        refused(path, "don't look like float32.*bytes=float16")
        np.testing.assert_array_equal(EmbeddingSet.load(path, columns={"bytes": dtype}).vectors, vectors)
    refused(path, "s.parquet: .*read as float16, float32, float64", columns={"bytes": "int8"})
    refused(parquet(tmp_path / "s.parquet", id=IDS, vector=[b"12345"] * 3), "5 bytes a row are no whole number")
    refused(parquet(tmp_path / "s.parquet", id=IDS, vector=[b"1234", b"12345678", b"1"]), "different widths")


def test_other_names_in_an_npz(tmp_path):
    np.savez(tmp_path / "s.npz", embeddings=V, filenames=IDS, labels=WHO)
    check(tmp_path / "s.npz", "filenames as id, embeddings as vector, labels as subject", subject=WHO)
    np.savez(tmp_path / "s.npz", V, np.array(IDS))
    check(tmp_path / "s.npz", columns={"vector": "arr_0", "id": "arr_1"})


@pytest.mark.parametrize("suffix", [".pkl", ".pickle", ".pt", ".pth", ".joblib"])
def test_a_pickle_is_never_read_and_its_conversion_is_told(tmp_path, suffix):
    path = saved(tmp_path, f"s{suffix}", pickle.dumps(dict(zip(IDS, V, strict=True))))
    with pytest.raises(FileFormatError, match=r"is a pickle.*never read") as caught:
        EmbeddingSet.load(path)
    if suffix in (".pkl", ".pickle"):
        lines = [line.strip() for line in caught.value.hint.split("\n")[1:]]
        exec("\n".join(lines).replace("'s.", f"'{tmp_path}/s."))
        check(tmp_path / "s.npz")


@pytest.mark.parametrize("name", ["s.faiss", "s.json", "s.npz"])
def test_a_role_that_no_set_has_is_named_whatever_the_file(tmp_path, name):
    with pytest.raises(UnknownNameError, match="did you mean 'vector'"):
        EmbeddingSet.load(saved(tmp_path, name, b""), columns={"vectro": "e"})


def test_what_was_guessed_stays_in_the_metadata_of_a_saved_set(tmp_path):
    path = saved(tmp_path, "s.jsonl", "\n".join(map(json.dumps, OTHERS)))
    found = check(path, "face_id as id, embedding as vector")
    again = EmbeddingSet.load(found.save(tmp_path / "s.parquet"))
    assert again.metadata == {"columns": "face_id as id, embedding as vector"}


def test_texts_of_hdf5_that_declare_more_than_the_file_has_are_refused(tmp_path):
    h5py = pytest.importorskip("h5py", reason='pip install "facespace[hdf5]"')
    path = tmp_path / "s.h5"
    with h5py.File(path, "w") as file:
        file["vectors"], file["ids"] = V, IDS
        start = file["ids"].id.get_offset()
    check(path)
    data = bytearray(path.read_bytes())
    assert int.from_bytes(data[start : start + 4], "little") == len(IDS[0])
    data[start + 3] = 0xF0  # four gigabytes
    refused(saved(tmp_path, "s.h5", bytes(data)), "'ids' declares longer texts than the file has")


def test_numbers_too_large_for_float32_are_refused_without_a_warning(tmp_path):
    (tmp_path / "s.json").write_text('[{"id": "a", "vector": [1e300, 1]}, {"id": "b", "vector": [1, 2]}]')
    with pytest.raises(InputError, match="infinite values in 1 of 2"):
        EmbeddingSet.load(tmp_path / "s.json")
