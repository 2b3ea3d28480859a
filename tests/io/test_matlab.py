"""MATLAB files: as SciPy reads them, and none that is damaged ends the process."""

from __future__ import annotations

import random
import zlib

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from facespace.errors import FileFormatError
from facespace.io import guarded, read_matlab


def cells(*values):
    found = np.empty((len(values), 1), dtype=object)
    for place, value in enumerate(values):
        found[place, 0] = value
    return found


VARIABLES = {
    "names": cells("Ann_0001.jpg", "Zoë", ""),
    "whole": np.arange(6, dtype=np.uint16).reshape(2, 3),
    "small": np.array([[7.5]]),
    "indices": cells(np.array([[1], [2]]), np.array([[300.0, -1.5]])),
}


@pytest.mark.parametrize("packed", [False, True])
def test_it_reads_what_scipy_reads(tmp_path, packed):
    savemat(tmp_path / "v.mat", {**VARIABLES, "other": {"a": 1}}, do_compression=packed)
    ours, theirs = read_matlab(tmp_path / "v.mat", VARIABLES.keys()), loadmat(tmp_path / "v.mat")
    assert ours.keys() == VARIABLES.keys()
    assert ours["names"].ravel().tolist() == ["Ann_0001.jpg", "Zoë", ""]
    for name in ("whole", "small"):
        np.testing.assert_array_equal(ours[name], theirs[name])
    for one, two in zip(ours["indices"].ravel(), theirs["indices"].ravel(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_what_unpacks_to_far_more_than_it_holds_is_refused(tmp_path):
    savemat(tmp_path / "v.mat", {"whole": np.zeros(30_000_000)}, do_compression=True)
    with pytest.raises(FileFormatError, match=r"unpacks to 240 MB from a file of 233,\d\d\d bytes"):
        read_matlab(tmp_path / "v.mat", ["whole"])


@pytest.mark.parametrize("packed", [False, True])
def test_damage_is_an_error_of_ours(tmp_path, packed):
    path = tmp_path / "v.mat"
    savemat(path, VARIABLES, do_compression=packed)
    whole, draw = path.read_bytes(), random.Random(0)
    for _ in range(500):
        data = bytearray(whole)
        for _ in range(3):
            data[draw.randrange(len(data))] = draw.choice((0, 1, 14, 255))
        path.write_bytes(data[: draw.choice((None, draw.randrange(len(data))))])
        try:
            guarded(path, "MATLAB", lambda: read_matlab(path, VARIABLES.keys()))
        except FileFormatError as error:
            assert "v.mat" in str(error)  # noqa: PT017


def test_cells_nested_without_end_are_no_recursion(tmp_path):
    inner = b""
    for _ in range(5000):
        flags, shape, name = b"\6\0\0\0\x08\0\0\0\1\0\0\0\0\0\0\0", b"\5\0\0\0\x08\0\0\0\1\0\0\0\1\0\0\0", b"\1\0\1\0x\0\0\0"
        body = flags + shape + name + inner
        inner = b"\x0e\0\0\0" + len(body).to_bytes(4, "little") + body
    packed = zlib.compress(inner)
    for data in (inner, b"\x0f\0\0\0" + len(packed).to_bytes(4, "little") + packed):
        (tmp_path / "v.mat").write_bytes(b" " * 124 + b"\0\1IM" + data)
        with pytest.raises(FileFormatError, match="x holds a matrix of class 1, not numbers"):
            read_matlab(tmp_path / "v.mat", ["x"])
