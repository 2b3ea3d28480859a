from __future__ import annotations

import itertools

import numpy as np
import pytest

from facespace.datasets import person_pairs
from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError

COUNTS = [*range(1, 8)] * 6  # 42 people with one to seven images
IDS = [f"p{p:02d}/{i}" for p, count in enumerate(COUNTS) for i in range(count)]


def person(ids):
    return np.strings.partition(ids, "/")[0]


def unordered(protocol):
    return [tuple(sorted(pair)) for pair in zip(protocol.left.tolist(), protocol.right.tolist(), strict=True)]


@pytest.mark.parametrize("limits", [{}, {"genuine": 50}, {"genuine": 50, "impostor": 400}, {"impostor": 10_000}])
def test_pairs_are_true_distinct_and_of_people_of_one_fold(limits):
    made = person_pairs(IDS, **limits)
    left, right = person(made.left), person(made.right)
    assert np.array_equal(left == right, made.same)
    pairs = unordered(made)
    assert len(set(pairs)) == len(pairs)
    assert not np.any(made.left == made.right)
    assert set(made.ids.tolist()) <= set(IDS)
    homes = {}
    for name, fold in itertools.chain(zip(left, made.fold, strict=True), zip(right, made.fold, strict=True)):
        assert homes.setdefault(name, fold) == fold
    assert made.n_folds == 10
    for fold in range(10):
        assert np.count_nonzero(made.same & (made.fold == fold)) > 0
        assert np.count_nonzero(~made.same & (made.fold == fold)) > 0


def test_without_limits_every_genuine_pair_is_there_and_as_many_impostors():
    made = person_pairs(IDS)
    wanted = {
        tuple(sorted(pair))
        for p, count in enumerate(COUNTS)
        for pair in itertools.combinations([f"p{p:02d}/{i}" for i in range(count)], 2)
    }
    assert {pair for pair, same in zip(unordered(made), made.same, strict=True) if same} == wanted
    assert np.array_equal(np.bincount(made.fold, made.same), np.bincount(made.fold, ~made.same))


def test_all_impostor_pairs_of_a_fold_can_be_had():
    made = person_pairs(IDS, folds=1, impostor=10**9)
    assert made.fold is None
    whole = {
        tuple(sorted(pair)) for pair in itertools.combinations(IDS, 2) if pair[0].split("/")[0] != pair[1].split("/")[0]
    }
    assert {pair for pair, same in zip(unordered(made), made.same, strict=True) if not same} == whole


def test_a_limit_is_kept_and_spread_over_people_evenly():
    made = person_pairs(IDS, genuine=60, impostor=120)
    assert (int(made.same.sum()), int((~made.same).sum())) == (60, 120)
    counts = np.unique(person(made.left[made.same]), return_counts=True)[1]
    assert len(counts) == 36  # everybody with two images
    sizes = np.array([n * (n - 1) // 2 for n in COUNTS if n > 1])
    assert counts.max() <= 2
    assert counts.min() == 1
    assert counts.sum() == 60 <= sizes.sum()
    assert "60 of 336 genuine and 120 of" in made.notes[0]


def test_the_draw_hangs_on_the_seed_and_not_on_the_order():
    one = person_pairs(IDS, genuine=60)
    other = person_pairs(np.random.default_rng(1).permutation(IDS), genuine=60)
    assert unordered(one) == unordered(other)
    assert unordered(one) != unordered(person_pairs(IDS, genuine=60, seed=1))
    assert "(seed 1)" in person_pairs(IDS, seed=1).notes[0]


def test_sets_in_memory_in_files_and_their_common_images_give_the_same(tmp_path):
    rng = np.random.default_rng(0)
    names = [i.split("/")[0] for i in IDS]
    flat = [i.replace("/", "-") for i in IDS]
    faces = EmbeddingSet(rng.normal(size=(len(IDS), 3)), flat, subject=names)
    faces.save(tmp_path / "set.parquet")
    plain = person_pairs(flat, subjects=names)
    assert unordered(person_pairs(faces)) == unordered(plain)
    assert unordered(person_pairs(EmbeddingSet.open(tmp_path / "set.parquet"))) == unordered(plain)
    few = EmbeddingSet(rng.normal(size=(40, 5)), flat[:40])  # nothing says who these are, but the other set does
    assert set(person_pairs(few, faces).ids.tolist()) <= set(flat[:40])
    assert unordered(person_pairs(few, faces)) == unordered(person_pairs(flat[:40], subjects=names[:40]))


def test_small_sets_have_fewer_folds_or_none():
    assert person_pairs(["a/1", "a/2", "b/1"]).fold is None
    assert person_pairs(["a/1", "a/2", "b/1", "b/2", "c/1", "d/1"]).n_folds == 2
    assert "without folds, as there are too few people" in person_pairs(["a/1", "a/2", "b/1"]).notes[0]


def test_nobody_with_hundreds_of_images_decides():
    ids = [f"star/{i}" for i in range(300)] + [f"p{p}/{i}" for p in range(30) for i in range(3)]
    made = person_pairs(ids, genuine=100)
    assert np.count_nonzero(person(made.left[made.same]) == "star") <= 11


def test_what_cannot_make_pairs_is_said():
    with pytest.raises(InputError, match="2 images of 2 people, of whom 0 have two or more"):
        person_pairs(["a/1", "b/1"])
    with pytest.raises(InputError, match="3 images of 1 people"):
        person_pairs(["a/1", "a/2", "a/3"])
    with pytest.raises(InputError, match="no folder in ids like x, y"):
        person_pairs(["x", "y"])
    with pytest.raises(InputError, match="share no image of a known person"):
        person_pairs(["a/1", "a/2"], EmbeddingSet(np.ones((2, 2)), ["b/1", "b/2"]))
    with pytest.raises(InputError, match="genuine=0"):
        person_pairs(IDS, genuine=0)
    with pytest.raises(InputError, match=r"\(2,\) ids but \(1,\) subjects"):
        person_pairs(["a", "b"], subjects=["a"])
