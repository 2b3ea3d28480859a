"""`facespace study templates`: 1:1 verification of templates over all ordered pairs of networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from ...errors import InputError
from ..files import read_ids, sets_without
from ..options import METHODS, PRINTING, Alpha, Center, Exclude, OutputFolder, Printing, Seed, names
from ..printing import console, finish, page, progress_bar

if TYPE_CHECKING:
    from ...studies import TemplateStudyResult


def templates(
    sets: Annotated[list[Path], typer.Argument(help="Two or more sets, of different networks.")],
    ijb: Annotated[
        Path | None,
        typer.Option(help="Folder of IJB lists; by default two templates of every person with two images or more."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Of the IJB lists, by default ijbc; else what the signature says.")
    ] = None,
    fit_ids: Annotated[
        Path | None,
        typer.Option(
            help="File of the ids maps are fitted on, one a line; needed with --ijb, by default the people with one image."
        ),
    ] = None,
    methods: Annotated[str, typer.Option(help=f"Some of {', '.join(METHODS)}.")] = "ols,rotation",
    fars: Annotated[str, typer.Option("--far", help="False accept rates.")] = "1e-1,1e-2,1e-3,1e-4",
    center: Center = True,
    alpha: Alpha = 1.0,
    intervals: Annotated[
        bool, typer.Option("--intervals/--no-intervals", help="95 % intervals for every pair of networks.")
    ] = True,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Pool templates without the faces that have no embedding.")
    ] = False,
    exclude: Exclude = None,
    output: OutputFolder = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """TAR@FAR of templates, every network against every other: linear maps and rotations side by side."""
    from ...datasets import read_ijb
    from ...studies.templates import template_study, template_study_report

    rates = _rates(fars)
    given = None if fit_ids is None else read_ids(fit_ids)
    protocol = None if ijb is None else read_ijb(ijb, name or "ijbc")
    faces, out, told = sets_without(sets, exclude)
    if given is not None:
        given = [name for name in given if name not in set(out)]
    with progress_bar("comparisons", printing.quiet) as progress:
        result = template_study(
            faces,
            protocol,
            methods=names(methods),
            fars=rates,
            center=center,
            fit_ids=given,
            alpha=alpha,
            intervals=intervals,
            allow_missing=allow_missing,
            name=name or "people",
            seed=seed,
            progress=progress,
        )
    result = replace(result, warnings=(*told, *result.warnings))
    finish(result, template_study_report, render, output, printing)


def render(result: TemplateStudyResult, files: list[str]) -> RenderableType:
    """The study for a terminal: the answer, the matrix of the first method, methods side by side, warnings, the report."""
    from ...report import terminal_matrix, terminal_table
    from ...studies.templates import answer, methods_table, study_matrix

    matrix = terminal_matrix(study_matrix(result), width=console.width)
    table = terminal_table(methods_table(result, brief=True))
    notes = [Text(f"Warning: {text}", style="yellow") for text in result.warnings]
    return page(answer(result), matrix, table, notes=notes, signature=result.signature, files=files)


def _rates(text: str) -> list[float]:
    try:
        return [float(part) for part in names(text)]
    except ValueError:
        raise InputError(f"--far takes numbers; got {text!r}", "Such as --far 1e-2,1e-3,1e-4.") from None
