"""`facespace embed`: images become an embedding set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from .application import app
from .options import PRINTING, WHERE, WRITTEN, Aligned, Landmarks, MinFace, Printing, Turn, Weights, Where, assignments
from .printing import Terminal, emit, progress_bars

if TYPE_CHECKING:
    from ..models import EmbedResult


@app.command()
def embed(
    images: Annotated[
        list[Path],
        typer.Argument(
            metavar="IMAGES",
            help="Folder of images; ids are the paths under it. Or .tar archives (WebDataset) or .parquet tables of images: "
            "one, several, a folder of them, or a pattern in quotes.",
        ),
    ],
    model: Annotated[str, typer.Option("-m", "--model", help="Name of a model, or path of its card.")],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="SET",
            help="Set to write: .parquet, .npz, .npy; without suffix a folder of Parquet files, for any number of images.",
        ),
        WRITTEN,
    ],
    ids: Annotated[
        Path | None, typer.Option("--ids", metavar="CSV", help="Table file,id[,subject]: these images, by these ids.")
    ] = None,
    columns: Annotated[
        str, typer.Option("--columns", metavar="ROLE=NAME,…", help="Columns of .parquet tables: image, id, subject.")
    ] = "",
    rows_per_file: Annotated[int, typer.Option(min=1, help="Images for each file of a folder.")] = 4096,
    landmarks: Landmarks = None,
    aligned: Aligned = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted run stopped (a folder always does).")
    ] = False,
    weights: Weights = None,
    detector: Annotated[str, typer.Option(help="auto, yunet, scrfd or dlib.")] = "auto",
    detect_size: Annotated[
        int, typer.Option(min=16, help="Long side in pixels that pictures are shrunk to for the detector.")
    ] = 640,
    min_face: MinFace = None,
    turn: Turn = True,
    faces: Annotated[
        str,
        typer.Option(
            "--faces", metavar="best|largest|all", help="Of several: the largest near the middle, the largest, all (NAME#2)."
        ),
    ] = "best",
    max_pixels: Annotated[int, typer.Option(min=1, help="Images of more pixels are skipped, unread.")] = 200_000_000,
    keep_damaged: Annotated[bool, typer.Option("--keep-damaged", help="Take what can be read of damaged files.")] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Images a worker takes at a time.")] = 32,
    where: Where = WHERE,
    printing: Printing = PRINTING,
) -> None:
    """Compute the embeddings of all images in a folder, in archives or in tables.

    Images that can't be read or show no face are listed and counted, in a folder in its failures.csv. A run that was
    interrupted goes on with --resume. On Ray a folder is made, each of its files a task.
    """
    engine = where.made  # says what is wrong with the options before the work
    from ..models import embed as run

    with progress_bars(shown=not (printing.silent)) as show:
        try:
            result = run(
                images[0] if len(images) == 1 else images,
                model,
                out=output,
                ids=ids,
                columns=assignments("--columns", columns),
                rows_per_file=rows_per_file,
                landmarks=landmarks,
                aligned=aligned,
                detector=detector,
                detect_size=detect_size,
                min_face=min_face,
                turn=turn,
                faces=faces,
                max_pixels=max_pixels,
                keep_damaged=keep_damaged,
                weights=weights,
                batch_size=batch_size,
                workers=where.workers,
                engine=None if where.engine == "local" else engine,
                resume=resume,
                progress=lambda done, whole: show("images", done, whole),
                download_progress=show,
            )
        except KeyboardInterrupt:
            if not printing.quiet:
                Terminal(stderr=True).print("What is finished is kept; the same command with --resume goes on from there.")
            raise
    emit(result, lambda: _text(result), printing)


def _some(result: EmbedResult, least: int) -> str:
    """Some of the images that were noted, and where all are: those with several faces (1), or turned ones (0)."""
    noted = [one for one in result.noted if (one.faces > 1 if least else one.degrees)]
    everywhere = "--json" if result.noted_table is None else str(result.noted_table)
    told = [f"{one.file} by {one.degrees}°" if not least else f"{one.file}: {one.faces}" for one in noted[:3]]
    return escape(f" ({', '.join(told)}{f' and {len(noted) - 3:,} more; all: {everywhere}' if len(noted) > 3 else ''})")


def _text(result: EmbedResult) -> str:
    faces = result.embeddings
    lines = [
        f"{len(faces):,} of {result.images:,} images embedded by [bold]{escape(faces.model)}[/] ({faces.dim} numbers each), "
        f"{result.images_per_second:,.0f} images/s → {escape(str(result.path))}"
        + (f", encrypted under {escape(result.encrypted)}" if result.encrypted else "")
    ]
    if result.resumed:
        lines.append(f"{result.resumed:,} of them were done by the interrupted run")
    if result.several_faces:
        how = {"largest": "the largest was taken", "all": "all were taken, the second of one as NAME#2"}
        taken = how.get(faces.metadata.get("taken", ""), "the largest near the middle was taken")
        lines.append(f"{result.several_faces:,} images show several faces; {taken}{_some(result, 1)}")
    if result.turned:
        lines.append(f"{len(result.turned):,} images lay on a side or upside down and were turned{_some(result, 0)}")
    if result.other_files:
        from ..images import describe_others

        lines.append(f"[yellow]{escape(describe_others(result.other_files))}[/]")
    everywhere = "--json" if result.failures is None else escape(str(result.failures))
    for reason, count in result.reasons.items():
        names = [escape(s.file) for s in result.skipped if s.reason == reason]
        more = f" and {count - 5:,} more (all of them: {everywhere})" if count > 5 else ""
        lines.append(f"[yellow]{count:,} skipped, {reason}:[/] {', '.join(names[:5])}{more}")
    lines.append(f"[dim]{escape(result.signature)}[/]")
    return "\n".join(lines)
