"""Hubs of sets in files are those of the same sets in memory, and move sets of any size."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from mapping_samples import stored, two_sets

from facespace.embeddings import EmbeddingSet
from facespace.engine import LocalEngine
from facespace.errors import InputError, OutputError
from facespace.mapping import CanonicalSpace
from facespace.mapping.hub import _fuse, _fused_files


@pytest.fixture(scope="module")
def sets():
    a, b = two_sets(count=40)
    turn = np.linalg.qr(np.random.default_rng(5).normal(size=(a.dim, a.dim)))[0]
    c = a.with_vectors(a.vectors @ turn, model="c")
    return {"a": a.take(np.arange(3, len(a))), "b": b.take(np.arange(len(b) - 5)), "c": c}


@pytest.fixture
def files(tmp_path, sets):
    order = np.random.default_rng(0).permutation(len(sets["b"]))  # the target is brought into the source's order
    orders = {"a": None, "b": order, "c": None}
    return {name: stored(faces, tmp_path / name, 3, orders[name]) for name, faces in sets.items()}


def _same(found, wanted):
    assert found.facts == wanted.facts
    assert np.allclose(found.correlations, wanted.correlations, atol=1e-9)
    # A direction of the hub and its opposite are the same: rounding decides which one the eigenvectors are.
    sign = np.sign(np.sum(found.into["a"].weight * wanted.into["a"].weight, axis=0))
    for name in wanted.models:
        ways = ((found.into, wanted.into, sign), (found.out, wanted.out, sign[:, None]))
        for one, other, turned in ((f[name], w[name], turned) for f, w, turned in ways):
            assert np.allclose(one.weight * turned, other.weight, atol=1e-4 * np.abs(one.weight).max())
        assert np.allclose(found.out[name].bias, wanted.out[name].bias, atol=1e-5)


def test_a_hub_of_stored_sets_is_that_of_memory_and_so_is_one_that_is_joined(sets, files):
    found = CanonicalSpace.fit({n: files[n] for n in "ab"}, engine=LocalEngine(2))
    wanted = CanonicalSpace.fit({n: sets[n] for n in "ab"})
    _same(found, wanted)
    one = found.join("c", files["c"], {n: files[n] for n in "ab"})
    _same(one, wanted.join("c", sets["c"], {n: sets[n] for n in "ab"}))


@pytest.mark.parametrize("name", ["out", "out.parquet"])
def test_a_stored_set_goes_into_the_hub_and_out_as_one_in_memory(sets, files, tmp_path, name):
    hub = CanonicalSpace.fit({n: sets[n] for n in "ab"})
    moved, resumed = hub.apply_to_files("a", files["a"], tmp_path / name, rows_per_file=50)
    found, wanted = moved.load(), hub.apply("a", sets["a"])
    assert (resumed, found.model, dict(found.metadata)) == (0, wanted.model, dict(wanted.metadata))
    assert np.array_equal(found.ids, wanted.ids)
    assert np.array_equal(found.subject, wanted.subject)
    assert np.allclose(found.vectors, wanted.vectors, atol=1e-6)
    back = hub.apply_to_files("b", moved, tmp_path / f"back-{name}", leave=True)[0].load()
    assert back.model == hub.leave("b", wanted).model
    assert np.allclose(back.vectors, hub.leave("b", wanted).vectors, atol=1e-5)
    with pytest.raises(InputError, match="was made by 'a'"):
        hub.apply_to_files("b", files["a"], tmp_path / "no")
    if name == "out":
        assert len(list((tmp_path / name).glob("*.parquet"))) == 3
        assert hub.apply_to_files("a", files["a"], tmp_path / name, rows_per_file=50)[1] == len(files["a"])
        with pytest.raises(OutputError, match="is there already"):
            hub.apply_to_files("a", files["a"], tmp_path / name)


@pytest.mark.parametrize("name", ["out", "out.parquet"])
def test_sets_in_files_are_fused_as_in_memory(sets, files, tmp_path, monkeypatch, name):
    monkeypatch.setattr(_fuse, "GROUP", 32)  # several temporary files of what lies in another order
    hub = CanonicalSpace.fit({n: sets[n] for n in "ab"}).join("c", sets["c"], {n: sets[n] for n in "ab"})
    part = {"a": sets["a"].take(np.arange(70)), "b": sets["b"].take(np.arange(20, len(sets["b"]))), "c": sets["c"]}
    order = np.random.default_rng(1).permutation(len(part["b"]))
    part["b"] = part["b"].take(order)
    stored_ = {n: stored(part[n], tmp_path / f"{n}-part") for n in "abc"}
    wanted = hub.fuse(part, {"b": 2.0})
    for given in (stored_, {**stored_, "a": part["a"]}, {**part, "b": stored_["b"]}):
        fused, resumed = hub.fuse_to_files(given, tmp_path / name, {"b": 2.0}, rows_per_file=50)
        found = fused.load()
        assert (resumed, found.model, dict(found.metadata)) == (0, wanted.model, dict(wanted.metadata))
        assert np.array_equal(found.ids, wanted.ids)
        assert np.array_equal(found.subject, wanted.subject)
        assert np.allclose(found.vectors, wanted.vectors, atol=1e-6)
        assert np.allclose(hub.fuse(given, {"b": 2.0}).vectors, wanted.vectors, atol=1e-6)
        shutil.rmtree(tmp_path / name) if name == "out" else (tmp_path / name).unlink()


@pytest.mark.parametrize("damaged", [False, True])
def test_a_fusion_that_was_cut_off_goes_on_and_ends_with_the_same_bytes(sets, files, tmp_path, monkeypatch, damaged):
    hub, given = CanonicalSpace.fit({n: sets[n] for n in "ab"}), {n: files[n] for n in "ab"}
    hub.fuse_to_files(given, tmp_path / "whole", rows_per_file=30)
    real, calls = _fused_files.write_tables, []

    def cut(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(_fused_files, "write_tables", cut)
    with pytest.raises(KeyboardInterrupt):
        hub.fuse_to_files(given, tmp_path / "out", rows_per_file=30)
    if damaged:
        (tmp_path / "out.partial" / "part-000001.parquet").write_bytes(b"damaged")
    assert hub.fuse_to_files(given, tmp_path / "out", rows_per_file=30)[1] == (60 if damaged else 90)
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "out").iterdir())
    assert all((tmp_path / "whole" / n).read_bytes() == (tmp_path / "out" / n).read_bytes() for n in names)
    assert hub.fuse_to_files(given, tmp_path / "out", rows_per_file=30)[1] == len(EmbeddingSet.open(tmp_path / "out"))
    with pytest.raises(OutputError, match="is there already"):
        hub.fuse_to_files(given, tmp_path / "out", {"a": 2.0}, rows_per_file=30)
