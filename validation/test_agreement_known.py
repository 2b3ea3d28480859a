"""The agreement of networks against populations whose agreement is known, and against its formulas written out."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

from facespace import EmbeddingSet, study_agreement
from facespace.studies.agreement import Estimate
from facespace.studies.agreement._directions import _covariances
from facespace.studies.agreement._images import Comparisons, SharedImages
from facespace.studies.agreement._losses import Judge, cosines
from facespace.studies.agreement._reliability import DirectionSums, disattenuated

sys.path.insert(0, str(Path(__file__).parent / "oracles"))

import agreement as oracle

KAPPA, RELIABILITY = 0.7, (0.6, 0.4)


def _coordinates(rng, people, counts):
    """u and v (n, 4) of directions with the reliabilities RELIABILITY and the correlation of identity KAPPA."""
    person = np.repeat(np.arange(people), counts)
    s, t = rng.normal(size=(2, people, 4))
    identities = s, KAPPA * s + math.sqrt(1 - KAPPA**2) * t
    picture = 0.8 * rng.normal(size=(len(person), 4))  # what both networks see of one image, and no identity
    noise = [0.8 * z + 0.6 * rng.normal(size=z.shape) for z in (picture / 0.8, picture / 0.8)]
    return [
        math.sqrt(rho) * identity[person] + math.sqrt(1 - rho) * rest
        for rho, identity, rest in zip(RELIABILITY, identities, noise, strict=True)
    ], person


def _skewed(rng, people):
    """Images a person: mostly two, seldom dozens."""
    return np.minimum(1 + rng.geometric(0.5, people) + rng.integers(0, 40, people) * (rng.random(people) < 0.03), 60)


def test_reliabilities_and_kappa_are_those_written_out():
    rng = np.random.default_rng(0)
    (u, v), person = _coordinates(rng, 25, rng.integers(1, 6, 25))
    rho = DirectionSums.of(u, v, person, np.ones((1, 25), dtype=int)).reliabilities()
    for k in range(4):
        wanted = oracle.reliabilities(u[:, k].tolist(), v[:, k].tolist(), person.tolist())
        column = [values[:, k] for values in rho]
        assert [float(values[0]) for values in column] == pytest.approx(wanted[:3])
        assert float(disattenuated(*column)[0]) == pytest.approx(wanted[3])


def test_the_covariances_behind_own_directions_are_those_written_out():
    rng = np.random.default_rng(5)
    person = np.repeat(np.arange(8), rng.integers(1, 5, 8))
    vectors = rng.normal(size=(len(person), 3)) + 1.0
    found = _covariances(vectors, person)
    for one, two in zip(found, oracle.covariances(vectors.tolist(), person.tolist()), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-12)


def test_known_reliabilities_and_kappa_are_found():
    rng = np.random.default_rng(1)
    (u, v), person = _coordinates(rng, 20_000, _skewed(rng, 20_000))
    a, b, c = (x.mean(axis=1) for x in DirectionSums.of(u, v, person, np.ones((1, 20_000), dtype=int)).reliabilities())
    assert (a[0], b[0], disattenuated(a, b, c)[0]) == pytest.approx((*RELIABILITY, KAPPA), abs=0.015)


def test_intervals_of_reliability_and_kappa_hold_the_truth_in_95_of_100_samples():
    rng = np.random.default_rng(2)
    trials, people = 300, 150
    held = np.zeros(3)
    for _ in range(trials):
        (u, v), person = _coordinates(rng, people, _skewed(rng, people))
        weights = np.vstack([np.ones(people, dtype=int), rng.multinomial(people, np.full(people, 1 / people), size=200)])
        a, b, c = (rho.sum(axis=1) for rho in DirectionSums.of(u, v, person, weights).reliabilities())
        for place, (values, truth) in enumerate(
            ((a / 4, RELIABILITY[0]), (b / 4, RELIABILITY[1]), (disattenuated(a, b, c), KAPPA))
        ):
            found = Estimate.of(values)
            held[place] += found.low <= truth <= found.high
    assert (held / trials >= 0.91).all(), held / trials
    assert (held / trials <= 0.99).all(), held / trials


def _images(rng, people):
    """Two networks of width 16 that need no map: the second sees the first's identity with more noise."""
    person = np.repeat(np.arange(people), 1 + rng.geometric(0.4, people))
    identity = rng.normal(size=(people, 16))[person]
    x, y = (identity + noise * rng.normal(size=identity.shape) for noise in (0.7, 1.0))
    x, y = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (x, y))
    return SharedImages(x.astype(np.float32), y.astype(np.float32), person, np.arange(people) % 5, ())


def _losses(images, resamples, rng, seed):
    pairs = Comparisons.draw(images, 4000, seed)
    weights = np.ones((1 + resamples, images.people), dtype=int)
    if resamples:
        weights[1:] = rng.multinomial(images.people, np.full(images.people, 1 / images.people), size=resamples)
    judge = Judge(pairs, weights, 0.01)
    own, across = cosines(images.x[pairs.left], images.x[pairs.right]), cosines(images.x[pairs.left], images.y[pairs.right])
    return [rate(own)[0] - rate(across)[0] for rate in (judge.accuracy, judge.tar)]


def test_intervals_of_losses_hold_the_truth_in_95_of_100_samples():
    rng = np.random.default_rng(3)
    truth = [float(np.mean([_losses(_images(rng, 4000), 0, rng, seed)[k][0] for seed in range(3)])) for k in range(2)]
    held, trials = np.zeros(2), 100
    for trial in range(trials):
        for place, values in enumerate(_losses(_images(rng, 120), 100, rng, trial)):
            found = Estimate.of(values)
            held[place] += found.low <= truth[place] <= found.high
    assert (held >= 0.88 * trials).all(), held


def test_the_accuracy_is_that_written_out():
    rng = np.random.default_rng(4)
    images = _images(rng, 40)
    pairs = Comparisons.draw(images, 300, 0)
    scores = cosines(images.x[pairs.left], images.y[pairs.right])
    same = (np.arange(len(scores)) < pairs.genuine).tolist()
    found = Judge(pairs, np.ones((1, 40), dtype=int), 0.01).accuracy(scores)[0][0]
    assert found == pytest.approx(oracle.balanced_accuracy(scores.tolist(), same, pairs.fold.tolist()), abs=0.02)


def _networks(people, seed):
    """Two networks of width 24 with 12 directions of identity in common and 12 of their own."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99)  # the networks are the same whoever is seen
    person = np.repeat(np.arange(people), 3)
    common, picture = rng.normal(size=(people, 12)), 0.5 * rng.normal(size=(3 * people, 24))
    made = []
    for name in "ab":
        identity = np.hstack([common, rng.normal(size=(people, 12))])[person]
        turned = (identity + picture + 0.4 * rng.normal(size=picture.shape)) @ np.linalg.qr(mixing.normal(size=(24, 24)))[0]
        made.append(EmbeddingSet(turned, [f"{p}/{i}" for i, p in enumerate(person)], model=name))
    return made


def test_what_few_people_foretell_is_what_many_measure():
    few, many = (study_agreement(*_networks(people, seed), far=0.01, resamples=60) for people, seed in ((120, 5), (3000, 6)))
    for target in "ab":
        promise, fact = few.forecast(target), many.forecast(target).measured
        assert promise.measured.value > fact.value + 0.005  # few people lose more
        assert abs(promise.floor.value - fact.value) < abs(promise.measured.value - fact.value)
        assert promise.floor.low <= fact.high
        assert fact.low <= promise.floor.high
