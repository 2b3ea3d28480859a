from __future__ import annotations

import numpy as np
import pytest

from facespace.datasets import PairProtocol
from facespace.embeddings import EmbeddingSet
from facespace.errors import DimensionError, InputError
from facespace.verification import pair_rows, pair_scores


@pytest.fixture
def faces():
    rng = np.random.default_rng(0)
    return EmbeddingSet(rng.normal(size=(50, 128)) * rng.uniform(0.1, 30, (50, 1)), [f"i{n:02d}" for n in range(50)])


def exact_cosine(x, y):
    x, y = x.astype(np.float64), y.astype(np.float64)
    return (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)


def test_score_is_the_cosine_within_a_millionth(faces):
    left, right = np.random.default_rng(1).integers(0, 50, (2, 5000))
    expected = exact_cosine(faces.vectors[left], faces.vectors[right])
    assert np.abs(pair_scores(faces, faces, left, right) - expected).max() < 1e-6


def test_block_size_changes_nothing(faces):
    left, right = np.random.default_rng(1).integers(0, 50, (2, 101))
    whole = pair_scores(faces, faces, left, right, block=1000)
    for block in (1, 7, 100, 101):
        assert np.array_equal(pair_scores(faces, faces, left, right, block=block), whole)


def test_score_does_not_depend_on_lengths_or_on_which_side_is_which(faces):
    x, y = faces.vectors[:25], faces.vectors[25:]
    assert np.allclose(pair_scores(x * 4, y / 8), pair_scores(x, y), atol=1e-7)
    assert np.array_equal(pair_scores(x, y), pair_scores(y, x))


def test_score_stays_between_minus_one_and_one(faces):
    assert pair_scores(faces, faces).max() <= 1
    assert pair_scores(faces.vectors, -faces.vectors).min() >= -1


def test_widths_that_differ_are_refused():
    with pytest.raises(DimensionError, match="width 3 can't be compared with vectors of width 4"):
        pair_scores(np.ones((2, 3)), np.ones((2, 4)))


def test_unusable_matrices_are_refused():
    with pytest.raises(InputError, match="zero vectors"):
        pair_scores(np.zeros((2, 3)), np.ones((2, 3)))
    with pytest.raises(InputError, match="NaN"):
        pair_scores(np.full((2, 3), np.nan), np.ones((2, 3)))
    with pytest.raises(InputError, match="2 left rows but 3 right rows"):
        pair_scores(np.ones((2, 3)), np.ones((3, 3)))
    with pytest.raises(InputError, match="both or none"):
        pair_scores(np.ones((2, 3)), np.ones((2, 3)), np.array([0]))
    with pytest.raises(DimensionError, match="must be a matrix"):
        pair_scores(np.ones(3), np.ones((2, 3)))


def test_rows_are_found_in_each_sides_own_set(faces):
    protocol = PairProtocol("p", ["i01", "i02"], ["i03", "i04"], [True, False])
    rows = pair_rows(protocol, faces, faces.take(np.arange(50)[::-1]))
    assert rows.left.tolist() == [1, 2]
    assert rows.right.tolist() == [46, 45]
    assert rows.kept.all()


def test_missing_ids_are_listed_or_counted(faces):
    protocol = PairProtocol("p", ["i01", "x", "i05", "x"], ["i03", "i04", "y", "i06"], [True, False, True, False])
    with pytest.raises(InputError, match=r"2 of the 7 ids of 'p' have no embedding, so 3 of 4 pairs .*: x, y"):
        pair_rows(protocol, faces, faces)
    with pytest.raises(InputError, match="1 genuine and 0 impostor"):
        pair_rows(protocol, faces, faces, allow_missing=True)
    more = PairProtocol("p", [*protocol.left, "i07"], [*protocol.right, "i08"], [*protocol.same, False])
    rows = pair_rows(more, faces, faces, allow_missing=True)
    assert rows.kept.tolist() == [True, False, False, False, True]
    assert (rows.missing_left.tolist(), rows.missing_right.tolist()) == (["x"], ["y"])
