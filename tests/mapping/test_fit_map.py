from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping_samples import network, people, turn, two_sets

from facespace.datasets import PairProtocol
from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError, UnknownNameError
from facespace.mapping import (
    FAMILIES,
    JudgedPairs,
    PairStatistics,
    RidgeMap,
    candidates,
    fit_map,
    pair_statistics,
    sample_pairs,
    select,
)
from facespace.mapping.pairs import Division
from facespace.row_index import text_hashes

plain = settings(deadline=None, max_examples=25, derandomize=True)
names = st.lists(st.integers(0, 12), min_size=2, max_size=60).map(lambda v: np.array([f"p{i}" for i in v]))


def _division(subjects, seed):
    return Division.of(text_hashes(np.array([f"{i}" for i in range(len(subjects))])), text_hashes(subjects), seed)


@plain
@given(subjects=names, seed=st.integers(0, 99))
def test_all_images_of_a_person_are_in_one_part(subjects, seed):
    part = _division(subjects, seed).part
    assert all(len(set(part[subjects == person])) == 1 for person in set(subjects))
    sizes = np.bincount([part[subjects == person][0] for person in set(subjects)], minlength=5)
    assert sizes.max() - sizes.min() <= 1


@plain
@given(subjects=names, seed=st.integers(0, 99), per_person=st.integers(1, 5))
def test_sampled_pairs_are_what_they_say_and_stay_within_a_part(subjects, seed, per_person):
    part = _division(subjects, seed).part
    left, right, same = sample_pairs(subjects, part, genuine=20, per_person=per_person, seed=seed)
    assert np.array_equal(part[left], part[right])
    assert np.array_equal(subjects[left] == subjects[right], same)
    assert same.sum() <= 20
    assert (~same).sum() <= same.sum()


def test_no_image_is_its_own_partner_where_people_have_enough_images():
    subjects = np.repeat([f"{i}" for i in range(120)], 3)
    left, right, same = sample_pairs(subjects, np.zeros(360, dtype=int), genuine=1000, per_person=2, seed=0)
    assert same.sum() == 360
    assert not np.any(left[same] == right[same])
    assert np.bincount(np.concatenate([left[same], right[same]])).max() <= 4


def test_without_labels_the_two_embeddings_of_one_image_are_the_genuine_pairs():
    subjects = np.array([f"{i}" for i in range(50)])
    left, right, same = sample_pairs(subjects, np.zeros(50, dtype=int), genuine=30, per_person=8, seed=0)
    assert np.array_equal(left[same], right[same])
    assert same.sum() == 30
    assert (~same).sum() == 30


@pytest.mark.parametrize("labelled", [True, False])
def test_auto_takes_the_first_candidate_near_the_least_error_and_says_how(labelled):
    fitted = fit_map(*two_sets(labelled=labelled))
    judged = fitted.facts["cross_validation"]
    assert fitted.facts["method"] == "auto"
    assert list(judged["error"]) == list(candidates(24, 20))
    assert judged["error"][judged["best"]] == min(judged["error"].values())
    assert fitted.facts["chosen"] == next(label for label, errors in judged["behind"].items() if errors < 1)
    assert judged["labelled"] is labelled
    assert fitted.facts["subjects"] == (60 if labelled else None)


def test_identity_is_a_candidate_only_where_the_widths_are_equal():
    assert "identity" in candidates(8, 8)
    assert "identity" not in candidates(8, 9)


def test_auto_centres_where_the_targets_mean_is_large():
    fitted = fit_map(*two_sets(count=150, images=2))
    assert fitted.facts["centred"] is True
    assert fitted.origin.any()


def test_auto_makes_hardly_an_error_on_a_rotated_space():
    latent, ids, subjects = people(count=40, images=2, k=30)
    x = network("a", latent, 30, 1)
    a = EmbeddingSet(x, ids, model="a", subject=subjects)
    fitted = fit_map(a, EmbeddingSet(x @ turn(30), ids, model="b"))
    error = fitted.facts["cross_validation"]["error"]
    assert error[fitted.facts["chosen"]] <= 0.05
    assert error["identity"] > 0.3


def test_ids_without_partner_are_counted():
    a, b = two_sets()
    fitted = fit_map(a.take(np.arange(0, 150)), b.take(np.arange(20, 180)), "ridge")
    assert fitted.facts["pairs"] == 130
    assert (fitted.facts["source_unmatched"], fitted.facts["target_unmatched"]) == (20, 30)


def test_order_of_ids_does_not_matter():
    a, b = two_sets()
    shuffled = b.take(np.random.default_rng(0).permutation(len(b)))
    assert np.allclose(fit_map(a, b, "ridge").weight, fit_map(a, shuffled, "ridge").weight, atol=1e-5)


def test_matched_pairs_fit_left_images_to_right_images():
    a, b = two_sets(count=60)
    left, right = [f"p{i:03d}/0" for i in range(60)], [f"p{i:03d}/1" for i in range(60)]
    # Impostor pairs are no business of the fit; one genuine pair has no embedding.
    pairs = PairProtocol("list", [*left, "gone", "p000/0"], [*right, "p001/0", "p001/0"], [True] * 61 + [False])
    fitted = fit_map(a, b, "ridge", protocol=pairs, center=False)
    x, y = a.select(left).normalized(), b.select(right).normalized()
    assert np.allclose(fitted.weight, RidgeMap(1.0, center=False).fit(x, y).weight_, atol=1e-6)
    assert fitted.facts["pairing"] == "matched"
    assert (fitted.facts["pairs"], fitted.facts["pairs_without_embedding"], fitted.facts["subjects"]) == (60, 1, 60)
    assert fit_map(a, b, protocol=pairs).facts["cross_validation"]["labelled"] is True


def test_pair_statistics_are_those_of_the_fit():
    a, b = two_sets()
    total = pair_statistics(a, b)
    assert (total.source_model, total.target_model, total.n) == ("a", "b", 180)
    assert np.allclose(RidgeMap().fit_statistics(total).weight_, fit_map(a, b, "ridge").weight, atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_fit_is_repeatable(family):
    sets = two_sets()
    assert np.array_equal(fit_map(*sets, family).weight, fit_map(*sets, family).weight)


def test_fewer_pairs_than_dimensions_is_said():
    a, b = two_sets()
    fitted = fit_map(a.take(np.arange(10)), b, "ridge")
    assert fitted.facts["source_rank"] == 9
    assert fitted.facts["undetermined_directions"] == 15


def test_errors_name_what_is_wrong():
    a, b = two_sets()
    with pytest.raises(InputError, match="the sets share no id: p000/0, p000/1"):
        fit_map(a, EmbeddingSet(b.vectors, [f"x{i}" for i in range(len(b))]))
    with pytest.raises(InputError, match="none of the 1 genuine pairs of 'list'"):
        fit_map(a, b, protocol=PairProtocol("list", ["u", "p000/0"], ["v", "p001/0"], [True, False]))
    with pytest.raises(UnknownNameError, match="unknown method 'rigde'; did you mean 'ridge'"):
        fit_map(a, b, "rigde")
    with pytest.raises(InputError, match="at least 10 people; these pairs have 3"):
        fit_map(a.take(np.arange(9)), b)


def test_choice_needs_both_kinds_of_pairs():
    x = np.eye(4, dtype=np.float32)
    rows = np.arange(4)
    judged = JudgedPairs.gather(x, x, rows, rows, np.ones(4, dtype=bool))
    with pytest.raises(InputError, match="genuine and impostor"):
        select({"ridge": RidgeMap()}, [PairStatistics.of(x, x)], [judged])


@pytest.mark.parametrize("center", [True, False])
def test_judged_scores_are_the_cosines_of_probe_and_reference(center):
    a, b = two_sets()
    fitted = fit_map(a, b, "ridge", center=center)
    left, right = np.array([0, 5, 5, 100]), np.array([3, 5, 9, 101])
    judged = JudgedPairs.gather(a.normalized(), b.normalized(), left, right, np.array([True, True, False, True]))
    scores = judged.scores(RidgeMap(center=center).fit_statistics(pair_statistics(a, b)))
    u, v = fitted.probe(a.vectors[left]), fitted.reference(b.vectors[right])
    expected = np.sum(u * v, axis=1) / np.linalg.norm(u, axis=1) / np.linalg.norm(v, axis=1)
    assert np.allclose(scores, expected, atol=1e-5)


def test_few_pairs_are_centred_by_all_embeddings_given():
    source, target = two_sets(labelled=False)
    few = target.take(np.arange(12))  # 12 pairs in 24 dimensions; the source's other embeddings have no partner
    fitted = fit_map(source, few, "rotation")
    np.testing.assert_allclose(fitted.origin, few.normalized().mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(fitted.source_mean, source.take(np.arange(12)).normalized().mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(
        fitted.transform(source.vectors).mean(axis=0), few.normalized().mean(axis=0), atol=1e-5
    )  # the mean of all source embeddings goes to the mean of the target's
    assert "not of the few pairs" in fitted.facts["means"]


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize("method", ["auto", "ridge", "cca", "rotation", "joint"])
def test_a_side_of_one_vector_alone_is_told_before_anything_is_fitted(method, side):
    """Of 4 dimensions the pairs centre themselves, of 60 all embeddings do; numpy warned, or a map of zeros came out."""
    rng = np.random.default_rng(0)
    ids, people = [f"{n}" for n in range(40)], [f"p{n // 2}" for n in range(40)]
    for width in (4, 60):
        one = np.tile(rng.normal(size=(1, width)), (40, 1))
        many = rng.normal(size=(40, width))
        x, y = (one, many) if side == "source" else (many, one)
        with pytest.raises(InputError, match=f"all 40 pairs have one and the same {side} vector"):
            fit_map(EmbeddingSet(x, ids, model="a", subject=people), EmbeddingSet(y, ids, model="b", subject=people), method)
    single = EmbeddingSet(many[:1], ids[:1], model="a"), EmbeddingSet(many[1:2], ids[:1], model="b")
    if method != "auto":
        with pytest.raises(InputError, match="the one pair has one and the same source vector"):
            fit_map(*single, method)
    assert fit_map(*single, "identity").weight.shape == (60, 60)
