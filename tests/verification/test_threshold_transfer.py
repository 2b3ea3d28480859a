from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from facespace.datasets import demo_sets, person_pairs
from facespace.embeddings import EmbeddingSet
from facespace.errors import DimensionError, InputError
from facespace.mapping import fit_map
from facespace.metrics import Roc
from facespace.verification import (
    _cross_pairs,
    expected_genuine_share,
    operating_far,
    transfer_threshold,
    transfer_thresholds,
    verify,
)
from facespace.verification import threshold_transfer as module


def systems(people=400, images=1, latent=12, seed=0, world=0):
    """Two networks' sets of the same images; `world` fixes the networks, `seed` the people."""
    networks, rng = np.random.default_rng(world), np.random.default_rng([seed, 1])
    person = np.repeat(np.arange(people), images)
    faces = rng.normal(size=(people, latent))[person] + 0.15 * rng.normal(size=(len(person), latent))
    ids, subject = [f"{seed}-{n}" for n in range(len(person))], [f"{seed}-p{n}" for n in person]
    sets = []
    for name, width in (("a", latent + 4), ("b", latent + 8)):
        vectors = faces @ networks.normal(size=(latent, width)) + 0.1 * rng.normal(size=(len(person), width))
        sets.append(EmbeddingSet(vectors, ids, model=f"net-{name}", subject=subject))
    return sets


def bare(faces):
    return EmbeddingSet(faces.vectors, faces.ids, model=faces.model)


def cross(map, a, b):
    """Scores of all pairs, and which of them show one person."""
    x, y = (v / np.linalg.norm(v, axis=1)[:, None] for v in (map.probe(a.vectors), map.reference(b.vectors)))
    return x @ y.T, a.subject[:, None] == b.subject[None]


@pytest.fixture(scope="module")
def fitted():
    return fit_map(*systems(seed=99), "ridge")


def test_with_every_pair_it_is_the_rule_of_tar_at_far(fitted):
    a, b = systems(60, 3)
    scores, same = cross(fitted, a, b)
    for far in (0.3, 0.01, 1e-3, 1e-6):
        found = transfer_threshold(fitted, a, b, far)
        expected = Roc([-2.0], scores[~same]).tar_at_far(far)
        assert found.threshold == pytest.approx(expected.threshold, abs=1e-6)
        assert found.false_accepts == expected.false_accepts
        assert found.pairs == np.count_nonzero(~same)


@pytest.fixture(scope="module")
def impostors(fitted):
    """All impostor scores of 2,500 other people, ascending."""
    scores, same = cross(fitted, *systems(2500, seed=108))
    return np.sort(scores[~same])


@pytest.mark.parametrize("far", [0.05, 0.01, 1e-3])
def test_the_rate_of_other_people_is_within_the_interval(fitted, impostors, far):
    rate = lambda t: 1 - np.searchsorted(impostors, t) / len(impostors)  # noqa: E731
    inside = []
    for seed in range(20):
        found = transfer_threshold(fitted, *map(bare, systems(300, seed=seed)), far, genuine_share=0.0)
        assert found.low <= found.threshold <= found.high
        assert far / 1.6 < rate(found.threshold) < far * 1.6
        inside.append(rate(found.high) <= far <= rate(found.low))
    assert np.mean(inside) >= 0.8


def test_the_standard_error_is_the_double_sum_over_pairs_that_share_someone(fitted):
    a, b = systems(25, 2)
    probes, references = fitted.probe(a.vectors), fitted.reference(b.vectors)
    _, _, units = _cross_pairs.CrossUnits.of(a, b, labels=True)
    found = _cross_pairs.cross_scores(probes, references, units, pairs=10**6, tail_share=1.0, seed=0)
    threshold = float(found.tail[found.n // 10])
    scores, same = cross(fitted, a, b)
    accepted = (scores >= threshold - 1e-7).astype(float)
    residual = {
        (units.left[i], units.right[j], i, j): accepted[i, j] - accepted[~same].mean() for i, j in np.argwhere(~same)
    }
    person = range(units.count)
    sums = [sum(r for (p, q, *_), r in residual.items() if who in (p, q)) for who in person]
    together = [
        sum(r for (p, q, *_), r in residual.items() if {p, q} == {one, two})
        for one, two in itertools.combinations(person, 2)
    ]
    exact = sum(s * s for s in sums) - sum(t * t for t in together)  # a pair of people is in two sums
    assert module._standard_error(found, threshold) == pytest.approx(np.sqrt(exact) / found.n, rel=0.02)


def test_unlabelled_pairs_of_one_person_are_corrected_for():
    a, b = systems(250, 6, latent=40)
    fitted = fit_map(*systems(1000, seed=99, latent=40), "ridge")
    scores, same = cross(fitted, a, b)
    impostors = scores[~same]
    share = expected_genuine_share(np.full(250, 6))
    achieved = {}
    for given in (0.0, share, "estimate"):
        found = transfer_threshold(fitted, bare(a), bare(b), 2e-3, genuine_share=given)
        achieved[given] = np.mean(impostors >= found.threshold) / 2e-3
    assert achieved[0.0] < 0.3
    assert 0.6 < achieved[share] < 1.4
    assert 0.6 < achieved["estimate"] < 1.4
    assert "pairs of one person" in found.warning


def test_the_share_of_genuine_pairs_is_counted_right():
    counts = [4, 1, 2, 1]
    people = np.repeat(np.arange(4), counts)
    same = people[:, None] == people[None]
    off = ~np.eye(8, dtype=bool)
    assert expected_genuine_share(counts) == pytest.approx(same[off].mean())
    with pytest.raises(InputError, match="two images"):
        expected_genuine_share([1])


def test_random_pairs_agree_with_all_of_them(fitted, monkeypatch):
    a, b = systems(300)
    every = transfer_thresholds(fitted, a, b, [0.1, 0.01])
    drawn = transfer_thresholds(fitted, a, b, [0.1, 0.01], pairs=60_000)
    for one, two in zip(every, drawn, strict=True):
        assert one.low < two.threshold < one.high
        assert two.pairs < 60_000 < one.pairs
    monkeypatch.setattr(_cross_pairs, "_BLOCK", 1000)  # the tail is kept across blocks
    assert [t.threshold for t in transfer_thresholds(fitted, a, b, [0.1, 0.01])] == [t.threshold for t in every]


def test_the_seed_fixes_the_threshold(fitted):
    a, b = systems(300)
    assert transfer_threshold(fitted, a, b, 0.01, pairs=5000) == transfer_threshold(fitted, a, b, 0.01, pairs=5000)
    other = transfer_threshold(fitted, a, b, 0.01, pairs=5000, seed=1)
    assert other.threshold != transfer_threshold(fitted, a, b, 0.01, pairs=5000).threshold
    assert "|seed:1|" in other.signature


def test_few_scores_are_warned_of(fitted):
    a, b = systems(60)
    assert "fewer than 10" in transfer_threshold(fitted, a, b, 1e-3).warning
    assert transfer_threshold(fitted, a, b, 0.2).warning == ""
    assert "too few for FAR 0.005" in transfer_threshold(fitted, a, b, 0.005).warning


def test_the_rate_of_a_network_s_own_threshold(fitted):
    a, _ = systems(200, 2)
    unit = a.normalized()
    scores = (unit @ unit.T)[a.subject[:, None] != a.subject[None]]
    cut = float(np.quantile(scores, 0.98))
    assert operating_far(a, cut) == pytest.approx(np.mean(scores >= cut), abs=1e-6)
    assert operating_far(bare(a), cut) == pytest.approx(0.02, rel=0.2)
    with pytest.raises(InputError, match="too low to be measured"):
        operating_far(a, 1.5)


@pytest.mark.parametrize("far", [0.0, -0.1, 1.1])
def test_impossible_rates_are_refused(fitted, far):
    with pytest.raises(InputError, match="above 0 and at most 1"):
        transfer_threshold(fitted, *systems(20), far)


def test_other_bad_input(fitted):
    a, b = systems(20)
    with pytest.raises(DimensionError):
        transfer_threshold(fitted, b, a, 0.1)
    with pytest.raises(InputError, match="at least one false accept rate"):
        transfer_thresholds(fitted, a, b, [])
    with pytest.raises(InputError, match="below 1"):
        transfer_threshold(fitted, bare(a), bare(b), 0.1, genuine_share=1.0)
    alone = [faces.take(np.array([0])) for faces in (a, b)]
    with pytest.raises(InputError, match="no pair of different images"):
        transfer_threshold(fitted, *alone, 0.1)


@pytest.mark.parametrize(("people", "images"), [(16, 4), (6, 10), (20, 10), (40, 10), (60, 6), (200, 5)])
def test_of_unlabelled_real_faces_the_interval_covers_the_labelled_threshold(people, images):
    sets = demo_sets()
    a, b = sets[0], sets[3]
    names, counts = np.unique(a.subject, return_counts=True)
    rows = [np.flatnonzero(a.subject == name)[:images] for name in names[np.argsort(-counts)][:people]]
    source = a.take(np.concatenate(rows))
    target = b.select(source.ids)
    map = fit_map(a, b, "rotation", judge=False, provenance=False)
    fars = (1e-2, 1e-3)
    right = transfer_thresholds(map, source, target, fars, pairs=200_000)
    found = transfer_thresholds(map, source, target, fars, pairs=200_000, labels=False)
    assert all(one.low <= other.threshold <= one.high for one, other in zip(found, right, strict=True))
    assert all(one.threshold < other.threshold + 0.12 for one, other in zip(found, right, strict=True))
    assert right[0].notes == ()
    assert any("of the random pairs seem to be of one person" in note for note in found[0].notes) == (people < 200)


def test_few_scores_of_strangers_tell_no_share_and_that_is_said():
    a = demo_sets()[0]
    a = a.take(np.unique(a.subject, return_index=True)[1][:64])
    b = demo_sets()[3].select(a.ids)
    found = transfer_threshold(fit_map(*demo_sets()[::3], "rotation"), a, b, 1e-2, labels=False)
    assert any("4,032 scores are too few to tell how many are of one person" in note for note in found.notes)
    assert any("source images are of images or people that the map was fitted on" in note for note in found.notes)


@pytest.mark.parametrize("share", ["given", "estimate"])
def test_a_share_of_genuine_pairs_larger_than_the_rate_leaves_the_threshold_where_it_is(share):
    people, images, far = 40, 25, 1e-3
    a, b = systems(people, images, latent=64)
    fitted = fit_map(a, b, "rotation", judge=False)
    scores, same = cross(fitted, a, b)
    taken = expected_genuine_share(np.full(people, images)) if share == "given" else share  # 2.4 %
    found = transfer_threshold(fitted, bare(a), bare(b), far, genuine_share=taken, pairs=300_000, seed=1)
    right = np.quantile(scores[~same], 1 - far)
    assert found.low < right < found.high
    if share == "given":  # how many of the random pairs are genuine is chance, which alone moves the threshold by 0.01
        assert found.threshold == pytest.approx(right, abs=0.03)
        assert found.false_accepts == pytest.approx(far * found.pairs, rel=0.05)


@pytest.mark.parametrize("mean", [0.0, 2.0])
def test_a_moved_gallery_has_a_threshold_of_its_own_and_signatures_say_which(mean):
    a, b = (EmbeddingSet(f.vectors + mean, f.ids, model=f.model, subject=f.subject) for f in systems(60, 3))
    fitted = fit_map(a, b, "ridge", judge=False)
    moved = fitted.apply(a)
    stored = moved.normalized() @ b.normalized().T
    same = a.subject[:, None] == b.subject[None]
    at_mean, at_zero = (transfer_threshold(m, a, b, 0.01) for m in (fitted, fitted.about_zero()))
    assert at_zero.threshold == pytest.approx(Roc([-2.0], stored[~same]).tar_at_far(0.01).threshold, abs=1e-6)
    assert "|about:target-mean|" in at_mean.signature
    assert "|about:zero|" in at_zero.signature
    if mean:
        assert np.mean(stored[~same] >= at_mean.threshold) > 0.03  # three times what was asked for
    protocol = person_pairs(a, b, seed=0)
    found = [
        verify(x, b, protocol=protocol, map=m).signature for x, m in ((a, fitted), (moved, None), (a, fitted.about_zero()))
    ]
    assert [re.search(r"about:([a-z-]+)", line)[1] for line in found] == ["target-mean", "zero", "zero"]
    assert "about" not in verify(b, protocol=protocol).signature
    scores = [verify(x, b, protocol=protocol, map=m).scored.score for x, m in ((moved, None), (a, fitted.about_zero()))]
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)
