"""`facespace audit protections`: what protections of templates are worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from ..files import load_pairs, load_set
from ..options import PRINTING, OutputFolder, Printing, Seed, names, numbers
from ..printing import finish, page, progress_bar, warning_lines

if TYPE_CHECKING:
    from ...privacy import ProtectionResult

Only = Annotated[str | None, typer.Option("--only", metavar="NAME,…", help="Some protections, by default all.")]


def protections(
    sets: Annotated[
        list[Path],
        typer.Argument(metavar="SET [SET…]", help="The set to protect, and attackers' networks' of the same images."),
    ],
    only: Only = None,
    leaked: Annotated[
        str, typer.Option(metavar="N,N,…", help="Leaked pairs: images of which an attacker has template and embedding.")
    ] = "0,10,25,50,100,400",
    repeats: Annotated[int, typer.Option(min=1, help="Draws of leaked pairs, and secrets, for each number.")] = 3,
    refine: Annotated[
        bool, typer.Option("--refine", help="Also sharpen the attackers' maps on the stolen templates; takes minutes.")
    ] = False,
    pairs: Annotated[
        Path | None, typer.Option("--pairs", help="List of pairs that accuracy is measured on; by default drawn ones.")
    ] = None,
    fpir: Annotated[
        str, typer.Option(metavar="X,X,…", help="False positive identification rates of the open-set figures.")
    ] = "1e-1,1e-2",
    enrolled: Annotated[int, typer.Option(min=1, help="Images of each person in the gallery.")] = 1,
    output: OutputFolder = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Attack protected templates with real networks, and measure what protecting them costs.

    The first set is protected; an attacker has the same network, or one of the others, with and without the maps that ship.
    """
    from ...privacy import audit_protections, protection_report

    sizes, rates = numbers("--leaked", leaked, int), numbers("--fpir", fpir)
    faces, *others = (load_set(path) for path in sets)
    protocol = None if pairs is None else load_pairs(pairs, told=True)
    with progress_bar("attackers", printing.silent) as progress:
        result = audit_protections(
            faces,
            others,
            only=None if only is None else names(only),
            leaked=sizes,
            repeats=repeats,
            refine=refine,
            protocol=protocol,
            fpirs=rates,
            enrolled=enrolled,
            seed=seed,
            progress=progress,
        )
    finish(result, protection_report, render, output, printing)


def render(result: ProtectionResult, files: list[str]) -> RenderableType:
    """The audit for a terminal: the finding, what stands in short, warnings, the signature."""
    from ...privacy import brief_tables, protection_finding
    from ...report import terminal_table

    tables = [terminal_table(table) for table in brief_tables(result)]
    notes = warning_lines(result.warnings)
    return page(protection_finding(result), *tables, notes=notes, signature=result.signature, files=files)
