"""`facespace capacity`: how many people a representation can tell apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from .._files import check_folder
from ..embeddings import EmbeddingSet
from ..errors import InputError
from ._app import app
from ._options import Json, OutputFolder, Quiet, Seed, emit, progress_bar, write_study

if TYPE_CHECKING:
    from ..capacity import CapacityResult


@app.command("capacity")
def capacity(
    faces: Annotated[Path, typer.Argument(metavar="SET", help="Set with people: subject column, or folders in the ids.")],
    far: Annotated[
        str,
        typer.Option("--far", metavar="Q,Q,…", help="Shares q of a person outside their own ellipsoid (the paper's FAR)."),
    ] = "0.1,0.01,0.001,1e-5",
    min_images: Annotated[int, typer.Option("--min-images", min=2, help="Images a person needs to count as a class.")] = 2,
    shape: Annotated[str, typer.Option("--shape", help="Shape of the headline: full, axis or sphere.")] = "full",
    choice: Annotated[
        str, typer.Option("--class", help="Person who stands for all in the headline, by volume: max, median, mean or min.")
    ] = "max",
    dimension: Annotated[
        int | None, typer.Option("--dimension", min=1, help="m; by default the intrinsic dimension.", show_default=False)
    ] = None,
    validate: Annotated[
        bool, typer.Option("--validate", help="Also measure false positive identifications in growing galleries.")
    ] = False,
    output: OutputFolder = None,
    as_json: Json = False,
    quiet: Quiet = False,
    seed: Seed = 0,
) -> None:
    """How many people can this representation tell apart? An upper bound with its interval, and what speaks against it."""
    rates = _rates(far)
    if output is not None:
        check_folder(output)
    loaded = EmbeddingSet.load(faces)
    from ..capacity import estimate_capacity  # imports scipy

    with progress_bar("steps", quiet) as progress:
        result = estimate_capacity(
            loaded,
            far=rates,
            min_images=min_images,
            shape=shape,
            choice=choice,
            dimension=dimension,
            validate=validate,
            seed=seed,
            progress=progress,
        )
    from ..capacity.report import capacity_report

    document = write_study(result, lambda: capacity_report(result), output)
    emit(document, lambda: render(result, document["files"]), as_json=as_json, quiet=quiet)


def render(result: CapacityResult, files: list[str]) -> RenderableType:
    """The estimate for a terminal: the answer, the capacities, what they hang on, warnings, the signature."""
    from ..capacity.report import answer, capacity_table, finding, sensitivity_table, validation_table
    from ..report import terminal_table

    parts: list[RenderableType] = [Text(answer(result), style="bold"), Text()]
    parts += [terminal_table(capacity_table(result, brief=True)), Text(), terminal_table(sensitivity_table(result)), Text()]
    if result.validation:
        parts += [terminal_table(validation_table(result)), Text(), Text(finding(result)), Text()]
    parts += [Text.from_markup(f"[yellow]![/] {escape(warning)}") for warning in result.warnings]
    parts.append(Text(result.signature, style="dim"))
    if files:
        parts.append(Text.assemble("Report: ", (next(f for f in files if f.endswith(".html")), "bold")))
    return Group(*parts)


def _rates(text: str) -> list[float]:
    rates = []
    for part in text.split(","):
        try:
            rates.append(float(part))
        except ValueError:
            raise InputError(f"--far {text}: {part.strip()!r} is not a number", "Separate them by commas.") from None
    return rates
