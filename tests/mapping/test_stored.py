"""Sets in files, a block at a time, give what the same sets in memory give."""

from __future__ import annotations

import numpy as np
import pytest
from mapping_samples import stored, two_sets

from facespace.datasets import PairProtocol
from facespace.embeddings import EmbeddingSet
from facespace.engine import LocalEngine
from facespace.errors import InputError, OutputError
from facespace.io import MANIFEST
from facespace.mapping import PairStatistics, apply_to_files, fit_map, pair_statistics
from facespace.mapping.moved import Move

METHODS = ("auto", "ridge", "rotation", "joint", "anchored")


@pytest.fixture
def sets():
    return two_sets(count=40)


def _same_map(found, wanted):
    for name in ("source", "target") if hasattr(wanted, "correlations") else ("",):
        one, other = (getattr(m, name) if name else m for m in (found, wanted))
        scale = np.abs(other.weight).max()
        assert np.allclose(one.weight, other.weight, atol=1e-5 * scale)
        assert np.allclose(one.origin, other.origin, atol=1e-5)
    assert np.array_equal(found.fitted.images, wanted.fitted.images)
    assert np.array_equal(found.fitted.people, wanted.fitted.people)
    for name in ("pairing", "source_unmatched", "target_unmatched", "people_by", "subjects", "pairs", "warnings"):
        assert found.facts.get(name) == wanted.facts.get(name)
    assert found.facts["agreement"] == pytest.approx(wanted.facts["agreement"], abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shuffled", [False, True])
def test_a_map_of_stored_sets_is_the_map_of_the_same_sets_in_memory(tmp_path, sets, method, shuffled):
    source, target = sets
    source, target = source.take(np.arange(3, len(source))), target.take(np.arange(len(target) - 5))
    order = np.random.default_rng(0).permutation(len(target)) if shuffled else None
    files = stored(source, tmp_path / "a", 3), stored(target, tmp_path / "b", 4, order)
    found, wanted = fit_map(*files, method, engine=LocalEngine(2)), fit_map(source, target, method)
    _same_map(found, wanted)
    if method == "auto":
        assert found.facts["chosen"] == wanted.facts["chosen"]
        assert found.facts["cross_validation"]["error"] == pytest.approx(wanted.facts["cross_validation"]["error"], abs=1e-3)


def test_one_side_may_be_in_memory(tmp_path, sets):
    _same_map(fit_map(stored(sets[0], tmp_path), sets[1], "ridge"), fit_map(*sets, "ridge"))
    _same_map(fit_map(sets[1], EmbeddingSet.open(tmp_path), "ridge"), fit_map(sets[1], sets[0], "ridge"))


def test_matched_pairs_and_excluded_people_are_the_same(tmp_path, sets):
    source, target = sets
    ids = source.ids
    pairs = PairProtocol("list", [*ids[:60:2], ids[0]], [*ids[1:60:2], ids[-1]], [True] * 30 + [False])
    judged = PairProtocol("test", ids[60:70:2], ids[61:71:2], [True] * 4 + [False])
    files = stored(source, tmp_path / "a"), stored(target, tmp_path / "b")
    _same_map(fit_map(*files, "rotation", protocol=pairs), fit_map(*sets, "rotation", protocol=pairs))
    found, wanted = fit_map(*files, "ridge", exclude=judged), fit_map(*sets, "ridge", exclude=judged)
    _same_map(found, wanted)
    assert found.facts["excluded"] == wanted.facts["excluded"] > 10
    with pytest.raises(InputError, match=r"all .* images are of people in"):
        fit_map(*files, exclude=PairProtocol("all", ids, np.roll(ids, 1), [True] + [False] * (len(ids) - 1)))


def test_statistics_of_stored_sets_are_those_of_memory(tmp_path, sets):
    found = pair_statistics(stored(sets[0], tmp_path / "a"), stored(sets[1], tmp_path / "b"))
    wanted = PairStatistics.of(sets[0].normalized(), sets[1].normalized())
    assert found.n == wanted.n
    assert np.allclose(found.cross, wanted.cross, rtol=1e-12, atol=1e-12)


def test_files_that_share_no_id_or_have_one_twice_are_refused(tmp_path, sets):
    one = stored(sets[0], tmp_path / "a")
    other = stored(EmbeddingSet(sets[1].vectors, [f"x{i}" for i in range(len(sets[1]))], model="b"), tmp_path / "b")
    with pytest.raises(InputError, match="share no id"):
        fit_map(one, other)
    sets[0].take(np.arange(2)).save(tmp_path / "a" / "again.parquet")
    with pytest.raises(InputError, match=r"a: duplicate ids: "):
        fit_map(EmbeddingSet.open(tmp_path / "a"), one)


@pytest.fixture
def moved(tmp_path, sets):
    fitted = fit_map(*sets, "ridge")
    return fitted, stored(sets[0], tmp_path / "in", 4), tmp_path


@pytest.mark.parametrize("name", ["out", "out.parquet"])
def test_a_stored_set_is_moved_as_one_in_memory(moved, sets, name):
    fitted, faces, folder = moved
    out, resumed = apply_to_files(fitted, faces, folder / name)
    found, wanted = EmbeddingSet.open(folder / name).load(), fitted.apply(sets[0])
    assert (len(out), resumed) == (len(faces), 0)
    assert np.array_equal(found.ids, wanted.ids)
    assert np.array_equal(found.subject, wanted.subject)
    assert np.allclose(found.vectors, wanted.vectors, atol=1e-6)
    assert found.model == wanted.model
    assert found.mapped["map"] == wanted.mapped["map"]
    assert not list(folder.glob("*.partial")) + list(folder.glob(".*"))


def test_a_run_that_was_cut_off_goes_on_and_ends_with_the_same_bytes(moved, monkeypatch):
    fitted, faces, folder = moved
    apply_to_files(fitted, faces, folder / "whole", rows_per_file=50)
    real, calls = Move.__call__, []

    def cut(self, task):
        calls.append(task)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, task)

    monkeypatch.setattr(Move, "__call__", cut)
    with pytest.raises(KeyboardInterrupt):
        apply_to_files(fitted, faces, folder / "out", rows_per_file=50, engine=LocalEngine(1))
    monkeypatch.undo()
    journal = folder / "out.partial" / MANIFEST
    journal.write_text(journal.read_text() + '{"file": "part-00')  # its last line was being written
    (folder / "out.partial" / "part-000000.parquet").write_bytes(b"damaged")
    with pytest.raises(OutputError, match="begun with another map"):
        apply_to_files(fitted, faces, folder / "out", rows_per_file=60)
    _, resumed = apply_to_files(fitted, faces, folder / "out", rows_per_file=50)
    assert 0 < resumed < len(faces)
    files = sorted(path.name for path in (folder / "whole").iterdir())
    assert files == sorted(path.name for path in (folder / "out").iterdir())
    assert all((folder / "whole" / name).read_bytes() == (folder / "out" / name).read_bytes() for name in files)
    assert apply_to_files(fitted, faces, folder / "out", rows_per_file=50)[1] == len(faces)  # all of it is there
    with pytest.raises(OutputError, match="is there already"):
        apply_to_files(fitted, faces, folder / "out")
    (folder / "out" / files[-1]).unlink()
    with pytest.raises(OutputError, match="is there already"):
        apply_to_files(fitted, faces, folder / "out", rows_per_file=50)
