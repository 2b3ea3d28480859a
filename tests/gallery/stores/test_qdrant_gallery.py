"""Qdrant, in the client's local mode: the shared suite, and what is its own. No server is tried."""

from __future__ import annotations

import uuid

import numpy as np
import pytest
from store_suite import ODD, ORIGIN, StoreSuite, expected, mapped, moved, read_all, run, templates, vectors_in

from facespace.errors import GalleryError, OutputError
from facespace.gallery.stores import Templates, open_gallery

pytest.importorskip("qdrant_client")
from qdrant_client import models
from qdrant_client.local import persistence

from facespace.gallery.stores.qdrant import collection
from facespace.gallery.stores.qdrant import store as module

# The client's local mode leaves the SQLite connection of a collection that is deleted open, which Python 3.13 tells.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Local mode waits for the disk at every point."""
    make = persistence.CollectionPersistence.__init__

    def quick(self, *args, **named):
        make(self, *args, **named)
        self.storage.execute("PRAGMA synchronous = OFF")
        self.storage.execute("PRAGMA journal_mode = MEMORY")

    monkeypatch.setattr(persistence.CollectionPersistence, "__init__", quick)


def _client(url):
    return collection.client_of(url.removeprefix("qdrant:").partition("#")[0]).raw


class TestQdrant(StoreSuite):
    """Of a collection that keeps vectors as they are."""

    ids = [*ODD, *(str(row) for row in range(1, 150)), *(str(uuid.UUID(int=row)) for row in range(100)), *("a", "b")]  # noqa: RUF012

    @pytest.fixture(autouse=True)
    def _as_they_are(self, monkeypatch):
        monkeypatch.setattr(module, "_DISTANCE", "Euclid")

    def url(self, folder):
        return f"qdrant:{folder / 'db'}#faces"

    def add(self, url, rows):
        points = [
            models.PointStruct(
                id=collection.point_of(id_), vector=vector.tolist(), payload={"subject": who, collection.KEY: id_}
            )
            for id_, vector, who in zip(rows.ids, rows.vectors, rows.people, strict=True)
        ]
        _client(url).upsert("faces", points)

    def delete(self, url, ids):
        _client(url).delete("faces", [collection.point_of(id_) for id_ in ids])


def _made(folder, whole, name="faces", **config):
    """A collection as another program makes it."""
    store = open_gallery(f"qdrant:{folder / 'db'}#{name}")
    store._client = collection.client_of(str(folder / "db"))
    client = store._client.raw
    plain = models.VectorParams(size=16, distance=models.Distance.COSINE)
    client.create_collection(name, **{"vectors_config": plain, **config})
    points = [
        models.PointStruct(id=int(id_), vector=row.tolist(), payload={"person_id": who, "taken": 7})
        for id_, row, who in zip(whole.ids, whole.vectors, whole.people, strict=True)
    ]
    if not config:
        client.upsert(name, points)
    return store


def test_a_collection_compared_by_cosine_keeps_directions(tmp_path):
    whole = templates(16, ["a", "b", *(str(row) for row in range(60))])
    store = open_gallery(f"qdrant:{tmp_path}#faces")
    store.write_all(iter([whole]), "old")
    assert (store.info().metric, store.info().type) == ("cosine", "float32")
    assert any("length 1" in note for note in store.info().notes)
    store.begin(ORIGIN)
    run(store, set())
    store.switch()
    new = moved(whole.vectors / np.linalg.norm(whole.vectors, axis=1, keepdims=True))
    found = store.search(new, 2)
    assert [ids[0] for ids in found.ids] == whole.ids
    np.testing.assert_allclose([scores[0] for scores in found.scores], 1, atol=1e-6)
    assert found.models[0] == ("old→new", "old→new")
    rows = {id_: np.frombuffer(row, np.float32) for id_, row in vectors_in(store).items()}
    units = new / np.linalg.norm(new, axis=1, keepdims=True)
    np.testing.assert_allclose([rows[id_] for id_ in whole.ids], units, atol=1e-6)


def test_a_name_that_is_no_alias_is_filled_but_not_switched(tmp_path):
    whole = templates(16, [str(row) for row in range(60)])
    store = _made(tmp_path, whole)
    assert any("update_collection_aliases" in note for note in store.info().notes)
    assert (store.info().columns, next(store.scan()).people[:2]) == (("person_id", "taken"), ["person 0", "person 0"])
    store.begin(ORIGIN)
    run(store, set())
    with pytest.raises(OutputError, match="no alias") as error:
        store.switch()
    assert "faces-live for faces" in error.value.hint
    collection.turn(store._client, {"faces-live": "faces"}, ())
    live = open_gallery(f"{store.url}-live")
    live.begin(ORIGIN)
    run(live, set())
    live.switch()
    point = _client(store.url).retrieve("faces-live", [3], with_payload=True)[0]
    assert point.payload == {"person_id": "person 1", "taken": 7, "model": "old→new"}
    live.back()
    assert _client(store.url).retrieve("faces-live", [3])[0].payload == {"person_id": "person 1", "taken": 7}


def test_other_vectors_of_a_point_go_with_it(tmp_path):
    whole = templates(16, [str(row) for row in range(30)])
    vectors = {
        "face": models.VectorParams(size=16, distance=models.Distance.DOT),
        "body": models.VectorParams(size=3, distance=models.Distance.DOT),
    }
    store = _made(tmp_path, whole, vectors_config=vectors)
    client = store._client.raw
    points = [
        models.PointStruct(id=int(id_), vector={"face": row.tolist(), "body": [1, 2, int(id_)]})
        for id_, row in zip(whole.ids, whole.vectors, strict=True)
    ]
    client.upsert("faces", points)
    collection.turn(store._client, {"live": "faces"}, ())
    with pytest.raises(GalleryError, match="face, body"):
        open_gallery(f"qdrant:{tmp_path / 'db'}#live").info()
    live = open_gallery(f"qdrant:{tmp_path / 'db'}#live?vector=face")
    live.begin(ORIGIN)
    run(live, set())
    live.switch()
    assert vectors_in(live) == expected(whole)
    assert client.retrieve("live", [7], with_vectors=["body"])[0].vector["body"] == [1, 2, 7]


def test_a_point_that_is_enrolled_anew_is_mapped_again(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_DISTANCE", "Dot")
    store = open_gallery(f"qdrant:{tmp_path}#faces")
    store.write_all(iter([templates(16, ["a", "b"])]), "old")
    store.begin(ORIGIN)
    run(store, set())
    assert store.replace(Templates(["a"], np.ones((1, 16), np.float32), ["mine"]), "current") == 1
    assert sorted(read_all(store.missing())) == ["a"]
    store.put("", mapped(store.missing()))
    assert not list(store.missing())


def test_what_is_wrong_is_told(tmp_path):
    store = _made(tmp_path, templates(16, ["1"]))
    with pytest.raises(GalleryError, match="no collection 'people'") as error:
        open_gallery(f"qdrant:{tmp_path / 'db'}#people").info()
    assert "faces" in error.value.hint
    with pytest.raises(GalleryError, match="no vector 'x'"):
        open_gallery(f"qdrant:{tmp_path / 'db'}#faces?vector=x").info()
    with pytest.raises(GalleryError, match="qdrant:http://127"):
        open_gallery("qdrant:http://127.0.0.1:9#faces").info()
    assert store.info().count == 1


def test_a_folder_that_another_program_has_open_is_told(tmp_path):
    from qdrant_client import QdrantClient

    other = QdrantClient(path=str(tmp_path / "db"))
    with pytest.raises(GalleryError, match="already accessed") as error:
        open_gallery(f"qdrant:{tmp_path / 'db'}#faces").info()
    assert "other program" in error.value.hint
    other.close()
    _made(tmp_path, templates(16, ["1"]))


def test_a_folder_is_closed_with_its_last_gallery(tmp_path):
    from qdrant_client import QdrantClient

    store = open_gallery(f"qdrant:{tmp_path}#faces")
    store.write_all(iter([templates(16, ["a"])]), "old")
    del store
    QdrantClient(path=str(tmp_path)).close()
