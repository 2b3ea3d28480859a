"""Hubs of sets in files are those of the same sets in memory, and move sets of any size."""

from __future__ import annotations

import numpy as np
import pytest
from mapping_samples import stored, two_sets

from facespace.engine import LocalEngine
from facespace.errors import InputError, OutputError
from facespace.mapping import CanonicalSpace


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
