from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from facespace.datasets import extract_bin, read_bin, read_pairs, write_bin
from facespace.errors import FileFormatError, InputError

IMAGES = [b"\xff\xd8\xff" + bytes([i]) * 20 for i in range(8)]
SAME = [True, False, True, False]


def put(path: Path, content: object, protocol: int = 2) -> Path:
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


def test_what_is_written_is_read(tmp_path):
    content = read_bin(write_bin(tmp_path / "x.bin", IMAGES, SAME))
    assert content.images == IMAGES
    assert content.same.tolist() == SAME


def test_insightfaces_own_reader_reads_what_is_written(tmp_path):
    with write_bin(tmp_path / "x.bin", IMAGES, np.array(SAME)).open("rb") as file:
        bins, same = pickle.load(file, encoding="bytes")  # the line of insightface's verification.py
    assert bins == IMAGES
    assert same == SAME
    assert all(type(value) is bool for value in same)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", ["bytes", "arrays", "array of bools"])
def test_every_published_form_is_read(tmp_path, protocol, kind):
    images = IMAGES if kind == "bytes" else [np.frombuffer(image, dtype=np.uint8) for image in IMAGES]
    same = {"bytes": SAME, "arrays": [np.bool_(value) for value in SAME], "array of bools": np.array(SAME)}[kind]
    content = read_bin(put(tmp_path / "x.bin", (images, same), protocol))
    assert content.images == IMAGES
    assert content.same.tolist() == SAME


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "<i4", ">i4", "<i8", ">u8", "<f4", "<f8"])
def test_labels_are_read_from_arrays_of_any_number(tmp_path, protocol, dtype):
    same = np.array(SAME).astype(dtype)
    assert read_bin(put(tmp_path / "x.bin", (IMAGES, same), protocol)).same.tolist() == SAME
    assert read_bin(put(tmp_path / "x.bin", (IMAGES, list(same)), protocol)).same.tolist() == SAME
    assert read_bin(put(tmp_path / "x.bin", (IMAGES, same.tolist()), protocol)).same.tolist() == SAME


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ((np.array(IMAGES, dtype=object), SAME), r"images can't be read: it is an array of objects.*list\(images\)"),
        ((IMAGES, np.array(SAME, dtype=object)), "same can't be read: it is an array of objects"),
        ((IMAGES, np.array(["a"] * 4)), "same can't be read: it is an array of U1"),
        ((IMAGES, np.array([1, 0, 2, 0])), "same of pair 2 is 2"),
        ((IMAGES, np.array([1, 0, np.nan, 0])), "same of pair 2 is nan"),
        ((np.zeros((8, 4, 4), np.uint8), SAME), "image 0 is int"),
    ],
)
def test_other_arrays_are_refused_with_the_file(tmp_path, content, message, protocol):
    with pytest.raises(FileFormatError, match=rf"x\.bin: {message}"):
        read_bin(put(tmp_path / "x.bin", content, protocol))


def test_a_pickle_can_not_fill_the_memory(tmp_path):
    (tmp_path / "x.bin").write_bytes(b"\x80\x02]r\xff\xff\xff\x08.")
    with pytest.raises(FileFormatError, match="is refused: it stores its object 2 at place 150,994,943"):
        read_bin(tmp_path / "x.bin")
    call = b"h\x01X\x00\x00\x00\x00".replace(b"X\x00\x00\x00\x00", b"h\x02") + b"U\x06latin1\x86Ra"
    text = b"X" + (1000).to_bytes(4, "little") + b"a" * 1000
    (tmp_path / "x.bin").write_bytes(b"\x80\x02c_codecs\nencode\nq\x010" + text + b"q\x020]" + call * 100 + b".")
    with pytest.raises(FileFormatError, match="makes more bytes than it holds"):
        read_bin(tmp_path / "x.bin")


def test_pickle_of_python_2_is_read(tmp_path):
    # cPickle.dumps((['\xff\xd8\xff', '\xff\xd8\xff\x00'], [True]), 2) of Python 2: its str are SHORT_BINSTRING
    data = b"\x80\x02]q\x01(U\x03\xff\xd8\xffU\x04\xff\xd8\xff\x00e]q\x02\x88a\x86."
    (tmp_path / "x.bin").write_bytes(data)
    content = read_bin(tmp_path / "x.bin")
    assert content.images == [b"\xff\xd8\xff", b"\xff\xd8\xff\x00"]
    assert content.same.tolist() == [True]


def test_pairs_are_neighbours_in_ten_folds(tmp_path):
    write_bin(tmp_path / "lfw.bin", IMAGES * 5, SAME * 5)
    protocol = read_pairs(tmp_path / "lfw.bin")
    assert protocol.name == "lfw"
    assert (protocol.left[1], protocol.right[1]) == ("000002", "000003")
    assert np.bincount(protocol.fold).tolist() == [2] * 10


def test_extracted_images_have_the_protocols_ids(tmp_path):
    images = [*IMAGES[:7], b"\x89PNG\r\n"]
    protocol = extract_bin(write_bin(tmp_path / "x.bin", images, SAME), tmp_path / "images")
    files = sorted((tmp_path / "images").iterdir())
    assert [file.stem for file in files] == protocol.ids.tolist()
    assert [file.read_bytes() for file in files] == images
    assert files[-1].suffix == ".png"


def test_extraction_refuses_what_is_no_image_and_writes_nothing(tmp_path):
    write_bin(tmp_path / "x.bin", [*IMAGES[:7], b"#!/bin/sh"], SAME)
    with pytest.raises(FileFormatError, match="image 7 is not JPEG"):
        extract_bin(tmp_path / "x.bin", tmp_path / "images")
    assert not (tmp_path / "images").exists()


class Gadget:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(6))
def test_malicious_pickle_is_refused_and_not_run(tmp_path, protocol):
    trace = tmp_path / "trace"
    put(tmp_path / "x.bin", ([Gadget(os.system, f"touch {trace}")], SAME), protocol)
    with pytest.raises(FileFormatError, match=r"is refused: it wants to call (posix|nt)\.system"):
        read_bin(tmp_path / "x.bin")
    assert not trace.exists()


@pytest.mark.parametrize(
    "function",
    [eval, exec, getattr, __import__, open, print, np.load, np.fromfile, bytearray],
    ids=lambda f: getattr(f, "__name__", str(f)),
)
def test_nothing_but_the_format_can_be_called(tmp_path, function):
    put(tmp_path / "x.bin", (IMAGES, Gadget(function, "x")))
    with pytest.raises(FileFormatError, match="is refused"):
        read_bin(tmp_path / "x.bin")


@pytest.mark.parametrize("code", [b"cnumpy\nndarray\n(I9\nt\x81.", b"cnumpy\nndarray\n(I9\ntR.", b"Px\n.", b"\x82\x01."])
def test_other_ways_into_numpy_or_out_of_the_file_are_refused(tmp_path, code):
    (tmp_path / "x.bin").write_bytes(code)
    with pytest.raises(FileFormatError):
        read_bin(tmp_path / "x.bin")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ((IMAGES[:7], SAME), "7 images for 4 pairs"),
        (([], []), "0 images for 0 pairs"),
        ((IMAGES, [1, 0, 2, 0]), "same of pair 2 is 2"),
        ((IMAGES, ["yes"] * 4), "same of pair 0"),
        (([*IMAGES[:7], None], SAME), "image 7 is NoneType"),
        (([*IMAGES[:7], b""], SAME), "image 7"),
        (([*IMAGES[:7], np.zeros(3)], SAME), "image 7 is no encoded image"),
        ({"a": 1}, "holds dict"),
        ((IMAGES, 5), "same is int"),
    ],
)
def test_other_contents_are_named(tmp_path, content, message):
    with pytest.raises(FileFormatError, match=message):
        read_bin(put(tmp_path / "x.bin", content))


def test_odd_backslashes_are_no_warning(tmp_path):
    (tmp_path / "s.bin").write_bytes(b"S'\\d'\n.")
    with pytest.raises(FileFormatError, match="holds "):
        read_bin(tmp_path / "s.bin")


@pytest.mark.parametrize("length", [0, 1, 30, 100])
def test_truncated_file_is_refused(tmp_path, length):
    whole = pickle.dumps((IMAGES, SAME))
    (tmp_path / "x.bin").write_bytes(whole[:length])
    with pytest.raises(FileFormatError, match="truncated"):
        read_bin(tmp_path / "x.bin")


def test_writer_refuses_wrong_counts_and_decoded_images(tmp_path):
    with pytest.raises(InputError, match="7 images for 4 pairs"):
        write_bin(tmp_path / "x.bin", IMAGES[:7], SAME)
    with pytest.raises(InputError, match="image 0 is not the bytes"):
        write_bin(tmp_path / "x.bin", [np.zeros(3)] * 8, SAME)
    assert list(tmp_path.iterdir()) == []
