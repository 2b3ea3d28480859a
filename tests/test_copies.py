"""One image under several ids is one image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facespace.copies import copies_of_people, equal_rows, of_two_people
from facespace.embeddings import normalize


@settings(deadline=None, max_examples=50, derandomize=True)
@given(rows=st.lists(st.integers(0, 6), min_size=1, max_size=30), person=st.data())
def test_copies_are_those_that_loops_find(rows, person):
    vectors = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)[rows]
    people = np.array(person.draw(st.lists(st.integers(-1, 2), min_size=len(rows), max_size=len(rows))))
    assert equal_rows(vectors).tolist() == [rows.index(row) for row in rows]
    alike = [[i for i, other in enumerate(rows) if other == row] for row in rows]
    first = copies_of_people(normalize(vectors), people)
    assert first.tolist() == [min(i for i in group if people[i] == who) for group, who in zip(alike, people, strict=True)]
    shared = [i for i, group in enumerate(alike) if people[i] >= 0 and {people[j] for j in group} - {-1, people[i]}]
    assert of_two_people(equal_rows(vectors), people).tolist() == shared


@pytest.mark.parametrize(("change", "copy"), [(2e-4, True), (5e-3, False)])
def test_rounding_makes_no_other_image_and_blocks_dont_matter(monkeypatch, change, copy):
    monkeypatch.setattr("facespace.copies._BLOCK", 3)
    x = np.random.default_rng(1).normal(size=(10, 64))
    x[8] = 3 * x[0] * (1 + change * np.random.default_rng(2).normal(size=64))
    assert copies_of_people(normalize(x), np.zeros(10, dtype=int))[8] == (0 if copy else 8)


def test_negative_zero_is_zero():
    assert equal_rows(np.array([[0.0, 1.0], [-0.0, 1.0]])).tolist() == [0, 0]
