from __future__ import annotations

import numpy as np
import pytest

from facespace.errors import InputError
from facespace.io import jsonable
from facespace.metrics import compare_scores, subject_intervals

FARS = (0.1, 0.01)


def problem(people=200, seed=0):
    """All pairs of three templates each, and two systems' scores of them; the second has half the noise."""
    rng = np.random.default_rng(seed)
    centre = rng.normal(size=(people, 1, 16))
    noise = rng.normal(size=(people, 3, 16))
    i, j = np.triu_indices(people * 3, 1)
    scores = []
    for size in (1.0, 0.5):
        x = (centre + size * noise).reshape(-1, 16)
        x /= np.linalg.norm(x, axis=1)[:, None]
        scores.append(np.vecdot(x[i], x[j]))
    return *scores, i // 3 == j // 3, (i // 3, j // 3)


def test_a_system_does_not_differ_from_itself():
    a, _, same, people = problem()
    found = compare_scores(a, a.copy(), same, people, FARS, correct=((a > 0.5) == same,) * 2)
    for row in (*found.tar, found.accuracy):
        assert (row.difference, row.low, row.high, row.p, row.discordant, row.verdict) == (0, 0, 0, 1, 0, "open")


def test_swapping_the_systems_turns_the_sign():
    a, b, same, people = problem()
    correct = (a > 0.5) == same, (b > 0.6) == same
    there = compare_scores(a, b, same, people, FARS, correct=correct)
    back = compare_scores(b, a, same, people, FARS, correct=correct[::-1])
    for x, y in zip((*there.tar, there.accuracy), (*back.tar, back.accuracy), strict=True):
        assert (x.difference, x.low, x.high, x.p) == pytest.approx((-y.difference, -y.high, -y.low, y.p))
        assert (x.verdict, y.verdict) == ("higher", "lower")


def test_the_difference_is_known_better_than_from_the_two_intervals():
    a, _, same, people = problem()
    b = a + np.random.default_rng(1).normal(0, 0.02, len(a))
    row = compare_scores(a, b, same, people, FARS).tar[1]
    assert row.high - row.low < 0.5 * np.hypot(row.first_high - row.first_low, row.second_high - row.second_low)
    assert row.low < row.difference < row.high


def test_each_system_has_its_own_interval_and_scales_do_not_matter():
    a, b, same, people = problem()
    found = compare_scores(a, 100 * b - 7, same, people, FARS)
    for name, scores in (("first", a), ("second", b)):
        expected = subject_intervals(scores, same, None, people, FARS).tar
        limits = [(getattr(r, f"{name}_low"), getattr(r, f"{name}_high")) for r in found.tar]
        assert np.ravel(limits) == pytest.approx(np.ravel(expected))


def test_two_perfect_systems_are_not_known_to_be_equal():
    same = np.arange(2000) < 1000
    a = same + np.arange(2000) / 1e5
    row = compare_scores(a, a[::-1].copy() + 2.0 * same, same, None, [0.1]).tar[0]
    assert row.first == row.second == 1
    assert -0.01 < row.low < 0 < row.high < 0.01
    assert row.p == 1


def test_thresholds_on_few_false_accepts_are_taken_as_independent_and_named():
    a, b, same, people = problem(people=40)
    found = compare_scores(a, b, same, people, [1e-4], names=("old", "new"))
    row = found.tar[0]
    assert row.high - row.difference == pytest.approx(np.hypot(row.second_high - row.second, row.first - row.first_low))
    assert {text.split(":")[0] for text in found.warnings} == {"old", "new"}


def test_the_document_says_what_was_compared():
    a, b, same, people = problem(people=30)
    document = jsonable(compare_scores(a, b, same, people, FARS, names=("old", "new"), protocol="made"))
    assert document["signature"].startswith(
        "compare-made|first:old|second:new|pairs:4005|people:30|interval:subjects-dyadic|"
    )
    assert [row["far"] for row in document["tar"]] == list(FARS)
    assert document["accuracy"] is None
    unknown = compare_scores(a, b, same, None, FARS)
    assert "too narrow" in unknown.warnings[-1]
    assert "interval:pairs-independent" in unknown.signature


def test_scores_of_other_pairs_are_refused():
    a, b, same, people = problem(people=10)
    with pytest.raises(InputError, match="435 and 434 scores"):
        compare_scores(a, b[1:], same, people, FARS)
