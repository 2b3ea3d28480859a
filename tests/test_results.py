from __future__ import annotations

import json
import math
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import facespace
from facespace import __version__
from facespace.errors import OutputError
from facespace.io import jsonable, to_json, write_json
from facespace.results import code_digest, code_version, signature


@dataclass
class Plain:
    value: float
    inner: object


class Own:
    def to_dict(self):
        return {"numbers": np.arange(3)}


def test_signature_names_protocol_facts_and_version_and_leaves_out_what_is_none():
    assert signature("p", pairs=3, seed=None, method="x") == f"p|pairs:3|method:x|facespace:{code_version()}"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan"), np.array([np.inf])])
def test_what_json_can_not_say_becomes_null(value):
    assert json.loads(to_json(value)) in (None, [None])


def test_every_kind_of_value_becomes_plain_json():
    value = {1: Plain(np.float64(0.5), Own()), "path": Path("a") / "b", "rows": (np.int64(2), {"x"}), "yes": np.bool_(True)}
    assert json.loads(to_json(value)) == {
        "1": {"value": 0.5, "inner": {"numbers": [0, 1, 2]}},
        "path": "a/b",
        "rows": [2, ["x"]],
        "yes": True,
    }


def test_matrices_become_lists_of_rows():
    assert jsonable(np.eye(2)) == [[1.0, 0.0], [0.0, 1.0]]


def test_text_stays_readable():
    assert "α → é" in to_json({"text": "α → é"})


def test_json_file_is_written_whole(tmp_path):
    path = write_json({"a": 1}, tmp_path / "deep/r.json")
    assert path.read_text() == '{\n  "a": 1\n}\n'
    with pytest.raises(OutputError, match="it is a folder"):
        write_json({}, tmp_path)


def _install(folder: Path, extra: str = "") -> Path:
    """A copy of the package as a wheel's folder would hold it, with one more line if `extra`."""
    shutil.copytree(Path(facespace.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__", "data"))
    with (folder / "metrics" / "roc.py").open("a", encoding="utf-8") as file:
        file.write(extra)
    return folder


def test_a_signature_names_the_code_and_not_the_place(tmp_path):
    """Two installs of the same code agree; one changed line, one changed card or one more file makes another signature."""
    here = code_digest(Path(facespace.__file__).parent)
    assert code_version() == f"{__version__}+{here}"
    assert re.fullmatch(r"[0-9a-f]{8}", here)
    same, other = _install(tmp_path / "same"), _install(tmp_path / "other", "# a line\n")
    assert code_digest(same) == here != code_digest(other)
    seen = {here, code_digest(other)}
    card = next((other / "models" / "cards").glob("*.toml"))
    card.write_text(card.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    code_digest.cache_clear()
    seen.add(code_digest(other))
    (other / "more.py").touch()
    code_digest.cache_clear()
    assert len({*seen, code_digest(other)}) == 4


def test_line_ends_do_not_count(tmp_path):
    for name, end in (("unix", "\n"), ("windows", "\r\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_bytes(f"x = 1{end}y = 2{end}".encode())
    assert code_digest(tmp_path / "unix") == code_digest(tmp_path / "windows")
