"""FAISS: the shared suite, and what is its own."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from store_suite import ORIGIN, StoreSuite, expected, mapped, moved, read_all, run, templates, vectors_in

from facespace.errors import GalleryError, InputError, OutputError
from facespace.gallery.stores import Templates, open_gallery

faiss = pytest.importorskip("faiss")


def _files(url: str) -> tuple[str, Path]:
    index, _, ids = url.removeprefix("faiss:").partition("?ids=")
    return index, Path(ids)


def _add(url: str, rows: Templates) -> None:
    index, ids = _files(url)
    there = faiss.read_index(index)
    there.add(rows.vectors)
    ids.write_text(ids.read_text() + "".join(f"{id_}\n" for id_ in rows.ids))
    faiss.write_index(there, index)


def _delete(url: str, gone: list[str]) -> None:
    index, ids = _files(url)
    there, names = faiss.read_index(index), ids.read_text().splitlines()
    there.remove_ids(np.array([names.index(id_) for id_ in gone]))
    ids.write_text("".join(f"{id_}\n" for id_ in names if id_ not in gone))
    faiss.write_index(there, index)


class TestFaiss(StoreSuite):
    people = False

    def url(self, folder):
        return f"faiss:{folder / 'faces.index'}?ids={folder / 'ids.txt'}"

    def add(self, url, rows):
        _add(url, rows)

    def delete(self, url, ids):
        _delete(url, ids)


def _store(folder: Path, kind: str, whole: Templates, metric=faiss.METRIC_INNER_PRODUCT, first: int = 0):
    """A gallery of an index that another program made; its ids are its own numbers where the kind has them."""
    index = faiss.index_factory(whole.vectors.shape[1], kind, metric)
    index.train(whole.vectors)
    if kind.startswith("IDMap"):
        index.add_with_ids(whole.vectors, np.array([int(id_) for id_ in whole.ids]))
    else:
        index.add(whole.vectors)
    faiss.write_index(index, str(folder / "faces.index"))
    return open_gallery(f"faiss:{folder / 'faces.index'}")


@pytest.mark.parametrize("kind", ["Flat", "HNSW12", "IVF7,Flat", "IDMap,Flat", "IDMap2,IVF5,Flat", "IDMap2,HNSW12"])
@pytest.mark.parametrize("metric", [faiss.METRIC_INNER_PRODUCT, faiss.METRIC_L2])
def test_the_new_index_is_of_the_same_kind(tmp_path, kind, metric):
    whole = templates(16, [str(row * 3 + 5 if "ID" in kind else row) for row in range(400)])
    store = _store(tmp_path, kind, whole, metric)
    before = (tmp_path / "faces.index").read_bytes()
    assert store.info().metric == ("ip" if metric == faiss.METRIC_INNER_PRODUCT else "l2")
    kinds = store.info().indexes
    assert bool(kinds) == ("IVF" in kind or "HNSW" in kind)
    store.begin(ORIGIN)
    run(store, set())
    store.switch()
    assert vectors_in(store) == expected(whole)
    assert store.info().indexes == kinds
    found = store.search(moved(whole.vectors[:40]), 3)
    right = sum(ids[0] == id_ for ids, id_ in zip(found.ids, whole.ids, strict=False))
    assert right >= 35
    made = faiss.read_index(str(tmp_path / "faces.index"))
    assert (made.d, made.metric_type, made.ntotal) == (24, metric, 400)
    labels = made.search(moved(whole.vectors[:40]), 1)[1][:, 0]  # what its own program goes on to see
    assert set(map(str, labels)) <= set(whole.ids)
    store.back()
    assert (tmp_path / "faces.index").read_bytes() == before


@pytest.mark.parametrize("kind", ["SQ8", "IVF4,PQ4x4", "PCA8,Flat", "IVF4_HNSW8,Flat"])
def test_an_index_that_cannot_be_made_anew_is_read_and_refused(tmp_path, kind):
    whole = templates(16, [str(row) for row in range(400)])
    store = _store(tmp_path, kind, whole)
    assert any("read only" in note for note in store.info().notes)
    assert sorted(read_all(store.scan())) == sorted(whole.ids)
    with pytest.raises(GalleryError, match="can't be made") as error:
        store.begin(ORIGIN)
    assert "gallery copy" in error.value.hint
    assert store.info().places == {}


@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize("way", ["switch", "back"])
def test_a_turn_that_ends_anywhere_is_one_or_the_other(tmp_path, monkeypatch, step, way):
    from facespace.gallery.stores.faiss import places

    whole = templates(16, [str(row) for row in range(100)])
    store = _store(tmp_path, "Flat", whole)
    store.begin(ORIGIN)
    run(store, set())
    old, new = {id_: row.tobytes() for id_, row in zip(whole.ids, whole.vectors, strict=True)}, expected(whole)
    if way == "back":
        store.switch()
        old, new = new, old
    there = [(places.os, "link"), (places.os, "replace"), (places.Beside, "keep"), (places.Path, "unlink")][step]

    def killed(*_args, **_named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(*there, killed)
        getattr(store, way)()
    other = {"switch": "next", "back": "old"}[way]
    done = other not in store.info().places
    assert vectors_in(store) == (new if done else old)
    if not done:
        getattr(store, way)()
    assert vectors_in(store) == new
    assert vectors_in(store, {"switch": "old", "back": "next"}[way]) == old
    {"switch": store.back, "back": store.switch}[way]()
    assert vectors_in(store) == old


def test_back_after_others_added_rows(tmp_path):
    url = f"faiss:{tmp_path / 'faces.index'}?ids={tmp_path / 'ids.txt'}"
    whole = templates(16, ["a", "b", "c", "d"])
    store = open_gallery(url)
    store.write_all(iter([whole]), "old")
    store.begin(ORIGIN)
    run(store, set())
    store.switch()
    _add(url, templates(24, ["new"]))
    _delete(url, ["b"])
    assert store.info().count == 4
    store.back()
    rest = {id_: row.tobytes() for id_, row in zip(whole.ids, whole.vectors, strict=True) if id_ != "b"}
    assert vectors_in(store) == rest
    assert store.info().count == 3
    assert (tmp_path / "ids.txt").read_text().split() == ["a", "c", "d", "new"]
    assert "new" in vectors_in(store, "next")
    assert faiss.read_index(str(tmp_path / "faces.index")).ntotal == 4


def test_a_place_that_lacks_rows_does_not_become_current(tmp_path):
    url = f"faiss:{tmp_path / 'faces.index'}?ids={tmp_path / 'ids.txt'}"
    store = open_gallery(url)
    store.write_all(iter([templates(16, ["a", "b", "c"])]), "old")
    store.begin(ORIGIN)
    with pytest.raises(OutputError, match="3 rows"):
        store.switch()
    store.put(store.parts(2)[0], mapped(store.read(store.parts(2)[0])))
    store.complete()
    with pytest.raises(OutputError, match="1 rows") as error:
        store.switch()
    assert "missing()" in error.value.hint
    run(store, set())
    _add(url, templates(16, ["late"]))
    with pytest.raises(OutputError, match="1 rows"):
        store.switch()
    assert store.replace(Templates(["a"], np.ones((1, 16), np.float32)), "current") == 1
    assert sorted(read_all(store.missing())) == ["a", "late"]
    store.put("", mapped(store.missing()))
    assert store.replace(Templates(["a"], np.full((1, 16), 2, np.float32)), "current") == 1
    assert sorted(read_all(store.missing())) == ["a"]
    run(store, set())
    store.switch()


def test_what_is_wrong_is_told(tmp_path):
    url = f"faiss:{tmp_path / 'faces.index'}?ids={tmp_path / 'ids.txt'}"
    with pytest.raises(InputError, match="whole numbers"):
        open_gallery(url.partition("?")[0]).write_all(iter([templates(16, ["a"])]), "old")
    with pytest.raises(InputError, match="more than one line"):
        open_gallery(url).write_all(iter([templates(16, ["a\nb"])]), "old")
    open_gallery(url).write_all(iter([templates(16, ["a", "b"])]), "old")
    (tmp_path / "ids.txt").write_text("a\n")
    with pytest.raises(GalleryError, match=r"has 1 lines, and the index 2"):
        open_gallery(url).info()
    (tmp_path / "faces.index").write_text("no index")
    with pytest.raises(GalleryError, match="no index that FAISS reads"):
        open_gallery(url).info()
    _store(tmp_path, "IDMap,Flat", templates(16, ["7"]))
    with pytest.raises(GalleryError, match="ids of its own"):
        open_gallery(url).info()


def test_numbers_as_ids_need_no_file(tmp_path):
    whole = templates(16, ["7", "-3", str(2**62)])
    store = open_gallery(f"faiss:{tmp_path / 'faces.index'}")
    store.write_all(iter([whole]), "old")
    assert list(vectors_in(store)) == whole.ids
