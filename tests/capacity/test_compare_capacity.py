"""Networks compared on the same people: same pairs, same draws, and an order that draws support."""

from __future__ import annotations

import json

import numpy as np
import pytest

from facespace.capacity import compare_capacity, compare_report, gallery_size
from facespace.capacity.comparing import bounds
from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError
from facespace.io import to_json

PEOPLE = 120


def made(noise, name, seed=0, order=None):
    """Two images each of people by a network that sees `noise`; the people are the same for all networks."""
    rng = np.random.default_rng(1)
    person = np.repeat(np.arange(PEOPLE), 2)
    truth = rng.normal(size=(PEOPLE, 12))[person]
    vectors = truth + noise * np.random.default_rng(seed + 2).normal(size=truth.shape)
    ids = [f"p{p:03d}/{i}" for i, p in enumerate(person)]
    faces = EmbeddingSet(vectors, ids, model=name)
    return faces if order is None else faces.take(order)


@pytest.fixture(scope="module")
def compared():
    rng = np.random.default_rng(3)
    sets = [made(0.5, "weak"), made(0.3, "strong", 1, rng.permutation(2 * PEOPLE))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounds, "_STEPS", 10)
        patch.setattr(bounds, "_FEW_STEPS", 5)
        return compare_capacity(sets, fnir=0.1, dim=4, resamples=40)


def test_the_network_with_less_noise_holds_the_larger_gallery(compared):
    assert [one.model for one in compared.networks] == ["strong", "weak"]
    (pair,) = compared.pairs
    assert (pair.model, pair.other) == ("strong", "weak")
    assert pair.ratio.low > 1
    assert pair.support == compared.order_support > 0.95
    one, other = compared.networks
    assert pair.ratio.value == pytest.approx(one.people.value / other.people.value)


def test_n_star_is_that_of_gallery_size_whatever_the_order_of_a_set(compared):
    alone = gallery_size(made(0.5, "weak"), fnir=0.1, resamples=40)
    weak = compared.networks[1]
    assert weak.people.value == pytest.approx(alone.people.value)
    assert weak.threshold.value == pytest.approx(alone.threshold.value)


def test_a_network_against_itself_differs_by_the_prior_of_its_tail_alone():
    same = compare_capacity([made(0.4, "a"), made(0.4, "b")], fnir=0.1, bound=False, resamples=40)
    (pair,) = same.pairs
    assert pair.ratio.value == 1
    alone = np.log(same.networks[0].people.high / same.networks[0].people.low)
    assert np.log(pair.ratio.high / pair.ratio.low) < alone


def test_one_m_for_all_and_the_bound_over_m(compared):
    assert compared.dim == 4
    for one in compared.networks:
        assert one.bound.largest.dim == one.bound.median.dim == 4
        assert {p.dim for p in one.bound.by_dim} == {2, 3, 4, 6, 8}
        assert one.bound.median.capacity > one.bound.largest.capacity
        assert one.bound.contradicted == (one.bound.largest.capacity < (one.bound.limit or PEOPLE - 1))


def test_only_images_that_all_have_are_compared():
    fewer = made(0.4, "b", 1).take(np.arange(2 * PEOPLE - 20))
    found = compare_capacity([made(0.5, "a"), fewer], fnir=0.1, bound=False, resamples=5)
    assert found.counts["images"] == 2 * PEOPLE - 20
    assert any("compared on the 220 images that all sets have; 20 of" in text for text in found.warnings)


def test_what_can_t_be_compared_is_refused():
    with pytest.raises(InputError, match="one network can't be compared with itself"):
        compare_capacity([made(0.5, "a")])
    other = EmbeddingSet(np.eye(4), ["x/1", "x/2", "y/1", "y/2"])
    with pytest.raises(InputError, match="no id in common"):
        compare_capacity([made(0.5, "a"), other])
    with pytest.raises(InputError, match="1 names for 2 sets"):
        compare_capacity([made(0.5, "a"), made(0.4, "b")], names=["a"])
    faces = made(0.5, "a")
    one = EmbeddingSet(faces.vectors, faces.ids, subject=["x", *["y"] * (len(faces) - 1)])
    two = EmbeddingSet(faces.vectors, faces.ids, subject=["z", *["y"] * (len(faces) - 1)])
    with pytest.raises(InputError, match="name different people for 1 of 240 images: p000/0"):
        compare_capacity([one, two])


def test_the_report_and_the_document(compared, tmp_path):
    document = json.loads(to_json(compared))
    assert [one["model"] for one in document["networks"]] == ["strong", "weak"]
    assert document["networks"][0]["bound"]["largest"]["class"] == "max"
    page = next(f for f in compare_report(compared).write(tmp_path) if f.name == "report.html").read_text()
    assert "Ratios, on the same draws of people" in page
    assert "bound at m = 4" in page
