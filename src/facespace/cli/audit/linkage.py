"""`facespace audit linkage`: who is named across two systems."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from ..files import open_set
from ..options import PRINTING, RUNNING, OutputFolder, Printing, Running, Seed, numbers
from ..printing import finish, page, progress_bar, warning_lines

if TYPE_CHECKING:
    from ...privacy import LinkageResult


def linkage(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Set of one system.")],
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="Set of the other, of the same images.")],
    leaked: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,…",
            help="Numbers of leaked pairs: images that both systems embedded.",
            show_default="of 10,25,50,100,400 what the sets have",
        ),
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Draws of leaked pairs for each number.")] = 5,
    refine: Annotated[
        bool, typer.Option("--refine", help="Also sharpen the maps on the attacked embeddings and the gallery.")
    ] = False,
    method: Annotated[str | None, typer.Option(help="Family of the map; by default the best for few pairs.")] = None,
    center: Annotated[bool, typer.Option("--center/--no-center", help="Fit and compare about the means, or zero.")] = True,
    fpir: Annotated[
        str, typer.Option(metavar="X,X,…", help="False positive identification rates of the open-set figures.")
    ] = "1e-1,1e-2",
    enrolled: Annotated[int, typer.Option(min=1, help="Images of each person in the gallery.")] = 1,
    output: OutputFolder = None,
    running: Running = RUNNING,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Name anonymous embeddings of one system in the labelled gallery of another, both ways.

    A map is fitted on leaked pairs; the people attacked are not among those that leaked. Every attack looks up to 20,000
    probes up in the whole gallery; sets in Parquet are never whole in memory.
    """
    from ...privacy import audit_linkage, linkage_report

    sizes, rates = None if leaked is None else numbers("--leaked", leaked, int), numbers("--fpir", fpir)
    a, b = open_set(source, running), open_set(target, running)
    with progress_bar("attacks", printing.quiet) as progress:
        result = audit_linkage(
            a,
            b,
            leaked=sizes,
            repeats=repeats,
            method=method,
            center=center,
            refine=refine,
            fpirs=rates,
            enrolled=enrolled,
            seed=seed,
            engine=running.made,
            progress=progress,
        )
    finish(result, linkage_report, render, output, printing)


def render(result: LinkageResult, files: list[str]) -> RenderableType:
    """The audit for a terminal: the finding, the table, warnings, the signature."""
    from ...privacy import finding, linkage_table
    from ...report import terminal_table

    table = terminal_table(linkage_table(result, brief=True))
    notes = warning_lines(result.warnings)
    return page(finding(result), table, notes=notes, signature=result.signature, files=files)
