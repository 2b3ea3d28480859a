from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facespace.datasets import PairProtocol
from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError
from facespace.metrics import Dyads, Roc, compare_scores, subject_intervals
from facespace.metrics import _dyads as dyads_module
from facespace.metrics._limits import wilson
from facespace.verification import subjects_of


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


def plain_variance(values, left, right):
    """Σ over ordered pairs of dyads that share a person of u_d u_e, a dyad with itself once."""
    mean, total = values.mean(), {}
    for value, p, q in zip(values, left, right, strict=True):
        key = frozenset((p, q))
        total[key] = total.get(key, 0.0) + (value - mean) / len(values)
    own = sum(u * u for u in total.values())
    return sum(u * v for d, u in total.items() for e, v in total.items() if d & e), own


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0, 10**6]))
def test_variances_equal_the_sums_over_pairs_that_share_people(seed, dense):
    rng = np.random.default_rng(seed)
    people = 7
    left, right = rng.integers(0, people, (2, 40))
    same = left == right
    same[0], right[0], same[1], right[1] = True, left[0], False, (left[1] + 1) % people
    values = rng.normal(size=40)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dyads_module, "_DENSE", dense)  # both ways to count the dyads
        dyads = Dyads(same, left, right)
    few = dyads.people / (dyads.people - 1)
    rows = np.arange(dyads.n_impostor)
    impostor, genuine = dyads.of_impostors(rows, values[~same]), dyads.of_genuine(values[same])
    found, own = plain_variance(values[~same], left[~same], right[~same])
    assert impostor.variance == pytest.approx(few * max(found, own), abs=1e-12)
    several = len(np.unique(left[same]))  # the mean of the genuine pairs costs one of the people who have any
    few_genuine = several / max(several - 1, 1)
    plain = plain_variance(values[same], left[same], right[same])[0]
    assert genuine.variance == pytest.approx(few_genuine * plain, abs=1e-12)
    assert impostor.mean == pytest.approx(values[~same].mean())
    shared = sum(
        (v - genuine.mean) * (w - impostor.mean) * ((p == q) + (p == r))
        for v, p in zip(values[same], left[same], strict=True)
        for w, q, r in zip(values[~same], left[~same], right[~same], strict=True)
    ) / (dyads.n_genuine * dyads.n_impostor)
    assert dyads.covariance(genuine, impostor) == pytest.approx(np.sqrt(few_genuine * few) * shared, abs=1e-12)


def test_pairs_of_unknown_people_have_the_binomial_variance():
    same = np.arange(500) < 200
    dyads = Dyads(same, None, None)
    accepted = np.arange(200) < 150
    assert dyads.of_genuine(accepted).variance == pytest.approx(0.75 * 0.25 / 200, rel=0.01)
    assert dyads.of_impostors(np.arange(30)).variance == pytest.approx(0.1 * 0.9 / 300, rel=0.01)


def test_neither_the_names_nor_the_order_of_people_and_pairs_matter():
    scores, same, left, right = problem()
    correct = (scores >= 0.4) == same
    found = subject_intervals(scores, same, correct, (left, right), (0.1, 0.01))
    rng = np.random.default_rng(1)
    new = 10**8 * (rng.permutation(60) - 5)  # neither small nor positive
    codes = [new[np.char.lstrip(side, "p").astype(int)] for side in (right, left)]  # sides swapped too
    order = rng.permutation(len(scores))
    again = subject_intervals(scores[order], same[order], correct[order], tuple(c[order] for c in codes), (0.1, 0.01))
    assert np.ravel([again.accuracy, *again.tar]) == pytest.approx(np.ravel([found.accuracy, *found.tar]))


def test_intervals_hold_the_estimate_and_widen_with_the_level():
    scores, same, left, right = problem()
    correct = (scores >= 0.4) == same
    narrow, wide = (subject_intervals(scores, same, correct, (left, right), (0.1,), level=level) for level in (0.5, 0.95))
    tar = Roc(scores[same], scores[~same]).tar_at_far(0.1).tar
    assert wide.tar[0][0] < narrow.tar[0][0] < tar < narrow.tar[0][1] < wide.tar[0][1]
    assert wide.accuracy[0] < narrow.accuracy[0] < correct.mean() < narrow.accuracy[1] < wide.accuracy[1]


def test_intervals_by_people_are_wider_than_by_pairs_when_a_persons_scores_go_together():
    scores, same, left, right = problem(images=8)
    correct = (scores >= 0.4) == same
    people = subject_intervals(scores, same, correct, (left, right), (0.1,)).tar[0]
    pairs = subject_intervals(scores, same, correct, None, (0.1,)).tar[0]
    assert people[1] - people[0] > 1.5 * (pairs[1] - pairs[0])


@pytest.mark.parametrize("far", [0.0, 1e-6, 1e-3, 0.1, 0.5, 1.0])
def test_every_far_has_an_interval_around_its_tar(far):
    scores, same, left, right = problem()
    low, high = subject_intervals(scores, same, None, (left, right), (far,)).tar[0]
    tar = Roc(scores[same], scores[~same]).tar_at_far(far).tar
    assert 0 <= low <= tar <= high <= 1


@pytest.mark.parametrize("impostors", [1, 3, 30, 3000])
@pytest.mark.parametrize("far", [1e-6, 1e-8, 1e-9, 1e-20, 5e-324])
def test_a_far_beyond_the_data_has_an_interval_from_zero(impostors, far):
    """Quantiles of a gamma distribution of shape far × impostors < 3.4e-5 underflow to 0."""
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.normal(1, 0.1, 50), rng.normal(0, 0.1, impostors)])
    same = np.arange(len(scores)) < 50
    found = subject_intervals(scores, same, None, None, (far,))
    at_none = subject_intervals(scores, same, None, None, (0.0,)).tar[0]
    assert found.tar[0] == (0.0, pytest.approx(at_none[1]))
    assert "is extrapolated" in found.warnings[0]
    change = compare_scores(scores, scores[::-1].copy(), same, None, (far,)).tar[0]
    assert change.low <= change.difference <= change.high


def test_perfect_scores_are_not_perfectly_known():
    """With P people whose pairs might all fail together, the lower end is Wilson's for P trials."""
    left = np.concatenate([np.repeat(np.arange(50), 4), np.arange(50).repeat(4)])
    right = np.concatenate([left[:200], (left[:200] + np.tile([1, 2, 3, 4], 50)) % 50])
    same = np.arange(400) < 200
    found = subject_intervals(np.where(same, 0.9, 0.1) + np.arange(400) / 1e4, same, np.ones(400), (left, right), (0.1,))
    assert found.tar[0] == pytest.approx(wilson(1.0, 50, 1.959964))
    assert found.accuracy[0] < 1 - 0.5 * (1 - found.tar[0][0])
    assert found.accuracy[1] == 1


def test_thresholds_on_few_independent_false_accepts_are_named():
    rng = np.random.default_rng(0)
    left, right = np.triu_indices(400, 1)
    scores = rng.normal(0, 0.1, len(left)).astype(np.float32)
    scores[(left < 2) & (right > 300)] += 1  # two people are everybody's doubles
    genuine = np.arange(400)
    scores = np.concatenate([scores, np.full(400, 0.8, np.float32)])
    same = np.arange(len(scores)) >= len(left)
    people = np.concatenate([left, genuine]), np.concatenate([right, genuine])
    found = subject_intervals(scores, same, None, people, (1e-1, 1e-3, 1e-5))
    shared, tail = found.warnings
    assert shared.startswith("the 79 false accepts at FAR 0.001 share people, so that they are worth ")
    assert "FAR 0.001, 1e-05 is extrapolated" in tail


@pytest.mark.parametrize(
    ("scores", "same", "people", "message"),
    [
        ([0.1, 0.2], [True, False, True], None, "lists of one length"),
        ([0.1, np.nan], [True, False], None, "1 scores are NaN"),
        ([0.1, 0.2], [True, True], None, "2 of 2 pairs are genuine"),
        ([0.1, 0.2], [True, False], (["a"], ["b"]), "lists of one length"),
    ],
)
def test_unusable_lists_are_refused(scores, same, people, message):
    with pytest.raises(InputError, match=message):
        subject_intervals(scores, same, None, people, (0.1,))


def test_subjects_come_from_the_sets_columns_first():
    protocol = PairProtocol("p", ["x/1", "x/2"], ["x/3", "y/4"], [True, False])
    ids = ["x/1", "x/2", "x/3", "y/4"]
    faces = EmbeddingSet(np.eye(4), ids, subject=["ann", "bob", "ann", "cy"])
    left, right = subjects_of(protocol, faces, faces)
    assert (left.names.tolist(), right.names.tolist()) == (["ann", "bob"], ["ann", "cy"])


@pytest.mark.parametrize(
    ("left", "right", "known"),
    [
        (["Ann/1", "Ann/1"], ["Ann/2", "Bob/1"], ["Ann", "Ann"]),
        (["Ann_1", "Al_B_1"], ["Ann_2", "Bob_1"], None),  # no folder: nobody knows
        (["000000", "000002"], ["000001", "000003"], None),
        (["cam1/a", "cam1/b"], ["cam1/c", "cam1/d"], None),  # a folder, but not of a person
        (["img_1", "img_2"], ["img_3", "img_4"], None),
        (["a", "b"], ["c", "d"], None),
    ],
)
def test_subjects_in_ids_are_believed_only_if_they_agree_with_the_pairs(left, right, known):
    found = subjects_of(PairProtocol("p", left, right, [True, False]))
    assert (found is None) if known is None else (found[0].names.tolist() == known)


def test_weights_are_pairs_that_stand_in_the_list_as_often():
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, 7, (2, 40))
    same = left == right
    same[0], right[0], same[1], right[1] = True, left[0], False, (left[1] + 1) % 7
    times = rng.integers(1, 4, 40)
    again = np.repeat(np.arange(40), times)
    weighed, listed = Dyads(same, left, right, times.astype(float)), Dyads(same[again], left[again], right[again])
    values = rng.normal(size=40)
    told = values * (np.arange(40) % 3 > 0)  # a third of the impostor pairs has no value
    some = np.flatnonzero(told[~same])
    pairs = [
        (weighed.of_genuine(values[same]), listed.of_genuine(values[again][same[again]])),
        (
            weighed.of_impostors(some, told[~same][some]),
            listed.of_impostors(np.arange(listed.n_impostor), told[again][~same[again]]),
        ),
    ]
    for one, other in pairs:
        assert (one.mean, one.variance) == pytest.approx((other.mean, other.variance))
        assert one.person == pytest.approx(other.person)


def test_the_interval_is_of_the_mean_over_folds_also_where_these_differ_in_size():
    rng = np.random.default_rng(0)
    fold = np.repeat([0, 1, 2], [20, 1000, 1000])
    same = np.arange(len(fold)) % 2 == 0
    scores = np.where(same, 1, -1) * np.where(fold == 0, 0.2, 3.0) + rng.normal(size=len(fold))
    right = (scores >= 0) == same
    mean = np.mean([right[fold == f].mean() for f in range(3)])
    low, high = subject_intervals(scores, same, right, None, [0.1], fold=fold).accuracy
    assert low < mean < high < right.mean()  # 20 pairs weigh as much as 1,000
    assert 0.1 < high - low < 0.2
    row = compare_scores(scores, scores, same, None, [0.1], correct=(right, right), fold=fold).accuracy
    assert (row.first, row.first_low, row.first_high) == pytest.approx((mean, low, high))
    better = compare_scores(scores, scores + 0, same, None, [0.1], correct=(right, right | (fold == 0)), fold=fold).accuracy
    assert better.difference == pytest.approx((1 - right[fold == 0].mean()) / 3)
    expected = 2 * 1.96 / 3 * np.sqrt(9 / 20 * 11 / 20 / 20)  # 9 of the 20 pairs are decided otherwise
    assert 0.9 * expected < better.high - better.low < 1.6 * expected


def test_few_people_with_genuine_pairs_among_many_strangers_have_the_width_of_few():
    """The variance of a mean over three people's shares is unbiased by 3 / 2, however many strangers there are."""
    rng = np.random.default_rng(0)
    people, pairs, trials = 3, 10, 2000
    who = np.repeat(np.arange(people), pairs)
    strangers = people + np.arange(200)
    left, right = np.concatenate([who, strangers[:-1]]), np.concatenate([who, strangers[1:]])
    dyads = Dyads(left == right, left, right)
    found = [dyads.of_genuine(rng.normal(size=people)[who] + 0.5 * rng.normal(size=len(who))) for _ in range(trials)]
    true = np.var([one.mean for one in found])
    assert np.mean([one.variance for one in found]) == pytest.approx(true, rel=0.1)
