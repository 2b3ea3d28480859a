"""What every command has in common: help, --json, --quiet, and what it says of wrong usage."""

from __future__ import annotations

import json
from importlib import import_module

import pytest
import typer

from facespace.cli import main
from facespace.cli.application import COMMANDS, app


def _commands() -> list[str]:
    """Names of all groups and commands, as a user types them."""
    for name in COMMANDS:
        import_module(f"facespace.cli.{name}")
    found = [""]

    def walk(command: typer.core.TyperGroup, above: str) -> None:
        for name, inner in command.commands.items():
            found.append(f"{above} {name}".strip())
            if hasattr(inner, "commands"):
                walk(inner, found[-1])

    walk(typer.main.get_command(app), "")
    return found


NAMES = _commands()
GROUPS = {name for name in NAMES if any(other.startswith(f"{name} ".lstrip()) for other in NAMES if other != name)}


def _run(capsys, *arguments):
    code = main([str(a) for a in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_all_groups_and_commands_are_looked_at():
    assert {"", "map", "study", "capacity", "explain"} <= GROUPS
    assert {"verify", "map fit", "capacity estimate", "capacity student", "explain pair", "audit linkage"} <= {
        *NAMES
    } - GROUPS


@pytest.mark.parametrize("command", NAMES)
def test_every_command_has_help(command, capsys):
    code, out, err = _run(capsys, *command.split(), "--help")
    assert (code, err) == (0, "")
    assert f"Usage: facespace{' ' * bool(command)}{command}" in " ".join(out.split())


def test_help_lists_the_commands_in_the_order_of_the_work(capsys):
    text = _run(capsys, "--help")[1]
    names = [word for line in text.splitlines() if (word := line.strip("│ ").split(" ")[0]) in COMMANDS]
    assert names == list(COMMANDS)


@pytest.mark.parametrize("command", [name for name in NAMES if name not in GROUPS])
def test_every_command_takes_json_and_quiet(command, capsys):
    _, out, _ = _run(capsys, *command.split(), "--help")
    for option in ("--json", "--quiet", "-q"):
        assert option in out


def test_version(capsys):
    from facespace import __version__

    assert _run(capsys, "--version") == (0, f"facespace {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["verfiy"], ["No such command 'verfiy'", "Did you mean 'verify'"]),
        (["map", "aply"], ["No such command 'aply'", "apply"]),
        (["study", "cross-modell"], ["cross-model"]),
        (["verify"], ["Missing argument"]),
        (["verify", "a.parquet", "--pears", "x"], ["--pears", "--pairs"]),
        (["info", "a", "b"], ["unexpected extra argument"]),
        (["embed", "x", "--model", "y", "-o", "z", "--workers", "some"], ["Invalid value for '--workers'"]),
        (["embed", "x", "--model", "y", "-o", "z", "--batch-size", "0"], ["Invalid value for '--batch-size'"]),
        (["map", "check", "only-one"], ["Missing argument"]),
    ],
)
def test_usage_errors_exit_with_two_and_suggest(arguments, words, capsys):
    code, out, err = _run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    for word in words:
        assert word in " ".join(err.split())
    code, out, err = _run(capsys, *arguments, "--json")
    error = json.loads(out)["error"]
    assert (code, err, error["type"]) == (2, "", "UsageError")
    assert words[0] in error["message"]
