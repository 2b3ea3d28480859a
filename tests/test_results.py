from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from facespace import __version__
from facespace.errors import OutputError
from facespace.results import jsonable, signature, to_json, write_json


@dataclass
class Plain:
    value: float
    inner: object


class Own:
    def to_dict(self):
        return {"numbers": np.arange(3)}


def test_signature_names_protocol_facts_and_version_and_leaves_out_what_is_none():
    assert signature("p", pairs=3, seed=None, method="x") == f"p|pairs:3|method:x|facespace:{__version__}"


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
