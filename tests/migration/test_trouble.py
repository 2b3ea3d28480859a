"""Servers that go away, disks that are full, readers who look while it happens."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from two_networks import fill, world

from facespace.errors import FacespaceError, GalleryError, OutputError
from facespace.gallery.stores import open_gallery
from facespace.migration import Migration, make_plan, run


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(run, "ROWS", 64)


def plan(scene, url) -> Migration:
    make_plan(url, scene.map, *scene.check, far=0.01, margin=0.2).save(scene.folder / "plan.json")
    return Migration(scene.folder / "plan.json")


def gallery(scene, kind: str) -> str:
    url = str(scene.folder / "faces") if kind == "parquet" else f"sqlite:{scene.folder / 'faces.db'}#faces"
    fill(url, scene.gallery[0])
    return url


@pytest.mark.parametrize("kind", ["sqlite", "parquet"])
def test_a_reader_sees_one_network_at_a_time(scene, kind, small_parts):
    """Whoever reads during run, switch and back gets the old gallery or the new one, or is told; never some of both."""
    url = gallery(scene, kind)
    one = plan(scene, url)
    seen: list[set[str]] = []
    stop, error = threading.Event(), []

    def read() -> None:
        try:
            while not stop.is_set():
                dims, models, rows = set(), set(), 0
                try:
                    for batch in open_gallery(url).scan(rows=50):
                        dims.add(batch.vectors.shape[1])
                        models.update(batch.models or ())
                        rows += len(batch)
                except GalleryError as told:
                    if "was switched while it was read" not in told.message:
                        raise
                    continue
                assert rows == 600
                assert len(dims) == 1
                seen.append(models)
        except BaseException as what:
            error.append(what)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        one.run()
        one.verify()
        for _ in range(5):
            one.switch()
            one.back()
            one.run()
            one.verify()
    finally:
        stop.set()
        reader.join()
    assert not error, error
    assert all(models in ({"old"}, {"new<-old"}) for models in seen)
    assert {"old"} in seen


@pytest.mark.parametrize("kind", ["sqlite", "parquet"])
def test_a_full_disk_is_told_and_the_run_goes_on_later(scene, kind, small_parts):
    """A limit on the size of files stands for the disk: what is written beyond it fails."""
    url = gallery(scene, kind)
    one = plan(scene, url)
    place = scene.folder / "faces.db"
    limit = place.stat().st_size + 16384 if kind == "sqlite" else 6000
    code = (
        "import resource, sys; from facespace.migration import run; run.ROWS = 64\n"
        "from facespace.cli import main\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "sys.exit(main(['migrate', 'run', sys.argv[1], '--json']))"
    )
    words = [sys.executable, "-c", code, str(scene.folder / "plan.json")]
    told = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"})
    assert told.returncode == 2, told.stdout + told.stderr
    assert "Traceback" not in told.stderr
    found = {i for batch in open_gallery(url).scan() for i in batch.ids}
    assert found == set(scene.gallery[0].ids.tolist())
    assert one.run() > 0
    assert one.verify().faults == ()


def test_a_server_that_is_gone_in_the_middle(scene, postgres, small_parts, monkeypatch):
    psycopg = pytest.importorskip("psycopg")
    url = f"{postgres}#gone_faces"
    fill(url, scene.gallery[0])
    one = plan(scene, url)
    real = type(one.fill).__call__
    done = []

    def some(self, part):
        done.append(part)
        if len(done) == 3:  # as if the server had been stopped: every other connection is ended, amid a part
            until = time.monotonic() + 30
            while not Migration(scene.folder / "plan.json").journal.done() and time.monotonic() < until:
                time.sleep(0.01)  # a part is done before: the first two run beside each other
            read = type(self.store).read
            cut = part

            def until_gone(store, part, rows=8192):
                if part != cut:  # another thread's
                    yield from read(store, part, rows)
                    return
                first = next(iter(read(store, part, rows)))
                with psycopg.connect(postgres, autocommit=True) as db:
                    db.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                    )
                yield first

            monkeypatch.setattr(type(self.store), "read", until_gone)
        return real(self, part)

    with monkeypatch.context() as patch:
        patch.setattr(type(one.fill), "__call__", some)
        with pytest.raises(GalleryError):
            one.run()
    monkeypatch.undo()
    monkeypatch.setattr(run, "ROWS", 64)
    again = Migration(scene.folder / "plan.json")
    assert again.status().state == "running"
    left = 600 - sum(line.rows for line in again.journal.done().values())
    assert 0 < left < 600
    assert again.run() == left
    assert again.verify().faults == ()
    again.switch()
    again.back()
    vectors = {i: v for b in open_gallery(url).scan() for i, v in zip(b.ids, b.vectors, strict=True)}
    for name, vector in zip(scene.gallery[0].ids.tolist(), scene.gallery[0].vectors, strict=True):
        np.testing.assert_array_equal(vectors[name], vector)


def test_a_server_that_is_not_there(scene):
    pytest.importorskip("psycopg")
    with pytest.raises(FacespaceError):
        make_plan("postgresql://nobody@127.0.0.1:1/none#faces", scene.map, *world(20, seed=2))


def test_a_plan_whose_migration_has_begun_is_not_overwritten(scene):
    """Without it the gallery could neither be switched nor brought back; one that only waits gives way."""
    url = gallery(scene, "sqlite")
    make_plan(url, scene.map, *scene.check, far=0.02, margin=0.2).save(scene.folder / "plan.json")
    first = plan(scene, url)
    first.run(anyway=True)
    before = (scene.folder / "plan.json").read_bytes()
    other = make_plan(url, scene.map, *scene.check, far=0.02, margin=0.2)
    with pytest.raises(OutputError, match="is the plan of a migration that has begun"):
        other.save(scene.folder / "plan.json")
    assert (scene.folder / "plan.json").read_bytes() == before
    first.plan.save(scene.folder / "plan.json")
    Migration(scene.folder / "plan.json").verify()
