"""`facespace embed`: a folder of images becomes an embedding set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from .application import app
from .options import Json, Quiet, emit

if TYPE_CHECKING:
    from ..models import EmbedResult


@app.command()
def embed(
    images: Annotated[Path, typer.Argument(metavar="IMAGES", help="Folder of images; ids are the paths under it.")],
    model: Annotated[str, typer.Option("--model", help="Name of a model, or path of its card.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="SET", help="Set to write: .parquet, .npz or .npy.")],
    landmarks: Annotated[Path | None, typer.Option(help="File with five landmarks an image, instead of a detector.")] = None,
    aligned: Annotated[bool, typer.Option("--aligned", help="The images are face crops, aligned already.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an interrupted run stopped.")] = False,
    weights: Annotated[Path | None, typer.Option(help="Folder to look for weights in first.")] = None,
    detector: Annotated[str, typer.Option(help="auto, yunet, scrfd or dlib.")] = "auto",
    batch_size: Annotated[int, typer.Option(min=1, help="Images a worker takes at a time.")] = 32,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads; by default one per processor core.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compute the embeddings of all images in a folder.

    Images that can't be read or show no face are listed and counted. A run that was interrupted goes on with --resume.
    """
    from ..models import embed as run

    with _progress(shown=not (as_json or quiet)) as (step, download):
        try:
            result = run(
                images,
                model,
                out=output,
                landmarks=landmarks,
                aligned=aligned,
                detector=detector,
                weights=weights,
                batch_size=batch_size,
                workers=workers,
                resume=resume,
                progress=step,
                download_progress=download,
            )
        except KeyboardInterrupt:
            if not quiet:
                Console(stderr=True).print("What is finished is kept; the same command with --resume goes on from there.")
            raise
    emit(result, lambda: _text(result), as_json=as_json, quiet=quiet)


@contextmanager
def _progress(shown: bool) -> Iterator[tuple[Any, Any]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not (shown and console.is_terminal):
        yield None, None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total or None)
            bar.update(tasks[name], completed=done)

        yield (lambda done, total: show("images", done, total)), show


def _text(result: EmbedResult) -> str:
    faces = result.embeddings
    lines = [
        f"{len(faces):,} of {result.images:,} images embedded by [bold]{escape(faces.model)}[/] ({faces.dim} numbers each), "
        f"{result.images_per_second:,.0f} images/s → {escape(str(result.path))}"
    ]
    if result.resumed:
        lines.append(f"{result.resumed:,} of them were done by the interrupted run")
    if result.several_faces:
        lines.append(f"{result.several_faces:,} images show several faces; the largest near the middle was taken")
    for reason, count in result.reasons.items():
        names = [escape(s.file) for s in result.skipped if s.reason == reason]
        more = f" and {count - 5:,} more (all of them: --json)" if count > 5 else ""
        lines.append(f"[yellow]{count:,} skipped, {reason}:[/] {', '.join(names[:5])}{more}")
    lines.append(f"[dim]{escape(result.signature)}[/]")
    return "\n".join(lines)
