"""Volume ratios: the correction of bias, whose ellipsoids the extremes are, and the intervals' width."""

from __future__ import annotations

import numpy as np
import pytest
from gaussian_people import known_people
from scipy.stats import t as student

from facespace.capacity.classes.bootstrap import volume_ratios
from facespace.capacity.classes.ellipsoids import CLASSES, SHAPES, canonical, log_volumes
from facespace.capacity.classes.gaussians import person_moments, population_covariance
from facespace.capacity.classes.spread import _posterior, fit_spread


def test_the_population_s_volume_is_corrected_upwards_where_few_people_make_it_too_small():
    """The log determinant of a covariance of 12 people is too low by about Σ_j log(1 − j / 12) on average."""
    plain, corrected = [], []
    for seed in range(12):
        points, person, truth, _ = known_people(4, 12, seed, fewest=3, most=5)
        people = person_moments(points, person)
        found = volume_ratios(people, resamples=60, draws=1, seed=seed)
        uncorrected = float(log_volumes(population_covariance(people)))
        assert found.population["full"] > uncorrected
        plain.append(uncorrected - log_volumes(truth))
        corrected.append(found.population["full"] - log_volumes(truth))
    assert np.mean(plain) < -0.5
    assert abs(np.mean(corrected)) < 0.5 * abs(np.mean(plain))


def one_extreme_person(size, people=40, images=60, m=3):
    """People of different shapes, the first `size` times as large in variance, all with images enough to speak for
    themselves."""
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(people), images)
    roots = rng.normal(size=(people, m, m)) + np.eye(m)
    roots /= np.abs(np.linalg.det(roots))[:, None, None] ** (1 / m)  # of one volume
    roots[0] *= np.sqrt(size)
    points = 10 * rng.normal(size=(people, m))[person] + np.einsum(
        "nij,nj->ni", roots[person], rng.normal(size=(len(person), m))
    )
    return person_moments(points, person)


@pytest.mark.parametrize(("choice", "size"), [("max", 25.0), ("min", 1 / 25.0)])
def test_the_largest_and_the_smallest_class_are_of_all_people_in_every_resample(choice, size):
    """A resample lacks one person of three. Their volume is e^4 away from everyone's, so among the people drawn the
    extreme would jump by as much; among all people it is known nearly as well as the median."""
    found = volume_ratios(one_extreme_person(size), resamples=60, draws=5)
    extreme, median = found.get("full", choice), found.get("full", "median")
    assert abs(extreme.value - median.value) > 3
    assert extreme.high - extreme.low < 2 * (median.high - median.low)


def test_a_person_far_from_all_others_has_a_volume_in_resamples_without_them():
    """Where the resample's mixture of scales has no weight at theirs, they get the nearest that has."""
    likelihood, w = np.array([[-9000.0, -5000.0, 0.0], [0.0, -1.0, -9000.0]]), np.array([0.5, 0.5, 0.0])
    assert _posterior(likelihood, w) == pytest.approx(np.array([[0, 1, 0], [1, np.exp(-1), 0] / (1 + np.exp(-1))]))
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(40), 25)
    points = 10 * rng.normal(size=(40, 3))[person] + np.where(person == 0, 8, 1)[:, None] * rng.normal(size=(1000, 3))
    found = volume_ratios(person_moments(points, person), resamples=20, draws=2)  # warnings are errors
    assert all(np.isfinite([r.value, r.low, r.high]).all() for r in found.ratios)


def test_ratios_and_intervals_are_those_of_the_description_step_by_step():
    points, person, *_ = known_people(3, 25, seed=4, fewest=1, most=6)
    people = person_moments(points, person)
    found = volume_ratios(people, min_images=2, resamples=30, draws=7, seed=9)
    chosen = people.images >= 2
    assert not chosen.all()
    classes = people.where(chosen)
    spread = fit_spread(classes)
    rng = np.random.default_rng([9, 3])
    draws = [spread.draw(rng) for _ in range(7)]
    times = rng.multinomial(25, np.full(25, 1 / 25), size=30).astype(float)
    again = [spread.resampled(t[chosen]).draw(rng) for t in times]

    effective = np.sum(people.images) ** 2 / np.sum(people.images**2)
    freedom = max(effective - 3, 2)
    factor = student.ppf(0.975, freedom) * np.sqrt(effective / freedom)
    for shape in SHAPES:
        whole = float(log_volumes(population_covariance(people), shape))
        resampled = [float(log_volumes(population_covariance(people, t[None])[0], shape)) for t in times]
        top = whole - (np.mean(resampled) - whole)
        volumes = [log_volumes(d, shape) for d in draws]
        means = np.mean(volumes, axis=0)
        assert found.population[shape] == pytest.approx(top)
        assert found.volumes[shape] == pytest.approx(means)
        for choice in CLASSES:
            value = top - np.mean([canonical(v, choice) for v in volumes])
            ratios = []
            for t, drawn, population in zip(times, again, resampled, strict=True):
                those = log_volumes(drawn, shape)
                if choice in ("mean", "median"):
                    those = np.repeat(those, t[chosen].astype(int))
                ratios.append(population - canonical(those, choice))
            half = factor * np.std(ratios)
            of_means = top - canonical(means, choice) if choice in ("max", "min") else value
            ratio = found.get(shape, choice)
            assert ratio.value == pytest.approx(value)
            assert ratio.low == pytest.approx(min(value, of_means) - half)
            assert ratio.high == pytest.approx(max(value, of_means) + half)
            printed = classes.scatter / classes.images[:, None, None]
            assert found.printed[shape, choice] == pytest.approx(whole - canonical(log_volumes(printed, shape), choice))


def test_without_resamples_nothing_is_corrected_and_the_middle_has_no_width():
    points, person, *_ = known_people(3, 25, seed=4)
    people = person_moments(points, person)
    found = volume_ratios(people, resamples=0, draws=3)
    assert found.population["full"] == float(log_volumes(population_covariance(people)))
    median = found.get("full", "median")
    assert median.low == median.value == median.high


def test_few_people_have_two_degrees_of_freedom_at_least():
    """Five people less three dimensions are two; four would be one."""
    points, person, *_ = known_people(3, 4, seed=5, fewest=4, most=4)
    people = person_moments(points, person)
    found = volume_ratios(people, resamples=40, draws=3, seed=1)
    rng = np.random.default_rng([1, 3])
    spread = fit_spread(people)
    for _ in range(3):
        spread.draw(rng)
    times = rng.multinomial(4, np.full(4, 0.25), size=40).astype(float)
    medians = []
    for t in times:
        drawn = log_volumes(spread.resampled(t).draw(rng), "sphere")
        medians.append(
            log_volumes(population_covariance(people, t[None])[0], "sphere") - np.median(np.repeat(drawn, t.astype(int)))
        )
    ratio = found.get("sphere", "median")
    assert ratio.high - ratio.value == pytest.approx(student.ppf(0.975, 2) * np.sqrt(4 / 2) * np.std(medians))
