"""What commands hand to an engine can be sent to another machine, and gives there what it gives here."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from facespace.datasets import TemplateProtocol
from facespace.embeddings import EmbeddingSet
from facespace.engine import LocalEngine
from facespace.gallery.stores import Origin, Templates, open_gallery
from facespace.mapping import CanonicalSpace, fit_map
from facespace.migration import Direction
from facespace.migration.journal import Journal
from facespace.migration.run import Fill, fill
from facespace.privacy import audit_linkage
from facespace.templates import pool_templates
from facespace.verification import _cross_pairs, transfer_thresholds


class Elsewhere(LocalEngine):
    """As an engine on another machine gets its work."""

    def map(self, function, tasks, done=None):
        function, tasks = pickle.loads(pickle.dumps(function)), [pickle.loads(pickle.dumps(task)) for task in tasks]
        return (pickle.loads(pickle.dumps(found)) for found in super().map(function, tasks, done))


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Two networks' sets of 3 images of 60 people, in files."""
    folder, rng = tmp_path_factory.mktemp("sets"), np.random.default_rng(0)
    faces = np.repeat(rng.normal(size=(60, 8)), 3, axis=0) + 0.2 * rng.normal(size=(180, 8))
    ids = [f"p{n // 3:02}/{n % 3}" for n in range(180)]
    for name, width in (("a", 12), ("b", 10)):
        vectors = faces @ rng.normal(size=(8, width)) + 0.05 * rng.normal(size=(180, width))
        EmbeddingSet(vectors, ids, model=name).save(folder / name, rows_per_file=40)
    return [EmbeddingSet.open(folder / name) for name in "ab"]


def _audit(sets, engine, folder):
    return audit_linkage(*sets, leaked=(20,), repeats=1, resamples=10, engine=engine).to_dict()


def _thresholds(sets, engine, folder):
    return transfer_thresholds(fit_map(*sets, "ridge"), *sets, [0.05], engine=engine)


def _pooled(sets, engine, folder):
    ids = sets[0].load().ids
    names = [name[:3] for name in ids]
    some = {"left": names[:1] * 2, "right": [names[0], names[3]], "same": [True, False]}
    protocol = TemplateProtocol.from_columns("made", images=ids, template=names, **some)
    return pool_templates(sets[0], protocol, transform=fit_map(*sets, "ridge").probe, engine=engine).vectors.tolist()


def _migrated(sets, engine, folder):
    home = folder / f"{type(engine).__name__}-gallery"
    faces = sets[0].load()
    open_gallery(str(home)).write_all(iter([Templates(faces.ids.tolist(), faces.vectors, ["a"] * len(faces))]), "a")
    store = open_gallery(str(home))
    work = Fill(store, Direction.of(fit_map(*sets, "ridge")), "b<-a")
    fill(store, work, Origin("plan", "b", 10), Journal(home.with_suffix(".json"), "plan"), engine, rows=50)
    return {i: v.tolist() for batch in store.scan("next") for i, v in zip(batch.ids, batch.vectors, strict=True)}


def _in_the_hub(sets, engine, folder):
    hub = CanonicalSpace.fit({faces.model: faces for faces in sets}, engine=engine)
    fused = hub.fuse_to_files({"a": sets[0], "b": sets[1]}, folder / type(engine).__name__, engine=engine)[0]
    moved = hub.apply_to_files("a", sets[0], folder / f"{type(engine).__name__}-a", engine=engine)[0]
    return [faces.load().vectors.tolist() for faces in (fused, moved)]


@pytest.mark.parametrize("work", [_audit, _thresholds, _pooled, _in_the_hub, _migrated])
def test_what_is_sent_gives_the_same(stored, tmp_path, monkeypatch, work):
    monkeypatch.setattr(_cross_pairs, "IMAGES", 100)
    assert work(stored, Elsewhere(2), tmp_path) == work(stored, LocalEngine(2), tmp_path)
