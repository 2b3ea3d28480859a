"""`facespace study`: the papers' experiments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType

from ..application import add_group
from ..files import load_pairs, sets_without
from ..options import METHODS, PRINTING, Alpha, Center, Cut, Exclude, Format, MaybePairs, OutputFolder, Printing, Seed, names
from ..printing import console, finish, page, progress_bar, warning_lines
from .agreement import agreement
from .curves import needed, rank, sensitivity
from .templates import templates

if TYPE_CHECKING:
    from ...datasets import PairProtocol
    from ...embeddings import EmbeddingSet
    from ...studies import CrossModelResult

study = add_group("study")


@study.command("cross-model")
def cross_model(
    sets: Annotated[list[Path], typer.Argument(help="Two or more sets, of different networks.")],
    pairs: MaybePairs = None,
    format: Format = None,
    pairing: Annotated[str, typer.Option(help="What maps are fitted on: same, matched, or same,matched.")] = "same",
    methods: Annotated[str, typer.Option(help=f"Some of {', '.join(METHODS)}.")] = "auto,ridge,rotation,identity",
    alpha: Alpha = 1.0,
    center: Center = True,
    cut: Cut = "out-of-fold",
    keys: Annotated[
        str, typer.Option(help="Images of the pairing 'same': protocol, those of the pairs list; all, by subject.")
    ] = "protocol",
    exclude: Exclude = None,
    output: OutputFolder = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Every ordered pair of networks × methods: what does comparing across networks cost?"""
    faces, out, told = sets_without(sets, exclude)
    run_cross_model(
        faces,
        None if pairs is None else load_pairs(pairs, format).without(out),
        output,
        printing,
        told,
        pairing=names(pairing),
        methods=names(methods),
        alpha=alpha,
        center=center,
        cut=cut,
        keys=keys,
        seed=seed,
    )


def run_cross_model(
    faces: list[EmbeddingSet],
    protocol: PairProtocol | None,
    output: Path | None,
    printing: Printing,
    told: Sequence[str] = (),
    **settings: Any,
) -> None:
    """Run the study, whose `settings` are those of `cross_model_study`, with a progress bar, write its report, print it.

    `told` comes before its warnings.
    """
    from ...studies.cross_model import cross_model_report, cross_model_study

    with progress_bar("folds", printing.quiet) as progress:
        result = cross_model_study(faces, protocol, progress=progress, **settings)
    result = replace(result, warnings=(*told, *result.warnings))
    finish(result, cross_model_report, render, output, printing)


def render(result: CrossModelResult, files: list[str]) -> RenderableType:
    """The study for a terminal: the answer, the matrix of the first method, the methods side by side, the report."""
    from ...report import terminal_matrix, terminal_table
    from ...studies.cross_model import answer, cross_model_matrix, summary_table

    matrix = terminal_matrix(cross_model_matrix(result), width=console.width)
    table = terminal_table(summary_table(result, brief=True))
    return page(answer(result), matrix, table, notes=warning_lines(result.warnings), signature=result.signature, files=files)


study.command("sensitivity")(sensitivity)
study.command("rank")(rank)
study.command("pairs-needed")(needed)
study.command("templates")(templates)
study.command("agreement")(agreement)
