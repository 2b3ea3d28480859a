"""Volumes, capacities, caps."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from facespace.capacity import log_capacity
from facespace.capacity.classes import CLASSES, SHAPES
from facespace.capacity.classes.ellipsoids import canonical, log_volumes
from facespace.capacity.packing import cap_share, packing_point
from facespace.capacity.person_pairs import Scores
from facespace.errors import InputError, UnknownNameError


def test_an_ellipsoid_s_volume_is_the_share_of_random_points_inside():
    rng = np.random.default_rng(0)
    covariance = np.cov(rng.normal(size=(3, 50)))
    box = 3.0
    points = rng.uniform(-box, box, (400_000, 3))
    inside = np.einsum("ij,jk,ik->i", points, np.linalg.inv(covariance), points) <= 1.5**2
    assert np.exp(log_volumes(covariance, radius=1.5)) == pytest.approx(inside.mean() * (2 * box) ** 3, rel=0.02)


def test_simpler_shapes_are_never_smaller():
    rng = np.random.default_rng(1)
    roots = rng.normal(size=(40, 5, 5))
    full, axis, sphere = (log_volumes(roots @ np.swapaxes(roots, 1, 2), shape) for shape in SHAPES)
    assert (full <= axis + 1e-9).all()  # Hadamard
    assert (axis <= sphere + 1e-9).all()  # arithmetic above geometric mean
    ball = 2.5 * np.eye(4)
    assert len({round(float(log_volumes(ball, shape)), 12) for shape in SHAPES}) == 1


def test_classes_by_volume():
    volumes = np.log(np.array([1.0, 2.0, 3.0, 10.0]))
    assert {c: round(float(np.exp(canonical(volumes, c))), 6) for c in CLASSES} == {
        "max": 10, "median": round(6**0.5, 6), "mean": 4, "min": 1,
    }  # fmt: skip


def test_capacity_is_the_ratio_of_volumes_at_the_radii_of_the_paper():
    rng = np.random.default_rng(2)
    for m, q in ((2, 0.1), (8, 0.01), (16, 1e-5)):
        population, person = (np.cov(rng.normal(size=(m, 100))) * scale for scale in (1, 0.1))
        radii = np.sqrt(chi2.ppf(0.99, m)), np.sqrt(chi2.ppf(1 - q, m))
        whole = [log_volumes(c, radius=r) for c, r in zip((population, person), radii, strict=True)]
        found = log_capacity(log_volumes(population), log_volumes(person), m, q)
        assert found == pytest.approx(whole[0] - whole[1])


def test_q_is_the_mass_of_a_person_outside_their_own_ellipsoid():
    rng = np.random.default_rng(3)
    m, q = 6, 0.05
    points = rng.normal(size=(200_000, m))
    outside = (points**2).sum(axis=1) > chi2.isf(q, m)
    assert outside.mean() == pytest.approx(q, rel=0.03)
    assert np.all(np.diff(log_capacity(1.0, 0.0, m, [0.2, 0.1, 0.01, 1e-5])) < 0)


def test_what_does_not_exist_is_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'sphere'"):
        log_volumes(np.eye(2), "spheres")
    with pytest.raises(UnknownNameError):
        canonical(np.zeros(3), "largest")
    for q in (0, 1, -0.1):
        with pytest.raises(InputError, match="above 0 and below 1"):
            log_capacity(0.0, 0.0, 2, q)


def test_a_cap_s_share_is_that_of_random_points():
    rng = np.random.default_rng(4)
    points = rng.normal(size=(300_000, 6))
    angle = np.arccos(points[:, 0] / np.linalg.norm(points, axis=1))
    for half in (0.5, 1.2, 2.0):
        assert cap_share(half, 5) == pytest.approx((angle <= half).mean(), rel=0.03)


def test_tight_people_far_apart_have_a_guaranteed_number():
    scores = Scores(
        np.ones(10, np.float32), np.linspace(-0.9, 0.7, 10_000, dtype=np.float32), np.arange(5), np.empty((0, 2))
    )
    tight = packing_point(0.01, scores, np.full(50, 0.01), 6)
    loose = packing_point(0.01, scores, np.full(50, 1.2), 6)
    assert 1 < tight.code < tight.cap_ratio
    assert loose.code == 1
    assert packing_point(1e-6, scores, np.full(50, 0.01), 6) is None  # 10,000 pairs say nothing about one in a million
