"""`facespace audit mixture`: templates of another network in a gallery."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from ..files import open_set
from ..options import PRINTING, RUNNING, WRITTEN, OutputFolder, Printing, Running, Seed
from ..printing import finish, page, warning_lines

if TYPE_CHECKING:
    from ...privacy import MixtureResult


def mixture(
    faces: Annotated[Path, typer.Argument(metavar="SET", help="The gallery's embeddings.")],
    reference: Annotated[
        Path | None, typer.Option(metavar="SET", help="Embeddings that the gallery's network is known to have made.")
    ] = None,
    false_alarms: Annotated[
        float, typer.Option(metavar="X", help="Share of clean templates that the reference's threshold may name.")
    ] = 0.01,
    templates: Annotated[
        Path | None,
        typer.Option("--templates", metavar="CSV", help="Write the named templates and their scores here."),
        WRITTEN,
    ] = None,
    output: OutputFolder = None,
    running: Running = RUNNING,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Find templates that another network made, from the embeddings alone or beside a reference.

    Swapped colours, other crops and mapped templates are found with a reference, and only in part. Exit code 0 either way.
    """
    from ...io import write_rows
    from ...privacy import audit_mixture, mixture_report

    known = None if reference is None else open_set(reference, running)
    result = audit_mixture(open_set(faces, running), known, false_alarms=false_alarms, seed=seed)
    if templates is not None:
        write_rows(templates, ("id", "score"), zip(result.ids.tolist(), result.foreign_scores.tolist(), strict=True))
    finish(result, mixture_report, render, output, printing)


def render(result: MixtureResult, files: list[str]) -> RenderableType:
    """The audit for a terminal."""
    from ...privacy import mixture_finding, mixture_table
    from ...report import terminal_table

    blocks = [terminal_table(mixture_table(result, brief=True))] if result.foreign else []
    return page(
        mixture_finding(result), *blocks, notes=warning_lines(result.warnings), signature=result.signature, files=files
    )
