"""`facespace detect`: the faces of images, found once for every network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from .application import app
from .options import PRINTING, WRITTEN, MinFace, Printing, Turn, Weights, assignments
from .printing import emit, progress_bars

if TYPE_CHECKING:
    from ..models import DetectResult


@app.command(keys=False)
def detect(
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGES", help="Folder of images, .tar archives or .parquet tables, as of embed.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="TABLE", help="Parquet file to write, a row a face."), WRITTEN
    ],
    ids: Annotated[
        Path | None, typer.Option("--ids", metavar="CSV", help="Table file,id[,subject]: these images, by these ids.")
    ] = None,
    columns: Annotated[
        str, typer.Option("--columns", metavar="ROLE=NAME,…", help="Columns of .parquet tables: image, id, subject.")
    ] = "",
    detector: Annotated[str, typer.Option(help="auto, yunet, scrfd or dlib.")] = "auto",
    size: Annotated[int, typer.Option(min=16, help="Long side in pixels that pictures are shrunk to at first.")] = 640,
    min_face: MinFace = None,
    turn: Turn = True,
    max_pixels: Annotated[int, typer.Option(min=1, help="Images of more pixels are skipped, unread.")] = 200_000_000,
    keep_damaged: Annotated[bool, typer.Option("--keep-damaged", help="Take what can be read of damaged files.")] = False,
    weights: Weights = None,
    workers: Annotated[int | None, typer.Option("--workers", help="Threads; one a processor if not given.")] = None,
    printing: Printing = PRINTING,
) -> None:
    """Find the faces of all images once: boxes, landmarks, scores, which way up.

    `facespace embed IMAGES --landmarks TABLE` then needs no detector, whichever the network, and takes of several faces
    the one that --faces says.
    """
    from ..models import detect as run

    with progress_bars(shown=not printing.silent) as show:
        result = run(
            images[0] if len(images) == 1 else images,
            output,
            ids=ids,
            columns=assignments("--columns", columns),
            detector=detector,
            size=size,
            min_face=min_face,
            turn=turn,
            max_pixels=max_pixels,
            keep_damaged=keep_damaged,
            weights=weights,
            workers=workers,
            progress=lambda done, whole: show("images", done, whole),
        )
    emit(result, lambda: _text(result), printing)


def _text(result: DetectResult) -> str:
    found = result.images - len(result.skipped)
    lines = [
        f"{result.faces:,} faces in {found:,} of {result.images:,} images, {result.images / max(result.seconds, 1e-9):,.0f} "
        f"images/s → {escape(str(result.path))}"
    ]
    if result.several:
        lines.append(f"{result.several:,} images show several faces")
    if result.turned:
        lines.append(f"{result.turned:,} images lie on a side or upside down")
    if result.other_files:
        from ..images import describe_others

        lines.append(f"[yellow]{escape(describe_others(result.other_files))}[/]")
    for reason, count in result.reasons.items():
        names = [escape(s.file) for s in result.skipped if s.reason == reason]
        more = f" and {count - 5:,} more" if count > 5 else ""
        lines.append(f"[yellow]{count:,} without a face, {reason}:[/] {', '.join(names[:5])}{more}")
    lines.append(f"[dim]{escape(result.signature)}[/]")
    return "\n".join(lines)
