"""Every --help shows a line that can be copied, and the line is one that the command takes."""

from __future__ import annotations

import importlib
import shlex

import pytest
import typer

from facespace.cli import main
from facespace.cli.application import COMMANDS, app
from facespace.cli.help import EXAMPLES, example

for name in COMMANDS:
    importlib.import_module(f"facespace.cli.{name}")


def commands(command, words=()):
    yield " ".join(words), command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*words, name))


FOUND = dict(commands(typer.main.get_command(app)))
LEAVES = {words: command for words, command in FOUND.items() if not hasattr(command, "commands")}


def test_every_command_has_one_and_there_is_none_of_another():
    assert set(LEAVES) == set(EXAMPLES)


@pytest.mark.parametrize("words", FOUND)
def test_help_shows_it(words, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert main([*words.split(), "--help"]) == 0
    told = capsys.readouterr().out
    assert (example(words) if words else "Example: facespace demo -o report") in told


@pytest.mark.parametrize("words", LEAVES)
def test_the_command_takes_it(words, tmp_path, monkeypatch):
    """Its options are there, and none that is needed is left out: typer says so before anything is read."""
    monkeypatch.chdir(tmp_path)
    context = LEAVES[words].make_context(words, shlex.split(EXAMPLES[words]))
    assert not context.args
