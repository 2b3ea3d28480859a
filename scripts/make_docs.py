"""Write the pages of docs/reference that the code itself tells: every public name, and every command. `make docs` runs it.

python scripts/make_docs.py        # a second; docs/reference/api and docs/reference/commands are made anew
"""

from __future__ import annotations

import importlib
import inspect
import re
import shutil
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from textwrap import shorten
from typing import Any

import typer.main
from griffe_names import fenced

import facespace
from facespace.cli import application

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
ROOMS = (
    "embeddings", "io", "models", "images", "mapping", "verification", "identification", "templates", "metrics", "datasets",
    "gallery", "gallery.stores", "migration", "capacity", "labels", "explain", "privacy", "studies", "people", "engine",
    "report", "errors", "given",
)  # fmt: skip


def api() -> Iterator[tuple[str, str]]:
    """A page a room: the names of `import facespace as fs` first."""
    top = set(facespace.__all__)
    rows = []
    for room in ROOMS:
        module = importlib.import_module(f"facespace.{room}")
        names = [name for name in public(module) if not inspect.ismodule(getattr(module, name))]
        names.sort(key=lambda name: (name not in top, name.lower()))
        first = (module.__doc__ or "").strip().splitlines()[0]
        page = room.replace(".", "_")
        documented = [name for name in names if inspect.isclass(what := getattr(module, name)) or inspect.isroutine(what)]
        blocks = [f"::: facespace.{room}.{name}\n" for name in documented]
        if constants := [name for name in names if name not in documented]:
            values = [f"| `{name}` | `{_cell(_told(getattr(module, name)))}` |" for name in constants]
            blocks += ["## Constants and types\n", "| name | value |\n|---|---|\n" + "\n".join(values) + "\n"]
        shown = [f"`{name}`" if name in top else name for name in names]
        linked = [
            f"[{text}]({page}.md#facespace.{room}.{name})" if name in documented else text
            for name, text in zip(names, shown, strict=True)
        ]
        rows.append(f"## facespace.{room}\n\n[{first}]({page}.md)\n\n{', '.join(linked)}\n\n")
        head = f"# facespace.{room}\n\n{fenced(inspect.cleandoc(module.__doc__ or ''))}\n\n"
        yield f"api/{page}.md", head + "\n".join(blocks)
    yield (
        "api/index.md",
        "# Python\n\n`import facespace as fs` has the names in `code type`; all others come from their room, as in\n"
        "`from facespace.mapping import select`. Arrays are (n, d) with an embedding a row; scores are cosines;\n"
        "rates and accuracies are fractions; intervals are at 95 %.\n\n" + "".join(rows).rstrip() + "\n",
    )


def _told(value: Any) -> str:
    """A constant in a cell; of a type the names without their modules."""
    text = repr(value)
    if typing.get_origin(value) in (typing.Union, types.UnionType):
        return re.sub(r"[\w.]+\.(\w+)", r"\1", text)
    return shorten(text, 120)


def public(module: Any) -> list[str]:
    """The names that a room offers: its `__all__`, or of a single file what it defines."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
    return [name for name in own if not name.startswith("_") and callable(getattr(module, name))]


def commands() -> Iterator[tuple[str, str]]:
    """A page a command, with its own help."""
    rows = []
    for name, text in application.COMMANDS.items():
        importlib.import_module(f"facespace.cli.{name}")
        rows.append(f"| [`facespace {name}`]({name}.md) | {text} |")
    root: Any = typer.main.get_command(application.app)
    for name in application.COMMANDS:
        path = f"facespace {name}"
        yield f"commands/{name}.md", f"# {path}\n\n" + "\n".join(sections(root.commands[name], path, 2))
    yield (
        "commands/index.md",
        "# Commands\n\nEvery command takes `--json` for [one document](../../json.md) and ends with one of the\n"
        "[exit codes](../exit-codes.md).\n\n| command | what it does |\n|---|---|\n" + "\n".join(rows) + "\n",
    )


def sections(command: Any, path: str, level: int) -> Iterator[str]:
    """A command's help, its parameters as a table; and of a group those of its commands."""
    yield as_code(inspect.cleandoc(command.help or "")) + "\n"
    if epilog := getattr(command, "epilog", None):
        yield f"```bash\n{inspect.cleandoc(epilog).removeprefix('Example: ')}\n```\n"
    if subcommands := getattr(command, "commands", None):
        for name, inner in subcommands.items():
            if not inner.hidden:
                yield f"{'#' * level} {path} {name}\n"
                yield from sections(inner, f"{path} {name}", level + 1)
        return
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    given = [_names(p).strip("`") + ("…" if p.nargs == -1 else "") for p in arguments]
    optional = [name if p.required else f"[{name}]" for p, name in zip(arguments, given, strict=True)]
    usage = " ".join([path, *optional])
    yield f"```text\n{usage} [OPTIONS]\n```\n"
    rows = [f"| {_names(p)} | {as_code(_cell(p.help or ''))} | {_default(p)} |" for p in command.params if p.name != "help"]
    if rows:
        yield "| parameter | meaning | default |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def as_code(text: str) -> str:
    """Help's text with the options in it as code, as its own page shows them.

    >>> as_code("With B and --map, `x --y` - or else -o FOLDER.")
    'With B and `--map`, `x --y` - or else `-o` FOLDER.'
    """
    parts = text.split("`")
    parts[::2] = [re.sub(r"(?<![\w-])(--?[a-z][a-z-]*\b)", r"`\1`", part) for part in parts[::2]]
    return "`".join(parts)


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{(parameter.metavar or parameter.name.upper()).strip('{}')}`"
    return ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))


def _default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required:
        return "required"
    if value is None or value is False or callable(value) or value == [] or value == ():
        return ""
    return f"`{value}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("[", "\\[")


def main() -> None:
    """Write all pages; what no longer exists goes."""
    for folder in ("api", "commands"):
        shutil.rmtree(REFERENCE / folder, ignore_errors=True)
        (REFERENCE / folder).mkdir(parents=True)
    for name, text in (*api(), *commands()):
        (REFERENCE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
