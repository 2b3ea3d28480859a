"""Gaussians of few images, and the intervals over people."""

from __future__ import annotations

import numpy as np
import pytest
from gaussian_people import known_people
from scipy.stats import invwishart

from facespace.capacity.classes import person_moments, volume_ratios
from facespace.capacity.classes.ellipsoids import canonical, log_volumes
from facespace.capacity.classes.gaussians import class_covariances, population_covariance
from facespace.capacity.classes.spread import fit_spread
from facespace.errors import InputError


def test_moments_are_those_of_plain_loops():
    rng = np.random.default_rng(0)
    person = rng.permutation(np.repeat([0, 1, 2], [1, 4, 6]))
    points, noise = rng.normal(size=(11, 3)), rng.normal(size=(11, 3, 3))
    people = person_moments(points, person, noise)
    about = points - points.mean(axis=0)
    assert np.allclose(population_covariance(people), about.T @ about / 11 + noise.mean(axis=0))
    for c, found in enumerate(class_covariances(people)):
        own = points[person == c] - points[person == c].mean(axis=0)
        assert np.allclose(found, own.T @ own / len(own) + noise[person == c].mean(axis=0))


def test_weights_count_people_as_often_as_they_are_drawn():
    points, person, *_ = known_people(3, 12)
    times = np.array([[2, 0, 1] * 4])
    again = np.repeat(np.arange(12), times[0])
    rows = [np.flatnonzero(person == c) for c in again]
    copies = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
    plain = population_covariance(person_moments(points[np.concatenate(rows)], copies))
    assert np.allclose(population_covariance(person_moments(points, person), times.astype(float))[0], plain)


def test_people_who_are_alike_share_one_covariance():
    points, person, _, own = known_people(6, 300, spread=0.0)
    spread = fit_spread(person_moments(points, person))
    assert spread.excess > 100
    assert spread.tau == 0
    assert np.allclose(spread.common, own[0], atol=0.02)


def test_people_of_different_size_are_told_from_chance():
    points, person, *_ = known_people(6, 300, spread=0.5)
    assert fit_spread(person_moments(points, person)).tau == pytest.approx(0.5, abs=0.101)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_how_alike_shapes_are_is_found_between_the_steps_of_the_grid(seed):
    """The grid has 16.4 and 24.5 around the true 20, both 0.2 off in the logarithm."""
    rng, m, excess = np.random.default_rng(seed), 8, 20
    own = invwishart.rvs(excess + m + 1, excess * np.eye(m), size=500, random_state=rng)
    points = np.einsum("pij,pnj->pni", np.linalg.cholesky(own), rng.normal(size=(500, 6, m)))
    spread = fit_spread(person_moments(points.reshape(-1, m), np.repeat(np.arange(500), 6)))
    assert spread.tau == 0
    assert abs(np.log(spread.excess / excess)) < 0.15


def test_draws_have_the_volumes_of_the_truth_where_the_printed_formula_has_none():
    points, person, _, own = known_people(8, 300, spread=0.3)
    people = person_moments(points, person)
    rng = np.random.default_rng(1)
    spread = fit_spread(people)
    truth, drawn = log_volumes(own), log_volumes(np.stack([spread.draw(rng) for _ in range(10)]))
    assert drawn.mean() == pytest.approx(truth.mean(), abs=0.25)  # the truth spans 4
    assert drawn.std(axis=1).mean() == pytest.approx(truth.std(), rel=0.15)
    assert (
        np.isneginf(log_volumes(class_covariances(people))).any()
        or np.median(log_volumes(class_covariances(people))) < np.median(truth) - 10
    )


def test_noise_of_the_images_adds_to_every_person():
    points, person, *_ = known_people(4, 100)
    noise = np.broadcast_to(0.5 * np.eye(4), (len(points), 4, 4))
    rngs = (np.random.default_rng(2) for _ in range(2))
    bare, noisy = (fit_spread(person_moments(points, person, n)).draw(r) for n, r in zip((None, noise), rngs, strict=True))
    assert np.allclose(noisy, bare + 0.5 * np.eye(4))


@pytest.mark.parametrize("m", [2, 8])
def test_capacity_comes_within_ten_percent_of_the_closed_form_and_the_interval_covers_it(m):
    hits, errors = [], []
    for seed in range(6):
        points, person, population, own = known_people(m, 200, seed)
        found = volume_ratios(person_moments(points, person), resamples=60, seed=seed)
        for choice in ("mean", "median"):
            truth = float(log_volumes(population) - canonical(log_volumes(own), choice))
            ratio = found.get("full", choice)
            hits.append(ratio.low <= truth <= ratio.high)
            errors.append(abs(ratio.value - truth) / abs(truth))
    assert np.mean(hits) >= 0.75
    assert np.median(errors) < 0.1


def test_the_extremes_intervals_reach_from_the_extreme_draw_to_the_extreme_mean():
    points, person, *_ = known_people(4, 80, seed=3)
    found = volume_ratios(person_moments(points, person), resamples=40)
    volumes, top = found.volumes["full"], found.population["full"]
    for choice, of_means in (("max", top - volumes.max()), ("min", top - volumes.min())):
        ratio = found.get("full", choice)
        assert min(ratio.value, of_means) - ratio.low == pytest.approx(ratio.high - max(ratio.value, of_means))
        assert ratio.low < min(ratio.value, of_means) < max(ratio.value, of_means) < ratio.high
    assert found.get("full", "max").value < top - volumes.max()  # no mean is as large as the largest draw
    median = found.get("full", "median")
    assert median.value - median.low == pytest.approx(median.high - median.value)


def test_single_images_belong_to_the_population_only():
    points, person, *_ = known_people(3, 80)
    far = np.concatenate([points, 30 + np.random.default_rng(3).normal(size=(40, 3))])
    with_strangers = volume_ratios(person_moments(far, np.concatenate([person, 80 + np.arange(40)])), resamples=5)
    without = volume_ratios(person_moments(points, person), resamples=5)
    assert len(with_strangers.volumes["full"]) == len(without.volumes["full"]) == 80
    assert with_strangers.get("full", "median").value > without.get("full", "median").value + 2


def test_one_person_has_no_spread_to_learn_from():
    with pytest.raises(InputError, match="2 people at least"):
        fit_spread(person_moments(np.random.default_rng(4).normal(size=(5, 2)), np.zeros(5, dtype=np.intp)))


def test_copies_of_one_picture_a_person_have_none_either():
    points, person = np.repeat(np.random.default_rng(4).normal(size=(6, 3)), 4, axis=0), np.repeat(np.arange(6), 4)
    with pytest.raises(InputError, match="no person's images differ"):
        fit_spread(person_moments(points, person))
