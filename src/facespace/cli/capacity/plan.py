"""`facespace capacity plan`: what would make the gallery larger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from ..files import load_set, read_ids
from ..options import PRINTING, Exclude, OutputFolder, Printing, Seed
from ..printing import finish, page, warning_lines
from .group import Fnir, Fpir, capacity

if TYPE_CHECKING:
    from ...capacity import CapacityPlan


@capacity.command("plan")
def plan(
    faces: Annotated[Path, typer.Argument(metavar="SET", help="Set with people: subject column, or folders in the ids.")],
    cohort: Annotated[
        Path | None, typer.Option(help="Set of other people by the same network; scores are corrected by it.")
    ] = None,
    fpir: Fpir = 0.01,
    fnir: Fnir = 0.05,
    exclude: Exclude = None,
    output: OutputFolder = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """What would make the gallery larger: other targets, two images a person, or a cohort of strangers?"""
    from ...capacity import plan_capacity, plan_report

    left_out = [] if exclude is None else read_ids(exclude)
    strangers = None if cohort is None else load_set(cohort)
    found = plan_capacity(load_set(faces), cohort=strangers, fpir=fpir, fnir=fnir, exclude=left_out, seed=seed)
    finish(found, plan_report, render, output, printing)


def render(found: CapacityPlan, files: list[str]) -> RenderableType:
    """For a terminal: N* by targets, and by ways to run the system."""
    from ...capacity import plan_answer, plan_table, targets_table
    from ...report import terminal_table

    blocks: list[RenderableType] = [terminal_table(targets_table(found.targets))]
    blocks += [terminal_table(plan_table(rows, found, brief=True)) for rows in (found.templates, found.cohort) if rows]
    return page(plan_answer(found), *blocks, notes=warning_lines(found.warnings), signature=found.signature, files=files)
