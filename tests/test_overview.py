"""`Overview`: counts of a set in files are those of the same set in memory, and of a plain count."""

from __future__ import annotations

import numpy as np
import pytest

from facespace.copies import copies_of_people, equal_rows
from facespace.embeddings import EmbeddingSet
from facespace.engine import LocalEngine
from facespace.errors import FileFormatError, InputError, OutputError
from facespace.overview import Overview
from facespace.row_index import RowIndex, ids_of, mixed, rows_of, text_hashes


def _faces(seed=0, n=300, d=24):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)).astype(np.float32)
    subject = np.array([f"person {i % 40}" if i % 7 else "" for i in range(n)])
    copied = rng.permutation(n)[:60]
    x[copied[:20]] = x[copied[20:40]]  # equal
    x[copied[40:50]] = x[copied[50:60]] * 3 * (1 + 1e-5 * rng.normal(size=(10, d)))  # by rounding, and of another length
    subject[copied[40:50]] = subject[copied[50:60]]
    quality = rng.integers(0, 5, n).astype(np.float32)
    return EmbeddingSet(x, [f"{i}" for i in range(n)], model="m", subject=subject, quality=quality)


@pytest.fixture
def stored(tmp_path):
    faces = _faces()
    for number, rows in enumerate(np.array_split(np.arange(len(faces)), 4)):
        faces.take(rows).save(tmp_path / "set" / f"{number}.parquet")
    return EmbeddingSet.open(tmp_path / "set")


def test_an_overview_of_files_is_that_of_memory(stored):
    found, wanted = Overview.of(stored, LocalEngine(2)).to_dict(), Overview.of(_faces()).to_dict()
    lengths = found.pop("vector_length"), wanted.pop("vector_length")
    assert lengths[0] == pytest.approx(lengths[1])
    assert found.pop("mean_length") == pytest.approx(wanted.pop("mean_length"))
    assert found == wanted


@pytest.mark.parametrize("seed", range(5))
def test_copies_are_those_of_a_plain_comparison(seed):
    faces = _faces(seed)
    person = np.unique(faces.subject, return_inverse=True)[1]
    person[faces.subject == ""] = -1
    first = equal_rows(faces.vectors)
    rows = np.flatnonzero((person >= 0) & (first == np.arange(len(faces))))
    first[rows] = rows[copies_of_people(faces.normalized()[rows], person[rows])]
    assert np.count_nonzero(first != np.arange(len(faces))) == Overview.of(faces).copies["images"]


def test_counts_are_those_of_numpy(stored):
    faces, found = _faces(), Overview.of(stored)
    assert found.people == {"by": "subject", "known": 40, "images_of_unknown_people": np.count_nonzero(faces.subject == "")}
    assert found.columns == {"subject": {"distinct": 40}, "quality": {"distinct": 5}}
    assert found.first_ids == ["0", "1", "2"]


def test_hashes_of_texts_do_not_hang_on_the_array_they_are_in():
    names = np.array(["", "a", "ab", "ä/1", "a" * 40])
    hashes = text_hashes(names)
    assert len(set(hashes.tolist())) == 5
    assert hashes[0] == 0
    assert all(text_hashes(names[i : i + 1])[0] == hashes[i] for i in range(5))
    assert len(set(mixed(np.arange(10**5, dtype=np.uint64), 3).tolist())) == 10**5


def test_rows_are_found_by_ids_and_ids_by_rows(stored):
    engine = LocalEngine(1)
    assert rows_of(stored, np.array(["299", "7", "none", "80.jpg"]), engine).tolist() == [7, 80, 299]
    assert ids_of(stored, np.array([7, 80, 299])).tolist() == ["7", "80", "299"]
    assert RowIndex.of(stored, engine).ids.tolist() == RowIndex.of(_faces(), engine).ids.tolist()


def test_what_is_no_set_is_told(tmp_path, stored):
    with pytest.raises(FileFormatError, match="no such file"):
        EmbeddingSet.open(tmp_path / "none*.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileFormatError, match="holds no Parquet files"):
        EmbeddingSet.open(tmp_path / "empty")
    other = EmbeddingSet(np.ones((2, 24)), ["x", "y"], model="another")
    other.save(tmp_path / "set" / "9.parquet")
    with pytest.raises(FileFormatError, match="are not of one set: columns"):
        EmbeddingSet.open(tmp_path / "set")
    other.save(tmp_path / "two" / "1.parquet")
    EmbeddingSet(np.ones((2, 24)), ["x", "z"], model="b").save(tmp_path / "two" / "2.parquet")
    with pytest.raises(FileFormatError, match="network 'b' and 'another'"):
        EmbeddingSet.open(tmp_path / "two")
    other.save(tmp_path / "two" / "2.parquet")
    with pytest.raises(InputError, match=r"two: duplicate ids: x"):
        Overview.of(EmbeddingSet.open(tmp_path / "two"))


def test_folders_in_hives_layout_tell_a_column(tmp_path):
    faces = _faces(n=80)
    for name in ("ann", "b c"):
        plain = EmbeddingSet(faces.vectors[:5], [f"{name}{i}" for i in range(5)], model="m")
        plain.save(tmp_path / f"subject={name.replace(' ', '%20')}" / "part-0.parquet")
    (tmp_path / "_SUCCESS").write_bytes(b"")
    found = EmbeddingSet.open(tmp_path)
    assert Overview.of(found).people == {"by": "subject", "known": 2, "images_of_unknown_people": 0}
    assert found.load().subject.tolist() == ["ann"] * 5 + ["b c"] * 5


def test_a_pattern_takes_the_files_it_fits(tmp_path, stored):
    assert len(EmbeddingSet.open(tmp_path / "set" / "[01].parquet")) == 150
    assert np.array_equal(stored.take(np.array([3, 299])).vectors, _faces().vectors[[3, 299]])
    assert sum(len(batch) for batch in stored.slice(70, 160)) == 90


def test_a_set_is_saved_as_a_folder_of_files(tmp_path):
    faces = _faces()
    faces.save(tmp_path / "set", rows_per_file=128)
    assert [path.name for path in sorted((tmp_path / "set").iterdir())] == [f"part-{i:06d}.parquet" for i in range(3)]
    again = EmbeddingSet.load(tmp_path / "set")
    assert np.array_equal(again.vectors, faces.vectors)
    assert np.array_equal(again.subject, faces.subject)
    for place, rows in ((tmp_path / "set", 128), (tmp_path / "other.parquet", 128), (tmp_path / "new", 0)):
        with pytest.raises(OutputError, match="can't write"):
            faces.save(place, rows_per_file=rows)
