"""docs/python.md: its blocks run in their order in an empty folder, and what it says comes out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


def test_the_page_does_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == text.count("```python")
    names: dict = {}
    looked = 0
    for block in blocks:
        lines = block.split("\n")
        for statement in ast.parse(block).body:
            source = "\n".join(lines[statement.lineno - 1 : statement.end_lineno])
            _, arrow, told = lines[statement.end_lineno - 1].partition("# → ")
            if arrow:
                looked += 1
                assert repr(eval(compile(ast.Expression(statement.value), "page", "eval"), names)) == told, source
            else:
                exec(source, names)
    assert looked >= 18
    assert {"report.html", "results.json", "figures"} <= {path.name for path in (tmp_path / "report").iterdir()}


def test_its_links_lead_somewhere():
    for link in re.findall(r"\]\(([^)#]+)", PAGE.read_text(encoding="utf-8")):
        assert (PAGE.parent / link).exists(), link
