from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facespace.datasets import PairProtocol, contiguous_folds
from facespace.errors import InputError


def test_columns_of_different_lengths_are_refused_with_their_shapes():
    with pytest.raises(InputError, match=r"left \(2,\), right \(1,\)"):
        PairProtocol("p", ["a", "b"], ["c"], [True, False])


@pytest.mark.parametrize("same", [[True, True], [False, False]])
def test_both_classes_must_be_present(same):
    with pytest.raises(InputError, match="genuine"):
        PairProtocol("p", ["a", "b"], ["c", "d"], same)


def test_empty_ids_are_refused():
    with pytest.raises(InputError, match="empty id in pairs 1"):
        PairProtocol("p", ["a", ""], ["c", "d"], [True, False])


def test_ids_are_unique_and_sorted():
    protocol = PairProtocol("p", ["b", "a"], ["a", "c"], [True, False])
    assert protocol.ids.tolist() == ["a", "b", "c"]
    assert protocol.n_folds == 0


def test_fold_of_ids_maps_every_image_to_its_fold():
    ids, fold = PairProtocol("p", ["b", "c"], ["a", "d"], [True, False], [4, 7]).fold_of_ids()
    assert dict(zip(ids.tolist(), fold.tolist(), strict=True)) == {"a": 4, "b": 4, "c": 7, "d": 7}


def test_fold_of_ids_names_images_in_several_folds():
    with pytest.raises(InputError, match="1 images of protocol 'p' are in more than one fold: a"):
        PairProtocol("p", ["a", "a"], ["b", "c"], [True, False], [0, 1]).fold_of_ids()


def test_fold_of_ids_needs_folds():
    with pytest.raises(InputError, match="no folds"):
        PairProtocol("p", ["a", "a"], ["b", "c"], [True, False]).fold_of_ids()


def test_take_keeps_columns_together():
    protocol = PairProtocol("p", ["a", "b", "c"], ["x", "y", "z"], [True, False, True], [0, 1, 2])
    part = protocol.take(np.array([2, 1]))
    assert (part.left.tolist(), part.same.tolist(), part.fold.tolist()) == (["c", "b"], [True, False], [2, 1])


@settings(deadline=None)  # the first call imports scikit-learn
@given(st.integers(1, 200), st.integers(1, 20))
def test_contiguous_folds_equal_scikit_learns_kfold(n, k):
    from sklearn.model_selection import KFold

    fold = contiguous_folds(n, k)
    if n < k:
        assert fold is None
    elif k > 1:
        expected = np.empty(n, dtype=int)
        for number, (_, test) in enumerate(KFold(k).split(np.zeros(n))):
            expected[test] = number
        assert np.array_equal(fold, expected)
