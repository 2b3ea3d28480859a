from __future__ import annotations

import numpy as np
import pytest

from facespace.capacity import intrinsic_dimension
from facespace.errors import InputError


@pytest.mark.parametrize(("m", "within"), [(1, 0.12), (2, 0.12), (5, 0.5), (8, 1.0)])
def test_spheres_in_many_dimensions_have_their_own(m, within):
    rng = np.random.default_rng(m)
    sphere = rng.normal(size=(2500, m + 1))
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    found = intrinsic_dimension(sphere @ np.linalg.qr(rng.normal(size=(40, 40)))[0][: m + 1])
    assert found.two_nn[0] == pytest.approx(m, abs=within)
    assert found.mle[0] == pytest.approx(m, abs=within)
    assert found.chosen == m


def test_a_bent_surface_has_the_dimension_of_the_flat_one():
    rng = np.random.default_rng(0)
    t, height = 1.5 * np.pi * (1 + 2 * rng.random(4000)), 20 * rng.random(4000)
    roll = np.stack([t * np.cos(t), height, t * np.sin(t)], axis=1)
    assert intrinsic_dimension(roll).chosen == 2


def test_neither_scale_nor_place_nor_repeats_matter():
    points = np.random.default_rng(1).normal(size=(600, 4))
    plain = intrinsic_dimension(points)
    moved = intrinsic_dimension(1e-3 * np.concatenate([points, points[:50]]) + 5e-3)
    assert moved.points == plain.points == 600
    assert moved.mle[0] == pytest.approx(plain.mle[0], rel=1e-3)
    assert moved.two_nn[0] == pytest.approx(plain.two_nn[0], rel=1e-3)


def test_intervals_narrow_with_the_points():
    rng = np.random.default_rng(2)
    few, many = (intrinsic_dimension(rng.normal(size=(n, 3))) for n in (200, 3200))
    for a, b in ((few.two_nn, many.two_nn), (few.mle, many.mle)):
        assert (b[2] - b[1]) / (a[2] - a[1]) == pytest.approx(0.25, abs=0.08)


def test_too_few_points_are_refused():
    with pytest.raises(InputError, match="20 distinct points are too few"):
        intrinsic_dimension(np.random.default_rng(3).normal(size=(20, 3)), neighbours=5)
