"""`facespace compare A B`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ..application import app
from ..files import page_folder
from ..options import CROPPING, PRINTING, WRITTEN, Cropping, Printing, ScoreTableFile
from ..printing import dim, emit, warning_lines

if TYPE_CHECKING:
    from ...photos import PhotoComparison


@app.command("compare", keys=False)
def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="One photo.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The other.")],
    model: Annotated[
        str | None,
        typer.Option(help="Any network of `models list`. By default the best one here, else w600k-mbf, which pip fetches."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT", help="Folder for a page; or picture, .png or .svg."),
        WRITTEN,
    ] = None,
    far: Annotated[float, typer.Option(help="False accept rate of the threshold.")] = 1e-3,
    table: ScoreTableFile = None,
    cropping: Cropping = CROPPING,
    printing: Printing = PRINTING,
) -> None:
    """Do two photos show one person? Score, likelihood ratio, and the decision at a known threshold."""
    from ... import photos
    from ...io import write_json

    page = page_folder(output)
    found = photos.compare(first, second, model, far=far, table=table, **vars(cropping))
    document: dict[str, Any] = found.to_dict()
    document["files"] = files = []
    if page is not None:
        files += [str(path) for path in [*found.report().write(page), page / "results.json"]]
        write_json(document, page / "results.json")
    elif output is not None:
        files.append(str(photos.write_comparison(found, output)))
    emit(document, lambda: _text(found, files), printing)


def _text(found: PhotoComparison, files: list[str]) -> RenderableType:
    lines: list[RenderableType] = [Text.assemble((found.decision, "bold"), f"   score {found.score:.3f}")]
    if found.table is not None and found.ratio is not None and found.threshold is not None:
        lines.append(Text(f"likelihood ratio {found.ratio.text()}: {found.ratio.words()}"))
        told = (
            f"threshold {found.threshold:.2f} at FAR {100 * found.far:g} %, by {found.table.impostor.sum():,.0f} pairs of "
            f"{found.table.people:,} people ({found.table.reference.split(':')[0]})"
        )
        lines.append(Text(told))
    lines += [*warning_lines(found.warnings), *map(dim, found.notes), dim(found.signature)]
    if files:
        lines.append(Text.assemble("Picture: " if len(files) == 1 else "Page: ", (files[0], "bold")))
    return Group(*lines)
