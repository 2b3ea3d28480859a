"""Parquet: the shared suite for a folder and for a file, and what is their own."""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from store_suite import ORIGIN, PART, StoreSuite, batches, expected, mapped, read_all, run, templates, vectors_in

from facespace.embeddings import EmbeddingSet
from facespace.errors import FacespaceError, FileFormatError, GalleryError
from facespace.gallery.stores import Templates, open_gallery
from facespace.gallery.stores.parquet import store as module
from facespace.io import place_in, read_pointer
from facespace.io.parquet import writing


@pytest.fixture(autouse=True)
def _small_groups(monkeypatch):
    monkeypatch.setattr(writing, "GROUP", PART)
    monkeypatch.setattr(module, "GROUP", PART)


def _table(rows):
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(rows.vectors.reshape(-1)), rows.vectors.shape[1])
    return pa.table({"id": list(rows.ids), "subject": pa.array(rows.people, pa.string()), "vector": vectors})


class TestFolder(StoreSuite):
    def url(self, folder):
        return str(folder / "gallery")

    def current(self, url):
        return place_in(Path(url), read_pointer(Path(url))["current"])

    def add(self, url, rows):
        folder = self.current(url)
        facts = pq.read_schema(next(folder.glob("*.parquet"))).metadata
        pq.write_table(_table(rows).replace_schema_metadata(facts), folder / f"more-{len(list(folder.iterdir()))}.parquet")

    def delete(self, url, ids):
        for path in self.current(url).glob("*.parquet"):
            self.rewrite(path, path, lambda table: table.filter(pc.invert(pc.is_in(table["id"], pa.array(ids)))))

    def rewrite(self, path, to, change):
        table = pq.read_table(path, partitioning=None)
        if (left := change(table)).num_rows < table.num_rows or to != path or left is not table:
            beside = path.with_suffix(".tmp")
            pq.write_table(left, beside, row_group_size=PART)
            beside.replace(to)


class TestFile(TestFolder):
    def url(self, folder):
        return str(folder / "gallery é.parquet")

    def add(self, url, rows):
        self.rewrite(Path(url), Path(url), lambda table: pa.concat_tables([table, _table(rows)], promote_options="default"))

    def delete(self, url, ids):
        self.rewrite(Path(url), Path(url), lambda table: table.filter(pc.invert(pc.is_in(table["id"], pa.array(ids)))))


def _folder(tmp_path, whole, model="old"):
    store = open_gallery(str(tmp_path / "gallery"))
    store.write_all(batches(whole), model)
    return store


@pytest.fixture
def whole():
    return templates(16, [f"face {row}" for row in range(300)])


def test_facespaces_readers_follow_when_they_open_and_keep_what_they_opened(tmp_path, whole):
    store = _folder(tmp_path, whole)
    place = tmp_path / "gallery"
    bytes_of = {path: path.read_bytes() for path in place.glob("*.parquet")}
    before = EmbeddingSet.open(place)
    store.begin(ORIGIN)
    run(store, set())
    assert EmbeddingSet.load(place).model == "old"
    store.switch()
    after = EmbeddingSet.load(place)
    assert (after.model, after.dim) == ("old→new", 24)
    assert [row.tobytes() for row in after.vectors] == list(expected(whole).values())
    assert list(after.ids) == list(whole.ids)
    assert before.load().dim == 16
    store.back()
    assert EmbeddingSet.load(place).dim == 16
    assert {path: path.read_bytes() for path in place.glob("*.parquet")} == bytes_of
    assert pq.read_table(place).num_rows == 300


def test_a_reader_of_a_file_that_is_switched_is_told_so(tmp_path, whole):
    store = open_gallery(str(tmp_path / "g.parquet"))
    store.write_all(batches(whole), "old")
    was = (tmp_path / "g.parquet").read_bytes()
    reader = EmbeddingSet.open(tmp_path / "g.parquet")
    stream = reader.batches()
    first = next(stream)
    store.begin(ORIGIN)
    run(store, set())
    store.switch()
    assert first.dim == 16
    with pytest.raises(FileFormatError, match="changed while it was read") as error:
        list(stream)
    assert error.value.hint == "Open it again."
    assert sorted(path.name for path in tmp_path.iterdir()) == [".g.old.parquet", "g.parquet"]
    store.back()
    assert (tmp_path / "g.parquet").read_bytes() == was
    assert sorted(path.name for path in tmp_path.iterdir()) == [".g.next.parquet", "g.parquet"]
    store.drop("next")
    assert [path.name for path in tmp_path.iterdir()] == ["g.parquet"]


class Killed(BaseException):
    """As a kill: nothing behind it is done."""


@pytest.mark.parametrize("name", ["gallery", "g.parquet"])
@pytest.mark.parametrize("turn", ["switch", "back"])
def test_killed_at_any_step_of_a_turn_it_is_the_one_or_the_other_and_can_be_called_again(
    tmp_path, whole, monkeypatch, name, turn
):
    """Every call that changes something on the disk is the last one once, before and after it is done."""
    spaces = {True: expected(whole), False: {id_: row.tobytes() for id_, row in zip(whole.ids, whole.vectors, strict=True)}}
    for step in range(100):
        place = tmp_path / f"{step}"
        store = open_gallery(str(place / name))
        store.write_all(batches(whole), "old")
        store.begin(ORIGIN)
        run(store, set())
        if turn == "back":
            store.switch()
        if not _killed_in(monkeypatch, getattr(store, turn), step):
            break
        now = vectors_in(store)
        assert now in spaces.values()
        done = now == spaces[turn == "switch"]
        if not done:
            getattr(store, turn)()
        assert vectors_in(store) == spaces[turn == "switch"]
        assert vectors_in(store, "old" if turn == "switch" else "next") == spaces[turn == "back"]
        store.back() if turn == "switch" else store.switch()
        assert vectors_in(store) == spaces[turn == "back"]
    assert 3 < step < 99


def _killed_in(monkeypatch, call, step):
    """Is `call` killed in the half step `step`: before or after an operation of the file system?"""
    count = 0

    def deadly(real):
        def operation(*arguments, **options):
            nonlocal count
            count += 1
            if count == step // 2 + 1 and step % 2 == 0:
                raise Killed
            got = real(*arguments, **options)
            if count == step // 2 + 1:
                raise Killed
            return got

        return operation

    with monkeypatch.context() as patch:
        for target, name in ((os, "link"), (os, "replace"), (Path, "unlink"), (Path, "rename"), (Path, "write_text")):
            patch.setattr(target, name, deadly(getattr(target, name)))
        try:
            call()
        except Killed:
            return True
    return False


LISTS = {
    "list<double>": (pa.list_(pa.float64()), lambda row: row.astype(float).tolist()),
    "large_list<float>": (pa.large_list(pa.float32()), lambda row: row.tolist()),
    "fixed_size_list<halffloat>[16]": (pa.list_(pa.float16(), 16), lambda row: row.astype(np.float16).tolist()),
    "binary": (pa.binary(), lambda row: row.tobytes()),
    "fixed_size_binary[64]": (pa.binary(64), lambda row: row.tobytes()),
    "string": (pa.string(), lambda row: str(row.tolist())),
}


@pytest.mark.parametrize("kind", LISTS)
def test_files_of_other_programs_keep_their_columns(tmp_path, whole, kind):
    type_, value = LISTS[kind]
    rows = [value(row) for row in whole.vectors]
    table = pa.table({
        "face_id": list(whole.ids), "embedding": pa.array(rows, type_), "PersonId": list(whole.people),
        "box": [[row, 1] for row in range(300)], "taken": pa.array(range(300), pa.timestamp("us")),
        "model": list(range(300)),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "photos.parquet", row_group_size=70)
    store = open_gallery(f"{tmp_path / 'photos.parquet'}#?subject=PersonId")
    info = store.info()
    assert info.columns == ("PersonId", "box", "taken", "model")
    assert (info.dim, info.model) == (16, "")
    assert "face_id as id" in " ".join(info.notes)
    assert [row[2] for row in read_all(store.scan()).values()] == list(whole.people)
    store.begin(ORIGIN)
    run(store, set())
    store.switch()
    now = pq.read_table(tmp_path / "photos.parquet")
    for name in ("face_id", "PersonId", "box", "taken", "model"):
        assert now[name].combine_chunks().equals(table[name].combine_chunks()), name
    assert now.column_names == table.column_names
    if "fixed" not in kind:
        assert now.schema.field("embedding").type == type_
    got = vectors_in(store)
    atol = 0.2 if "half" in kind else 0
    for id_, row in expected(whole).items():
        np.testing.assert_allclose(np.frombuffer(got[id_], "f4"), np.frombuffer(row, "f4"), atol=atol)
    assert {row[1] for row in read_all(store.scan()).values()} == {"old→new"}
    store.back()
    assert pq.read_table(tmp_path / "photos.parquet").equals(table)


def test_a_folder_by_people_stays_one(tmp_path, whole):
    for number, batch in enumerate(batches(whole, 60)):
        place = tmp_path / f"gallery/subject=p%20{number}"
        place.mkdir(parents=True)
        pq.write_table(_table(batch).drop(["subject"]), place / "data.parquet", row_group_size=PART)
    (tmp_path / "gallery/.hidden.parquet").write_text("no")
    store = open_gallery(str(tmp_path / "gallery"))
    people = {id_: row[2] for id_, row in read_all(store.scan()).items()}
    assert people["face 61"] == "p 1"
    store.begin(ORIGIN)
    run(store, set())
    store.switch()
    assert {id_: row[2] for id_, row in read_all(store.scan()).items()} == people
    assert vectors_in(store) == expected(whole)
    (tmp_path / "gallery/late.parquet").write_bytes(b"of another program")
    store.drop("old")
    assert vectors_in(store) == expected(whole)
    left = {path.name for path in (tmp_path / "gallery").glob("**/*.parquet") if "_facespace" not in path.parts}
    assert left == {".hidden.parquet", "late.parquet"}


def test_parts_of_another_size_take_the_place_of_those_before(tmp_path, whole):
    store = _folder(tmp_path, whole)
    store.begin(ORIGIN)
    for rows in (PART, 3 * PART, 2 * PART):
        for part in store.parts(rows):
            store.put(part, mapped(store.read(part), seed=rows))
    assert not list(store.missing())
    store.complete()
    assert vectors_in(store, "next") == expected(whole, seed=2 * PART)


def test_a_part_that_has_changed_is_refused(tmp_path, whole):
    store = _folder(tmp_path, whole)
    store.begin(ORIGIN)
    part = store.parts(PART)[1]
    with pytest.raises(GalleryError, match="not those of the part"):
        store.put(part, mapped(store.read(store.parts(PART)[0])))
    with pytest.raises(GalleryError, match="more rows"):
        store.put(part, itertools.chain(mapped(store.read(part)), mapped(store.read(part))))
    store.replace(Templates(["face 0"], np.ones((1, 16), np.float32)), "current")
    with pytest.raises(GalleryError, match="has changed since"):
        list(store.read(part))
    with pytest.raises(GalleryError, match="is no part"):
        list(store.read("part"))
    assert not list((tmp_path / "gallery/_facespace").glob("*/*.parquet"))


def test_a_full_disk_is_told_and_what_was_done_stays(tmp_path, whole, monkeypatch):
    store = _folder(tmp_path, whole)
    store.begin(ORIGIN)
    first, second, *_ = store.parts(PART)
    store.put(first, mapped(store.read(first)))
    with monkeypatch.context() as patch:

        def full(*_, **__):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        patch.setattr(pq.ParquetWriter, "write_table", full)
        with pytest.raises(FacespaceError, match="No space left"):
            store.put(second, mapped(store.read(second)))
    assert sum(map(len, store.missing())) == 300 - PART
    run(store, {first})
    assert vectors_in(store, "next") == expected(whole)


def test_a_pointer_that_is_spoiled_is_told(tmp_path, whole):
    store = _folder(tmp_path, whole)
    store.begin(ORIGIN)
    (tmp_path / "gallery/_facespace/current").write_text('{"current"')
    with pytest.raises(GalleryError, match="can't be read"):
        store.info()
    (tmp_path / "gallery/_facespace/current").write_text("[]")
    with pytest.raises(FileFormatError, match="does not say"):
        EmbeddingSet.load(tmp_path / "gallery")
