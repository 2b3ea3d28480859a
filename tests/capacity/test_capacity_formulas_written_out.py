"""Dimension, packing, growing galleries, pairs and the small networks against plain transcriptions."""

from __future__ import annotations

import itertools
from math import comb

import numpy as np
import pytest

from facespace.capacity.classes.gaussians import person_moments, population_covariance
from facespace.capacity.gallery_growth import Entries, false_positive_rate, growth_curve
from facespace.capacity.intrinsic_dimension import (
    IntrinsicDimension,
    intrinsic_dimension,
    maximum_likelihood,
    nearest_distances,
    two_nn,
)
from facespace.capacity.packing import own_angles, packing_point
from facespace.capacity.person_pairs import Scores, genuine_pairs, one_each, pair_scores
from facespace.capacity.students._network import ResidualModule, from_principal_axes, train
from facespace.capacity.students.projection import DeepMDS
from facespace.capacity.students.student import EmbeddingStudent
from facespace.embeddings import EmbeddingSet, normalize
from facespace.people import people_of


def plain_two_nn(distances):
    """Facco and others 2017: μ = T_2 / T_1 in ascending order, F(μ_i) = i / n, and the slope through the origin of
    −log(1 − F) over log μ for the lower 90 % of the points. The last has F = 1, so it could not be on the line anyway."""
    ratios = sorted(row[1] / row[0] for row in distances)
    n = len(ratios)
    line = [(np.log(mu), -np.log(1 - i / n)) for i, mu in enumerate(ratios[: int(0.9 * n)], start=1)]
    return sum(x * y for x, y in line) / sum(x * x for x, _ in line)


def plain_maximum_likelihood(distances):
    """Levina, Bickel 2004, by MacKay and Ghahramani: 1/m = mean over points of 1/(k − 1) Σ_{j<k} log(T_k / T_j)."""
    k = distances.shape[1]
    inverse = [sum(np.log(row[k - 1] / row[j]) for j in range(k - 1)) / (k - 1) for row in distances]
    return 1 / np.mean(inverse), inverse


@pytest.mark.parametrize("n", [25, 39, 200])
def test_both_dimensions_are_those_of_the_papers_formulas(n):
    distances = np.sort(np.random.default_rng(n).gamma(3.0, size=(n, 7)), axis=1)
    m = plain_two_nn(distances)
    assert two_nn(distances) == pytest.approx((m, m - 1.96 * m / np.sqrt(n), m + 1.96 * m / np.sqrt(n)))
    m, inverse = plain_maximum_likelihood(distances)
    error = m**2 * np.sqrt(np.mean((inverse - np.mean(inverse)) ** 2) / n)  # of 1 / x at the mean of x
    assert maximum_likelihood(distances) == pytest.approx((m, m - 1.96 * error, m + 1.96 * error))


def test_two_nearest_neighbours_by_hand():
    """Ten points with μ = e, …, e^10: F = 0.1 … 0.9, the tenth left out."""
    distances = np.array([[1.0, np.exp(i)] for i in (3, 1, 2, 6, 5, 4, 10, 9, 8, 7)])
    expected = sum(i * -np.log(1 - i / 10) for i in range(1, 10)) / sum(i * i for i in range(1, 10))
    assert two_nn(distances)[0] == pytest.approx(expected)


def test_nearest_distances_are_those_of_all_distances_sorted():
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    repeated = np.concatenate([x, x[:20]])
    every = np.sort(np.linalg.norm(np.unique(x, axis=0)[:, None].astype(float) - np.unique(x, axis=0), axis=2), axis=1)
    assert nearest_distances(repeated, 4) == pytest.approx(every[:, 1:5], rel=1e-5)
    some = nearest_distances(repeated, 4, queries=17, seed=3)
    asked = np.sort(np.random.default_rng(3).choice(60, 17, replace=False))
    assert some == pytest.approx(every[asked, 1:5], rel=1e-5)
    found = intrinsic_dimension(repeated, neighbours=4)
    assert found.points == 60
    assert found.two_nn == pytest.approx(two_nn(every[:, 1:5]), rel=1e-5)
    assert found.mle == pytest.approx(maximum_likelihood(every[:, 1:5]), rel=1e-5)


@pytest.mark.parametrize(("two", "mle", "chosen"), [(3.2, 3.9, 4), (3.2, 3.7, 3), (0.2, 0.1, 1)])
def test_the_dimension_to_work_with_is_the_rounded_mean_of_both(two, mle, chosen):
    assert IntrinsicDimension((two, 0, 0), (mle, 0, 0), 30).chosen == chosen


def made_scores(genuine, impostor):
    return Scores(np.sort(np.float32(genuine)), np.sort(np.float32(impostor)), np.arange(3), np.zeros((0, 2), int))


def test_thresholds_leave_the_whole_number_of_pairs_that_the_share_allows():
    scores = made_scores(np.arange(50) / 50, np.arange(200) / 200)
    for share, count in ((0.01, 2), (0.0124, 2), (0.015, 3), (0.5, 100), (0.005, 1)):
        assert np.sum(scores.impostor >= scores.threshold(share)) == count
    assert scores.threshold(0.004) is None
    for share, count in ((0.02, 1), (0.1, 5), (0.119, 5)):
        assert np.sum(scores.genuine < scores.miss_threshold(share)) == count
    assert scores.miss_threshold(0.019) is None


def test_bounds_on_the_ordinary_sphere():
    """A cap of half-angle ω has (1 − cos ω) / 2 of it. Ω is half of the angle that all but 1 % of the pairs stay below."""
    rng = np.random.default_rng(0)
    impostor = np.sort(rng.uniform(-0.99, 0.6, 3000).astype(np.float32))
    scores = made_scores(rng.random(100), impostor)
    angles = np.sort(rng.uniform(0.001, 0.03, 400))
    share = lambda angle: (1 - np.cos(angle)) / 2  # noqa: E731
    for far in (0.2, 0.05, 0.01):
        found = packing_point(far, scores, angles, 2)
        tau = impostor[3000 - int(far * 3000)]
        apart, widest = np.arccos(tau), np.arccos(impostor[30])
        rho = np.quantile(angles, 1 - far)
        assert found.threshold == pytest.approx(tau)
        assert found.spread == pytest.approx(np.degrees(rho))
        assert found.cap_ratio == pytest.approx(max(share(widest / 2) / share(apart / 2), 1), rel=1e-5)
        assert found.code == pytest.approx(max(share(widest / 2) / share(apart + 2 * rho), 1), rel=1e-5)
    near = made_scores([0.5], np.linspace(-0.5, 0.99, 3000))
    assert packing_point(0.01, near, angles, 2).code > 1
    assert packing_point(0.01, near, np.full(9, 1.5), 2).code == 1.0


def test_an_image_s_own_angle_is_to_the_mean_of_the_same_persons_others():
    rng = np.random.default_rng(1)
    person = np.array([0, 2, 0, 1, 2, 2])
    unit = normalize(rng.normal(size=(6, 4)))
    plain = []
    for i in (0, 1, 2, 4, 5):  # the third person's only image has no other
        others = [unit[j] for j in range(6) if j != i and person[j] == person[i]]
        mean = np.mean(others, axis=0)
        plain.append(np.arccos(unit[i] @ mean / np.linalg.norm(mean)))
    assert own_angles(unit, person) == pytest.approx(sorted(plain), abs=1e-5)


def test_the_rate_over_all_galleries_is_counted_one_by_one():
    rng = np.random.default_rng(2)
    unit = normalize(rng.normal(size=(8, 3)))
    scores = unit @ unit.T
    above = np.array([np.sum(np.delete(scores[i], i) >= 0.4) for i in range(8)], dtype=float)
    assert above.min() == 0 < above.max() < 7
    for size in range(1, 8):
        hits = []
        for stranger in range(8):
            others = [j for j in range(8) if j != stranger]
            hits += [max(scores[stranger, j] for j in g) >= 0.4 for g in itertools.combinations(others, size)]
        assert false_positive_rate(above, 7, np.array([size]))[0] == pytest.approx(np.mean(hits))
    times = np.array([2.0, 0, 1, 1, 0, 3, 0, 1])
    repeated = np.repeat(above, times.astype(int))
    sizes = np.arange(1, 8)
    assert false_positive_rate(above, 7, sizes, times) == pytest.approx(false_positive_rate(repeated, 7, sizes))
    # More people alike than there are others to choose (a resample can hold so many) means all of them.
    assert false_positive_rate(np.array([9.0]), 7, sizes).tolist() == [1] * 7


def test_a_growth_curve_is_the_formula_at_its_sizes_with_the_spread_of_resampled_people():
    unit = normalize(np.random.default_rng(3).normal(size=(30, 4)))
    curve = growth_curve(Entries.by_cosine(unit), 0.5, 0.1, "far", "embedding", points=6, seed=4)
    scores = (unit @ unit.T >= 0.5) & ~np.eye(30, dtype=bool)

    def fpir(above, size, times=None):
        times = np.ones(30) if times is None else times
        none = [comb(29 - int(min(a, 29)), size) / comb(29, size) for a in above]
        return sum(t * (1 - q) for t, q in zip(times, none, strict=True)) / sum(times)

    assert curve.sizes.tolist() == np.unique(np.geomspace(10, 29, 6).astype(int)).tolist()
    assert curve.sizes[-1] == 29
    above = scores.sum(axis=1)
    assert curve.fpir == pytest.approx([fpir(above, int(size)) for size in curve.sizes])
    assert curve.far == pytest.approx(scores.sum() / (30 * 29))
    drawn = np.random.default_rng([4, 5]).multinomial(30, np.full(30, 1 / 30), size=100).astype(float)
    again = np.array([[fpir(scores @ t, int(size), t) for size in curve.sizes] for t in drawn])
    ends = curve.fpir + np.percentile(again, [2.5, 97.5], axis=0) - again.mean(axis=0)
    assert (curve.low, curve.high) == (pytest.approx(ends[0].clip(0, 1)), pytest.approx(ends[1].clip(0, 1)))
    reached = [size for size in range(1, 30) if fpir(above, size) >= 0.5]
    assert curve.limit == reached[0] > 1


def test_a_score_on_the_threshold_is_a_false_accept_and_small_sets_begin_with_all_but_one():
    unit = normalize(np.float32([[1, 0], [1, 0], [0, 1], [-1, 0]]))
    curve = growth_curve(Entries.by_cosine(unit), 1.0, 0.1, "far", "embedding")
    assert curve.sizes.tolist() == [3]
    assert (curve.fpir.tolist(), curve.far) == ([0.5], 2 / 12)
    assert curve.limit == 3
    distances = growth_curve(Entries.by_distance(unit), -2.0, 0.1, "fnmr", "projection")
    assert distances.far == pytest.approx(8 / 12)  # all but 1 against −1


def test_impostor_pairs_are_all_of_one_image_each_and_genuine_ones_each_once():
    faces = EmbeddingSet(np.random.default_rng(0).normal(size=(7, 4)), [f"{p}/{i}" for i, p in enumerate("abacabd")])
    person, unit = people_of(faces).codes, faces.normalized()
    assert person.tolist() == [0, 1, 0, 2, 0, 1, 3]
    found = pair_scores(unit, person, seed=5)
    assert sorted(person[found.rows]) == [0, 1, 2, 3]
    cosines = [unit[i] @ unit[j] for i, j in itertools.combinations(found.rows, 2)]
    assert found.impostor == pytest.approx(sorted(cosines), abs=1e-6)
    pairs = {frozenset(p) for p in found.pairs.tolist()}
    assert pairs == {frozenset(p) for p in ((0, 2), (0, 4), (2, 4), (1, 5))}
    assert found.genuine == pytest.approx(sorted(unit[i] @ unit[j] for i, j in map(sorted, pairs)), abs=1e-6)
    some = one_each(person, np.random.default_rng(1), limit=2)
    assert len(some) == 2 == len(set(person[some]))


def test_a_person_of_many_images_has_twenty_pairs_at_most():
    # 7 images have 21 pairs: 6 + 5 + 4 + 3 + 2 at distances 1 to 5 are all 20 allowed.
    for images, pairs in ((6, 15), (7, 20), (40, 20)):
        assert len(genuine_pairs(np.zeros(images, int), np.random.default_rng(0))) == pairs


def test_noise_of_images_counts_by_their_number_in_resampled_populations():
    rng = np.random.default_rng(5)
    person = np.repeat(np.arange(3), [1, 2, 4])
    points, noise = rng.normal(size=(7, 2)), np.array([r @ r.T for r in rng.normal(size=(7, 2, 2))])
    people = person_moments(points, person, noise)
    times = np.array([2, 0, 3])
    rows = np.concatenate([np.flatnonzero(person == p) for p in np.repeat(np.arange(3), times)])
    expected = np.cov(points[rows].T, bias=True) + noise[rows].mean(axis=0)
    assert np.allclose(population_covariance(people, times[None].astype(float))[0], expected)


def small_module(rng, d=4, hidden=6, m=2):
    shapes = ((d, hidden), (hidden,), (hidden, m), (hidden, m), (m,))
    return ResidualModule(*(rng.normal(size=shape).astype(np.float32) for shape in shapes))


def made_student(rng, dropout=0.3, m=2):
    """A student of random weights, 6 hidden units and m means and m log variances."""
    projection = DeepMDS(m)
    projection.mean_ = rng.normal(size=4).astype(np.float32) * 0.1
    student = EmbeddingStudent(projection, dropout=dropout)
    student.module_ = small_module(rng, m=2 * m)
    for w in student.module_.weights:
        w *= 0.5
    return student


def test_a_student_s_moments_are_those_over_all_masks():
    """2⁶ masks, each unit left out with probability p and else divided by 1 − p; s is taken for Gaussian over them."""
    rng = np.random.default_rng(0)
    p, m, student = 0.3, 2, made_student(rng)
    vectors = rng.normal(size=(5, 4))
    module = student.module_
    h = module.hidden(student.projection.centred(vectors)).astype(float)
    masks = np.array(list(itertools.product([0, 1], repeat=6)))
    chance = np.prod(np.where(masks, 1 - p, p), axis=1)
    outs = np.array([(z := h * mask / (1 - p)) @ module.W + np.maximum(z, 0) @ module.V + module.b for mask in masks])
    mean = np.einsum("k,knj->nj", chance, outs)
    gap = outs - mean
    covariance = np.einsum("k,kni,knj->nij", chance, gap, gap)
    found = student.moments(vectors)
    assert np.allclose(found.mean, mean[:, :m], atol=1e-5)
    expected = covariance[:, :m, :m].copy()
    for j in range(m):
        expected[:, j, j] += np.exp(mean[:, m + j] + covariance[:, m + j, m + j] / 2)
    assert np.allclose(found.covariance, expected, rtol=1e-4, atol=1e-5)


def test_sampled_moments_divide_by_one_less_than_the_passes_and_add_the_mean_of_the_variances():
    rng = np.random.default_rng(1)
    student, vectors, passes = made_student(rng), rng.normal(size=(3, 4)), 70  # more than one block of passes
    h = student.module_.hidden(student.projection.centred(vectors))
    outs = np.concatenate(list(student._passes(h, passes, np.random.default_rng([6, 2]))), axis=1)
    assert outs.shape == (3, passes, 4)
    found = student.sampled_moments(vectors, passes, seed=6)
    for i in range(3):
        expected = np.cov(outs[i, :, :2].T.astype(float)) + np.diag(np.exp(outs[i, :, 2:]).mean(axis=0))
        assert np.allclose(found.covariance[i], expected, rtol=1e-4)
        assert np.allclose(found.mean[i], outs[i, :, :2].mean(axis=0), atol=1e-5)


def test_dropout_keeps_the_mean():
    mask = made_student(np.random.default_rng(2), dropout=0.2)._mask(np.random.default_rng(3), (2000, 50))
    assert set(np.unique(mask).tolist()) == {0.0, float(np.float32(1) / np.float32(0.8))}
    assert mask.mean() == pytest.approx(1, abs=0.01)


def test_stress_is_kruskals_on_the_pairs_drawn():
    rng = np.random.default_rng(4)
    unit = normalize(rng.normal(size=(30, 5)))
    mds = DeepMDS(2, hidden=5, steps=3, batch=16, seed=1).fit(unit)
    i, j = np.random.default_rng(9).integers(0, 30, (2, 20_000))
    y = mds.transform(unit).astype(float)
    wanted, got = 1 - np.sum(unit[i] * unit[j], axis=1), np.linalg.norm(y[i] - y[j], axis=1)
    x = unit - mds.mean_
    assert mds._stress(unit, x, np.random.default_rng(9)) == pytest.approx(
        np.sqrt(np.sum((wanted - got) ** 2) / np.sum(wanted**2)), rel=1e-5
    )


def test_training_is_adam_with_half_a_cosine_and_decoupled_decay():
    """m̂ / (√v̂ + ε) with both moments corrected for their start at zero; decay on matrices alone, as a share of the rate."""
    rng = np.random.default_rng(5)
    module = small_module(rng)
    start = [w.astype(float) for w in module.weights]
    gradients = [[rng.normal(size=w.shape).astype(np.float32) for w in module.weights] for _ in range(4)]
    seen = []
    train(
        module,
        lambda i: [g.copy() for g in gradients[i]],
        steps=4,
        rate=0.1,
        decay=0.5,
        progress=lambda done, whole: seen.append((done, whole)),
    )
    for k, w in enumerate(start):
        first, second = np.zeros_like(w), np.zeros_like(w)
        for i in range(4):
            g, rate = gradients[i][k].astype(float), 0.1 * (1 + np.cos(np.pi * i / 4)) / 2
            first, second = 0.9 * first + 0.1 * g, 0.999 * second + 0.001 * g**2
            step = rate * (first / (1 - 0.9 ** (i + 1))) / np.sqrt(second / (1 - 0.999 ** (i + 1)))
            w = w * (1 - rate * 0.5 * (w.ndim == 2)) - step
        assert np.allclose(module.weights[k], w, rtol=1e-4, atol=1e-5)
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("hidden", [6, 3, 9])
def test_a_network_starts_as_the_projection_on_principal_axes(hidden):
    x = np.random.default_rng(6).normal(size=(50, 6)) * np.array([3, 2, 1, 0.5, 0.2, 0.1])
    x = (x - x.mean(axis=0)).astype(np.float32)
    axes = np.linalg.eigh(x.T.astype(float) @ x)[1][:, ::-1]
    y = from_principal_axes(x, 2, hidden, np.random.default_rng(7))(x)
    assert np.allclose(np.abs(y), np.abs(x @ axes[:, :2]), atol=1e-4)
