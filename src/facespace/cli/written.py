"""What commands write is nothing that they read, and never two files at one place."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import InputError, OutputError
from .files import split_columns


def check_given(written: Sequence[str], given: Mapping[str, Any]) -> None:
    """Raise OutputError where one of the options `written` names a file that the command reads, or another one writes.

    InputError for a number that is none: NaN passes every test of a range, and is an answer to nothing.
    """
    for name, value in given.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"--{name.replace('_', '-')} {value:g} is no number", "Give a finite one.")
    outputs = [given[name] for name in written if given[name] is not None]
    _check_written(outputs, [value for name, value in given.items() if name not in written])


def _check_written(written: Sequence[Path], given: Iterable[Any]) -> None:
    """Raise OutputError where a file that is `written` is read, of all that is `given`, or written twice.

    Read are paths, in lists too, with columns behind their names perhaps, and galleries by their addresses.
    """
    for at, output in enumerate(written):
        if any(output.absolute() == other.absolute() for other in written[:at]):
            raise OutputError(f"{output} would be written twice", "Name two files.")
        if output.is_file():  # a folder that is there is never written over
            for path in _paths_in(given):
                with suppress(OSError):  # a text that is no path
                    if path.samefile(output):
                        raise OutputError(f"{output} is read, and would be overwritten", "Name another file to write.")


def check_apart(output: Path | None, *sets: Path | None) -> None:
    """Raise OutputError where Parquet is to be written into a folder that is a set, as one more of its files."""
    if output is None or output.suffix not in ("", ".parquet"):
        return
    for path in sets:
        if path is not None and path.is_dir() and path.resolve() in output.resolve().parents:
            raise OutputError(f"{output} would belong to the set {path}", "Name a place outside of that folder.")


def check_copy(source: str, target: str) -> None:
    """As `check_apart`, of two galleries by their addresses."""
    if not re.match(r"(?!parquet:)[a-z]{2,}:", target.lower()):
        check_apart(Path(target.removeprefix("parquet:")), *_paths_in([Path(source), source]))


def _paths_in(given: Iterable[Any]) -> Iterator[Path]:
    for value in given:
        if isinstance(value, list | tuple):
            yield from _paths_in(value)
        elif isinstance(value, Path):
            yield split_columns(value)[0]
        elif isinstance(value, str) and re.search(r"[.:/]", value):  # a gallery, as sqlite:faces.db#table, and no plain name
            yield Path(re.sub(r"^[a-z]{2,}:(//)?", "", value).partition("#")[0].partition("?")[0])
