"""The small network, DeepMDS and the student."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from facespace.capacity import DeepMDS, EmbeddingStudent
from facespace.capacity.students._network import ResidualModule
from facespace.capacity.students.projection import _stress_gradient
from facespace.errors import DimensionError, InputError


def small_module(rng, d=5, hidden=7, m=3):
    shapes = ((d, hidden), (hidden,), (hidden, m), (hidden, m), (m,))
    return ResidualModule(*(rng.normal(size=shape).astype(np.float32) for shape in shapes))


def test_the_gradient_is_that_of_finite_differences():
    rng = np.random.default_rng(0)
    module = small_module(rng)
    x, back = rng.normal(size=(11, 5)).astype(np.float32), rng.normal(size=(11, 3)).astype(np.float32)
    mask = (rng.random((11, 7)) > 0.3).astype(np.float32) / 0.7
    exact = ResidualModule(*(w.astype(np.float64) for w in module.weights))

    def loss():
        h = (x.astype(np.float64) @ exact.A + exact.a) * mask
        return float(np.sum(back * (h @ exact.W + np.maximum(h, 0) @ exact.V + exact.b)))

    found = module.gradient(x, module.hidden(x) * mask, mask, back)
    for w, g in zip(exact.weights, found, strict=True):
        flat = w.reshape(-1)
        for place in rng.choice(flat.size, min(flat.size, 6), replace=False):
            kept, step = flat[place], 1e-6
            flat[place] = kept + step
            up = loss()
            flat[place] = kept - step
            slope = (up - loss()) / (2 * step)
            flat[place] = kept
            assert g.reshape(-1)[place] == pytest.approx(slope, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("power", [0.0, 2.0])
def test_the_stress_gradient_is_that_of_finite_differences(power):
    rng = np.random.default_rng(1)
    wanted = rng.uniform(0.3, 1.2, (6, 6))
    wanted = (wanted + wanted.T) / 2
    y = rng.normal(size=(6, 2))

    def loss(y):
        i, j = np.triu_indices(6, 1)
        distances = np.linalg.norm(y[i] - y[j], axis=1)
        return np.mean(wanted[i, j] ** -power * (wanted[i, j] - distances) ** 2)

    found = _stress_gradient(wanted.astype(np.float32), y.astype(np.float32), power)
    for place in np.ndindex(6, 2):
        step = np.zeros_like(y)
        step[place] = 1e-6
        assert found[place] == pytest.approx((loss(y + step) - loss(y - step)) / 2e-6, rel=2e-3, abs=1e-4)


def test_training_brings_distances_nearer_than_principal_components(faces):
    start, end = (DeepMDS(4, power=0, steps=steps).fit(faces.vectors) for steps in (1, 400))
    assert end.stress_ < 0.93 * start.stress_


def test_a_projection_depends_on_directions_alone_and_repeats_itself(faces):
    one, two = (DeepMDS(3, steps=20).fit(faces.vectors).transform(v) for v in (faces.vectors, 7 * faces.vectors))
    assert np.allclose(one, two, atol=1e-4)
    assert np.array_equal(one, DeepMDS(3, steps=20).fit(faces.vectors).transform(faces.vectors))


def test_widths_that_do_not_fit_are_refused(faces):
    with pytest.raises(InputError, match="can't be projected to 25 dimensions"):
        DeepMDS(25).fit(faces.vectors)
    with pytest.raises(DimensionError, match="width 24"):
        DeepMDS(3, steps=1).fit(faces.vectors).transform(np.ones((2, 9)))


@pytest.fixture(scope="module")
def student(faces):
    return EmbeddingStudent(DeepMDS(4, steps=300).fit(faces.vectors), steps=300).fit(faces.vectors)


def one_pass(student, vectors):
    """Outputs (n, 2m) with a mask of its own for every row, as in training."""
    h = student.module_.hidden(student.projection.centred(vectors))
    return student.module_.output(h * student._mask(np.random.default_rng(1), h.shape))


def test_moments_are_the_limit_of_many_passes(faces, student):
    exact = student.moments(faces.vectors)
    errors = []
    for passes in (50, 3200):
        drawn = student.sampled_moments(faces.vectors, passes)
        errors.append(np.sqrt(np.mean((drawn.covariance - exact.covariance) ** 2)))
        spread = np.sqrt(np.trace(exact.covariance, axis1=1, axis2=2).mean() / passes)
        assert np.linalg.norm(drawn.mean - exact.mean, axis=1).mean() < 1.5 * spread
    assert errors[1] < 0.25 * errors[0]  # as 1 / √T, and nothing remains
    assert errors[1] < 0.05 * np.sqrt(np.mean(exact.covariance**2))


def test_the_student_knows_how_far_it_is_off(faces, student):
    """The aleatoric part is the error of one pass, which has the dropout's own variance in it."""
    answers = student.projection.transform(faces.vectors)
    seen, one = student.moments(faces.vectors), one_pass(student, faces.vectors)
    off = ((answers - one[:, :4]) ** 2).mean()
    assert ((answers - seen.mean) ** 2).mean() < 0.2 * off  # the mean over masks is far better
    assert np.exp(one[:, 4:]).mean() == pytest.approx(off, rel=0.3)
    assert np.diagonal(seen.covariance, axis1=1, axis2=2).mean() < 3 * off


def test_every_covariance_is_one(faces, student):
    covariance = student.moments(faces.vectors).covariance
    assert np.allclose(covariance, np.swapaxes(covariance, 1, 2), rtol=1e-4, atol=1e-8)
    assert (np.linalg.eigvalsh(covariance.astype(np.float64)) > 0).all()


def test_the_number_of_threads_changes_not_a_digit():
    rng = np.random.default_rng(3)
    faces = rng.normal(size=(1000, 100)) @ rng.normal(size=(100, 256))  # whose axes beyond the hundredth are rounding
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            projection = DeepMDS(6, steps=20).fit(faces)
            student = EmbeddingStudent(projection, steps=20).fit(faces)
            found.append([projection.transform(faces), student.moments(faces).mean, student.moments(faces).covariance])
    for one, two in zip(*found, strict=True):
        assert np.array_equal(one, two)
