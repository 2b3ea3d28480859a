from __future__ import annotations

import inspect
import os
import stat

import pytest

from facespace import errors
from facespace.errors import FacespaceError, FileFormatError, OutputError, missing_extra, shorten, unknown_name
from facespace.io import atomic_write, existing_file


def test_every_error_has_one_base_and_a_docstring():
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if c.__module__ == errors.__name__]
    assert len(classes) > 5
    assert all(issubclass(c, FacespaceError | UserWarning) and c.__doc__ for c in classes)


def test_error_holds_message_and_hint_and_becomes_a_dict():
    error = FileFormatError("x is bad", "Make it good.")
    assert str(error) == "x is bad\nMake it good."
    assert str(FileFormatError("x is bad")) == "x is bad"
    assert error.to_dict() == {"type": "FileFormatError", "message": "x is bad", "hint": "Make it good."}


def test_unknown_name_offers_the_nearest_only_if_it_is_near():
    assert "did you mean 'rotation'?" in unknown_name("method", "rotatoin", ["ridge", "rotation"]).message
    assert "did you mean" not in unknown_name("method", "xyz", ["ridge", "rotation"]).message


def test_missing_extra_names_the_command_that_installs_it():
    error = missing_extra("openvino", "openvino", "reading this network")
    assert error.message == "reading this network needs openvino, which is not installed"
    assert 'pip install "facespace[openvino]"' in error.hint


@pytest.mark.parametrize(("limit", "text"), [(1, "a and 2 more"), (3, "a, b, c"), (9, "a, b, c")])
def test_shorten_lists_some_and_counts_the_rest(limit, text):
    assert shorten(["a", "b", "c"], limit) == text


def write_half(path, error):
    with atomic_write(path) as temporary:
        temporary.write_text("half")
        raise error


def test_failed_writing_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="stop"):
        write_half(tmp_path / "f.txt", ValueError("stop"))
    assert list(tmp_path.iterdir()) == []


def test_interrupted_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "f.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_half(path, KeyboardInterrupt())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_written_file_has_the_permissions_of_any_other(tmp_path):
    (tmp_path / "other").write_text("")
    with atomic_write(tmp_path / "f.txt") as temporary:
        temporary.write_text("")
    modes = [stat.S_IMODE(os.stat(tmp_path / name).st_mode) for name in ("f.txt", "other")]
    assert modes[0] == modes[1]


def test_output_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="can't write"), atomic_write(tmp_path / "file/x/f.txt"):
        pass


def test_existing_file_tells_folders_and_nothing_apart(tmp_path):
    with pytest.raises(FileFormatError, match=r"is a folder, but a map is a file"):
        existing_file(tmp_path, "a map")
    with pytest.raises(FileFormatError, match=r"no such file: .*none \(a map\)"):
        existing_file(tmp_path / "none", "a map")
