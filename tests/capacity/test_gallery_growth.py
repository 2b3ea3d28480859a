from __future__ import annotations

import numpy as np
import pytest

from facespace.capacity.gallery_growth import Entries, false_positive_rate, growth_curve
from facespace.capacity.person_pairs import genuine_pairs
from facespace.embeddings import normalize


@pytest.fixture(scope="module")
def unit():
    return normalize(np.random.default_rng(0).normal(size=(60, 6)))


def test_the_closed_form_is_the_mean_over_random_galleries(unit):
    rng = np.random.default_rng(1)
    curve = growth_curve(Entries.by_cosine(unit), 0.7, 0.05, "far", "embedding")
    scores = unit @ unit.T
    place = int(np.searchsorted(curve.sizes, 12))
    size, found = int(curve.sizes[place]), []
    for _ in range(6000):
        chosen = rng.permutation(60)[: size + 1]
        found.append(scores[chosen[0], chosen[1:]].max() >= 0.7)
    assert np.mean(found) == pytest.approx(curve.fpir[place], abs=0.025)
    assert (curve.low <= curve.fpir).all()
    assert (curve.fpir <= curve.high).all()


def test_the_limit_is_where_half_of_the_strangers_are_taken_for_somebody(unit):
    curve = growth_curve(Entries.by_cosine(unit), 0.7, 0.05, "far", "embedding")
    above = (unit @ unit.T >= 0.7).sum(axis=1) - 1.0
    at, before = false_positive_rate(above, 59, np.array([int(curve.limit), int(curve.limit) - 1]))
    assert before < 0.5 <= at
    assert growth_curve(Entries.by_cosine(unit), 0.99, 0.01, "far", "embedding").limit is None


def test_distances_give_the_same_curve_as_cosines_of_unit_vectors(unit):
    cosine = growth_curve(Entries.by_cosine(unit), 0.6, 0.1, "far", "embedding")
    distance = growth_curve(Entries.by_distance(unit), 2 * 0.6 - 2, 0.1, "far", "projection")
    assert np.allclose(cosine.fpir, distance.fpir)
    assert cosine.limit == distance.limit


def test_independent_false_accepts_are_the_binomial():
    rng = np.random.default_rng(2)
    people, far = 3000, 0.01
    above = rng.binomial(people - 1, far, people).astype(float)
    sizes = np.array([10, 100, 400])
    assert np.allclose(false_positive_rate(above, people - 1, sizes), 1 - (1 - far) ** sizes, atol=0.01)


def test_genuine_pairs_are_of_one_person_distinct_and_few():
    person = np.repeat(np.arange(5), [1, 2, 4, 30, 3])
    pairs = genuine_pairs(person, np.random.default_rng(3))
    assert (person[pairs[:, 0]] == person[pairs[:, 1]]).all()
    assert len({frozenset(pair) for pair in pairs.tolist()}) == len(pairs)
    assert np.bincount(person[pairs[:, 0]], minlength=5).tolist() == [0, 1, 6, 20, 3]
