"""Milvus, in Milvus Lite: the shared suite, and what is its own. No server is tried."""

from __future__ import annotations

import time

import pytest
from store_suite import ORIGIN, StoreSuite, expected, run, templates, vectors_in

from facespace.errors import GalleryError, OutputError
from facespace.gallery.stores import open_gallery

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")
from facespace.gallery.stores.milvus import collection


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """The client waits for half a second where it asks whether a collection is there by now."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.005)))


def _client(url):
    return collection.client_of(url.removeprefix("milvus:").partition("#")[0])


class TestMilvus(StoreSuite):
    def url(self, folder):
        return f"milvus:{folder / 'faces.db'}#faces"

    def add(self, url, rows):
        columns = zip(rows.ids, rows.vectors, rows.people, strict=True)
        _client(url).raw.insert("faces", [{"id": id_, "vector": row, "subject": who} for id_, row, who in columns])

    def delete(self, url, ids):
        _client(url).raw.delete("faces", filter=f"id in [{', '.join(map(collection.literal, ids))}]")


def _made(folder, whole, auto_id=False):
    """A collection as another program makes it: numbers as ids, fields that are not in its schema."""
    from pymilvus import DataType

    store = open_gallery(f"milvus:{folder / 'faces.db'}#faces")
    store._client = collection.client_of(str(folder / "faces.db"))
    client = store._client.raw
    schema = client.create_schema(auto_id=auto_id, enable_dynamic_field=True)
    schema.add_field("face_id", DataType.INT64, is_primary=True)
    schema.add_field("embedding", DataType.FLOAT_VECTOR, dim=16)
    params = client.prepare_index_params()
    params.add_index("embedding", index_type="HNSW", metric_type="COSINE", params={"M": 8, "efConstruction": 50})
    client.create_collection("faces", schema=schema, index_params=params)
    rows = zip(whole.ids, whole.vectors, whole.people, strict=True)
    key = (lambda id_: {}) if auto_id else (lambda id_: {"face_id": int(id_)})
    client.insert("faces", [{**key(id_), "embedding": row, "person_id": who, "taken": 7} for id_, row, who in rows])
    return store


def test_a_name_that_is_no_alias_is_filled_but_not_switched(tmp_path):
    whole = templates(16, [str(row) for row in range(-5, 60)])
    store = _made(tmp_path, whole)
    info = store.info()
    assert any("create_alias" in note for note in info.notes)
    assert (info.columns, info.indexes, info.metric, info.count) == (("person_id", "taken"), ("HNSW",), "cosine", 65)
    assert next(store.scan()).people == whole.people
    store.begin(ORIGIN)
    run(store, set())
    with pytest.raises(OutputError, match="no alias") as error:
        store.switch()
    assert "faces_live" in error.value.hint
    client = store._client.raw
    client.create_alias("faces", "faces_live")
    live = open_gallery(f"{store.url}_live")
    live.begin(ORIGIN)
    run(live, set())
    live.switch()
    assert vectors_in(live) == expected(whole)
    assert (live.info().indexes, live.info().metric, live.info().model) == (("HNSW",), "cosine", "old→new")
    row = client.query("faces_live", filter="face_id == 3", output_fields=["person_id", "taken", "model"])[0]
    assert (row["person_id"], row["taken"], row["model"]) == ("person 4", 7, "old→new")
    live.back()
    assert vectors_in(live) == vectors_in(store)


def test_ids_that_milvus_makes_are_refused(tmp_path):
    store = _made(tmp_path, templates(16, ["1", "2"]), auto_id=True)
    assert len(vectors_in(store)) == 2
    with pytest.raises(GalleryError, match="auto_id"):
        store.begin(ORIGIN)


def test_what_is_wrong_is_told(tmp_path):
    store = _made(tmp_path, templates(16, ["1"]))
    with pytest.raises(GalleryError, match="no collection 'people'") as error:
        open_gallery(store.url.replace("#faces", "#people")).info()
    assert "faces" in error.value.hint
    with pytest.raises(GalleryError, match="no column 'x'"):
        open_gallery(f"{store.url}?vector=x").info()
    with pytest.raises(GalleryError, match="there is no"):
        open_gallery(f"milvus:{tmp_path / 'none.db'}#faces").info()
    assert not (tmp_path / "none.db").exists()
