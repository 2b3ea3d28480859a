"""The examples run from end to end, and say what they should: better with the new network, and back as it was."""

import re
import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.mark.parametrize(("name", "client"), [
    ("faiss_index", "faiss"), ("lancedb_gallery", "lance"), ("photo_app_postgresql", "psycopg"),
])  # fmt: skip
def test_a_gallery_moves_there_and_back(name, client, capsys, monkeypatch, request):
    pytest.importorskip(client, reason='needs the stores: pip install -e ".[dev]"')
    given = {"lancedb_gallery": ["--rows", "3000"], "photo_app_postgresql": []}.get(name, [])
    if name == "photo_app_postgresql":
        given = [request.getfixturevalue("postgres")]
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setattr(sys, "argv", [name, *given])
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    told = capsys.readouterr().out
    before, mapped, half, back = (float(rate) for rate in re.findall(r"first answer right: ([\d.]+) %", told))
    assert before == back < mapped < half
    assert "templates of openvino-0095, 256 numbers each" in told
