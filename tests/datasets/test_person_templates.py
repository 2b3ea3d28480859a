from __future__ import annotations

import numpy as np
import pytest

from facespace.datasets import person_templates, single_images
from facespace.embeddings import EmbeddingSet
from facespace.errors import InputError

COUNTS = {"ada": 5, "bo": 2, "cy": 1, "di": 4, "ed": 1}
IDS = [f"{name}/{i}" for name, count in COUNTS.items() for i in range(count)]


def members(protocol):
    return {
        name: sorted(protocol.images[protocol.template == t].tolist()) for t, name in enumerate(protocol.templates.tolist())
    }


def test_each_person_s_images_are_dealt_into_two_templates():
    protocol = person_templates(IDS, name="small")
    found = members(protocol)
    assert {name: len(images) for name, images in found.items()} == {
        "ada#1": 3,
        "ada#2": 2,
        "bo#1": 1,
        "bo#2": 1,
        "di#1": 2,
        "di#2": 2,
    }
    for person in ("ada", "bo", "di"):
        assert sorted(found[f"{person}#1"] + found[f"{person}#2"]) == [i for i in IDS if i.startswith(person)]
    assert len(np.unique(protocol.media)) == len(protocol.images)
    assert protocol.name == "small"


def test_all_first_templates_meet_all_second_ones():
    protocol = person_templates(IDS)
    pairs = list(zip(protocol.templates[protocol.left], protocol.templates[protocol.right], protocol.same, strict=True))
    people = ("ada", "bo", "di")
    assert pairs == [(f"{a}#1", f"{b}#2", a == b) for a in people for b in people]


def test_the_deal_depends_on_the_seed_and_not_on_the_order_of_the_images():
    shuffled = np.random.default_rng(5).permutation(IDS)
    assert members(person_templates(IDS)) == members(person_templates(shuffled))
    many = [f"p{i // 8}/{i}" for i in range(80)]
    assert members(person_templates(many)) != members(person_templates(many, seed=1))


def test_people_come_from_the_arguments_the_column_or_the_folder():
    plain = [i.replace("/", "-") for i in IDS]
    subjects = [i.split("/")[0] for i in IDS]
    faces = EmbeddingSet(np.ones((len(IDS), 2)), plain, subject=subjects)
    wanted = members(person_templates(IDS))
    assert list(members(person_templates(plain, subjects))) == list(wanted)
    assert list(members(person_templates(faces))) == list(wanted)
    assert single_images(faces).tolist() == ["cy-0", "ed-0"]
    assert single_images(IDS).tolist() == ["cy/0", "ed/0"]


def test_what_cannot_make_pairs_is_said():
    with pytest.raises(InputError, match="no folder in ids like x, y"):
        person_templates(["x", "y"])
    with pytest.raises(InputError, match="1 of 3 people have two images or more"):
        person_templates(["a/1", "a/2", "b/1", "c/1"])
    with pytest.raises(InputError, match=r"\(2,\) ids but \(1,\) subjects"):
        single_images(["a/1", "b/1"], ["a"])
