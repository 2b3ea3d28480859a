"""docs/python.md and how-to pages in Python: blocks run in their order in an empty folder; what they say comes out."""

from __future__ import annotations

import ast
import re
import shlex
import sys
from pathlib import Path

import pytest

from facespace.cli import main

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = {"python.md": 18, "howto/data-frames.md": 9, "howto/vector-stores.md": 6}  #: with how many results each shows


def run(block: str, names: dict) -> int:
    """The statements of a block; how many results it shows, each of which came out."""
    lines = block.split("\n")
    looked = 0
    for statement in ast.parse(block).body:
        source = "\n".join(lines[statement.lineno - 1 : statement.end_lineno])
        _, arrow, told = lines[statement.end_lineno - 1].partition("# → ")
        if arrow:
            looked += 1
            assert repr(eval(compile(ast.Expression(statement.value), "page", "eval"), names)) == told, source
        else:
            exec(source, names)
    return looked


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_python_does_what_it_says(page, tmp_path, monkeypatch, capsys):
    if page == "howto/vector-stores.md":
        for client in ("faiss", "lancedb", "pymilvus", "qdrant_client"):
            pytest.importorskip(client, reason='needs the stores: pip install -e ".[stores]"')
    monkeypatch.chdir(tmp_path)
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```(python|bash|text)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    assert sum(kind == "python" for kind, _ in blocks) == text.count("```python")
    names: dict = {}
    looked, told = 0, ""
    for kind, block in blocks:
        if kind == "python":
            looked += run(block, names)
        elif kind == "text" and told:
            assert all(line in told for line in block.splitlines()), told
        elif kind == "bash":
            capsys.readouterr()
            for command in block.replace("\\\n", " ").splitlines():
                monkeypatch.setattr(sys, "argv", shlex.split(command))
                assert main() == 0, f"{command}\n{capsys.readouterr().err}"
            told = capsys.readouterr().out
    assert looked >= PAGES[page]
    if page == "python.md":
        assert {"report.html", "results.json", "figures"} <= {path.name for path in (tmp_path / "report").iterdir()}


@pytest.mark.parametrize("page", PAGES)
def test_its_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)", (DOCS / page).read_text(encoding="utf-8")):
        assert ((DOCS / page).parent / link).exists(), link
