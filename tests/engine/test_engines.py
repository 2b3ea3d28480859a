"""Engines give the same whatever runs where; the Ray cluster here is a real one, of two nodes on this machine."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import sys
import time
from functools import partial

import numpy as np
import pytest

from facespace import errors
from facespace.embeddings import EmbeddingSet
from facespace.engine import LocalEngine, choose_engine
from facespace.errors import EngineError, FacespaceError, InputError, MissingExtraError, UnknownNameError
from facespace.mapping import apply_to_files, fit_map, pair_statistics

# Ray's, not ours: pipes of the processes that a Cluster started, and of a node that was removed.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")


@pytest.fixture(scope="module")
def cluster():
    ray = pytest.importorskip("ray", reason='ray is not installed: pip install "facespace[ray]"')
    from ray.cluster_utils import Cluster

    from facespace.engine.ray import RayEngine

    node = {"num_cpus": 1, "object_store_memory": 200 << 20}
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers don't have the tests
    soon = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 4}
    head = {**node, "include_dashboard": False, "_system_config": soon}  # a lost node is missed in 2 s instead of 15
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        cluster.add_node(**node)
        assert RayEngine(cluster.address).workers == 2
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


@pytest.fixture
def on_ray(cluster):
    return choose_engine("ray", address=cluster.address)


@pytest.fixture(params=["local", "ray"])
def engine(request):
    return LocalEngine(2) if request.param == "local" else request.getfixturevalue("on_ray")


def _slower_first(n):
    time.sleep(0.1 if n == 0 else 0)
    return str(n)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 30])
def test_results_come_in_order_and_each_task_is_told_once(engine, count):
    told = []
    assert list(engine.map(_slower_first, range(count), told.append)) == list(map(str, range(count)))
    assert told == list(range(count))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 30])
def test_a_total_adds_neighbours_and_each_task_is_told_once(engine, count):
    told = []
    assert engine.total(_slower_first, iter(range(count)), told.append) == "".join(map(str, range(count)))
    assert sorted(told) == list(range(count))


def _vector(n):
    return np.random.default_rng(n).normal(size=1000)


def test_a_total_has_the_same_bits_each_time(engine):
    assert np.array_equal(engine.total(_vector, range(11)), engine.total(_vector, range(11)))


def test_few_tasks_are_begun_before_they_are_needed(engine):
    begun = []
    results = engine.map(str, (begun.append(n) or n for n in range(100)))
    assert next(results) == "0"
    assert len(begun) <= 2 * engine.workers + 1
    results.close()
    assert len(begun) < 10


def _fails(n):
    if n == 3:
        raise InputError("row 3 is bad", "Make it good.")
    return str(n)


@pytest.mark.parametrize("way", ["map", "total"])
def test_an_error_in_a_task_is_raised_as_what_it_was(engine, way):
    begun, told = [], []
    tasks = (begun.append(n) or n for n in range(1000))
    with pytest.raises(InputError) as raised:
        list(getattr(engine, way)(_fails, tasks, told.append))
    assert type(raised.value) is InputError
    assert raised.value.to_dict() == {"type": "InputError", "message": "row 3 is bad", "hint": "Make it good."}
    assert 3 not in told
    assert len(begun) < 30


def _fails_while_another_runs(folder, n):
    if n == 0:
        while not (folder / "begun").exists():
            time.sleep(0.01)
        raise KeyError("zero")
    (folder / "begun").touch()
    time.sleep(0.5)
    (folder / "ended").touch()
    return ""


def test_what_runs_when_another_fails_is_waited_for(engine, tmp_path):
    with pytest.raises(KeyError, match="zero"):
        engine.total(partial(_fails_while_another_runs, tmp_path), range(2))
    assert (tmp_path / "ended").exists()


def test_every_error_of_ours_can_be_pickled():
    for kind in [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, FacespaceError)]:
        again = pickle.loads(pickle.dumps(kind("what", hint="why")))
        assert (type(again), again.message, again.hint) == (kind, "what", "why")


class Mortal:
    """An engine whose `map` or `total` loses a worker: the one with the third task, as it ends or renames its file."""

    def __init__(self, engine, mark):
        self.map, self.total, self.workers, self.mark = engine.map, engine.total, engine.workers, mark
        whole = getattr(engine, mark.name)
        setattr(self, mark.name, lambda f, tasks, done=None: whole(partial(_dies_once, mark, f), enumerate(tasks), done))


def _dies_once(mark, function, task):
    number, task = task
    if number == 2 and not mark.exists():
        mark.touch()
        os.replace = lambda *names: os.kill(os.getpid(), signal.SIGKILL)
        function(task)
        os.kill(os.getpid(), signal.SIGKILL)
    return function(task)


@pytest.fixture
def sets(tmp_path):
    """Two sets of six files each, of 60 people."""
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(60, 16)), 4, axis=0) + 0.4 * rng.normal(size=(240, 16))
    y = x @ rng.normal(size=(16, 12)) + 0.1 * rng.normal(size=(240, 12)) + 0.5
    ids = [f"p{i // 4}/{i}" for i in range(240)]
    for name, vectors, order in (("a", x, np.arange(240)), ("b", y, np.arange(240)), ("c", y, rng.permutation(240))):
        whole = EmbeddingSet(vectors, ids, model=name)
        for number, rows in enumerate(np.array_split(order, 6)):
            whole.take(rows).save(tmp_path / name / f"{number}.parquet")
    return {name: EmbeddingSet.open(tmp_path / name) for name in "abc"}


def _close(found, wanted):
    return np.abs(found - wanted).max() <= 1e-12 * np.abs(wanted).max()


@pytest.mark.parametrize("target", ["b", "c"])
def test_statistics_of_a_cluster_are_those_of_threads_though_a_worker_dies(sets, on_ray, tmp_path, target):
    mark = tmp_path / "total"
    wanted = pair_statistics(sets["a"], sets[target])
    found = pair_statistics(sets["a"], sets[target], engine=Mortal(on_ray, mark) if target == "c" else on_ray)
    assert mark.exists() == (target == "c")
    assert found.n == wanted.n == 240
    assert _close(found.cross, wanted.cross)
    for one, other in ((found.source, wanted.source), (found.target, wanted.target)):
        assert _close(one.gram, other.gram)
        assert _close(one.total, other.total)


@pytest.mark.parametrize("method", ["auto", "ridge", "joint"])
def test_maps_of_a_cluster_are_those_of_threads(sets, on_ray, method):
    wanted, found = (fit_map(sets["a"], sets["c"], method, engine=engine) for engine in (LocalEngine(2), on_ray))
    for name in ("source", "target") if method == "joint" else ("",):
        one, other = (getattr(m, name) if name else m for m in (found, wanted))
        assert np.allclose(one.weight, other.weight, rtol=0, atol=1e-9 * np.abs(other.weight).max())
        assert np.allclose(one.origin, other.origin, rtol=0, atol=1e-9)
    assert found.facts.get("chosen") == wanted.facts.get("chosen")
    assert np.array_equal(found.fitted.images, wanted.fitted.images)


def test_a_folder_applied_on_a_cluster_is_that_of_threads_though_a_worker_dies(sets, on_ray, tmp_path, capsys):
    fitted = fit_map(sets["a"], sets["b"], "ridge")
    engines = {"wanted": LocalEngine(2), "found": on_ray, "killed": Mortal(on_ray, tmp_path / "map")}
    for name, engine in engines.items():
        apply_to_files(fitted, sets["a"], tmp_path / name, engine=engine)
    files = {name: {p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in engines}
    assert len(files["wanted"]) == 8  # six files, what was asked for, the journal
    assert files["found"] == files["killed"] == files["wanted"]
    assert (tmp_path / "map").exists()
    assert capsys.readouterr().out == ""  # Ray tells of the death, but not there


def _large(n):
    time.sleep(0.05)
    return np.random.default_rng(n).normal(size=100_000)


def test_sums_survive_that_a_node_is_lost(on_ray, cluster):
    wanted, done = LocalEngine(1).total(_large, range(40)), []

    def lose(task):
        done.append(task)
        if len(done) == 20:
            cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)

    try:
        found = on_ray.total(_large, range(40), lose)
    finally:
        cluster.add_node(num_cpus=1, object_store_memory=200 << 20, wait=False)
    assert _close(found, wanted)
    assert sorted(done) == list(range(40))


@pytest.mark.parametrize("address", ["nonsense", "ray://127.0.0.1:1", "127.0.0.1", "a/b:1"])
def test_what_is_no_address_is_refused(address):
    from facespace.engine.ray import _check_reachable

    with pytest.raises(InputError, match="is not the address of a Ray cluster"):
        _check_reachable(address)


def test_a_cluster_that_is_not_there_is_told_at_once():
    from facespace.engine.ray import _check_reachable

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(EngineError, match=f"no Ray cluster can be reached at {address}: "):
        _check_reachable(address)


def test_names_and_options_of_engines_are_checked(monkeypatch):
    assert choose_engine(workers=3).workers == 3
    with pytest.raises(UnknownNameError, match="unknown engine 'rey'; did you mean 'ray'"):
        choose_engine("rey")
    with pytest.raises(InputError, match="at least 1"):
        choose_engine("ray", workers=0)
    with pytest.raises(InputError, match="address"):
        choose_engine(address="auto")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match="the engine ray needs ray"):
        choose_engine("ray")
