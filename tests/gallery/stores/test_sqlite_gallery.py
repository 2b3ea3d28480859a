"""SQLite: the shared suite, and what is its own."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from store_suite import ORIGIN, StoreSuite, expected, run, templates, vectors_in

from facespace.errors import GalleryError, OutputError
from facespace.gallery.stores import Templates, open_gallery


def _do(url, statement, rows=()):
    with closing(sqlite3.connect(url.removeprefix("sqlite:").partition("#")[0])) as connection, connection:
        connection.executemany(statement, rows) if rows else connection.execute(statement)


class TestSQLite(StoreSuite):
    def url(self, folder):
        return f"sqlite:{folder / 'photos.db'}#my faces"

    def add(self, url, rows):
        values = list(zip(rows.ids, (row.tobytes() for row in rows.vectors), rows.people, strict=True))
        _do(url, 'INSERT INTO "my faces" (id, vector, subject) VALUES (?, ?, ?)', values)

    def delete(self, url, ids):
        _do(url, 'DELETE FROM "my faces" WHERE id = ?', [(id_,) for id_ in ids])


class TestSQLiteWAL(TestSQLite):
    """As programs with readers beside them keep it: a scan is as of one moment."""

    def url(self, folder):
        place = folder / "wal.db"
        with closing(sqlite3.connect(place)) as connection:
            connection.execute("PRAGMA journal_mode = wal")
        return f"sqlite:{place}#my faces"


FORMS = {
    "float32": ("BLOB", lambda row: row.tobytes()),
    "float64": ("BLOB", lambda row: row.astype(np.float64).tobytes()),
    "json": ("TEXT", lambda row: str(row.tolist())),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("null", ["", "NOT NULL"])
def test_tables_of_other_programs(tmp_path, form, null):
    """Whole numbers as keys, vectors as they keep them, NOT NULL: the programs' inserts must go on working."""
    kind, encode = FORMS[form]
    url = f"sqlite:{tmp_path / 'a.db'}#f?id=FaceId&subject=PersonId"
    _do(url, f"CREATE TABLE f (FaceId INTEGER PRIMARY KEY, PersonId INTEGER, embedding {kind} {null}, model TEXT {null})")
    whole = templates(16, [str(7 * row - 50) for row in range(100)])
    rows = [
        (int(id_), row % 9, encode(vector), "mine")
        for row, (id_, vector) in enumerate(zip(whole.ids, whole.vectors, strict=True))
    ]
    _do(url, "INSERT INTO f VALUES (?, ?, ?, ?)", rows)
    store = open_gallery(url)
    info = store.info()
    assert (info.type, info.dim, info.columns) == (form, 16, ("PersonId", "model"))
    store.begin(ORIGIN)
    run(store, set())
    store.switch()
    first = next(store.scan())
    assert first.models[0] == "old→new"
    assert first.people[:3] == ["0", "1", "2"]
    assert vectors_in(store) == expected(whole)
    new = (2**60 + 1, encode(np.ones(24, np.float32)), "new")
    _do(url, "INSERT INTO f (FaceId, embedding, model) VALUES (?, ?, ?)", [new])
    assert vectors_in(store)[str(2**60 + 1)] == np.ones(24, np.float32).tobytes()
    if null:
        with pytest.raises(OutputError, match="1 rows have no") as error:
            store.back()
        assert "replace" in error.value.hint
        late = Templates([str(2**60 + 1)], np.zeros((1, 16), np.float32), ["mine"])
        assert store.replace(late, "old") == 1
    store.back()
    assert _rows(url, "SELECT FaceId, PersonId, embedding, model FROM f WHERE FaceId < 10000") == rows
    store.drop("next")


def _rows(url, statement):
    with closing(sqlite3.connect(url.removeprefix("sqlite:").partition("#")[0])) as connection:
        return connection.execute(statement).fetchall()


def test_what_is_wrong_is_told(tmp_path):
    url = f"sqlite:{tmp_path / 'a.db'}#f"
    _do(url, "CREATE TABLE f (face TEXT, embedding BLOB)")
    _do(url, "CREATE TABLE g (id TEXT PRIMARY KEY, left_v BLOB, right_v BLOB)")
    with pytest.raises(GalleryError, match="no column 'id'"):
        open_gallery(url).info()
    with pytest.raises(GalleryError, match="no unique index") as error:
        open_gallery(f"{url}?id=face").begin(ORIGIN)
    assert "CREATE UNIQUE INDEX" in error.value.hint
    with pytest.raises(GalleryError, match="no table 'h'") as error:
        open_gallery(url.replace("#f", "#h")).info()
    assert "f, g" in error.value.hint
    with pytest.raises(GalleryError, match="could be the vector"):
        open_gallery(url.replace("#f", "#g")).info()
    (tmp_path / "no.db").write_text("not a database, but long enough to be looked at" * 30)
    with pytest.raises(GalleryError, match="not a database"):
        open_gallery(f"sqlite:{tmp_path / 'no.db'}#f").info()


def test_another_programs_lock_is_waited_for_and_then_told(tmp_path, monkeypatch):
    from facespace.gallery.stores.sqlite import store as module

    monkeypatch.setattr(module, "_WAIT", 0.05)
    url = f"sqlite:{tmp_path / 'a.db'}#f"
    store = open_gallery(url)
    store.write_all(iter([templates(16, ["a", "b"])]), "m")
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(GalleryError, match="locked") as error:
            store.begin(ORIGIN)
        assert "Another program" in error.value.hint
    store.begin(ORIGIN)


def test_rows_that_have_no_new_vector_stop_a_switch_where_one_is_needed(tmp_path):
    url = f"sqlite:{tmp_path / 'a.db'}#f"
    _do(url, "CREATE TABLE f (id TEXT PRIMARY KEY, vector BLOB NOT NULL)")
    _do(url, "INSERT INTO f VALUES (?, ?)", [("a", np.ones(16, np.float32).tobytes())])
    store = open_gallery(url)
    store.begin(ORIGIN)
    with pytest.raises(OutputError, match="1 rows have no"):
        store.switch()
    assert set(store.info().places) == {"next"}


def _keyed(path, column, keys):
    url = f"sqlite:{path}#faces"
    vectors = templates(16, [f"{row}" for row in range(len(keys))]).vectors
    _do(url, f"CREATE TABLE faces (id {column} UNIQUE, vector BLOB)")
    _do(url, "INSERT INTO faces VALUES (?, ?)", list(zip(keys, (row.tobytes() for row in vectors), strict=True)))
    return url


@pytest.mark.parametrize("column", ["", "BLOB", "INTEGER", "NUMERIC"])
@pytest.mark.parametrize(
    "key", [int, lambda row: row + 0.1, lambda row: f"k{row}", lambda row: row if row % 2 else f"k{row}"]
)
def test_keys_of_every_type_are_moved(tmp_path, column, key):
    """A column without a type keeps numbers as numbers, which no text finds: not a row of them was moved."""
    store = open_gallery(_keyed(tmp_path / "a.db", column, [key(row) for row in range(100)]))
    store.begin(ORIGIN)
    run(store, set())
    assert list(store.missing()) == []
    assert len(vectors_in(store, "next")) == 100


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ([None, *range(99)], "holds NULL, which is no id"),
        ([*range(99), b"\xff\x00"], "which is no id"),
        ([*range(99), "7"], "a number and a text are the same id: 7"),
    ],
)
def test_keys_that_are_no_ids_are_told(tmp_path, keys, told):
    """None became the id "None", bytes what Python prints of them; neither was found again."""
    store = open_gallery(_keyed(tmp_path / "a.db", "", keys))
    with pytest.raises(GalleryError, match=told):
        store.begin(ORIGIN)
    if "no id" in told:
        with pytest.raises(GalleryError, match=told):
            list(store.scan())
