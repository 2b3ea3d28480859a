"""`facespace audit attributes`: what a linear probe reads from templates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from ..files import load_set
from ..options import PRINTING, OutputFolder, Printing, Seed, names
from ..printing import finish, page, progress_bar, warning_lines
from .protections import Only

if TYPE_CHECKING:
    from ...privacy import AttributeResult


def attributes(
    faces: Annotated[Path, typer.Argument(metavar="SET", help="Plain embeddings of one network.")],
    labels: Annotated[
        Path,
        typer.Option("--labels", metavar="CSV", help="Table with a column id and one for each attribute; empty: unknown."),
    ],
    columns: Annotated[str | None, typer.Option(metavar="NAME,…", help="Some of the attributes, by default all.")] = None,
    only: Only = None,
    folds: Annotated[int, typer.Option(min=2, help="Parts that people are divided into.")] = 5,
    output: OutputFolder = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Read attributes from templates by logistic regression, plain and after each protection.

    No person is in training and test of one probe. The labels are yours: none are guessed.
    """
    from ...privacy import attribute_report, audit_attributes, read_labels

    table = read_labels(labels, None if columns is None else names(columns))
    kept = None if only is None else names(only)
    with progress_bar("probes", printing.silent) as progress:
        result = audit_attributes(load_set(faces), table, only=kept, folds=folds, seed=seed, progress=progress)
    finish(result, attribute_report, render, output, printing)


def render(result: AttributeResult, files: list[str]) -> RenderableType:
    """The audit for a terminal."""
    from ...privacy import attribute_finding, attribute_table
    from ...report import terminal_table

    notes = warning_lines(result.warnings)
    table = terminal_table(attribute_table(result, brief=True))
    return page(attribute_finding(result), table, notes=notes, signature=result.signature, files=files)
