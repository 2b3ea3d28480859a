"""Templates of another network in a gallery: found beside a reference and without one; clean sets are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from facespace import audit_mixture
from facespace.datasets import demo_sets
from facespace.embeddings import EmbeddingSet
from facespace.errors import DimensionError, InputError
from facespace.metrics import Roc
from facespace.privacy import mixture_finding, mixture_warnings


def network(seed: int, d: int = 48) -> np.ndarray:
    """Directions of a network, the first of which it uses most."""
    rng = np.random.default_rng(seed)
    return np.linalg.qr(rng.normal(size=(d, d)))[0] * np.geomspace(1, 0.05, d)


def templates(seed: int, made_by: np.ndarray, people: int = 400, images: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    faces = np.repeat(rng.normal(size=(people, len(made_by))), images, 0)
    return (faces + 0.5 * rng.normal(size=faces.shape)) @ made_by.T


def named(vectors: np.ndarray, first: int = 0) -> EmbeddingSet:
    return EmbeddingSet(vectors, [f"p{first + i // 3}/{i % 3}" for i in range(len(vectors))], model="a")


@pytest.fixture(scope="module")
def gallery() -> EmbeddingSet:
    return named(templates(1, network(0)))


@pytest.fixture(scope="module")
def reference() -> EmbeddingSet:
    return named(templates(2, network(0)), first=1000)


def mixed(gallery: EmbeddingSet, share: float) -> tuple[EmbeddingSet, np.ndarray]:
    foreign = np.zeros(len(gallery), dtype=bool)
    foreign[np.random.default_rng(3).permutation(len(gallery))[: int(share * len(gallery))]] = True
    vectors = np.where(foreign[:, None], templates(1, network(9)), gallery.vectors)
    return EmbeddingSet(vectors, gallery.ids, model="a"), foreign


@pytest.mark.parametrize("share", [0.05, 0.2])
@pytest.mark.parametrize("beside", [True, False])
def test_the_other_networks_templates_are_named(gallery, reference, share, beside):
    whole, foreign = mixed(gallery, share)
    found = audit_mixture(whole, reference if beside else None)
    assert found.verdict == "two networks"
    assert Roc(found.scores[foreign], found.scores[~foreign]).auc > 0.99
    assert abs(found.share - share) < 0.02
    assert found.low <= found.share <= found.high
    assert set(found.ids.tolist()) == set(whole.ids[found.named].tolist())
    assert found.scores[whole.rows(found.ids)].tolist() == found.foreign_scores.tolist()
    assert np.all(np.diff(found.foreign_scores) <= 0)
    assert "Two networks" in mixture_finding(found)


def test_halves_are_found_but_not_which_is_the_right_one(gallery):
    whole, foreign = mixed(gallery, 0.5)
    found = audit_mixture(whole)
    auc = Roc(found.scores[foreign], found.scores[~foreign]).auc
    assert max(auc, 1 - auc) > 0.99
    assert "can't be told" in found.warnings[0]


def test_a_gallery_that_another_network_made_is_not_the_references(gallery, reference):
    found = audit_mixture(named(templates(5, network(9))), reference)
    assert found.verdict == "another network"
    assert found.mixed
    assert found.share > 0.9


@pytest.mark.parametrize("number", range(4))
def test_real_networks_alone_are_not_called_mixed(number):
    faces = demo_sets()[number]
    half = np.random.default_rng(0).permutation(len(faces)) % 2 == 0
    one, other = faces.take(np.flatnonzero(half)), faces.take(np.flatnonzero(~half))
    assert audit_mixture(one).verdict == "one network"
    assert not audit_mixture(one, other).mixed
    assert mixture_warnings(one) == []


def test_two_real_networks_are_and_a_warning_says_so():
    other, own = demo_sets()[1], demo_sets()[3]
    assert other.dim == own.dim
    foreign = np.random.default_rng(0).random(len(own)) < 0.1
    vectors = np.where(foreign[:, None], other.normalized()[other.rows(own.ids)], own.normalized())
    whole = EmbeddingSet(vectors, own.ids, subject=own.subject, model=own.model)
    found = audit_mixture(whole)
    assert np.mean(found.named == foreign) > 0.99
    assert "two networks" in mixture_warnings(whole)[0]


def test_lengths_tell_where_they_were_kept(reference):
    rng = np.random.default_rng(8)
    shorter = named(templates(7, network(0)))
    weak = rng.random(len(shorter)) < 0.1
    vectors = shorter.vectors * np.where(weak, 0.2, 1.0)[:, None].astype(np.float32)
    found = audit_mixture(EmbeddingSet(vectors, shorter.ids), reference)
    assert Roc(found.scores[weak], found.scores[~weak]).auc > 0.95
    assert found.verdict == "unlike the reference"
    assert not found.mixed
    flat = EmbeddingSet(found_unit(vectors), shorter.ids)
    assert audit_mixture(flat, reference).verdict == "one network"


def found_unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_stored_sets_give_what_the_same_in_memory_does(gallery, reference, tmp_path):
    whole, _ = mixed(gallery, 0.1)
    whole.save(tmp_path / "set.parquet")
    reference.save(tmp_path / "reference.parquet")
    one = audit_mixture(whole, reference)
    two = audit_mixture(EmbeddingSet.open(tmp_path / "set.parquet"), EmbeddingSet.open(tmp_path / "reference.parquet"))
    assert one.to_dict() == two.to_dict()


def test_errors_say_what_is_missing(gallery, reference):
    with pytest.raises(InputError, match="too few"):
        audit_mixture(gallery.take(np.arange(50)))
    with pytest.raises(DimensionError, match="width 24"):
        audit_mixture(gallery, named(templates(1, network(0, 24))))
    with pytest.raises(InputError, match="a reference takes"):
        audit_mixture(gallery, reference.take(np.arange(60)))
    with pytest.raises(InputError, match="between 0 and 1"):
        audit_mixture(gallery, reference, false_alarms=1.5)


@pytest.mark.parametrize("width", [16, 128, 256])
def test_noise_is_not_two_networks(width):
    """It has no directions, so those of any two halves of it don't agree either."""
    rng = np.random.default_rng(1)
    faces = EmbeddingSet(rng.normal(size=(600, width)), [f"{n}" for n in range(600)])
    assert mixture_warnings(faces) == []
    assert audit_mixture(faces).verdict == "one network"


@pytest.mark.parametrize("width", [1, 2, 16])
def test_a_set_without_any_spread_is_of_one_network(width):
    """Vectors of one number are 1 or −1 at unit length; a column of copies has no covariance at all."""
    rng = np.random.default_rng(0)
    ids = [f"{n}" for n in range(300)]
    for vectors in (np.ones((300, width)), rng.choice([-1.0, 1.0], size=(300, 1)) * np.ones((1, width))):
        faces = EmbeddingSet(vectors, ids)
        assert mixture_warnings(faces) == []
        assert audit_mixture(faces).verdict == "one network"
