"""What DeepMDS starts from and what the student minimises, written out."""

from __future__ import annotations

import numpy as np
import pytest

from facespace.capacity.students.projection import DeepMDS
from facespace.capacity.students.student import LOG_VARIANCES, PRIOR, EmbeddingStudent
from facespace.embeddings import normalize
from facespace.errors import InputError


def vectors(n=40, d=5, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)) + np.array([2.0, *[0.0] * (d - 1)])


def test_before_the_first_step_it_is_the_principal_projection_of_centred_vectors_at_the_best_scale():
    """The factor that brings distances nearest to d_H by least squares, over the pairs of 512 images drawn."""
    x = vectors()
    mds = DeepMDS(2, hidden=5, steps=0, seed=3).fit(x)
    unit = normalize(x).astype(float)
    about = unit - unit.mean(axis=0)
    y = about @ np.linalg.eigh(about.T @ about)[1][:, :-3:-1]
    rng = np.random.default_rng(3)
    rng.normal(size=(5, 5))  # the rotation of the hidden layer
    rows = rng.integers(0, 40, 512)
    wanted = 1 - unit[rows] @ unit[rows].T
    got = np.maximum(np.linalg.norm(y[rows, None] - y[None, rows], axis=2), 1e-3)
    scale = np.linalg.lstsq(got.reshape(-1, 1), wanted.ravel(), rcond=None)[0][0]
    assert np.allclose(np.abs(mds.transform(x)), np.abs(scale * y), atol=1e-3)
    i, j = rng.integers(0, 40, (2, 20_000))
    wanted, got = 1 - np.sum(unit[i] * unit[j], axis=1), scale * np.linalg.norm(y[i] - y[j], axis=1)
    assert mds.stress_ == pytest.approx(np.sqrt(np.sum((wanted - got) ** 2) / np.sum(wanted**2)), rel=1e-3)


def test_n_vectors_span_less_than_n_dimensions():
    x = vectors(n=5, d=6)
    assert DeepMDS(4, steps=1, batch=8).fit(x).transform(x).shape == (5, 4)
    with pytest.raises(InputError, match="5 vectors of width 6 can't be projected to 5 dimensions"):
        DeepMDS(5, steps=1).fit(x)


def test_the_students_gradient_is_that_of_its_loss(monkeypatch):
    """½ Σ s + ½ Σ (y − μ)² e^−s + λ_g ½ Σ (μ − μ_g)² / σ_g², the mean over a batch under its dropout masks."""
    x, batch = vectors(), 16
    projection = DeepMDS(2, hidden=5, steps=20, seed=1).fit(x)
    student = EmbeddingStudent(projection, dropout=0.3, batch=batch, seed=4)
    kept = {}
    monkeypatch.setitem(
        EmbeddingStudent.fit.__globals__, "train", lambda module, step, **options: kept.update(module=module, step=step)
    )
    student.fit(x)
    module = kept["module"]
    answers = projection.transform(x).astype(float)
    # It starts as its teacher, with a tenth of the answers' variances.
    assert np.allclose(module.output(module.hidden(projection.centred(x)))[:, :2], answers, atol=1e-5)
    assert module.b[2:] == pytest.approx(np.log(0.1 * answers.var(axis=0)), rel=1e-4)
    noise = np.random.default_rng(5)
    for w in module.weights:
        w += 0.2 * noise.normal(size=w.shape).astype(np.float32)
    found = [g.copy() for g in kept["step"](0)]

    rng = np.random.default_rng([4, 1])
    rows = rng.integers(0, len(x), batch)
    mask = student._mask(rng, (batch, 5)).astype(float)
    weights = [w.astype(float) for w in module.weights]
    inputs, y = projection.centred(x)[rows].astype(float), answers[rows]

    def loss():
        a, a0, w, v, b = weights
        h = (inputs @ a + a0) * mask
        out = h @ w + np.maximum(h, 0) @ v + b
        mu, s = out[:, :2], out[:, 2:]
        assert LOG_VARIANCES[0] < s.min() < s.max() < LOG_VARIANCES[1]
        prior = PRIOR / 2 * ((mu - answers.mean(axis=0)) ** 2 / answers.var(axis=0)).sum()
        return (s.sum() / 2 + ((y - mu) ** 2 * np.exp(-s)).sum() / 2 + prior) / batch

    for weight, gradient in zip(weights, found, strict=True):
        flat = weight.reshape(-1)
        slopes = []
        for place in range(flat.size):
            value = flat[place]
            ends = []
            for step in (1e-6, -1e-6):
                flat[place] = value + step
                ends.append(loss())
            flat[place] = value
            slopes.append((ends[0] - ends[1]) / 2e-6)
        assert gradient.ravel() == pytest.approx(slopes, rel=2e-3, abs=2e-3 * np.abs(slopes).max())
    assert PRIOR == 0.01


def test_log_variances_are_kept_between_their_limits():
    x = vectors(n=3)
    student = EmbeddingStudent(DeepMDS(2, hidden=5, steps=1).fit(vectors()), dropout=0.0)
    student.fit(vectors())
    assert LOG_VARIANCES == (-12.0, 6.0)
    for level, kept in ((50.0, 6.0), (-50.0, -12.0), (5.9, 5.9)):
        student.module_.W[:, 2:] = student.module_.V[:, 2:] = 0
        student.module_.b[2:] = level
        assert np.log(np.diagonal(student.moments(x).covariance, axis1=1, axis2=2)) == pytest.approx(
            np.full((3, 2), kept), abs=1e-4
        )
        sampled = student.sampled_moments(x, 3).covariance
        assert np.log(np.diagonal(sampled, axis1=1, axis2=2)) == pytest.approx(np.full((3, 2), kept), abs=1e-4)
