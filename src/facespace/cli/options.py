"""The options that every command shares, and how a result is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from ..errors import InputError
from ..io import jsonable, to_json, write_json

if TYPE_CHECKING:
    from ..images import ImageFile
    from ..report import Report

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of every random choice.")]
OutputFolder = Annotated[
    Path | None, typer.Option("-o", "--output", help="Folder for report.html, results.json and figures/.")
]
# How images become crops.
Landmarks = Annotated[Path | None, typer.Option("--landmarks", help="Landmarks file, instead of a detector.")]
Aligned = Annotated[bool, typer.Option("--aligned", help="The images are face crops, aligned already.")]
Weights = Annotated[Path | None, typer.Option("--weights", help="Folder to look for weights in first.")]

console = Console()


def emit(result: Any, render: Callable[[], Any], *, as_json: bool, quiet: bool) -> None:
    """Print `result` as JSON, or what `render()` gives (a rich renderable), or nothing."""
    if as_json:
        print(to_json(result))
    elif not quiet:
        console.print(render())


@contextmanager
def progress_bar(unit: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Yield a function of (done, whole) that moves a bar on standard error: on a terminal, not in a pipe or when quiet."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    errors = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=errors, transient=True, disable=quiet or not errors.is_terminal) as bar:
        task = bar.add_task(unit, total=None)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)


def training_files(images: Path, exclude: Path | None) -> tuple[list[ImageFile], int]:
    """The images of a folder, without those of the pairs list `exclude` and of its people; and how many were left out."""
    from ..datasets import exclude_people, read_pairs
    from ..images import find_images

    files = find_images(images)
    if exclude is None:
        return files, 0
    fit = exclude_people([file.id for file in files], read_pairs(exclude))
    if not fit.any():
        raise InputError(f"all {len(files):,} images are of people in {exclude}", "Train on others.")
    return [file for file, kept in zip(files, fit, strict=True) if kept], int((~fit).sum())


def write_study(result: Any, report: Callable[[], Report], output: Path | None) -> dict[str, Any]:
    """The JSON document of `result`, its `files` being what was written to `output`: the report and results.json."""
    document: dict[str, Any] = jsonable(result)
    document["files"] = []
    if output is not None:
        document["files"] = [str(path) for path in [*report().write(output), output / "results.json"]]
        write_json(document, output / "results.json")
    return document
