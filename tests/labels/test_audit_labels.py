"""Planted label errors are found, right labels are left alone, and what is expected among right labels is so."""

from __future__ import annotations

import numpy as np
import pytest

import facespace as fs
from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError
from facespace.labels._evidence import Tail, cosines, discriminant, same_name_pairs
from facespace.labels._search import own_support, pairs_above
from facespace.labels.exclusion import cover

PEOPLE, EACH, DIM = 400, 4, 64


def made(seed: int, noise: float = 0.55) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Embeddings of people about random centres, ids, and each image's person."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(PEOPLE), EACH)
    centres = rng.normal(size=(PEOPLE, DIM))
    vectors = centres[person] + noise * rng.normal(size=(len(person), DIM))
    return vectors.astype(np.float32), [f"image-{row}" for row in range(len(person))], person


def planted(seed: int = 0) -> tuple[list[EmbeddingSet], dict[str, set[str]]]:
    """Two networks' sets with errors: persons 0–9 under two names, an image of 20–29 under the name of 30–39, copies."""
    sets = []
    for network in range(2):
        vectors, ids, person = made(seed, 0.55 + 0.1 * network)
        names = np.array([f"p{one}" for one in person], dtype="<U8")
        for one in range(10):
            names[one * EACH + 2 : one * EACH + 4] = f"q{one}"
        for one in range(20, 30):
            names[one * EACH] = f"p{one + 10}"
        for one in range(50, 55):
            vectors[one * EACH + 1] = vectors[one * EACH]
        sets.append(EmbeddingSet(vectors, ids, subject=names, model=f"net{network}"))
    truth = {
        "names": {f"p{one}/q{one}" for one in range(10)},
        "images": {f"image-{one * EACH}" for one in range(20, 30)},
        "copies": {f"image-{one * EACH}/image-{one * EACH + 1}" for one in range(50, 55)},
    }
    return sets, truth


@pytest.mark.parametrize("networks", [1, 2])
def test_planted_errors_are_found_and_nothing_else(networks):
    sets, truth = planted()
    found = fs.audit_labels(sets[:networks])
    strays = {one.id for one in found.two_people}
    assert strays == truth["images"]
    told = {"/".join(sorted(one.names)) for one in found.two_names if one.stray is None}
    assert told == truth["names"]
    assert {one.stray for one in found.two_names if one.stray} == truth["images"]
    assert {f"{one.left}/{one.right}" for one in found.duplicates} == truth["copies"]
    assert all(one.same_name and one.same_file is None for one in found.duplicates)
    like = {one.id: one.like for one in found.two_people}
    assert like == {f"image-{one * EACH}": f"p{one}" for one in range(20, 30)}


def test_leaving_out_removes_every_suspicion():
    sets, _ = planted()
    found = fs.audit_labels(sets)
    kept = np.flatnonzero(~np.isin(sets[0].ids, found.exclude))
    again = fs.audit_labels([faces.take(kept) for faces in sets])
    assert (again.two_names, again.two_people, again.duplicates, again.exclude) == ((), (), (), ())
    assert len(found.exclude) == 10 + 10 * 2 + 5  # every stray, half of each of ten people, one of each copy


@pytest.mark.parametrize("seed", range(3))
def test_right_labels_are_left_alone(seed):
    vectors, ids, person = made(seed)
    found = fs.audit_labels([EmbeddingSet(vectors, ids, subject=[f"p{one}" for one in person])])
    assert len(found.two_names) + len(found.two_people) <= 1
    assert found.duplicates == ()


def test_what_is_expected_comes_true():
    """Of Gaussian cosines the extrapolated tail tells the count beyond a score within a factor of two."""
    rng = np.random.default_rng(0)
    n = 2_000_000
    scores = np.sort(rng.normal(size=n))[::-1]
    tail = Tail.of(scores[:2000], n, 20)
    held = rng.normal(size=(5, n))
    for cut in (4.0, 4.4):
        counted = float((held >= cut).sum()) / len(held)
        assert 0.5 < n * tail.beyond(np.array([cut]))[0] / counted < 2


def test_the_search_is_that_of_all_pairs():
    vectors, _, person = made(1)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    person[:7] = -1
    left, right, scores = pairs_above(unit, person, 0.3, 0.8)
    whole = np.triu(unit @ unit.T, 1)
    apart = (person[:, None] != person[None, :]) & (person[:, None] >= 0) & (person[None, :] >= 0)
    wanted = np.argwhere((apart & (whole >= 0.3)) | (whole >= 0.8))
    wanted = wanted[wanted[:, 0] < wanted[:, 1]]
    assert len(wanted) > 100
    assert np.array_equal(np.stack([left, right], axis=1), wanted)
    assert np.allclose(scores, whole[left, right], atol=1e-6)


def test_support_is_the_mean_over_the_others():
    vectors, _, person = made(2)
    person[3] = PEOPLE  # alone
    support = own_support(vectors, person)
    assert np.isnan(support[3])
    others = [row for row in np.flatnonzero(person == person[9]) if row != 9]
    assert support[9] == pytest.approx(float(np.mean(vectors[others].astype(float) @ vectors[9].astype(float))))


def test_the_discriminant_is_scikit_learns():
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    rng = np.random.default_rng(0)
    genuine = rng.multivariate_normal([0.6, 0.5], [[0.01, 0.002], [0.002, 0.02]], 5000)
    impostor = rng.multivariate_normal([0.0, 0.05], [[0.01, 0.002], [0.002, 0.02]], 5000)
    weights = discriminant(genuine, impostor)
    judge = LinearDiscriminantAnalysis().fit(np.concatenate([genuine, impostor]), np.repeat([1, 0], 5000))
    assert np.allclose(weights, judge.coef_[0] / judge.coef_[0].sum(), atol=1e-3)
    useless = np.column_stack([genuine[:, 0], rng.normal(size=5000)])
    other = np.column_stack([impostor[:, 0], useless[:, 1] + 0.01 * rng.normal(size=5000) + 0.2])
    assert discriminant(useless, other).tolist() == [1.0, 0.0]


def test_a_person_with_many_images_speaks_as_one_with_few():
    person = np.concatenate([np.zeros(500, int), np.repeat(np.arange(1, 40), 3), [-1, -1]])
    left, right = same_name_pairs(person, np.random.default_rng(0))
    assert np.all((person[left] == person[right]) & (left != right) & (person[left] >= 0))
    counts = np.bincount(person[left])
    assert counts[0] == 10
    assert set(counts[1:].tolist()) == {3}
    unit = np.eye(len(person), dtype=np.float32)
    assert cosines(unit, left, left).tolist() == [1.0] * len(left)


def test_a_cover_touches_every_pair():
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, 60, 80), rng.integers(60, 120, 80)
    listed = np.zeros(120, dtype=bool)
    listed[[3, 70]] = True
    out = cover(listed, [(left[:40], right[:40]), (left[40:], right[40:])])
    assert np.all(np.isin(left, out) | np.isin(right, out))
    assert {3, 70} <= set(out.tolist())


def test_larger_sets_are_searched_in_part_and_it_is_said(monkeypatch):
    monkeypatch.setattr("facespace.labels.audit.MOST_IMAGES", 800)
    found = fs.audit_labels(planted()[0])
    assert 800 - EACH < found.images <= 800
    assert found.warnings == ("798 of 1,600 images were searched, of people chosen at random: 24.9 % of the pairs",)


def test_images_that_not_all_sets_have_are_left_out():
    one, other = planted()[0]
    found = fs.audit_labels([one, other.take(np.arange(1500)[::-1])])
    assert found.images == 1500
    assert found.warnings == ("100 images that not all sets have were left out",)


def test_equal_files_are_duplicates_whatever_the_networks_say(tmp_path):
    sets, _ = planted()
    for row in range(40):
        (tmp_path / f"image-{row}.png").write_bytes(b"picture" + bytes([99 if row in (5, 17) else row]))
    found = fs.audit_labels(sets, images=tmp_path)
    equal = [one for one in found.duplicates if one.same_file]
    assert [(one.left, one.right, one.same_name) for one in equal] == [("image-5", "image-17", False)]
    assert {"image-5", "image-17"} & set(found.exclude)


def test_networks_that_never_err_are_weighed_alike_and_what_says_nothing_not():
    person = np.repeat(np.arange(12), EACH)
    ids, rng = [f"p{one}/{at % EACH}" for at, one in enumerate(person)], np.random.default_rng(0)
    perfect = [EmbeddingSet(np.eye(width)[person], ids, model=f"of {width}") for width in (12, 16)]
    found = fs.audit_labels(perfect)
    assert found.weights == pytest.approx((0.5, 0.5))
    assert (found.two_names, found.two_people) == ((), ())
    noisy = EmbeddingSet(np.eye(12)[person] + 0.3 * rng.normal(size=(48, 12)), ids, model="noisy")
    twice = fs.audit_labels([noisy, EmbeddingSet(noisy.vectors, ids, model="again")])
    assert twice.weights == pytest.approx((0.5, 0.5), abs=1e-4)
    one_vector = EmbeddingSet(np.ones((48, 8)) * 0.3, ids, model="one vector")
    assert fs.audit_labels([one_vector, noisy]).weights == (0, 1)
    with pytest.raises(InputError, match="every pair of images has one and the same score"):
        fs.audit_labels([one_vector])


def test_what_can_be_asked_is_said(tmp_path):
    (tmp_path / "else.png").write_bytes(b"picture")
    faces = planted()[0][0]
    with pytest.raises(InputError, match="needs a set"):
        fs.audit_labels([])
    with pytest.raises(InputError, match="between 0 and 1"):
        fs.audit_labels([faces], false_share=1.0)
    with pytest.raises(InputError, match="nothing says who"):
        fs.audit_labels([EmbeddingSet(faces.vectors, faces.ids)])
    with pytest.raises(InputError, match="4 pairs of one name: too few"):
        fs.audit_labels([faces.take(np.r_[44, 45, 48, 49, 52, 53, 56, 57, 60:100:4])])
    with pytest.raises(InputError, match="has no image of these ids"):
        fs.audit_labels([faces], images=tmp_path)
