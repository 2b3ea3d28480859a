"""PostgreSQL: the shared suite on a real server, with pgvector and without, and what is its own."""

from __future__ import annotations

import itertools
import struct
import threading
import uuid

import numpy as np
import pytest
from store_suite import ORIGIN, StoreSuite, batches, expected, mapped, moved, read_all, run, templates, vectors_in

from facespace.errors import GalleryError
from facespace.gallery.stores import Templates, open_gallery
from facespace.gallery.stores.nearest import nearest
from facespace.gallery.stores.postgresql.binary import FORMS, Page

NUMBERS = itertools.count()


class TestPgvector(StoreSuite):
    """vector, in a schema of its own, by a name that wants quotes."""

    database = "postgres"

    @pytest.fixture(autouse=True)
    def _server(self, postgres):
        self.place = postgres.replace("/postgres?", f"/{self.database}?")
        self.known = {}

    def url(self, folder):
        schema = self.known.setdefault(folder, f"s{next(NUMBERS)}")
        self.do(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        return f'{self.place}#{schema}.my "faces" %25s'

    def name(self, url):
        schema, _, table = url.partition("#")[2].replace("%25", "%").partition(".")
        return f'{schema}."{table.replace(chr(34), chr(34) * 2)}"'

    def do(self, statement, rows=None):
        import psycopg

        with psycopg.connect(self.place, autocommit=True) as connection:
            if rows is None:
                cursor = connection.execute(statement)
                return cursor.fetchall() if cursor.description else None
            return connection.cursor().executemany(statement, rows)

    def vector(self, row):
        return str(row.tolist())

    def add(self, url, rows):
        values = [(i, self.vector(v), p) for i, v, p in zip(rows.ids, rows.vectors, rows.people, strict=True)]
        name = self.name(url).replace("%", "%%")
        self.do(f"INSERT INTO {name} (id, vector, subject) VALUES (%s, %s, %s)", values)

    def delete(self, url, ids):
        self.do(f"DELETE FROM {self.name(url).replace('%', '%%')} WHERE id = %s", [(id_,) for id_ in ids])


class TestWithoutPgvector(TestPgvector):
    """real[], as it is written where there is no pgvector."""

    database = "plain"

    def vector(self, row):
        return row.tolist()


@pytest.fixture
def do(postgres):
    """Run statements; `do.url` names a table."""
    import psycopg

    class Do:
        def __call__(self, statement, values=()):
            with psycopg.connect(postgres, autocommit=True) as connection:
                cursor = connection.execute(statement, values)
                return cursor.fetchall() if cursor.description else None

        def many(self, statement, rows):
            with psycopg.connect(postgres) as connection:
                connection.cursor().executemany(statement, rows)

        def url(self, table, options=""):
            return f"{postgres}#{table}{options}"

    return Do()


KEYS = {
    "bigint": [*(str(3 * row - 90) for row in range(200)), "9007199254740993", str(2**63 - 1), str(-(2**63))],
    "uuid": [str(uuid.UUID(int=row * 7919 << 90 | row)) for row in range(200)],
    "varchar(90)": StoreSuite.ids[:200],
    "integer": [str(row) for row in range(200)],
}
KINDS = {"vector": 0, "vector(16)": 0, "halfvec(16)": 1e-2, "bytea": 0, "real[]": 0, "double precision[]": 0}


@pytest.mark.parametrize(
    ("key", "kind"), [*((key, "vector(16)") for key in KEYS), *(("bigint", kind) for kind in KINDS if kind != "vector(16)")]
)
def test_keys_and_types_that_tables_have(do, key, kind):
    """Through a migration and back: every other column, the person's number and rows without a vector as they were."""
    whole = templates(16, KEYS[key])
    table = f"t{next(NUMBERS)}"
    do(f'CREATE TABLE {table} ("faceId" {key} PRIMARY KEY, "personId" bigint, box int[], embedding {kind})')
    rows = []
    for row, (id_, vector) in enumerate(zip(whole.ids, whole.vectors, strict=True)):
        value = {"b": vector.tobytes(), "r": vector.tolist(), "d": vector.tolist()}.get(kind[0], str(vector.tolist()))
        rows.append((id_, row // 3, [row, 1], value))
    do.many(f"INSERT INTO {table} VALUES (%s, %s, %s, %s::{kind})", rows)
    none = {"bigint": "-7", "integer": "-7", "uuid": str(uuid.UUID(int=5))}.get(key, "none")
    do(f"INSERT INTO {table} VALUES (%s, 1, '{{}}', NULL)", (none,))
    before = do(f"SELECT * FROM {table} ORDER BY 1")
    store = open_gallery(do.url(table, "?subject=personId"))
    info = store.info()
    assert (info.count, info.dim, info.type, info.model) == (len(whole), 16, kind.partition("(")[0], "")
    assert info.columns == ("personId", "box")
    found = read_all(store.scan(rows=33))
    assert {row[1] for row in found.values()} == {None}
    assert found[whole.ids[4]][2] == "1"
    store.begin(ORIGIN)
    run(store, set())
    others = [whole.ids[1], "nobody", "-", "1e3", str(2**70), str(uuid.UUID(int=2**127)), "a\0b"]
    assert store.replace(Templates(others, np.ones((7, 24), np.float32)), "next") == 1
    store.switch()
    wanted = dict(zip(whole.ids, moved(np.stack([np.frombuffer(found[i][0], np.float32) for i in whole.ids])), strict=True))
    wanted[whole.ids[1]] = np.ones(24, np.float32)
    got = read_all(store.scan())
    assert got.keys() == wanted.keys()
    for id_, vector in wanted.items():
        np.testing.assert_allclose(np.frombuffer(got[id_][0], np.float32), vector, rtol=KINDS[kind] / 10, atol=KINDS[kind])
    exact = nearest(store.scan(), moved(whole.vectors[:3]), 5)
    near = store.search(moved(whole.vectors[:3]), 5)
    np.testing.assert_allclose(np.stack(near.scores), np.stack(exact.scores), atol=1e-3 if KINDS[kind] else 2e-6)
    store.back()
    store.drop("next")
    assert do(f"SELECT * FROM {table} ORDER BY 1") == before


def test_a_photo_servers_table(do):
    """NOT NULL, an index for cosines, one of a part: they go with the vectors, and the program's own statements go on."""
    table = f"t{next(NUMBERS)}"
    ops = "USING hnsw (embedding vector_cosine_ops) WITH (m='8', ef_construction='32')"
    do(f"CREATE TABLE {table} (id bigint PRIMARY KEY, embedding vector(16) NOT NULL, model text NOT NULL DEFAULT 'x')")
    do(f"CREATE INDEX {table}_near ON {table} {ops}")
    do(f"CREATE INDEX {table}_far ON {table} USING ivfflat ((embedding::halfvec(16)) halfvec_l2_ops) WITH (lists='3')")
    do(f"CREATE VIEW {table}_all AS SELECT id, embedding FROM {table}")
    whole = templates(16, [str(row) for row in range(300)])
    values = [(id_, str(vector.tolist())) for id_, vector in zip(whole.ids, whole.vectors, strict=True)]
    do.many(f"INSERT INTO {table} VALUES (%s, %s)", values)
    store = open_gallery(do.url(table))
    info = store.info()
    assert info.metric == "cosine"
    assert len(info.indexes) == 2
    assert "views" in " ".join(info.notes)
    assert "HNSW" in " ".join(info.notes)
    before = info.indexes
    store.begin(ORIGIN)
    run(store, set())
    do(f"DROP INDEX {table}_near__next")
    store.complete()
    store.switch()
    assert store.info().indexes == tuple(one.replace("halfvec(16)", "halfvec(24)") for one in before)
    found = store.search(moved(whole.vectors[:4]), 60)
    exact = nearest(store.scan(), moved(whole.vectors[:4]), 60)
    assert np.mean([len(set(a) & set(b)) / 60 for a, b in zip(found.ids, exact.ids, strict=True)]) > 0.95
    assert set(found.models[0]) == {"old→new"}
    do(f"INSERT INTO {table} (id, embedding, model) VALUES (1000, %s, 'n')", (str([1.0] * 24),))
    assert vectors_in(store)["1000"] == np.ones(24, np.float32).tobytes()
    do(f"DELETE FROM {table} WHERE id = 1000")
    store.back()
    assert store.info().indexes == before
    store.drop("next")
    nulls = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnotnull AND attnum > 0 ORDER BY 1"
    assert do(nulls, (table,)) == [("embedding",), ("id",), ("model",)]
    assert vectors_in(store) == {id_: row.tobytes() for id_, row in zip(whole.ids, whole.vectors, strict=True)}


def test_a_table_that_others_hold_is_waited_for_in_short_tries(do, postgres, monkeypatch):
    import psycopg

    from facespace.gallery.stores.postgresql import store as module

    table = f"t{next(NUMBERS)}"
    store = open_gallery(do.url(table))
    store.write_all(iter([templates(16, ["a", "b", "c"])]), "m")
    store.begin(ORIGIN)
    run(store, set())
    monkeypatch.setattr(module, "_TRIES", 2)
    monkeypatch.setattr(module, "_PAUSE", 0.01)
    with psycopg.connect(postgres) as other:
        other.execute(f"SELECT * FROM {table}").fetchall()
        with pytest.raises(GalleryError, match="lock timeout") as error:
            store.switch()
        assert "Another program" in error.value.hint
        assert set(store.info().places) == {"next"}
        timer = threading.Timer(0.3, other.rollback)
        timer.start()
        monkeypatch.setattr(module, "_TRIES", 40)
        store.switch()
        timer.join()
    assert set(store.info().places) == {"old"}


def test_a_server_that_goes_is_told_and_what_was_done_stays(do, monkeypatch):
    table = f"t{next(NUMBERS)}"
    store = open_gallery(do.url(table))
    whole = templates(16, [f"face {row}" for row in range(200)])
    store.write_all(batches(whole), "m")
    store.begin(ORIGIN)
    first, second = store.parts(100)
    store.put(first, mapped(store.read(first)))

    def gone():
        yield next(mapped(store.read(second, 30)))
        do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'facespace'")
        yield from mapped(store.read(second, 30))

    with pytest.raises(GalleryError) as error:
        store.put(second, gone())
    assert "Run the same again" in error.value.hint or "run the same again" in error.value.hint
    assert sum(map(len, store.missing())) == 100
    run(store, {first})
    assert vectors_in(store, "next") == expected(whole)


def test_what_is_wrong_is_told(do, postgres):
    table = f"t{next(NUMBERS)}"
    do(f"CREATE TABLE {table} (name text, embedding vector(16), other vector(3))")
    with pytest.raises(GalleryError, match="no unique index") as error:
        open_gallery(do.url(table)).begin(ORIGIN)
    assert "CREATE UNIQUE INDEX" in error.value.hint
    with pytest.raises(GalleryError, match="no table 'not there'") as error:
        open_gallery(do.url("not there")).info()
    assert "Its tables" in error.value.hint
    with pytest.raises(GalleryError, match="text, which holds no vectors"):
        open_gallery(do.url(table, "?vector=name&id=embedding")).info()
    lost = open_gallery("postgresql://me:secret@localhost:1/photos#faces")
    with pytest.raises(GalleryError) as error:
        lost.info()
    assert "secret" not in str(error.value)
    assert "Is the server there" in error.value.hint


def test_rows_cut_otherwise_than_by_rows_are_found():
    """As a proxy may cut what the server sends."""
    rows = [(b"one", b"\0\0\x80?" * 2), (None, b"\0\0\0@" * 2), (b"", b"\0\0\0\0" * 2)]
    cells = [[struct.pack(">i", -1 if c is None else len(c)) + (c or b"") for c in row] for row in rows]
    data = b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"".join(struct.pack(">h", 2) + b"".join(row) for row in cells) + b"\xff\xff"
    for cuts in ([data], [data[:30], data[30:31], data[31:]], [data[:19], *(bytes([b]) for b in data[19:])]):
        page = Page(cuts, 2)
        assert page.texts(0) == ["one", None, ""]
        assert page.vectors(1, FORMS["bytea"], "t").tolist() == [[1, 1], [2, 2], [0, 0]]
    assert len(Page([data[:19] + b"\xff\xff"], 2)) == len(Page([data[:19], b"\xff\xff"], 2)) == 0
