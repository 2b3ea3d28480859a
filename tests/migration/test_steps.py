"""The life of a migration: each step in its turn, killed and gone on with, there and back."""

import json
import sqlite3
import subprocess
import sys

import numpy as np
import pytest
from two_networks import fill, world

from facespace.engine import LocalEngine
from facespace.errors import FileFormatError, InputError, OutputError
from facespace.gallery.stores import open_gallery
from facespace.migration import Migration, MigrationPlan, make_plan


@pytest.fixture
def planned(scene):
    plan = make_plan(scene.url, scene.map, *scene.check, queries_map=scene.back, far=0.01, margin=0.2)
    assert plan.decision == "go"
    plan.save(scene.folder / "plan.json")
    return scene


def migration(scene) -> Migration:
    return Migration(scene.folder / "plan.json")


def content(scene, place="current") -> dict[str, bytes]:
    return {
        one: vector.tobytes()
        for batch in open_gallery(scene.url).scan(place)
        for one, vector in zip(batch.ids, batch.vectors, strict=True)
    }


def sql(scene, text, *values) -> None:
    with sqlite3.connect(scene.folder / "gallery.db") as db:
        db.execute(text, values)
    db.close()


def test_there_and_back(planned):
    before = content(planned)
    one = migration(planned)
    assert one.status().state == "planned"
    assert one.run() == 600
    assert content(planned) == before  # readers see nothing of it
    assert one.verify(planned.fresh).faults == ()
    one.switch()
    moved = content(planned)
    mapped = one.way.template(planned.gallery[0].vectors)
    assert moved == {i: v.tobytes() for i, v in zip(planned.gallery[0].ids.tolist(), mapped, strict=True)}
    assert open_gallery(planned.url).info().model == "new"
    one.back()
    assert content(planned) == before  # bit for bit
    one.finish()
    assert one.status().state == "finished"
    assert content(planned) == before
    assert open_gallery(planned.url).info().places == {}


def test_finish_after_a_switch_keeps_the_new_gallery_alone(planned):
    one = migration(planned)
    one.run()
    one.verify()
    one.switch()
    moved = content(planned)
    one.finish()
    assert content(planned) == moved
    assert open_gallery(planned.url).info().places == {}


STEPS = ("run", "verify", "switch", "back", "finish")


@pytest.mark.parametrize(("done", "allowed"), [
    ((), {"run"}),
    (("run",), {"run", "verify"}),
    (("run", "verify"), {"run", "verify", "switch"}),
    (("run", "verify", "switch"), {"back", "finish"}),
    (("run", "verify", "switch", "back"), {"run", "finish"}),
    (("run", "verify", "switch", "finish"), set()),
])  # fmt: skip
def test_out_of_order_every_step_refuses_and_says_what_comes_next(planned, done, allowed):
    for step in done:
        getattr(migration(planned), step)()
    for step in STEPS:
        if step not in allowed:
            with pytest.raises(InputError, match=f"can't {step}: this migration is") as told:
                getattr(migration(planned), step)()
            assert told.value.hint.startswith("Next: facespace migrate" if allowed else "There is nothing left")


@pytest.mark.parametrize("step", ["switch", "back"])
def test_a_kill_between_a_step_and_its_line_is_told_by_the_gallery(planned, monkeypatch, step):
    for earlier in STEPS[: STEPS.index(step)]:
        getattr(migration(planned), earlier)()
    one = migration(planned)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(one.journal, "tell", killed)
    with pytest.raises(KeyboardInterrupt):
        getattr(one, step)()
    assert migration(planned).status().state == {"switch": "switched", "back": "back"}[step]


def test_a_run_that_ended_in_the_middle_goes_on_where_it_was(planned, monkeypatch):
    from facespace.migration import run

    monkeypatch.setattr(run, "ROWS", 64)
    one = migration(planned)
    real = type(one.fill).__call__
    done = []

    def some(self, part):
        if len(done) == 3:
            raise RuntimeError("the server is gone")
        done.append(part)
        return real(self, part)

    monkeypatch.setattr(type(one.fill), "__call__", some)
    with pytest.raises(RuntimeError, match="gone"):
        one.run()
    monkeypatch.undo()
    monkeypatch.setattr(run, "ROWS", 64)
    assert migration(planned).status().state == "running"
    written = sum(line.rows for line in one.journal.done().values())
    assert 0 < written < 600
    assert migration(planned).run() == 600 - written
    assert migration(planned).verify().faults == ()


def test_rows_added_and_deleted_while_it_runs(planned):
    one = migration(planned)
    one.run()
    extra, _ = world(2, images=1, seed=40)
    for name, vector in zip(extra.ids.tolist(), extra.vectors, strict=True):
        sql(planned, "insert into faces (id, vector) values (?, ?)", name, vector.tobytes())
    sql(planned, "delete from faces where id = ?", planned.gallery[0].ids[0])
    checked = migration(planned).verify()
    assert (checked.missing, checked.extra) == (2, 0)
    assert "run again" in checked.faults[0]
    assert migration(planned).run() == 2
    assert migration(planned).verify().faults == ()
    sql(planned, "insert into faces (id, vector) values ('late', ?)", extra.vectors[0].tobytes())
    with pytest.raises(InputError, match="1 templates were added"):
        migration(planned).switch()


def test_a_second_run_beside_the_first_is_refused(planned):
    one = migration(planned)
    with one.journal.alone(), pytest.raises(OutputError, match="another run"):
        migration(planned).run()


def test_a_store_that_is_written_by_one_at_a_time_refuses_several_workers(planned):
    with pytest.raises(InputError, match="written by one at a time"):
        migration(planned).run(engine=LocalEngine(2))


def test_another_plan_does_not_share_the_second_place(planned):
    migration(planned).run()
    other = make_plan(planned.url, planned.map, *planned.check, far=0.02, margin=0.2)
    other.save(planned.folder / "other.json")
    with pytest.raises(OutputError):
        Migration(planned.folder / "other.json").run()


def test_templates_of_both_networks_share_the_gallery(planned):
    one = migration(planned)
    with pytest.raises(InputError, match="can't enrol"):
        one.enrol(planned.gallery[1])
    one.run()
    one.verify()
    one.switch()
    some = planned.gallery[1].take(np.arange(10))
    stranger, _ = world(1, images=1, seed=77)
    both = type(some)(
        np.concatenate([some.vectors, np.zeros((1, 32)) + 1]), [*some.ids.tolist(), stranger.ids[0]], model="new"
    )
    assert one.enrol(both) == (10, 1)
    rows = {i: m for batch in open_gallery(planned.url).scan() for i, m in zip(batch.ids, batch.models, strict=True)}
    assert [rows[i] for i in some.ids.tolist()] == ["new"] * 10
    assert sum(m == "new<-old" for m in rows.values()) == 590
    found = open_gallery(planned.url).search(some.vectors[:3], 1)
    assert [ids[0] for ids in found.ids] == some.ids[:3].tolist()
    assert [models[0] for models in found.models] == ["new"] * 3
    with pytest.raises(InputError, match="the set is by 'old'"):
        one.enrol(planned.gallery[0])
    before = {i: v.tobytes() for i, v in zip(planned.gallery[0].ids.tolist(), planned.gallery[0].vectors, strict=True)}
    one.back()
    assert content(planned) == before
    one.run()  # and there again, with what was made anew
    assert one.verify().faults == ()
    one.switch()
    assert sum(model == "new" for batch in open_gallery(planned.url).scan() for model in batch.models) == 10


def test_a_wrong_vector_in_the_next_place_is_found(planned):
    migration(planned).run()
    one = planned.gallery[0].ids[5]
    sql(planned, 'update faces set "vector__next" = ? where id = ?', np.ones(32, dtype=np.float32).tobytes(), one)
    checked = migration(planned).verify()
    assert checked.differing == 1
    with pytest.raises(InputError, match="can't switch: this migration is faulty"):
        migration(planned).switch()


def test_fresh_people_who_do_worse_than_promised_are_told(planned):
    migration(planned).run()
    old, new = world(120, seed=9, noise=1.6)
    assert any(fault.startswith("tar of 120 fresh people") for fault in migration(planned).verify((old, new)).faults)


def test_a_plan_that_does_not_say_go_runs_only_anyway(scene):
    plan = make_plan(scene.url, scene.map, *scene.check, far=0.01, margin=0.0001)
    plan.save(scene.folder / "plan.json")
    assert plan.decision in ("stop", "more")
    with pytest.raises(InputError, match=f"the plan says {plan.decision}"):
        migration(scene).run()
    assert migration(scene).run(anyway=True) == 600


def test_queries_may_be_mapped_instead_and_nothing_is_written(scene):
    plan = make_plan(scene.url, scene.map, *scene.check, queries_map=scene.back, direction="queries", far=0.01)
    plan.save(scene.folder / "plan.json")
    assert (plan.writes, plan.cost["bytes"], plan.order) == (False, 0, None)
    with pytest.raises(InputError, match="leaves the gallery as it is"):
        migration(scene)


def test_both_sides_may_go_into_a_common_space(scene):
    plan = make_plan(scene.url, scene.folder / "joint.safetensors", *scene.check, far=0.01, margin=0.5)
    plan.save(scene.folder / "plan.json")
    one = migration(scene)
    one.run()
    assert one.verify(scene.fresh).faults == ()
    one.switch()
    one.enrol(scene.gallery[1].take(np.arange(4)))
    found = open_gallery(scene.url).search(one.way.query(scene.gallery[1].vectors[:4]), 1)
    assert [ids[0] for ids in found.ids] == scene.gallery[1].ids[:4].tolist()


def test_a_plan_is_the_same_after_saving_and_names_what_is_wrong_with_it(planned):
    path = planned.folder / "plan.json"
    plan = MigrationPlan.load(path)
    assert MigrationPlan.load(plan.save(planned.folder / "copy.json")).digest == plan.digest
    (planned.folder / "map.safetensors").write_bytes((planned.folder / "back.safetensors").read_bytes())
    with pytest.raises(InputError, match="is another map than the one that was planned with"):
        Migration(path)
    document = json.loads(path.read_text())
    for spoiled in ({**document, "kind": "x"}, {"kind": document["kind"], "version": 1}, [], {**document, "more": 1}):
        path.write_text(json.dumps(spoiled))
        with pytest.raises(FileFormatError):
            MigrationPlan.load(path)


@pytest.mark.parametrize(("wrong", "told"), [
    ("old twice", "this map's target is 'new'"),
    ("exchanged", "exchanged"),
    ("width", "have 24 numbers"),
])  # fmt: skip
def test_sets_that_do_not_fit_are_refused(scene, wrong, told):
    old, new = scene.check
    if wrong == "width":
        nameless = [faces.with_vectors(faces.vectors, "") for faces in (new, old)]
        with pytest.raises(InputError, match=told):
            make_plan(scene.url, scene.back, *nameless)
        return
    given = {"old twice": (old, old), "exchanged": (new, old)}[wrong]
    with pytest.raises(InputError, match=told):
        make_plan(scene.url, scene.map, *given)


def test_a_gallery_of_another_network_is_noticed(scene):
    url = f"sqlite:{scene.folder / 'other.db'}#faces"
    random = np.random.default_rng(3)
    faces = scene.gallery[0].with_vectors(random.normal(size=(600, 24)) @ random.normal(size=(24, 24)) ** 3, "")
    fill(url, faces)
    plan = make_plan(url, scene.map, *scene.check, far=0.01)
    assert any("not of the map's domain" in told for told in plan.warnings)


def another_plan(planned):
    """Takes the place of plan.json by other means than `save`."""
    plan = make_plan(planned.url, planned.map, *planned.check, far=0.02, margin=0.2)
    (planned.folder / "plan.json").write_bytes(plan.save(planned.folder / "other.json").read_bytes())


def test_the_journal_of_another_plan_is_refused(planned):
    begun = migration(planned)
    begun.run(anyway=True)
    another_plan(planned)
    with pytest.raises(OutputError, match="belongs to another plan"):
        migration(planned)
    assert begun.status().state == "filled"


def test_a_plan_takes_the_place_of_one_whose_run_was_refused(planned):
    first = migration(planned)
    object.__setattr__(first.plan, "decision", "stop")
    with pytest.raises(InputError, match="the plan says stop"):
        first.run()
    another_plan(planned)
    second = migration(planned)
    assert second.plan.digest != first.plan.digest
    second.run(anyway=True)
    assert second.status().state == "filled"
    # Who holds the old plan still can't begin it now.
    with pytest.raises(OutputError, match="belongs to another plan"):
        first.run(anyway=True)


def test_two_processes_make_a_whole_gallery_of_it(planned):
    """Killed by the operating system in the middle, then run again by another process."""
    code = (
        "import os, sys; from facespace.migration import Migration, run; run.ROWS = 64\n"
        "one = Migration(sys.argv[1]); real = type(one.fill).__call__; done = []\n"
        "def some(self, part):\n    done.append(part); len(done) > 4 and os.kill(os.getpid(), 9); return real(self, part)\n"
        "type(one.fill).__call__ = some; one.run()"
    )
    told = subprocess.run([sys.executable, "-c", code, planned.folder / "plan.json"], check=False)
    assert told.returncode == -9
    assert migration(planned).status().state == "running"
    migration(planned).run()
    assert migration(planned).verify().faults == ()


def test_what_is_done_stays_done_where_rows_come_between_a_kill_and_the_next_run(planned, monkeypatch):
    """Ranges of keys would be cut otherwise then, and all of them made again."""
    from facespace.migration import run

    monkeypatch.setattr(run, "ROWS", 64)
    one = migration(planned)
    real, done = type(one.fill).__call__, []

    def some(self, part):
        if len(done) == 3:
            raise RuntimeError("killed")
        done.append(part)
        return real(self, part)

    with monkeypatch.context() as patch:
        patch.setattr(type(one.fill), "__call__", some)
        with pytest.raises(RuntimeError):
            one.run()
    extra, _ = world(1, images=3, seed=41)
    for name, vector in zip(extra.ids.tolist(), extra.vectors, strict=True):
        sql(planned, "insert into faces (id, vector) values (?, ?)", f"a{name}", vector.tobytes())  # before all others
    assert migration(planned).run() == 600 - 3 * 64 + 3
    assert migration(planned).verify().faults == ()


def test_a_gallery_of_halves_is_verified_to_the_precision_it_has(scene):
    path = scene.folder / "faces.parquet"
    scene.gallery[0].save(path, dtype="float16")
    make_plan(str(path), scene.map, *scene.check, far=0.01, margin=0.2).save(scene.folder / "plan.json")
    one = migration(scene)
    one.run()
    checked = one.verify()
    assert checked.faults == ()
    assert 0 < checked.largest < 1e-3


def test_a_plan_whose_parts_are_cut_has_begun(planned):
    """Killed before the first part is done: the second place is there already."""
    first = migration(planned)
    with first.journal.alone():
        first.journal.keep(["a part"])
    plan = make_plan(planned.url, planned.map, *planned.check, far=0.02, margin=0.2)
    with pytest.raises(OutputError, match="is the plan of a migration that has begun"):
        plan.save(planned.folder / "plan.json")
