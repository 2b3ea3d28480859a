"""Pairs that don't correspond are listed, and left out of a robust fit; pairs that do are not."""

from __future__ import annotations

import numpy as np
import pytest

from facespace import check_pairs, fit_map
from facespace.datasets import demo_sets
from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError

DLIB, FACES = 0, 3


@pytest.fixture(scope="module")
def pair():
    one, two = demo_sets()[DLIB], demo_sets()[FACES]
    rows = np.random.default_rng(0).permutation(len(one))[:2000]
    return one.take(rows), two.take(two.rows(one.ids[rows]))


def exchanged(faces: EmbeddingSet, share: float) -> tuple[EmbeddingSet, set[str]]:
    rows = np.random.default_rng(1).permutation(len(faces))[: int(share * len(faces))]
    vectors = faces.vectors.copy()
    vectors[rows] = vectors[np.roll(rows, 1)]
    other = faces.subject[rows] != faces.subject[np.roll(rows, 1)]
    broken = set(faces.ids[rows[other]].tolist())
    return EmbeddingSet(vectors, faces.ids, subject=faces.subject, model=faces.model), broken


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5])
def test_exchanged_ids_are_listed_and_honest_ones_are_not(pair, share):
    target, broken = exchanged(pair[1], share)
    found = check_pairs(pair[0], target)
    listed = set(found.ids.tolist())
    assert len(listed & broken) > 0.95 * len(broken)
    assert len(listed - broken) < 0.01 * len(target)
    assert found.settled
    assert found.low <= found.share <= found.high
    assert abs(found.share - share) < 0.02
    assert found.auc < found.auc_kept
    assert np.array_equal(np.sort(pair[0].ids[~found.keep]), np.sort(found.ids))
    assert np.all(np.diff(found.log_odds) <= 0)


def test_honest_pairs_are_not_listed(pair):
    found = check_pairs(*pair)
    assert found.broken == 0
    assert found.low == 0


def test_a_robust_fit_is_the_fit_of_the_others(pair):
    target, _ = exchanged(pair[1], 0.25)
    found = check_pairs(pair[0], target)
    robust = fit_map(pair[0], target, "ridge", robust=True)
    given = fit_map(pair[0], target, "ridge", robust=found)
    kept = np.flatnonzero(~np.isin(pair[0].ids, found.ids))
    alone = fit_map(pair[0].take(kept), target, "ridge")
    assert np.array_equal(robust.weight, given.weight)
    assert np.allclose(robust.weight, alone.weight, atol=1e-6)
    assert robust.facts["robust"]["broken"] == found.broken
    assert robust.facts["warnings"] == []
    plain = fit_map(pair[0], target, "ridge")
    assert "--robust" in plain.facts["warnings"][0]
    assert plain.facts["pairs"] - robust.facts["pairs"] == found.broken


def test_stored_sets_give_the_same_list(pair, tmp_path):
    target, _ = exchanged(pair[1], 0.25)
    pair[0].save(tmp_path / "a.parquet")
    order = np.random.default_rng(2).permutation(len(target))
    target.take(order).save(tmp_path / "b.parquet")
    a, b = (EmbeddingSet.open(tmp_path / f"{name}.parquet") for name in "ab")
    one, two = check_pairs(pair[0], target), check_pairs(a, b)
    assert set(one.ids.tolist()) == set(two.ids.tolist())
    assert np.allclose(
        fit_map(a, b, "ridge", robust=True).weight, fit_map(pair[0], target, "ridge", robust=one).weight, atol=1e-5
    )


def test_shuffled_ids_are_refused_unless_told_otherwise(pair):
    shuffled = EmbeddingSet(pair[1].vectors[np.random.default_rng(4).permutation(len(pair[1]))], pair[1].ids)
    with pytest.raises(InputError, match="near chance") as told:
        fit_map(pair[0], shuffled, "ridge")
    assert "judge=False" in told.value.hint
    assert fit_map(pair[0], shuffled, "ridge", judge=False).facts["pairs"] == len(shuffled)
    with pytest.raises(InputError, match="nothing to tell the broken ones by"):
        check_pairs(pair[0], shuffled)


def test_a_list_of_other_pairs_is_refused(pair):
    found = check_pairs(*pair)
    few = pair[0].take(np.arange(500))
    with pytest.raises(InputError, match="is of 2,000 pairs, not of these 500"):
        fit_map(few, pair[1], "ridge", robust=found)


def test_few_people_can_not_be_judged(pair):
    people = np.unique(pair[0].subject)[:5]
    few = pair[0].take(np.flatnonzero(np.isin(pair[0].subject, people)))
    with pytest.raises(InputError, match="that takes 10"):
        check_pairs(few, pair[1])
