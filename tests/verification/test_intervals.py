from __future__ import annotations

import numpy as np
import pytest

from facespace.datasets import PairProtocol
from facespace.embeddings import EmbeddingSet
from facespace.verification import Roc, subject_intervals, subjects_of
from facespace.verification import intervals as module


def problem(people=60, images=3, seed=0):
    """Scores in which every person has a difficulty of its own, so that pairs of one person go together."""
    rng = np.random.default_rng(seed)
    names = np.array([f"p{n:03d}" for n in range(people)])
    hard = rng.normal(0, 0.15, people)
    one = np.repeat(np.arange(people), images)
    a, b = rng.integers(0, people, (2, people * images))
    b = np.where(a == b, (b + 1) % people, b)
    genuine = np.round(0.6 + hard[one] + rng.normal(0, 0.05, len(one)), 2)  # rounded: ties
    impostor = np.round(0.2 + hard[a] + hard[b] + rng.normal(0, 0.05, len(a)), 2)
    same = np.arange(len(one) + len(a)) < len(one)
    left, right = names[np.concatenate([one, a])], names[np.concatenate([one, b])]
    return np.concatenate([genuine, impostor]), same, left, right


def repeated(scores, same, left, right, multiplicity):
    """The resample written out: each pair as often as its weight says."""
    m, n = multiplicity[left], multiplicity[right]
    times = np.where(same, m, m * n)
    return np.repeat(scores[same], times[same]), np.repeat(scores[~same], times[~same]), times


def test_weighted_rates_equal_those_of_the_resample_written_out(monkeypatch):
    scores, same, left, right = problem(12)
    fars = (0.5, 0.1, 0.01, 0.0)
    people, index = np.unique(np.concatenate([left, right]), return_inverse=True)
    rng = np.random.default_rng(3)
    draw = module._multiplicities(rng, 1, len(people))
    monkeypatch.setattr(module, "_multiplicities", lambda *_: draw)
    correct = (scores >= 0.4) == same
    found = subject_intervals(scores, same, correct, (left, right), fars, resamples=1)
    genuine, impostor, times = repeated(scores, same, *np.split(index, 2), draw[0].astype(int))
    roc = Roc(genuine, impostor)
    assert [low for low, _ in found.tar] == pytest.approx([roc.tar_at_far(far).tar for far in fars])
    shares = [np.average(correct[kind], weights=times[kind]) for kind in (same, ~same)]
    assert found.accuracy[0] == pytest.approx(np.mean(shares))


def test_the_seed_fixes_the_intervals():
    arguments = *problem()[:2], np.ones(360, dtype=bool), problem()[2:], (0.1, 0.01)
    plain = subject_intervals(*arguments, resamples=200)
    assert subject_intervals(*arguments, resamples=200) == plain
    assert subject_intervals(*arguments, resamples=200, seed=1) != plain


def test_intervals_hold_the_estimate_and_widen_with_the_level():
    scores, same, left, right = problem()
    correct = (scores >= 0.4) == same
    narrow, wide = (subject_intervals(scores, same, correct, (left, right), (0.1,), level=level) for level in (0.5, 0.95))
    tar = Roc(scores[same], scores[~same]).tar_at_far(0.1).tar
    assert wide.tar[0][0] <= narrow.tar[0][0] <= tar <= narrow.tar[0][1] <= wide.tar[0][1]
    assert wide.accuracy[0] < correct.mean() < wide.accuracy[1]


def test_intervals_by_people_are_wider_than_by_pairs_when_a_persons_scores_go_together():
    scores, same, left, right = problem(images=8)
    correct = (scores >= 0.4) == same
    people = subject_intervals(scores, same, correct, (left, right), (0.1,)).tar[0]
    pairs = subject_intervals(scores, same, correct, None, (0.1,)).tar[0]
    assert people[1] - people[0] > 1.5 * (pairs[1] - pairs[0])


def test_subjects_come_from_the_sets_columns_first():
    protocol = PairProtocol("p", ["x/1", "x/2"], ["x/3", "y/4"], [True, False])
    ids = ["x/1", "x/2", "x/3", "y/4"]
    faces = EmbeddingSet(np.eye(4), ids, subject=["ann", "bob", "ann", "cy"])
    left, right = subjects_of(protocol, faces, faces)
    assert (left.tolist(), right.tolist()) == (["ann", "bob"], ["ann", "cy"])


@pytest.mark.parametrize(
    ("left", "right", "known"),
    [
        (["Ann/1", "Ann/1"], ["Ann/2", "Bob/1"], ["Ann", "Ann"]),
        (["Ann_1", "Al_B_1"], ["Ann_2", "Bob_1"], ["Ann", "Al_B"]),
        (["000000", "000002"], ["000001", "000003"], None),
        (["cam1/a", "cam1/b"], ["cam1/c", "cam1/d"], None),  # a folder, but not of a person
        (["img_1", "img_2"], ["img_3", "img_4"], None),
        (["a", "b"], ["c", "d"], None),
    ],
)
def test_subjects_in_ids_are_believed_only_if_they_agree_with_the_pairs(left, right, known):
    found = subjects_of(PairProtocol("p", left, right, [True, False]))
    assert (found is None) if known is None else (found[0].tolist() == known)
