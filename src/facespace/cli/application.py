"""The application all command groups hang on, and the one place where errors become exit codes.

Exit codes: 0 done, 1 a check or comparison the user asked for failed, 2 bad input.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

from .._version import __version__
from ..errors import FacespaceError, OutputError
from ..io import to_json

# Modules that add commands to `app` when imported, in the order that --help lists them.
COMMANDS = (
    "demo", "models", "embed", "info", "map", "canonical", "verify", "identify", "study", "capacity", "explain", "audit",
)  # fmt: skip


class _InOrder(TyperGroup):
    """--help lists commands and groups of commands together, in the order of COMMANDS."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=lambda name: (*COMMANDS, name).index(name))


def with_default(command: str) -> type[TyperGroup]:
    """A group whose `command` is meant where none is named: `facespace explain A B` is `facespace explain pair A B`."""

    class Group(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            if args and args[0] not in self.commands and args[0] != "--help":
                args = [command, *args]
            return list(super().parse_args(ctx, args))

    return Group


app = typer.Typer(
    name="facespace",
    cls=_InOrder,
    help="Map, verify and measure the embedding spaces of face-recognition networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"facespace {__version__}")
        raise typer.Exit


@app.callback()
def _facespace(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version and exit."),
) -> None:
    pass


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns (and, as a script, exits with) 0, 1 or 2."""
    arguments = sys.argv[1:] if arguments is None else arguments
    first = next((argument for argument in arguments if not argument.startswith("-")), "")
    # The module of the command alone, because some load scikit-learn; all of them to list or to guess commands.
    for name in [first] if first in COMMANDS else COMMANDS:
        importlib.import_module(f"facespace.cli.{name}")
    try:
        code: Any = app(args=arguments, prog_name="facespace", standalone_mode=False)
    except FacespaceError as error:
        return _report(error, arguments)
    except (KeyboardInterrupt, EOFError):
        Console(stderr=True).print("interrupted")
        return 130
    except BrokenPipeError:  # the reader of our output, such as head, has gone
        sys.stderr.close()
        return 0
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        return _report(OutputError(f"{error.strerror or error}{where}"), arguments)
    except Exception as error:
        # Wrong options are typer's own errors; it vendors or imports click depending on its version, so go by duty.
        if not hasattr(error, "exit_code"):
            raise
        if "--json" in arguments and hasattr(error, "format_message"):
            print(to_json({"error": {"type": "UsageError", "message": error.format_message(), "hint": ""}}))
        elif hasattr(error, "show"):
            error.show()
        return int(error.exit_code)
    return code if isinstance(code, int) else 0


def _report(error: FacespaceError, arguments: list[str]) -> int:
    if "--json" in arguments:
        print(to_json({"error": error.to_dict()}))
    else:
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        console.print(f"[bold red]error:[/] {escape(error.message)}")
        if error.hint:
            console.print(f"[dim]{escape(error.hint)}[/]")
    return 2
