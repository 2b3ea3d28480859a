"""`facespace study agreement`: how far two networks can be mapped onto one another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from ...errors import InputError
from ..files import sets_without
from ..options import PRINTING, Exclude, Faces, OutputFolder, Printing, Seed
from ..printing import finish, page, progress_bar, warning_lines

if TYPE_CHECKING:
    from ...report import Report
    from ...studies import AgreementResult


def agreement(
    first: Annotated[Path, typer.Argument(help="Set of network A, of labelled people with several images each.")],
    second: Annotated[Path, typer.Argument(help="Set of network B, of the same images.")],
    far: Annotated[float, typer.Option("--far", help="False accept rate at which TAR is compared.")] = 1e-3,
    more: Annotated[int, typer.Option("--more", help="Keys more, whose worth is foretold.")] = 1000,
    resamples: Annotated[int, typer.Option(help="Of people, behind the intervals.")] = 500,
    exclude: Exclude = None,
    images: Faces = None,
    output: OutputFolder = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """How far can A and B be mapped onto one another? What both know of identity, and what is lost at least."""
    from ...studies.agreement import add_disagreements, agreement_report, study_agreement

    if images is not None and output is None:
        raise InputError("--images is for the report", "Give -o FOLDER.")
    (a, b), _, told = sets_without([first, second], exclude)
    with progress_bar("maps", printing.quiet) as progress:
        result = study_agreement(a, b, far=far, more=more, resamples=resamples, seed=seed, progress=progress)
    result = replace(result, warnings=(*told, *result.warnings))

    def report(found: AgreementResult) -> Report:
        made = agreement_report(found)
        if images is not None:
            add_disagreements(made, a, b, images, far=far, seed=seed)
        return made

    finish(result, report, render, output, printing)


def render(result: AgreementResult, files: list[str]) -> RenderableType:
    """The study for a terminal: the answer, what is lost against either network, identity by direction, the networks."""
    from ...report import terminal_table
    from ...studies.agreement import answer, direction_table, loss_table, network_table

    one, two = (network.name for network in result.networks)
    tables = loss_table(result, two), loss_table(result, one), direction_table(result, brief=True), network_table(result)
    shown = [terminal_table(table) for table in tables]
    return page(answer(result), *shown, notes=warning_lines(result.warnings), signature=result.signature, files=files)
