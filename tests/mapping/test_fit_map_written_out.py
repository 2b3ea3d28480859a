"""fit_map's own decisions: who counts as one person, what is held out of what, and which moments centre the pairs."""

from __future__ import annotations

import numpy as np
import pytest
from mapping_samples import network, paired, people, two_sets

from facespace.embeddings import EmbeddingSet
from facespace.engine import LocalEngine
from facespace.mapping.families.anchored import AnchoredMap
from facespace.mapping.families.registry import FAMILIES, candidates, make_estimator
from facespace.mapping.fit import PARTS, fit_map
from facespace.mapping.hub._fuse import Fusion
from facespace.mapping.hub._multiset import Covariances
from facespace.mapping.linear_map import LinearMap
from facespace.mapping.pairs import paired_vectors
from facespace.mapping.selection import sample_pairs
from facespace.mapping.statistics import Moments, PairStatistics
from facespace.row_index import mixed, text_hashes


@pytest.mark.parametrize("family", FAMILIES)
def test_a_fitted_estimator_predicts_xw_plus_b(family):
    """And a centred one sends the mean of the source to the mean of the target."""
    x, y = paired(30, 5, 4)
    fitted = make_estimator(family).fit(x, y)
    assert np.allclose(fitted.transform(x), x @ fitted.weight_ + fitted.bias_)
    if family != "identity":
        assert fitted.transform(x.mean(axis=0)[None])[0] == pytest.approx(y.mean(axis=0))
        assert np.allclose(fitted.probe(x), fitted.transform(x) - y.mean(axis=0), atol=1e-4)
        assert np.allclose(fitted.reference(y), y - y.mean(axis=0), atol=1e-4)


def test_every_candidate_is_judged_on_parts_that_it_was_not_fitted_on():
    """The error of the one best threshold over all parts, each scored by the map of the others' rows."""
    latent, ids, subjects = people(count=15, images=12, k=8, within=0.6)
    a = EmbeddingSet(network("a", latent, 6, 1, noise=0.4), ids, model="a", subject=subjects)
    b = EmbeddingSet(network("b", latent, 7, 2, noise=0.4, mean=0.3), ids, model="b")
    fitted = fit_map(a, b, seed=5)
    found = fitted.facts["cross_validation"]
    # Rows in the order of their ids' hashes, people dealt round in the order of theirs.
    order = np.argsort(mixed(text_hashes(a.ids)))
    x, y, subjects = a.normalized()[order], b.normalized()[order], np.array(subjects)[order]
    dealt = {
        name: i % 5 for i, name in enumerate(sorted(set(subjects), key=lambda n: mixed(text_hashes(np.array([n])), 5)[0]))
    }
    subjects, part = np.unique(text_hashes(subjects), return_inverse=True)[1], np.array([dealt[name] for name in subjects])
    assert PARTS == found["parts"] == 5
    left, right, same = sample_pairs(subjects, part, genuine=20_000, per_person=8, seed=5)
    # Of 12 images, neighbours at distance 1 to 8 in a random order: 11 + 10 + … + 4.
    assert found["pairs"] == 2 * 15 * 60 == len(same)
    errors = {}
    for label, estimator in candidates(6, 7).items():
        scores = np.empty(len(left))
        for k in range(5):
            estimator.fit_statistics(PairStatistics.of(x[part != k], y[part != k]))
            rows = part[left] == k
            u, v = estimator.probe(x[left[rows]]), estimator.reference(y[right[rows]])
            scores[rows] = np.sum(u * v, axis=1) / np.linalg.norm(u, axis=1) / np.linalg.norm(v, axis=1)
        order = np.argsort(scores)
        rejected = np.cumsum(np.where(same[order], -1, 1))  # right decisions more than by accepting all
        errors[label] = 1 - (same.sum() + max(rejected.max(), 0)) / len(same)
    assert len(set(errors.values())) > 3
    assert found["error"] == pytest.approx(errors, abs=1.5 / len(same))


@pytest.mark.parametrize("side", [0, 1])
def test_people_are_known_where_either_set_names_them(side):
    sets = list(two_sets(count=20))
    sets[1 - side] = EmbeddingSet(sets[1 - side].vectors, sets[1 - side].ids, model=sets[1 - side].model)
    people = paired_vectors(*sets, None)[2]
    assert people.names.tolist() == [name.split("/")[0] for name in sets[0].ids]
    facts = fit_map(*sets).facts
    assert facts["subjects"] == 20
    assert facts["cross_validation"]["labelled"] is True


def test_few_pairs_take_means_and_spread_from_all_embeddings():
    """12 pairs of width 24 and 20: centred by both galleries, which anchored uses as well."""
    source, target = two_sets()
    target = target.take(np.arange(6, 120))
    source = source.take(np.concatenate([np.arange(18), np.arange(130, 180)]))
    galleries = Moments.of(source.normalized()), Moments.of(target.normalized())
    means = [m.mean.astype(np.float32) for m in galleries]
    x = source.take(np.arange(6, 18)).normalized() - means[0]
    y = target.take(np.arange(12)).normalized() - means[1]
    fitted = fit_map(source, target, "anchored")
    plain = AnchoredMap(galleries=galleries, center=False).fit_statistics(PairStatistics.of(x, y))
    assert fitted.facts["aligned_with_galleries"] is True
    assert np.allclose(fitted.weight, plain.weight_, atol=1e-6)
    assert np.allclose(fitted.bias, means[1] - means[0] @ plain.weight_, atol=1e-5)
    assert np.allclose(fitted.origin, means[1], atol=1e-6)


def test_two_keys_are_enough_for_statistics_of_a_hub():
    x, y = paired(2, 3, 3)
    found = Covariances.of([PairStatistics.of(x, y, source_model="a", target_model="b")])
    assert found.own[0] == pytest.approx(np.cov(x.T, bias=True))


def test_weights_below_one_count_and_a_fused_set_says_of_what(tmp_path):
    a, b = (EmbeddingSet(v, ["x"], model=m) for v, m in ((np.array([[4.0, 0]]), "a"), (np.array([[0, 4.0]]), "b")))
    zero, names = np.zeros(2), ("", "hub")
    four = LinearMap.of(4 * np.eye(2), zero, zero, zero, (zero, np.eye(2)), names, {})  # from unit length back to theirs
    fusion = Fusion.of({"a": a, "b": b}, {"a": four, "b": four}, {"b": 0.25}, "hub", tmp_path, LocalEngine(1))
    (found,) = fusion.batches()
    assert found.vectors.tolist() == [pytest.approx([3.2, 0.8])]
    assert found.metadata["fused"] == ["a", "b"]
