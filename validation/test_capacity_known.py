"""Capacity of known Gaussians against the closed form, and the paper's toy (table I)."""

from __future__ import annotations

import numpy as np
import pytest
from known_gaussians import ALIKE, SHAPES, SIZES, trials
from scipy.spatial import ConvexHull
from scipy.stats import chi2

from facespace.capacity import log_capacity
from facespace.capacity.classes import person_moments, volume_ratios
from facespace.capacity.classes.ellipsoids import log_volumes


@pytest.mark.parametrize(("m", "people"), [(2, 100), (8, 300), (16, 300)])
@pytest.mark.parametrize("kind", [ALIKE, SIZES, SHAPES])
def test_the_estimate_is_near_the_closed_form_and_the_interval_holds_it(m, people, kind):
    """A part of what known_gaussians.py prints (100 trials, to 2,000 people) that is quick enough for a test."""
    for choice, rows in trials(m, people, kind, 6).items():
        error = np.abs(rows[:, 0] - rows[:, 1])
        share = 0.15 if choice == "max" else 0.1  # the largest person's error varies more than 6 trials even out
        assert np.median(error) < share * np.median(rows[:, 1])
        assert rows[:, 2].sum() >= 4


def toy(seed, images):
    """Table I: 100 classes in the plane. Capacity of the median class from the estimate, the truth and convex hulls."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(100, 2)) * [1.5, 1.2]
    roots = rng.normal(size=(100, 2, 2)) * 0.5 + np.eye(2)
    own = roots @ np.swapaxes(roots, 1, 2)
    points = centres[:, None] + np.einsum("cij,cnj->cni", roots, rng.normal(size=(100, images, 2)))
    person = np.repeat(np.arange(100), images)
    flat = points.reshape(-1, 2)
    estimate = volume_ratios(person_moments(flat, person), resamples=20).get("full", "median").value
    population = np.diag([1.5**2, 1.2**2]) + own.mean(axis=0)
    truth = float(log_volumes(population) - np.median(log_volumes(own)))
    hulls = ConvexHull(flat).volume / np.median([ConvexHull(c).volume for c in points])
    return np.exp(estimate), np.exp(truth), hulls


def test_the_toy_s_estimate_approaches_the_truth_and_its_hull_does_not():
    few, many = (np.array([toy(seed, images) for seed in range(4)]) for images in (20, 400))
    errors = [np.abs(np.log(rows[:, 0] / rows[:, 1])).mean() for rows in (few, many)]
    hull_errors = [np.abs(np.log(rows[:, 2] / rows[:, 1])).mean() for rows in (few, many)]
    print(f"estimate, truth, hull with 20 images each: {few.mean(axis=0).round(2)}; with 400: {many.mean(axis=0).round(2)}")
    assert errors[1] < 0.2
    assert min(hull_errors) > 2 * errors[1]


def test_radii_are_those_of_scipy_s_chi_squares():
    for m, q in ((2, 0.1), (16, 1e-5)):
        expected = m / 2 * np.log(chi2.ppf(0.99, m) / chi2.ppf(1 - q, m))
        assert log_capacity(0.0, 0.0, m, q) == pytest.approx(expected, rel=1e-9)
