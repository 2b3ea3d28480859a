"""`facespace capacity --compare`: networks by the size of the gallery that each allows, on the same people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from ..files import load_set, read_ids
from ..options import PRINTING, Exclude, OutputFolder, Printing, Seed
from ..printing import finish, page, progress_bar, warning_lines
from .group import Dimension, Fnir, Fpir, capacity

if TYPE_CHECKING:
    from ...capacity import CapacityComparison


@capacity.command("compare")
def compare(
    sets: Annotated[list[Path], typer.Argument(metavar="SET SET…", help="Sets of the same images by different networks.")],
    fpir: Fpir = 0.01,
    fnir: Fnir = 0.05,
    exclude: Exclude = None,
    bound: Annotated[bool, typer.Option("--bound/--no-bound", help="Also the paper's bound, at one m for all.")] = True,
    dim: Dimension = None,
    output: OutputFolder = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Which network's gallery may hold more people? N* of each, their ratios on the same people, and the bound at one m.

    Also as `facespace capacity --compare SET SET…`.
    """
    from ...capacity import compare_capacity, compare_report

    left_out = [] if exclude is None else read_ids(exclude)
    loaded = [load_set(path) for path in sets]
    with progress_bar("steps", printing.silent) as progress:
        found = compare_capacity(
            loaded, fpir=fpir, fnir=fnir, exclude=left_out, bound=bound, dim=dim, seed=seed, progress=progress
        )
    finish(found, compare_report, render, output, printing)


def render(found: CapacityComparison, files: list[str]) -> RenderableType:
    """For a terminal: N* of each, how sure the order is, the bound at one m."""
    from ...capacity import bound_table, compare_table, contradicted_bounds, order_answer, pairs_table
    from ...report import terminal_table

    blocks: list[RenderableType] = [terminal_table(compare_table(found, brief=True))]
    blocks.append(terminal_table(pairs_table(found, brief=True)))
    if found.dim is not None:
        blocks.append(terminal_table(bound_table(found, brief=True)))
    head = " ".join(filter(None, [order_answer(found), contradicted_bounds(found)]))
    return page(head, *blocks, notes=warning_lines(found.warnings), signature=found.signature, files=files)
