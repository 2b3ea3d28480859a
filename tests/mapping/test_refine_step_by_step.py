"""refine_map's iterations in plain matrices: who is matched, what is fitted to them, and when it ends."""

from __future__ import annotations

import numpy as np
import pytest
from mapping_samples import network, people

from facespace.embeddings import EmbeddingSet
from facespace.mapping.families.cca import CCAMap
from facespace.mapping.families.rotation import RotationMap
from facespace.mapping.linear_map import LinearMap
from facespace.mapping.refine._refitting import REGULARIZATION, Gallery, agreement, fit_weight, match_statistics
from facespace.mapping.refine.refine import _linear_map, refine_map
from facespace.mapping.statistics import PairStatistics


@pytest.fixture(scope="module")
def given():
    """Galleries of 260 people, on an image each, and 20 pairs of others."""
    latent, ids, _ = people(count=300, images=2, k=16, within=0.25, seed=3)
    a, b = network("a", latent, 20, 1), network("b", latent, 18, 2)
    names = np.array(ids)
    first, second, rest = np.arange(0, 520, 2), np.arange(1, 520, 2), np.arange(520, 560, 2)
    source, target = EmbeddingSet(a[first], names[first], model="a"), EmbeddingSet(b[second], names[second], model="b")
    unit = lambda v: v / np.linalg.norm(v, axis=1, keepdims=True)  # noqa: E731
    pairs = PairStatistics.of(unit(a[rest]), unit(b[rest]), source_model="a", target_model="b")
    start = LinearMap.from_estimator(RotationMap(center=False).fit_statistics(pairs), pairs)
    return source, target, pairs, start


def unit(v):
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def rigid(c):
    u, sigma, vt = np.linalg.svd(c, full_matrices=False)
    return (u * (sigma / sigma[0]) ** 0.25) @ vt


def canonical_weight(x, y):
    sides = [v.T @ v + 0.1 * np.linalg.eigvalsh(v.T @ v)[-1] * np.eye(v.shape[1]) for v in (x, y)]
    return np.linalg.solve(sides[0], x.T @ y) @ np.linalg.inv(sides[1])


def plain_refine(source, target, start, pairs, iterations):
    """One row per iteration: family, accepted, mutual, margin, agreement, the pairs' correlation; and whether it ended."""
    means = [faces.normalized().mean(axis=0, dtype=float) for faces in (source, target)]
    x, y = (faces.normalized() - m for faces, m in zip((source, target), means, strict=True))
    dimensions = [np.trace(v.T @ v) ** 2 / np.sum((v.T @ v) ** 2) for v in (x, y)]
    anchor = start.weight.astype(float) if pairs is None else pairs.about(*means).cross
    probe, reference = unit(start.probe(source.vectors)), unit(start.reference(target.vectors))
    record, previous, canonical = [], set(), False
    for k in range(iterations):
        scores = probe @ reference.T
        there, back = scores.argmax(axis=1), scores.argmax(axis=0)
        rows = np.array([i for i in range(len(x)) if back[there[i]] == i])
        gap = lambda s: np.sort(s)[-1] - np.sort(s)[-2]  # noqa: E731
        margin = np.array([min(gap(scores[i]), gap(scores[:, there[i]])) for i in rows])
        share = min(0.2 + 0.1 * k, 0.8)
        taken = max(int(share * len(rows)), 30)
        best = np.argsort(-margin, kind="stable")[:taken]
        now = {(i, there[i]) for i in rows[best].tolist()}
        same = len(now & previous) / len(now)
        previous = now
        settled = share == 0.8 and same >= 0.95
        enough = taken >= 8 * max(dimensions)
        done = settled and (canonical or not enough)
        canonical = canonical or ((settled or k >= iterations // 2) and enough)
        left, right = x[rows[best]].astype(float), y[there[rows[best]]].astype(float)
        if canonical:
            weight = canonical_weight(left, right)
        else:
            cross = left.T @ right
            weight = rigid(cross + 0.75 * anchor * np.linalg.norm(cross) / np.linalg.norm(anchor))
        fits = None if pairs is None else agreement(weight, pairs.about(*means))
        family = "canonical" if canonical else "rigid"
        record.append((family, taken, len(rows) / len(x), margin[best].mean(), same, fits))
        if done:
            break
        probe, reference = unit(x @ weight), unit(y)
    return record, done


@pytest.mark.parametrize("with_pairs", [True, False])
@pytest.mark.parametrize("iterations", [40, 14, 6, 3])
def test_iterations_are_those_of_plain_matrices(given, with_pairs, iterations):
    source, target, pairs, start = given
    pairs = pairs if with_pairs else None
    result = refine_map(start, source, target, statistics=pairs, iterations=iterations)
    record, done = plain_refine(source, target, start, pairs, iterations)
    assert result.converged == done == (iterations >= 14)
    found = [(s.family, s.accepted, s.mutual, s.margin, s.agreement, s.pair_agreement) for s in result.record]
    assert [row[:2] for row in found] == [row[:2] for row in record]
    for ours, plain in zip(found, record, strict=True):
        assert ours[2:5] == pytest.approx(plain[2:5], abs=2e-3)
        assert ours[5] == (None if pairs is None else pytest.approx(plain[5], abs=1e-3))
    assert result.to_dict()["matches"] == record[-1][1] == result.map.facts["pairs"]
    assert "|seed:0" in result.signature


def test_many_matches_are_fitted_by_the_canonical_map_about_the_galleries_means(given):
    source, target, _, _ = given
    left, right = Gallery(source), Gallery(target)
    rows = np.arange(100)
    statistics = match_statistics(left, right, rows, rows)
    assert REGULARIZATION == 0.1
    weight = fit_weight(statistics, True)
    plain = canonical_weight(left.rows(rows).astype(float), right.rows(rows).astype(float))
    assert np.allclose(weight / np.linalg.norm(weight), plain / np.linalg.norm(plain), atol=1e-5)
    assert np.array_equal(weight, CCAMap(0.1, center=False).fit_statistics(statistics).weight_)
    assert np.array_equal(fit_weight(statistics, False), fit_weight(statistics, False, plain, 0.0))


@pytest.mark.parametrize("size", [1e-3, 1.0, 50.0])
def test_a_refined_map_and_its_agreement_do_not_depend_on_the_weights_size(given, size):
    source, target, pairs, start = given
    left, right = Gallery(source), Gallery(target)
    weight = start.weight.astype(float)
    one, other = (_linear_map(start, w, left, right, source, target, {}) for w in (weight, size * weight))
    assert np.allclose(one.weight, other.weight, atol=1e-6)
    assert agreement(size * weight, pairs) == pytest.approx(agreement(weight, pairs))


def test_names_come_from_the_start_or_else_from_the_galleries(given):
    source, target, _, start = given
    unnamed = LinearMap(start.weight, start.bias, start.origin, start.source_mean, start.source_values, start.source_vectors)
    for first in (start, unnamed):
        found = _linear_map(first, start.weight, Gallery(source), Gallery(target), source, target, {})
        assert (found.source_model, found.target_model) == ("a", "b")
