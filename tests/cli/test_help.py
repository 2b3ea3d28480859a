"""What every command has in common: help, --json, --quiet, and what it says of wrong usage."""

from __future__ import annotations

import inspect
import json
import os
import resource
import statistics
import subprocess
import sys
from importlib import import_module

import pytest
import typer

from facespace import capacity, identification, mapping, privacy, studies, templates, verification
from facespace.cli import main, options
from facespace.cli.application import COMMANDS, app
from facespace.results import code_version
from facespace.studies.cross_model import STUDY_METHODS
from facespace.studies.templates import TEMPLATE_METHODS

HEAVY = {"altair", "cv2", "numpy", "onnxruntime", "pyarrow", "scipy", "sklearn", "torch"}
SECONDS = 0.3  # of processor time, for an answer that needs no data


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


def _command(name):
    found = typer.main.get_command(app)
    for part in name.split():
        found = found.commands[part]
    return found


def _in(name, group):
    return name == group or (group and name.startswith(f"{group} "))


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


def test_version_is_that_of_the_code(capsys):
    assert _run(capsys, "--version") == (0, f"facespace {code_version()}\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_table_of_commands_says_what_their_help_says(command):
    assert (_command(command).help or "").split("\n")[0] == COMMANDS[command]


def test_methods_named_in_help_are_those_of_the_library():
    assert options.METHODS == mapping.METHODS
    assert tuple(mapping.FAMILIES) == options.FAMILIES
    assert options.METHODS == STUDY_METHODS == TEMPLATE_METHODS


@pytest.mark.parametrize(
    ("command", "option", "function", "parameter"),
    [
        ("verify", "FAR_LIST", verification.verify, "fars"),
        ("verify", "TEMPLATE_FAR_LIST", templates.verify_templates, "fars"),
        ("identify", "ranks", identification.identify, "ranks"),
        ("identify", "fpir", identification.identify, "fpirs"),
        ("audit linkage", "fpir", privacy.audit_linkage, "fpirs"),
        ("capacity estimate", "qs", capacity.estimate_capacity, "qs"),
        ("study templates", "fars", studies.template_study, "fars"),
        ("study templates", "methods", studies.template_study, "methods"),
        ("study cross-model", "methods", studies.cross_model_study, "methods"),
    ],
)
def test_lists_that_options_default_to_are_those_of_the_library(command, option, function, parameter):
    text = next((p.default for p in _command(command).params if p.name == option), None)
    if text is None:  # by default it depends on other options
        text = getattr(import_module("facespace.cli.verify.command"), option)
    library = inspect.signature(function).parameters[parameter].default
    assert [type(wanted)(part) for part, wanted in zip(text.split(","), library, strict=True)] == list(library)


@pytest.mark.parametrize("command", ["--version", "", "verfiy", *COMMANDS])
def test_help_and_version_load_nothing_heavy(command):
    """The help of a group and of all its commands in one process."""
    calls = [[command]] if command in ("--version", "verfiy") else [[*n.split(), "--help"] for n in NAMES if _in(n, command)]
    code = f"import sys; from facespace.cli import main; [main(call) for call in {calls}]; print(); print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split("\n")[-2].split())
    assert "facespace.cli.application" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("command", ["--version", "--help", "verify --help"])
def test_help_and_version_come_at_once(command):
    code = f"import sys; from facespace.cli import main; sys.exit(main({command.split()}))"
    spent = []
    for _ in range(6):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        if len(spent) > 3 and statistics.median(spent[1:4]) <= SECONDS:  # the first one warms up
            return
    assert min(spent) <= SECONDS


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


@pytest.mark.parametrize(("line", "offered"), [("facespace ma", "map"), ("facespace map re", "refine")])
def test_a_shell_completes_commands(line, offered):
    given = {"_FACESPACE_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    run = [sys.executable, "-c", "import sys; from facespace.cli import main; sys.exit(main())"]
    told = subprocess.run(run, env={**os.environ, **given}, capture_output=True, text=True, check=False)
    assert told.stdout.split() == [offered]
