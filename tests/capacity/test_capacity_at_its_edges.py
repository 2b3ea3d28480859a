"""Grids, defaults and batches: what the formulas' transcriptions take for given."""

from __future__ import annotations

import numpy as np
import pytest
from gaussian_people import known_people

from facespace.capacity.classes.bootstrap import volume_ratios
from facespace.capacity.classes.ellipsoids import CLASSES, SHAPES, canonical, log_volumes
from facespace.capacity.classes.gaussians import person_moments
from facespace.capacity.classes.spread import _EXCESS, _LOG_SCALES, _TAU, _log_means, _weights
from facespace.capacity.eigenfaces import eigenfaces
from facespace.capacity.gallery_growth import Entries, growth_curve
from facespace.capacity.intrinsic_dimension import intrinsic_dimension
from facespace.capacity.packing import packing_point
from facespace.capacity.person_pairs import Scores, pair_scores
from facespace.embeddings import normalize
from facespace.errors import InputError


def test_the_grids_are_those_of_the_description():
    assert _TAU.tolist() == [0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9, 1.1, 1.4]
    assert (len(_EXCESS), len(_LOG_SCALES)) == (24, 73)
    assert np.log(_EXCESS[[0, 2, 23]]) == pytest.approx([-0.8, 0, 8.4])


def test_people_of_very_different_likelihoods_each_keep_their_own():
    """e^−5000 is nothing in floating point beside e^0; each person's is counted from their own largest."""
    rng = np.random.default_rng(0)
    rows = rng.normal(0, 1, (2, len(_LOG_SCALES)))
    level = np.array([-5000.0, 3000.0])
    plain = np.log(np.array([_weights(tau) for tau in _TAU.tolist()]) @ np.exp(rows).T)
    assert _log_means(rows + level[:, None]) == pytest.approx(plain + level)


def test_the_radius_is_one_unless_it_is_said_and_enters_with_the_power_of_the_dimension():
    covariance = np.diag([1.0, 2.0, 4.0])
    for shape in SHAPES:
        assert log_volumes(covariance, shape) == log_volumes(covariance, shape, radius=1.0)
        assert log_volumes(covariance, shape, 2.0) - log_volumes(covariance, shape) == pytest.approx(3 * np.log(2))
    ball = 4 / 3 * np.pi
    volumes = [float(np.exp(log_volumes(covariance, shape))) for shape in SHAPES]
    assert volumes == pytest.approx([ball * np.sqrt(8), ball * np.sqrt(8), ball * (7 / 3) ** 1.5])


def test_a_flat_covariance_has_no_volume_and_no_warning():
    flat = np.diag([1.0, 0.0])
    assert [float(log_volumes(flat, shape)) for shape in ("full", "axis")] == [-np.inf, -np.inf]
    assert float(log_volumes(np.zeros((2, 2)), "sphere")) == -np.inf


def test_the_class_is_taken_along_the_last_axis():
    volumes = np.log(np.array([[1.0, 2.0, 6.0], [5.0, 5.0, 2.0]]))
    expected = {"max": [6, 5], "median": [2, 5], "mean": [3, 4], "min": [1, 2]}
    for choice in CLASSES:
        assert np.exp(canonical(volumes, choice)) == pytest.approx(expected[choice])


def test_progress_ends_with_the_last_resample():
    points, person, *_ = known_people(2, 12)
    seen = []
    volume_ratios(person_moments(points, person), resamples=3, draws=1, progress=lambda *at: seen.append(at))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_bounds_are_never_below_one_and_people_may_all_be_on_one_side():
    """All pairs within 60°. At q = 0.9 people stand nearly as far apart as 2 Ω, at 0.995 further: one cap fits."""
    impostor = np.sort(np.cos(np.linspace(0.05, 1.0, 2000)).astype(np.float32))
    scores = Scores(np.float32([0.9]), impostor, np.arange(3), np.zeros((0, 2), int))
    share = lambda angle: (1 - np.cos(angle)) / 2  # noqa: E731
    widest = np.arccos(impostor[20])
    for far in (0.9, 0.6, 0.3):
        apart = np.arccos(impostor[2000 - int(far * 2000)])
        found = packing_point(far, scores, np.full(5, 0.001), 2)
        assert found.cap_ratio == pytest.approx(share(widest / 2) / share(apart / 2), rel=1e-4)
        assert found.cap_ratio > 1
    assert packing_point(0.9, scores, np.full(5, 0.001), 2).cap_ratio < 2
    assert packing_point(0.995, scores, np.full(5, 0.001), 2).cap_ratio == 1.0


def test_a_dimension_needs_25_points_and_more_than_its_neighbours():
    points = np.random.default_rng(1).normal(size=(30, 3))
    assert intrinsic_dimension(points[:25], neighbours=5).points == 25
    assert intrinsic_dimension(points, neighbours=29).points == 30
    with pytest.raises(InputError, match="Give at least 25"):
        intrinsic_dimension(points[:24], neighbours=5)
    with pytest.raises(InputError, match="Give at least 31"):
        intrinsic_dimension(points, neighbours=30)


def test_all_impostor_pairs_are_there_where_people_are_more_than_a_block():
    rng = np.random.default_rng(2)
    unit = normalize(rng.normal(size=(1100, 2)))
    found = pair_scores(unit, np.arange(1100), seed=0)
    assert found.pairs.shape == (0, 2)
    every = np.sort((unit @ unit.T)[np.triu_indices(1100, 1)])
    assert np.allclose(found.impostor, every, atol=1e-6)


def test_a_gallery_of_one_may_be_enough_and_intervals_stay_between_none_and_all():
    unit = normalize(np.ones((12, 2)) + 0.01 * np.random.default_rng(3).normal(size=(12, 2)))
    alike = growth_curve(Entries.by_cosine(unit), 0.9, 0.1, "far", "embedding")
    assert (alike.limit, alike.far, alike.fpir.tolist()) == (1, 1.0, [1.0] * len(alike.sizes))
    angles = np.arange(40) * np.pi / 20
    spread = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    spread[1] = spread[0]  # two of 40 are doubles
    rare = growth_curve(Entries.by_cosine(spread), 0.999, 0.1, "far", "embedding")
    assert rare.fpir[-1] == pytest.approx(2 / 40)
    assert rare.low.min() == 0.0
    assert rare.high.max() < 1.0


@pytest.mark.parametrize("shape", [(150, 20, 20), (150, 8, 9, 3), (150, 12, 12)])
def test_eigenfaces_are_the_coefficients_on_128_components_with_their_people(shape):
    """More pixels than images, and fewer: the same coefficients up to their signs."""
    crops = np.random.default_rng(4).integers(0, 255, shape).astype(np.uint8)
    names = [f"p{i // 2}" for i in range(150)]
    found = eigenfaces(crops, [f"{i}" for i in range(150)], subject=names)
    x = crops.reshape(150, -1).astype(float)
    u, s, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    assert found.vectors.shape == (150, 128)
    assert found.subject.tolist() == names
    assert np.allclose(np.abs(found.vectors), np.abs(u * s)[:, :128], rtol=1e-3, atol=0.1)


def test_a_threshold_is_passed_by_the_share_asked_for_whatever_the_floating_point():
    """0.29 · 100 is 28.999…96 in floating point."""
    scores = Scores(np.arange(100.0), np.arange(100.0), np.arange(100), np.zeros((100, 2), int))
    assert np.mean(scores.impostor >= scores.threshold(0.29)) == 0.29
    assert np.mean(scores.genuine < scores.miss_threshold(0.29)) == 0.29
