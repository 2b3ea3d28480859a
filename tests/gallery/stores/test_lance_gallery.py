"""LanceDB: the shared suite, and what is its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from store_suite import ORIGIN, StoreSuite, expected, mapped, moved, run, templates, vectors_in

from facespace.errors import GalleryError, OutputError
from facespace.gallery.stores import Templates, open_gallery

lancedb = pytest.importorskip("lancedb")
lance = pytest.importorskip("lance")


def _table(url):
    place, _, name = url.removeprefix("lancedb:").partition("?")[0].partition("#")
    return lancedb.connect(place).open_table(name)


def _rows(rows: Templates) -> pa.Table:
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(rows.vectors.reshape(-1)), rows.vectors.shape[1])
    return pa.table({"id": rows.ids, "vector": vectors, "subject": rows.people})


class TestLance(StoreSuite):
    def url(self, folder: Path) -> str:
        return f"lancedb:{folder / 'db'}#faces"

    def add(self, url, rows):
        _table(url).add(_rows(rows))

    def delete(self, url, ids):
        quoted = ("'" + id_.replace("'", "''") + "'" for id_ in ids)
        _table(url).delete(f"id IN ({', '.join(quoted)})")


class TestLanceOfManyFragments(TestLance):
    """As a table is that was added to, and from which rows were deleted, before."""

    @pytest.fixture
    def store(self, tmp_path, whole):
        url = self.url(tmp_path)
        store = open_gallery(url)
        pieces = [slice(0, 3), slice(3, 103), slice(103, None)]
        made = [Templates(whole.ids[cut], whole.vectors[cut], None, whole.people[cut]) for cut in pieces]
        store.write_all(iter(made[:1]), "old")
        for rows in made[1:]:
            gone = templates(16, [f"gone {row}" for row in range(40)], 8)
            self.add(url, gone)
            _table(url).merge_insert("id").when_not_matched_insert_all().execute(_rows(rows))
            self.delete(url, gone.ids)
            self.add(url, gone)
            self.delete(url, gone.ids[3:])
            self.delete(url, gone.ids[:3])
        return store


@pytest.fixture
def url(tmp_path):
    return f"lancedb:{tmp_path}#faces"


def _store(url, whole, **options):
    """A gallery as LanceDB's own program makes it."""
    place, _, name = url.removeprefix("lancedb:").partition("#")
    lancedb.connect(place).create_table(name, _rows(whole), **options)
    return open_gallery(url)


def _switched(store):
    store.begin(ORIGIN)
    run(store, set())
    store.switch()


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("IVF_FLAT", {"num_partitions": 3}),
        ("IVF_PQ", {"num_partitions": 2, "num_sub_vectors": 8}),
        ("IVF_HNSW_SQ", {"num_partitions": 1, "m": 12}),
    ],
)
def test_the_new_column_gets_the_index_that_the_old_one_has(url, kind, told):
    whole = templates(16, [f"f{row}" for row in range(600)])
    store = _store(url, whole)
    lance.dataset(_table(url).to_lance().uri).create_index("vector", kind, metric="cosine", **told)
    assert (store.info().indexes, store.info().metric) == ((kind,), "cosine")
    store.begin(ORIGIN)
    run(store, set())
    uuids = [index.segments[0].uuid for index in _table(url).to_lance().describe_indices()]
    store.complete()  # builds nothing that is there
    assert [index.segments[0].uuid for index in _table(url).to_lance().describe_indices()] == uuids
    store.switch()
    assert (store.info().indexes, store.info().metric) == ((kind,), "cosine")
    found = 20 if kind == "IVF_PQ" else len(whole)  # 8 numbers for 16 tell not all of them apart
    assert store.search(moved(whole.vectors[:found]), 1).ids == tuple((id_,) for id_ in whole.ids[:found])
    store.back()
    assert store.info().indexes == (kind,)
    assert store.search(whole.vectors[:found], 1).ids == tuple((id_,) for id_ in whole.ids[:found])
    store.drop("next")
    assert len(_table(url).to_lance().describe_indices()) == 1


def test_a_table_that_is_compacted_meanwhile(url):
    """Fragments that were read are gone: their rows are read again, and none is lost or doubled."""
    whole = templates(16, [f"f{row}" for row in range(90)])
    store = _store(url, Templates(whole.ids[:50], whole.vectors[:50], None, whole.people[:50]))
    _table(url).add(_rows(Templates(whole.ids[50:], whole.vectors[50:], None, whole.people[50:])))
    store.begin(ORIGIN)
    parts = store.parts(20)
    store.put(parts[0], mapped(store.read(parts[0])))
    _table(url).optimize()
    assert not list(store.read(parts[1]))
    store.put(parts[1], mapped(store.read(parts[1])))
    assert not set(parts) & set(store.parts(20))
    run(store, set(parts))
    assert vectors_in(store, "next") == expected(whole)
    _table(url).optimize()
    store.switch()
    assert vectors_in(store) == expected(whole)
    _table(url).optimize()
    store.back()
    assert vectors_in(store) == dict(zip(whole.ids, (row.tobytes() for row in whole.vectors), strict=True))


def test_parts_of_another_size_go_on_where_the_first_stopped(url):
    whole = templates(16, [f"f{row}" for row in range(200)])
    store = _store(url, whole)
    store.begin(ORIGIN)
    for part in store.parts(30)[:3]:
        store.put(part, mapped(store.read(part), seed=1))
    store.complete()
    for part in store.parts(50)[1:3]:
        store.put(part, mapped(store.read(part)))
    store.put("", mapped(store.missing()))
    assert not list(store.missing())
    store.complete()
    first = Templates(whole.ids[:50], whole.vectors[:50])
    assert vectors_in(store, "next") == expected(whole) | expected(first, seed=1)


def test_a_vector_that_is_enrolled_anew_during_a_migration_is_mapped_again(url):
    whole = templates(16, [f"f{row}" for row in range(50)])
    store = _store(url, whole)
    store.begin(ORIGIN)
    run(store, set())
    new = Templates(["f7"], np.ones((1, 16), np.float32), ["mine"])
    assert store.replace(new, "current") == 1
    assert [batch.ids for batch in store.missing()] == [["f7"]]
    run(store, set(store.parts(64)))
    assert vectors_in(store, "next") == expected(whole) | expected(new)


def test_rows_of_other_types_and_names(tmp_path):
    place = tmp_path / "db"
    vectors = np.arange(80).reshape(20, 4).astype(np.float16)
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), 4)
    table = pa.table({"face_id": range(20), "embedding": column, "person_id": range(20), "at": range(20)})
    lancedb.connect(place).create_table("t", table)
    url = f"lancedb:{place}#t?subject=person_id"
    store = open_gallery(url)
    info = store.info()
    assert (info.type, info.dim, info.columns, info.metric) == ("halffloat", 4, ("person_id", "at"), "")
    _switched(store)
    assert store.info().type == "halffloat"
    first = next(store.scan())
    assert (first.ids[:2], first.people[:2], first.models[:2]) == (["0", "1"], ["0", "1"], ["old→new"] * 2)
    np.testing.assert_array_equal(first.vectors, moved(vectors).astype(np.float16).astype(np.float32))
    assert store.replace(Templates(["3"], np.full((1, 24), 0.1, np.float32), ["new"]), "current") == 1
    store.back()
    assert _table(url).to_lance().to_table(table.column_names).sort_by("face_id") == table
    store.drop("next")
    assert _table(url).to_lance().schema == table.schema


def test_rows_added_by_another_program_after_the_switch_are_of_the_new_network(url):
    whole = templates(16, [f"f{row}" for row in range(50)])
    store = _store(url, whole)
    _switched(store)
    new = templates(24, ["new"])
    _table(url).add(_rows(new))
    assert vectors_in(store)["new"] == new.vectors.tobytes()
    assert store.search(new.vectors, 1).models == (("old→new",),)
    assert store.info().count == 51
    store.back()
    assert set(vectors_in(store)) == set(whole.ids)
    assert store.info().count == 50


def test_parts_that_wait_stop_the_switch(url):
    store = _store(url, templates(16, ["a", "b"]))
    store.begin(ORIGIN)
    store.put(store.parts(9)[0], mapped(store.read(store.parts(9)[0])))
    with pytest.raises(OutputError, match="not in it yet"):
        store.switch()


def test_others_who_write_while_all_is_committed(url, monkeypatch):
    from facespace.gallery.stores.lancedb import table

    whole = templates(16, [f"f{row}" for row in range(50)])
    store = _store(url, whole)
    store.begin(ORIGIN)
    run_commit, left = table.Table.commit, [2]

    def late(self, written):
        if left[0]:
            left[0] -= 1
            _table(url).add(_rows(templates(16, [f"late {left[0]}"])))
        run_commit(self, written)

    monkeypatch.setattr(table.Table, "commit", late)
    run(store, set())
    assert left == [0]
    assert sorted(id_ for batch in store.missing() for id_ in batch.ids) == ["late 0", "late 1"]
    assert vectors_in(store, "next") == expected(whole)


def test_what_is_wrong_is_told(url, tmp_path):
    _store(url, templates(16, ["a", "b"]))
    with pytest.raises(GalleryError, match="no table 'people'") as error:
        open_gallery(url.replace("#faces", "#people")).info()
    assert "faces" in error.value.hint
    with pytest.raises(GalleryError, match="no column 'x'"):
        open_gallery(f"{url}?vector=x").info()
    with pytest.raises(GalleryError, match="no part 'x'"):
        list(open_gallery(url).read("x"))
    (tmp_path / "bad.lance" / "_versions").mkdir(parents=True)
    with pytest.raises(GalleryError, match=r"bad\.lance"):
        open_gallery(url.replace("#faces", "#bad")).info()
