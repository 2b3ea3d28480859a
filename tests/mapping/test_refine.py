from __future__ import annotations

import dataclasses
import json
import tracemalloc
from functools import cache

import numpy as np
import pytest
from mapping_samples import Side, network, people, stored

from facespace.embeddings import EmbeddingSet
from facespace.errors import DimensionError, InputError
from facespace.io import to_json
from facespace.mapping import LinearMap, PairStatistics, RefineRefused, RotationMap, refine_map
from facespace.mapping.provenance import FittedOn
from facespace.mapping.refine._neighbours import best_two, mutual_neighbours
from facespace.mapping.refine._refitting import Gallery, agreement, match_statistics, recentred

WIDTHS = {"a": 32, "b": 28}


@cache
def galleries(overlap=1.0, count=500, seed=0):
    """Source, target and a set of 200 further pairs; each person has two images in either gallery, `overlap` in both."""
    latent, _, subjects = people(count=count + 200, images=4, k=24, seed=seed, within=0.3)
    person, image = np.repeat(np.arange(count + 200), 4), np.tile(np.arange(4), count + 200)
    sets = {name: network(name, latent, WIDTHS[name], number) for number, name in enumerate("ab", 1)}
    shared = person < overlap * count
    left = (person < count) & (image < 2) & (shared | (person % 2 == 0))
    right = (person < count) & (image >= 2) & (shared | (person % 2 == 1))
    rest = (person >= count) & (image == 0)

    def take(name, rows):
        ids = [f"{name}{i}" for i in np.flatnonzero(rows)]
        return EmbeddingSet(sets[name][rows], ids, model=name, subject=np.array(subjects)[rows])

    return take("a", left), take("b", right), PairSets(take("a", rest), take("b", rest))


class PairSets:
    def __init__(self, x, y):
        self.x, self.y = x.normalized(), y.normalized()

    def statistics(self, n, first=0):
        rows = slice(first, first + n)
        return PairStatistics.of(self.x[rows], self.y[rows], source_model="a", target_model="b")

    def start(self, n, center=False):
        statistics = self.statistics(n)
        estimator = RotationMap(center=center).fit_statistics(statistics)
        return LinearMap.from_estimator(estimator, statistics, facts={"method": "rotation"})

    def retrieval(self, fitted):
        """Share of the last 150 pairs whose partner scores best: no start is fitted on them."""
        probe, reference = (v / np.linalg.norm(v, axis=1)[:, None] for v in (fitted.probe(self.x), fitted.reference(self.y)))
        return float(np.mean((probe[50:] @ reference[50:].T).argmax(axis=1) == np.arange(len(probe) - 50)))


@pytest.mark.parametrize("given", [True, False])
def test_few_pairs_and_shared_people_recover_the_map(given):
    source, target, pairs = galleries()
    start = pairs.start(12)
    result = refine_map(start, source, target, statistics=pairs.statistics(12) if given else None)
    assert result.converged
    assert result.held_out > 0.95
    assert pairs.retrieval(start) < 0.8
    assert pairs.retrieval(result.map) > 0.97


def test_half_of_the_people_shared_is_enough():
    source, target, pairs = galleries(overlap=0.6)
    result = refine_map(pairs.start(25), source, target, statistics=pairs.statistics(25))
    assert pairs.retrieval(result.map) > 0.95


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("n", [40, 200])
def test_galleries_without_shared_people_are_refused_even_with_a_good_start(n, center):
    source, target, pairs = galleries(overlap=0)
    with pytest.raises(RefineRefused, match="confirm each other") as caught:
        refine_map(pairs.start(n, center), source, target, statistics=pairs.statistics(n))
    assert "too few of the same people" in caught.value.hint
    assert caught.value.record


def test_a_start_of_unrelated_pairs_is_refused():
    source, target, pairs = galleries()
    wrong = PairStatistics.of(pairs.x[:25], pairs.y[25:50])
    start = LinearMap.from_estimator(RotationMap(center=False).fit_statistics(wrong), wrong)
    with pytest.raises(RefineRefused, match="confirm each other"):
        refine_map(start, source, target, statistics=wrong)


@pytest.mark.parametrize("seed", range(3))
def test_two_pairs_are_refused_or_right(seed):
    source, target, pairs = galleries(seed=seed)
    try:
        result = refine_map(pairs.start(2), source, target)
    except RefineRefused:
        return
    assert pairs.retrieval(result.map) > 0.9


def test_too_small_galleries_are_refused():
    source, target, pairs = galleries()
    with pytest.raises(RefineRefused, match="mutual neighbours were found"):
        refine_map(pairs.start(40), source.take(np.arange(20)), target)


def test_labels_and_ids_are_not_used():
    source, target, pairs = galleries()
    bare = EmbeddingSet(source.vectors, [f"x{i}" for i in range(len(source))])
    with_labels = refine_map(pairs.start(25), source, target)
    assert np.array_equal(refine_map(pairs.start(25), bare, target).map.weight, with_labels.map.weight)


def test_same_seed_same_map_and_other_anchors_nearly():
    source, target, pairs = galleries()
    maps = [refine_map(pairs.start(25), source, target, anchors=700, seed=seed).map for seed in (1, 1, 2)]
    assert np.array_equal(maps[0].weight, maps[1].weight)
    assert not np.array_equal(maps[0].weight, maps[2].weight)
    assert pairs.retrieval(maps[2]) > 0.95


@pytest.mark.parametrize("block", [97, 512, 100_000])
def test_block_size_does_not_change_the_result(block):
    source, target, pairs = galleries()
    one, other = (refine_map(pairs.start(25), source, target, block=size) for size in (2048, block))
    assert np.allclose(one.map.weight, other.map.weight, atol=1e-4)
    assert one.held_out == pytest.approx(other.held_out, abs=0.01)


@pytest.mark.parametrize("anchors", [20_000, 700])
def test_galleries_in_files_give_the_map_of_memory_in_whatever_order_they_lie(tmp_path, anchors):
    source, target, pairs = galleries()
    order = np.random.default_rng(0).permutation(len(source))
    files = stored(source, tmp_path / "a", 3, order), stored(target, tmp_path / "b", 4)
    told = []
    options = {"statistics": pairs.statistics(25), "anchors": anchors}
    found = refine_map(pairs.start(25), *files, **options, progress=lambda *now: told.append(now))
    wanted = refine_map(pairs.start(25), source, target, **options)
    assert np.allclose(found.map.weight, wanted.map.weight, atol=1e-4)
    assert np.allclose(found.map.bias, wanted.map.bias, atol=1e-5)
    assert found.signature == wanted.signature
    assert [(s.family, s.accepted) for s in found.record] == [(s.family, s.accepted) for s in wanted.record]
    assert told[-1] == (2 * len(found.record),) * 2


def test_search_agrees_with_the_whole_matrix():
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(n, 8)).astype(np.float32) for n in (70, 90))
    scores = a @ b.T
    row, best, second = best_two(a, Side(b), 16)
    assert np.array_equal(row, scores.argmax(axis=1))
    assert np.allclose(np.stack([second, best], axis=1), np.sort(scores, axis=1)[:, -2:], atol=1e-5)


def test_mutual_neighbours_agree_with_the_whole_matrix_and_fall_in_margin():
    rng = np.random.default_rng(1)
    a, b = (v / np.linalg.norm(v, axis=1)[:, None] for v in rng.normal(size=(2, 80, 6)).astype(np.float32))
    scores = a @ b.T
    searched = np.arange(0, 80, 2)
    found = mutual_neighbours(searched, Side(a), Side(b), 32)
    there, back = scores.argmax(axis=1), scores.argmax(axis=0)
    assert set(found.left.tolist()) == {i for i in searched.tolist() if back[there[i]] == i}
    assert np.array_equal(found.right, there[found.left])
    ranked = np.sort(scores, axis=1)[:, ::-1], np.sort(scores.T, axis=1)[:, ::-1]
    gaps = [r[:, 0] - r[:, 1] for r in ranked]
    assert np.allclose(found.margin, np.minimum(gaps[0][found.left], gaps[1][found.right]), atol=1e-6)
    assert np.all(np.diff(found.margin) <= 0)


def test_search_memory_is_that_of_tiles_not_of_all_scores():
    vectors = np.random.default_rng(0).normal(size=(20_000, 8)).astype(np.float32)
    searched = np.arange(1000)
    tracemalloc.start()
    mutual_neighbours(searched, Side(vectors), Side(vectors), 256)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6  # 1,000 × 20,000 float32 scores would be 80 MB


def test_statistics_about_the_galleries_means_are_those_of_moved_vectors():
    source, target, pairs = galleries()
    left, right = Gallery(source), Gallery(target)
    moved = recentred(pairs.statistics(30), left, right)
    expected = PairStatistics.of(pairs.x[:30] - left.mean, pairs.y[:30] - right.mean)
    for found, wanted in ((moved.cross, expected.cross), (moved.source.gram, expected.source.gram)):
        assert np.allclose(found, wanted, atol=1e-5)
    weight = np.random.default_rng(0).normal(size=moved.cross.shape)
    x, y = (pairs.x[:30] - left.mean) @ weight, pairs.y[:30] - right.mean
    assert agreement(weight, moved) == pytest.approx(np.sum(x * y) / np.linalg.norm(x) / np.linalg.norm(y), abs=1e-4)


def test_matches_statistics_are_about_the_means():
    source, target, _ = galleries()
    left, right = Gallery(source), Gallery(target)
    everything = match_statistics(left, right, np.arange(len(source)), np.arange(len(source)))
    assert np.allclose(everything.source.mean, 0, atol=1e-6)


def test_record_and_result_are_complete(tmp_path):
    source, target, pairs = galleries()
    result = refine_map(pairs.start(25), source, target, statistics=pairs.statistics(25))
    families = [step.family for step in result.record]
    assert families == sorted(families, reverse=True)  # rigid first, then canonical
    assert result.record[0].agreement == 0
    assert result.record[-1].agreement >= 0.95
    assert result.record[-1].pair_agreement > result.record[0].margin
    document = json.loads(to_json(result))
    assert document["signature"].startswith("refine|source:1000|target:1000|")
    assert len(document["record"]) == len(result.record)
    loaded = LinearMap.load(result.map.save(tmp_path / "m.safetensors"))
    assert loaded.method == "refine"
    assert loaded.facts["start"] == "rotation"
    assert loaded.facts["start_pairs"] == 25
    assert loaded.check(source.vectors).in_domain


def test_wrong_input_is_named():
    source, target, pairs = galleries()
    start = pairs.start(25)
    with pytest.raises(DimensionError, match="source gallery"):
        refine_map(start, target, target)
    with pytest.raises(InputError, match="target is 'b'"):
        refine_map(start, source, EmbeddingSet(target.vectors, target.ids, model="c"))
    with pytest.raises(InputError, match="widths 28 → 32; the map 32 → 28"):
        refine_map(start, source, target, statistics=pairs.statistics(25).swap())
    with pytest.raises(InputError, match="anchors must be at least 1"):
        refine_map(start, source, target, anchors=0)


def test_a_refined_map_knows_the_people_it_was_matched_on(tmp_path):
    source, target, pairs = galleries()
    start = dataclasses.replace(pairs.start(100), fitted=FittedOn.of(np.array(["x/1"]), np.array(["x"])))
    found = [refine_map(start, *sets).map.fitted for sets in ((source, target), (stored(source, tmp_path), target))]
    assert found[0].has(np.array(["x/1"])).all()
    for faces in (source, target):
        seen = found[0].has(faces.ids)
        assert 0.3 < seen.mean() < 1  # the matches, not the whole gallery
        assert found[0].has(np.repeat("", seen.sum()), faces.subject[seen]).all()
    assert np.array_equal(found[0].images, found[1].images)
    assert refine_map(pairs.start(100), source, target).map.fitted is None  # of a start that says nothing
