"""The notebooks run from the first cell to the last, and what a cell ends with shows itself."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def run(source, names):
    """Execute a cell as Jupyter does; what its last expression gives."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == ["compare_two_networks", "size_a_deployment", "upgrade_a_gallery"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_notebook_runs_and_shows_what_it_says(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["nbformat"] == 4
    cells = document["cells"]
    assert len({cell["id"] for cell in cells}) == len(cells)
    names: dict = {}
    shown = []
    for cell in cells:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            value = run(text, names)
            assert value is not None, text
            page = value._repr_html_() if hasattr(value, "_repr_html_") else ""
            shown.append(page)
        else:
            for link in re.findall(r"\]\(([^)#]+)", text):
                assert (path.parent / link).exists(), link
    assert sum("<table" in page for page in shown) >= 3
    assert sum('<img alt="' in page for page in shown) >= 1
