"""Encrypted sets: what comes back is what was written, and whatever is wrong is told, with nothing read."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facespace import EmbeddingSet
from facespace.errors import (
    EncryptionError,
    MovedFileError,
    NoKeyError,
    PlainFileWarning,
    TamperedFileError,
    WrongKeyError,
)
from facespace.io import AesKey, KeyRing, adopt, identity_of, rotate_keys, show_keys, use_keys

ONE, TWO = AesKey.random("one"), AesKey.random("two", 128)


@pytest.fixture
def faces() -> EmbeddingSet:
    rng = np.random.default_rng(0)
    ids = [f"p{row // 3}/{row}" for row in range(90)]
    vectors, quality = rng.normal(size=(90, 12)), rng.random(90).astype("f4")
    quality[5] = np.nan
    return EmbeddingSet(vectors, ids, model="net", subject=[name.split("/")[0] for name in ids], quality=quality)


def same(one: EmbeddingSet, two: EmbeddingSet) -> bool:
    columns = all(
        np.array_equal(one.columns()[name], two.columns()[name], equal_nan=name == "quality") for name in one.columns()
    )
    return bool(np.array_equal(one.vectors, two.vectors) and np.array_equal(one.ids, two.ids) and columns)


@pytest.mark.parametrize("key", [ONE, TWO, AesKey.random("three", 192)])
def test_what_was_written_is_read(faces, tmp_path, key):
    path = faces.save(tmp_path / "faces.parquet", key=key)
    assert same(EmbeddingSet.load(path, key=key), faces)
    assert same(EmbeddingSet.open(path, key=KeyRing((ONE, key))).load(), faces)
    data = path.read_bytes()
    assert b"p1/3" not in data
    assert b"vector" not in data  # the footer, with names of columns and counts of rows, is encrypted too
    assert faces.vectors[:1].tobytes()[:16] not in data
    assert identity_of(path).key == key.id


def test_no_two_files_have_one_data_key(faces, tmp_path):
    told = {identity_of(faces.save(tmp_path / f"{n}.parquet", key=ONE)).data_key for n in range(5)}
    assert len(told) == 5


def test_a_folder_is_one_set_and_its_parts_have_names(faces, tmp_path):
    folder = faces.save(tmp_path / "faces", rows_per_file=20, key=ONE)
    parts = sorted(folder.iterdir())
    assert len({identity_of(part).set for part in parts}) == 1
    assert same(EmbeddingSet.open(folder, key=ONE).load(), faces)
    folder.rename(tmp_path / "elsewhere")  # a folder may be moved as a whole
    assert same(EmbeddingSet.load(tmp_path / "elsewhere", key=ONE), faces)


def test_without_a_key_and_with_a_wrong_one_nothing_is_read(faces, tmp_path):
    path = faces.save(tmp_path / "faces.parquet", key=ONE)
    with pytest.raises(NoKeyError, match="encrypted under the key 'one', and no key was given"):
        EmbeddingSet.load(path)
    with pytest.raises(WrongKeyError, match="encrypted under the key 'one'; given: 'two'"):
        EmbeddingSet.load(path, key=TWO)
    with pytest.raises(WrongKeyError, match="another key than the given one of the name 'one'"):
        EmbeddingSet.load(path, key=AesKey.random("one"))


def test_a_renamed_file_is_refused_until_it_is_adopted(faces, tmp_path):
    path = faces.save(tmp_path / "faces.parquet", key=ONE)
    moved = path.rename(tmp_path / "other.parquet")
    with pytest.raises(MovedFileError, match=r"was written as faces.parquet: it was moved.*\n.*facespace key adopt"):
        EmbeddingSet.load(moved, key=ONE)
    assert adopt([moved], ONE).done == (str(moved),)
    assert same(EmbeddingSet.load(moved, key=ONE), faces)
    assert adopt([moved], ONE).done == ()


def test_parts_that_change_places_are_found(faces, tmp_path):
    folder = faces.save(tmp_path / "faces", rows_per_file=30, key=ONE)
    one, two = folder / "part-000000.parquet", folder / "part-000001.parquet"
    data = one.read_bytes(), two.read_bytes()
    one.write_bytes(data[1])
    two.write_bytes(data[0])
    with pytest.raises(MovedFileError, match="moved, renamed, or swapped"):
        EmbeddingSet.open(folder, key=ONE)


def test_a_part_of_another_set_is_found(faces, tmp_path):
    one = faces.save(tmp_path / "one", rows_per_file=30, key=ONE)
    two = faces.save(tmp_path / "two", rows_per_file=30, key=ONE)
    shutil.copy(one / "part-000001.parquet", two / "part-000001.parquet")
    with pytest.raises(MovedFileError, match="are of two sets"):
        EmbeddingSet.open(two, key=ONE)
    adopt([two], ONE)
    assert same(EmbeddingSet.load(two, key=ONE), faces)


def test_a_plain_file_in_the_place_of_an_encrypted_one_is_found(faces, tmp_path):
    folder = faces.save(tmp_path / "faces", rows_per_file=30, key=ONE)
    faces.take(np.arange(30)).save(folder / "part-000000.parquet")
    with pytest.raises(TamperedFileError, match="not encrypted as the other files"):
        EmbeddingSet.open(folder, key=ONE)
    plain = faces.save(tmp_path / "plain.parquet")
    with pytest.raises(TamperedFileError, match="is not encrypted, though a key is given"):
        EmbeddingSet.load(plain, key=ONE)
    with use_keys(ONE), pytest.warns(PlainFileWarning, match="plain.parquet is not encrypted"):
        assert same(EmbeddingSet.load(plain), faces)


@pytest.mark.parametrize("place", [0, 1, 4, 100, -700, -300, -9, -8, -5, -1])
def test_a_changed_byte_is_found(faces, tmp_path, place):
    path = faces.save(tmp_path / "faces.parquet", key=ONE)
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(data)
    with pytest.raises(EncryptionError):
        EmbeddingSet.load(path, key=ONE)


@pytest.mark.parametrize("left", [0, 3, 4, 8, 100, 0.5, -1])
def test_a_truncated_file_is_found(faces, tmp_path, left):
    path = faces.save(tmp_path / "faces.parquet", key=ONE)
    data = path.read_bytes()
    path.write_bytes(data[: int(left * len(data)) if isinstance(left, float) else left])
    with pytest.raises(TamperedFileError if left not in (0, 3) else Exception):
        EmbeddingSet.load(path, key=ONE)


def test_other_kinds_of_files_are_refused_with_a_key(faces, tmp_path):
    for name in ("faces.npz", "faces.npy"):
        with pytest.raises(EncryptionError, match=r"can't be encrypted\nOnly Parquet is"):
            faces.save(tmp_path / name, key=ONE)
        assert not (tmp_path / name).exists()
    faces.save(tmp_path / "faces.npz")
    with pytest.raises(EncryptionError, match="can't be encrypted, though a key is given"):
        EmbeddingSet.load(tmp_path / "faces.npz", key=ONE)


def test_a_plain_copy_of_a_secret_is_told(faces, tmp_path):
    faces.save(tmp_path / "faces.parquet", key=ONE)
    secret = EmbeddingSet.load(tmp_path / "faces.parquet", key=ONE)
    for made in (secret, secret.take(np.arange(3)), secret.with_vectors(secret.vectors, "n")):
        with pytest.warns(PlainFileWarning, match="written unencrypted"):
            made.save(tmp_path / "plain.parquet")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        secret.save(tmp_path / "again.parquet", key=TWO)
        faces.save(tmp_path / "mine.parquet")


def test_keys_in_use_are_those_of_the_block_alone(faces, tmp_path):
    with use_keys(ONE):
        path = faces.save(tmp_path / "faces.parquet")
        assert same(EmbeddingSet.load(path), faces)
    with pytest.raises(NoKeyError):
        EmbeddingSet.load(path)


def test_rotation_leaves_content_and_takes_the_old_key_away(faces, tmp_path):
    folder = faces.save(tmp_path / "faces", rows_per_file=30, key=ONE)
    file = faces.save(tmp_path / "one.parquet")
    before = pq.read_metadata(file).metadata
    found = rotate_keys([folder, file], TWO, ONE)
    assert (len(found.done), found.before, found.encrypted) == (4, (), (str(file),))
    for place in (folder, file):
        assert same(EmbeddingSet.load(place, key=TWO), faces)
        with pytest.raises(WrongKeyError):
            EmbeddingSet.load(place, key=ONE)
    options = EmbeddingSet.open(file, key=TWO).files.locks.options(file)
    assert pq.read_metadata(file, **options).metadata[b"facespace"] == before[b"facespace"]
    assert len(rotate_keys([folder, file], TWO, ONE).before) == 4


def test_a_set_amid_its_rotation_is_read_with_both_keys(faces, tmp_path):
    folder = faces.save(tmp_path / "faces", rows_per_file=30, key=ONE)
    rotate_keys([folder / "part-000001.parquet"], TWO, ONE)
    assert show_keys([folder])["keys"] == {"one": 2, "two": 1}
    assert same(EmbeddingSet.load(folder, key=[TWO, ONE]), faces)
    assert len(rotate_keys([folder], TWO, ONE).done) == 2
    assert same(EmbeddingSet.load(folder, key=TWO), faces)


def test_a_rotation_does_not_hide_that_a_file_was_moved(faces, tmp_path):
    path = faces.save(tmp_path / "faces.parquet", key=ONE).rename(tmp_path / "other.parquet")
    before = path.read_bytes()
    with pytest.raises(MovedFileError):
        rotate_keys([path], TWO, ONE)
    assert path.read_bytes() == before


def test_a_damaged_file_stays_as_it_is_in_a_rotation(faces, tmp_path):
    path = faces.save(tmp_path / "faces.parquet", key=ONE)
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.write_bytes(data)
    with pytest.raises(TamperedFileError):
        rotate_keys([path], TWO, ONE)
    assert path.read_bytes() == bytes(data)
    assert sorted(tmp_path.iterdir()) == [path]


def test_rows_of_people_in_folders_are_bound_to_them(faces, tmp_path):
    """In Hive's layout the folder says who it is: two people's files must not change places."""
    for name in ("ann", "bob"):
        part = pa.table({"id": [f"{name}/1"], "vector": pa.array([[1.0, 2.0]], pa.list_(pa.float32(), 2))})
        (tmp_path / f"set/subject={name}").mkdir(parents=True)
        pq.write_table(part, tmp_path / f"set/subject={name}/0.parquet")
    rotate_keys([tmp_path / "set"], ONE)
    assert EmbeddingSet.load(tmp_path / "set", key=ONE).subject.tolist() == ["ann", "bob"]
    ann, bob = (tmp_path / f"set/subject={name}/0.parquet" for name in ("ann", "bob"))
    data = ann.read_bytes(), bob.read_bytes()
    ann.write_bytes(data[1])
    bob.write_bytes(data[0])
    with pytest.raises(MovedFileError):
        EmbeddingSet.load(tmp_path / "set", key=ONE)


def test_a_file_that_another_program_encrypted_is_told_as_such(tmp_path):
    from pyarrow.parquet import encryption

    path, table = tmp_path / "x.parquet", pa.table({"id": ["a"]})
    pq.write_table(table, path, encryption_properties=encryption.create_encryption_properties(bytes(16)))
    with pytest.raises(TamperedFileError, match="encrypted by another program"):
        EmbeddingSet.load(path, key=ONE)


def test_rows_taken_to_a_temporary_file_are_not_in_plain(faces, tmp_path: Path):
    path = faces.save(tmp_path / "faces.parquet", key=ONE)
    copied = EmbeddingSet.open(path, key=ONE).bare(np.arange(0, 90, 2), tmp_path / "copy.parquet")
    assert np.array_equal(copied.load().vectors, faces.vectors[::2])
    assert identity_of(tmp_path / "copy.parquet") is not None
    with pytest.raises(WrongKeyError):
        EmbeddingSet.load(tmp_path / "copy.parquet", key=ONE)
