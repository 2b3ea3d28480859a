"""The application all command groups hang on, and the one place where errors become exit codes.

Exit codes: 0 done, 1 a check or comparison the user asked for failed, 2 bad input, 130 interrupted, 141 whoever read the
output (head, say) has gone: 128 and the number of the signal, as shells have it.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import is_dataclass
from typing import Any, TextIO

import typer
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup

from ..errors import (
    FacespaceError,
    GuessWarning,
    InputError,
    NewerFileWarning,
    OutputError,
    PlainFileWarning,
    visible,
)
from ..results import code_version
from .help import example
from .options import WRITTEN, EncryptMaps, KeyFiles
from .printing import Terminal, print_json

# Every command and what --help says of it, in that order. Each is a module or folder beside this file that adds the command
# to `app` when it is imported, which is done for the one that is called: --help and --version load none.
COMMANDS = {
    "demo": "Compare four networks' embeddings of 7,701 faces across networks, and write a report (about a minute).",
    "models": "List, show, write, add and check model cards.",
    "detect": "Find the faces of all images once: boxes, landmarks, scores, which way up.",
    "embed": "Compute the embeddings of all images in a folder, in archives or in tables.",
    "info": "Say what is in a file, or in a folder that holds a set.",
    "map": "Fit, apply, export and check maps between two embedding spaces.",
    "canonical": "One hub for several networks: a map in and a map out per network.",
    "verify": "Measure how well embeddings tell people apart.",
    "identify": "Look every probe up in a gallery: closed set (CMC) and open set (FNIR at FPIR).",
    "gallery": "What is in a gallery (Parquet, LanceDB, PostgreSQL, SQLite, FAISS, …), and copies between stores.",
    "migrate": "Move a gallery to a new network: plan, run, verify, switch, back, finish.",
    "study": "The papers' experiments.",
    "capacity": "How many people can a representation tell apart? SET, --compare SET SET…, plan, student.",
    "compare": "Do two photos show one person? Score, likelihood ratio, and the decision at a known threshold.",
    "find": "Find a face in a folder of photos: every face on every photo, ranked, with the threshold for so many.",
    "explain": "Why did two faces match? A.jpg B.jpg, train, evaluate.",
    "audit": "What embeddings give away.",
    "key": "Keys of encrypted sets: new, show, rotate, adopt.",
}


_INTERRUPTED, _NOBODY_READS = 130, 141
_TOLD = (GuessWarning, NewerFileWarning, PlainFileWarning)


class _Group(TyperGroup):
    """A group that passes --help on to its commands without pydantic, which typer loads to make a bool of a flag's None."""

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option


class _Commands(_Group):
    """The commands of COMMANDS; one whose module isn't loaded is listed, and suggested for a mistyped one, all the same."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {name: self.commands.get(name) or TyperCommand(name, help=text) for name, text in COMMANDS.items()}

    def get_params(self, ctx: Any) -> list[Any]:
        for option in self.params:  # as of --help above; typer adds them to the made group
            if option.name in ("install_completion", "show_completion"):
                option.default = False
        return list(super().get_params(ctx))


def _with_default(command: str, flags: Sequence[str] = ()) -> type[_Group]:
    """A group whose `command` is meant where none is named: `facespace explain A B` is `facespace explain pair A B`.

    Commands that are `flags` may be named so: `facespace capacity --compare A B` is `facespace capacity compare A B`.
    """

    class Group(_Group):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            for flag in flags:
                if f"--{flag}" in args:
                    args = [flag, *(given for given in args if given != f"--{flag}")]
            if args and args[0] not in self.commands and args[0] != "--help":
                args = [command, *args]
            return list(super().parse_args(ctx, args))

    return Group


def _with_bundles(command: Callable[..., Any], keys: bool) -> Callable[..., Any]:
    """`command` as typer needs it: a parameter that is a dataclass of options is replaced by its fields, in their order.

    With `keys` it takes those of encrypted sets.
    """
    whole = inspect.signature(command, eval_str=True)
    kinds = {name: given.annotation for name, given in whole.parameters.items()}
    bundles: dict[str, Any] = {name: kind for name, kind in kinds.items() if is_dataclass(kind)}
    options = {name: inspect.signature(kind, eval_str=True).parameters for name, kind in bundles.items()}
    flat = [option for name, given in whole.parameters.items() for option in options.get(name, {name: given}).values()]

    written = [option.name for option in flat if WRITTEN in getattr(option.annotation, "__metadata__", ())]
    shared = inspect.signature(_keys, eval_str=True).parameters if keys else {}

    @functools.wraps(command)
    def run(**given: Any) -> Any:
        in_use = _keys(**{key: given.pop(key) for key in shared})
        from .written import check_given

        check_given(written, given)
        made = {name: bundles[name](**{key: given.pop(key) for key in inner}) for name, inner in options.items()}
        with in_use:
            return command(**given, **made)

    run.__signature__ = whole.replace(parameters=[*flat, *shared.values()])  # type: ignore[attr-defined]
    return run


def _keys(key_file: KeyFiles = None, encrypt_maps: EncryptMaps = False) -> AbstractContextManager[Any]:
    """What every command that may touch a set takes: its keys, which are in use while it runs."""
    if not key_file:
        if encrypt_maps:
            raise InputError("--encrypt-maps needs a key", "Give --key-file FILE, or set FACESPACE_KEY_FILE.")
        return nullcontext()
    from ..io import use_keys

    return use_keys(key_file, maps=encrypt_maps)


class Commands(typer.Typer):
    """A group of commands, whose parameters may be bundles of options such as `Printing`."""

    words = ""  #: what is typed before a command of this group

    def command(self, *given: Any, keys: bool = True, **settings: Any) -> Callable[[Any], Any]:
        """As typer's; below the help stands the command's example. A command that touches no set takes no `keys`."""

        def decorate(command: Any) -> Any:
            name = given[0] if given else command.__name__.replace("_", "-")
            settings.setdefault("epilog", example(f"{self.words}{name}"))
            return super(Commands, self).command(*given, **settings)(_with_bundles(command, keys))

        return decorate


app = Commands(
    name="facespace",
    cls=_Commands,
    help="Map, verify and measure the embedding spaces of face-recognition networks.",
    epilog=example("demo"),
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"facespace {code_version()}")
        raise typer.Exit


@app.callback()
def _facespace(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version and exit."),
) -> None:
    pass


def add_group(name: str, default: str = "", flags: Sequence[str] = ()) -> Commands:
    """The group of commands `name` of COMMANDS, in which `default` is meant where no command is named, and commands that are
    `flags` may be named as options."""
    kind = _with_default(default, flags) if default else _Group
    group = Commands(no_args_is_help=True, help=COMMANDS[name], epilog=example(name), cls=kind)
    group.words = f"{name} "
    app.add_typer(group, name=name)
    return group


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns an exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):  # a character that the terminal or pipe can't take must not end the work
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    code = _run(arguments)
    try:
        sys.stdout.flush()
    except OSError as error:
        _drop(sys.stdout)
        if isinstance(error, BrokenPipeError):
            code = _NOBODY_READS
        else:
            code = code or _report(OutputError(f"can't write the output: {error.strerror or error}"), [])
    return code


def _run(arguments: list[str]) -> int:
    words = arguments
    if "_FACESPACE_COMPLETE" in os.environ:  # a shell asks what may follow on its line, which comes by the environment
        words = (os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")).split()[1:]
    first = next((word for word in words if not word.startswith("-")), "")
    try:
        if any(re.fullmatch(r"(--[\w-]+=)?", word) for word in arguments):  # as a path it would be the folder one is in
            raise InputError(
                "an argument is empty", "Is a variable of the shell not set? Leave an option out for its default."
            )
        if first in COMMANDS:
            importlib.import_module(f"facespace.cli.{first}")
        with _told_in_one_line():
            code: Any = app(args=arguments, prog_name="facespace", standalone_mode=False)
    except FacespaceError as error:
        return _report(error, arguments)
    except (KeyboardInterrupt, EOFError):
        _errors().print("interrupted")
        return _INTERRUPTED
    except (BrokenPipeError, SystemExit) as error:  # typer and rich make a plain exit 1 of a broken pipe
        if not isinstance(error, BrokenPipeError) and not isinstance(error.__context__, BrokenPipeError):
            raise
        _drop(sys.stdout)
        return _NOBODY_READS
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        return _report(OutputError(f"{error.strerror or error}{where}"), arguments)
    except MemoryError as error:
        hint = "Give fewer images, or sets in Parquet, which many commands read in parts (--memory GB, --workers N)."
        return _report(InputError(f"there is not the memory for it: {str(error) or 'out of memory'}", hint), arguments)
    except Exception as error:
        if type(error).__name__ == "LinAlgError":  # numpy's and scipy's, known without importing them
            hint = "Are there infinite or enormous numbers, or only copies of one vector?"
            return _report(InputError(f"a decomposition of these embeddings fails: {error}", hint), arguments)
        # Wrong options are typer's own errors; it vendors or imports click depending on its version, so go by duty.
        if not hasattr(error, "exit_code"):
            raise
        if "--json" in arguments and hasattr(error, "format_message"):
            print_json({"error": {"type": "UsageError", "message": error.format_message(), "hint": ""}})
        elif hasattr(error, "show"):
            if hasattr(error, "format_message"):  # it may quote arguments
                said = visible(error.format_message())
                error.format_message = lambda: said
            error.show()
        return int(error.exit_code)
    if code == _INTERRUPTED:  # typer makes a silent exit of it, where a command is at work
        _errors().print("interrupted")
    return code if isinstance(code, int) else 0


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    """What our readers tell of a file as a line on standard error, without the place in the code; other warnings as ever."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def show_in_one_line(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, _TOLD):
                _errors().print(f"[yellow]![/] {escape(str(message))}")
            else:
                show(message, category, *place, **more)

        for kind in _TOLD:
            warnings.simplefilter("default", kind)
        warnings.showwarning = show_in_one_line
        yield


def _errors() -> Terminal:
    return Terminal(stderr=True, soft_wrap=True, highlight=False)


def _drop(stream: TextIO) -> None:
    """Let what `stream` still holds, and what is yet printed, go nowhere, so that Python doesn't fail on it at the end."""
    with suppress(OSError):  # not a real file
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _report(error: FacespaceError, arguments: list[str]) -> int:
    if "--json" in arguments:
        try:
            print_json({"error": error.to_dict()})
            sys.stdout.flush()
            return 2
        except OSError:  # standard output is full or gone: then a person is told
            _drop(sys.stdout)
    console = _errors()
    try:
        console.print(f"[bold red]error:[/] {escape(error.message)}")
        if error.hint:
            console.print(f"[dim]{escape(error.hint)}[/]")
    except OSError:
        _drop(sys.stderr)
    return 2
