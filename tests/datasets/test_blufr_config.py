from __future__ import annotations

import numpy as np
import pytest
from scipy.io import savemat

from facespace.datasets import read_blufr
from facespace.errors import FileFormatError


def cells(*columns):
    found = np.empty((len(columns), 1), dtype=object)
    for place, column in enumerate(columns):
        found[place, 0] = np.array(column)[:, None]
    return found


def variables():
    """Four people, two images each, except Dan's one; two splits."""
    names = np.empty((7, 1), dtype=object)
    names[:, 0] = [f"{n}_000{i}.jpg" for n, i in zip("AABBCCD", "1212121", strict=True)]
    return {
        "imageList": names,
        "labels": np.array([[1], [1], [2], [2], [3], [3], [4]], dtype=np.uint16),
        "trainIndex": cells([1, 2], [3, 4]),
        "testIndex": cells([3, 4, 5, 6, 7], [1, 2, 7]),
        "galIndex": cells([3, 5], [1]),
        "probIndex": cells([4, 6, 7], [2, 7]),
    }


def write(path, **changes):
    savemat(path, {k: v for k, v in {**variables(), **changes}.items() if v is not None})
    return path


def test_indices_count_from_zero_and_ids_name_the_person(tmp_path):
    protocol = read_blufr(write(tmp_path / "c.mat"))
    assert protocol.ids[:3].tolist() == ["A/A_0001", "A/A_0002", "B/B_0001"]
    assert protocol.person.tolist() == [1, 1, 2, 2, 3, 3, 4]
    first = protocol.splits[0]
    assert [part.tolist() for part in (first.train, first.test, first.gallery, first.probes)] == [
        [0, 1],
        [2, 3, 4, 5, 6],
        [2, 4],
        [3, 5, 6],
    ]
    assert repr(protocol) == "BlufrProtocol('blufr-lfw', 7 images, 2 splits)"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"galIndex": None, "labels": None}, "no variable labels, galIndex"),
        ({"galIndex": cells([3], [1])}, "gallery and probes of split 1 are not its test images"),
        ({"trainIndex": cells([1, 3], [3, 4])}, "people of split 1 are in its training and its test images"),
        ({"testIndex": cells([3, 4, 5, 6, 8], [1, 2, 7])}, "testIndex of split 1 is not a list of different images from 1"),
        ({"trainIndex": cells([1, 2])}, r"have \[1, 2, 2, 2\] splits"),
        ({"labels": np.arange(6)[:, None]}, "7 images but 6 labels"),
        ({"labels": "text"}, "labels holds <U4, not whole numbers: text"),
        ({"labels": {"a": 1}}, "labels holds a matrix of class 2, not numbers"),
        ({"labels": np.array([1, 1, 2, 2, 3, 3, np.nan])}, "labels holds float64, not whole numbers"),
        ({"labels": np.array([1, 1, 2, 2, 3, 3, 4j])}, "labels holds complex numbers"),
        ({"trainIndex": "abc"}, "trainIndex of split 1 holds <U3, not whole numbers"),
        ({"labels": np.array([[1], [2], [2], [2], [3], [3], [4]])}, "labels and names of the images do not agree"),
    ],
)
def test_what_does_not_fit_together_is_named_with_its_file(tmp_path, changes, message):
    path = write(tmp_path / "c.mat", **changes)
    with pytest.raises(FileFormatError, match=message) as error:
        read_blufr(path)
    assert str(path) in error.value.message


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "c.mat"
    path.write_bytes(b"not matlab's" * 30)
    with pytest.raises(FileFormatError, match="can't be read as a MATLAB file"):
        read_blufr(path)
    with pytest.raises(FileFormatError, match="no such file"):
        read_blufr(tmp_path / "none.mat")
