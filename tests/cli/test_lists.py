"""Pairs lists on the command line: what was guessed is said by every command, and --format says it instead."""

from __future__ import annotations

import inspect
import itertools
import re
from pathlib import Path

import pytest
from map_command import Run, write_sets

import facespace.cli
from facespace.cli import main
from facespace.embeddings import EmbeddingSet

NOTE = "list.txt was read as lines 'same id id' without a header"


@pytest.fixture
def run(capsys):
    return Run(capsys)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = write_sets(tmp_path_factory.mktemp("sets"))
    ids = EmbeddingSet.load(folder / "b.parquet").ids.tolist()
    by = {}
    for name in sorted(ids):
        by.setdefault(name.split("/")[0] if "/" in name else name[:3], []).append(name)
    groups = [names for names in by.values() if len(names) > 1][:30]
    rows = [f"1 {g[0]} {g[1]}" for g in groups] + [f"0 {g[0]} {h[0]}" for g, h in itertools.pairwise(groups)]
    (folder / "list.txt").write_text("\n".join(rows))
    return folder


def test_a_guess_is_said_once_by_every_command_that_takes_a_list(run, made, tmp_path):
    b, pairs = made / "b.parquet", made / "list.txt"
    for more in ((), ("--against", b)):
        assert run("verify", b, *more, "--pairs", pairs) == 0
        assert (" ".join(run.out.split()).count(NOTE), run.err) == (1, "")  # among the warnings of its result
    for arguments in (
        ("map", "fit", made / "a.parquet", b, "--method", "ridge", "--pairs", pairs, "-o", tmp_path / "m.safetensors"),
        ("map", "fit", made / "a.parquet", b, "--method", "ridge", "--exclude", pairs, "-o", tmp_path / "m.safetensors"),
    ):
        assert run(*arguments) == 0
        assert run.err == f"! {NOTE}\n"


def test_every_list_goes_through_the_one_loader():
    folder = Path(inspect.getfile(facespace.cli)).parent
    texts = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}
    assert [path.name for path, text in texts.items() if re.search(r"\bread_pairs\b", text)] == ["files.py"]


def test_a_format_is_an_option_or_said_behind_the_name(run, made, tmp_path):
    b = made / "b.parquet"
    faces = EmbeddingSet.load(b)
    EmbeddingSet(faces.vectors, [f"{row}" for row in range(len(faces))], model="b").save(tmp_path / "b.parquet")
    (tmp_path / "list.txt").write_text("1 0 1\n0 5 0\n")
    arguments = ("verify", tmp_path / "b.parquet", "--pairs")
    assert "--format same-id-id" in run.error(*arguments, tmp_path / "list.txt")["hint"]
    found = [
        run.json(*arguments, tmp_path / "list.txt", "--format", "same-id-id"),
        run.json(*arguments, f"{tmp_path}/list.txt:format=same-id-id"),
    ]
    assert [(one["genuine"], one["impostor"]) for one in found] == [(1, 1)] * 2
    assert not any("was read as" in warning for warning in found[0]["warnings"])
    assert "unknown format" in run.error(*arguments, tmp_path / "list.txt", "--format", "x")["message"]


@pytest.mark.parametrize(
    "command", ["verify", "map fit", "study cross-model", "study sensitivity", "study rank", "study pairs-needed",
                "canonical report", "explain evaluate"]
)  # fmt: skip
def test_the_option_is_there(capsys, command):
    assert main([*command.split(), "--help"]) == 0
    assert "--format" in capsys.readouterr().out
