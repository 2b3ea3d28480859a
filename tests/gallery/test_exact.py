from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from facespace.embeddings import normalize
from facespace.gallery import search
from facespace.gallery.exact import TIE


def problem(seed, probes=23, entries=17, people=9):
    rng = np.random.default_rng(seed)
    centre = rng.normal(size=(people + 3, 6))
    person, owner = rng.integers(0, people + 3, probes), rng.integers(0, people, entries)
    x = centre[person] + rng.normal(size=(probes, 6))
    y = centre[owner] + rng.normal(size=(entries, 6))
    y[1] = y[0]  # a tie
    return x.astype(np.float32), person, y.astype(np.float32), owner


def plain(x, person, y, owner, offset=0.0, offsets=0.0):
    for vector, who, own in zip(normalize(x).astype(float), person, offset + np.zeros(len(x)), strict=True):
        scores = normalize(y).astype(float) @ vector - own - offsets
        mine, others = scores[owner == who], scores[owner != who]
        mate = mine.max(initial=-np.inf)
        rank = 1 + sum(s >= mate - TIE for s in others) if len(mine) else 0
        yield bool(len(mine)), mate, rank, others.max(initial=-np.inf)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.tuples(st.integers(1, 30), st.integers(1, 30)))
def test_search_equals_a_plain_loop_whatever_the_blocks(seed, block):
    x, person, y, owner = problem(seed)
    found = search(x, person, y, owner, block=block)
    mated, mate, rank, other = (np.array(column) for column in zip(*plain(x, person, y, owner), strict=True))
    assert np.array_equal(found.mated, mated)
    assert np.array_equal(found.rank, rank)
    np.testing.assert_allclose(found.mate, mate, atol=1e-6)
    np.testing.assert_allclose(found.other, other, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.tuples(st.integers(1, 30), st.integers(1, 30)))
def test_offsets_are_taken_off_before_ranks_are_given(seed, block):
    x, person, y, owner = problem(seed)
    rng = np.random.default_rng(seed)
    mine, theirs = (rng.uniform(-0.3, 0.3, n).astype(np.float32) for n in (len(x), len(y)))
    theirs[1] = theirs[0]  # the tie stays one
    found = search(x, person, y, owner, probe_offset=mine, gallery_offset=theirs, block=block)
    mated, mate, rank, other = (np.array(c) for c in zip(*plain(x, person, y, owner, mine, theirs), strict=True))
    assert np.array_equal(found.mated, mated)
    assert np.array_equal(found.rank, rank)
    np.testing.assert_allclose(found.mate, mate, atol=1e-6)
    np.testing.assert_allclose(found.other, other, atol=1e-6)


def test_a_tie_counts_against_the_probe():
    y = np.eye(3, dtype=np.float32)[[0, 0, 1]]
    found = search(y[:1], np.array([7]), y, np.array([7, 8, 9]))
    assert (found.rank.tolist(), found.other.tolist()) == ([2], [1.0])


def test_row_order_changes_no_rank():
    """Equal entries of the mate and of others, in every order of gallery and probes: the rank is the same."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=(4, 6)).astype(np.float32)
    y, owner = base[[0, 0, 1, 1, 2, 2, 3]], np.array([7, 8, 7, 9, 8, 9, 7])
    x, person = base[[0, 1, 2, 3, 2]], np.array([7, 7, 8, 7, 5])
    expected = search(x, person, y, owner).rank
    assert expected.tolist() == [2, 2, 2, 1, 0]
    for _ in range(40):
        g, p = rng.permutation(len(y)), rng.permutation(len(x))
        assert np.array_equal(search(x[p], person[p], y[g], owner[g], block=(2, 3)).rank, expected[p])


def test_a_vector_without_direction_scores_zero_with_everybody():
    y = np.eye(3, dtype=np.float32)
    found = search(np.zeros((1, 3), np.float32), np.array([0]), y, np.arange(3))
    assert (found.mate.tolist(), found.other.tolist(), found.rank.tolist()) == ([0.0], [0.0], [3])


def test_many_mates_are_scored_in_parts(monkeypatch):
    from facespace.gallery import exact

    x, person, y, owner = problem(5)
    whole = search(x, person, y, owner)
    monkeypatch.setattr(exact, "_MATES", 3)
    assert np.array_equal(search(x, person, y, owner).mate, whole.mate)
    offset = np.linspace(0, 1, len(y), dtype=np.float32)
    parts = search(x, person, y, owner, gallery_offset=offset)
    monkeypatch.undo()
    assert np.array_equal(parts.mate, search(x, person, y, owner, gallery_offset=offset).mate)
