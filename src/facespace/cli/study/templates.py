"""`facespace study templates`: 1:1 verification of templates over all ordered pairs of networks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ...datasets import read_ijb
from ...embeddings import EmbeddingSet
from ...errors import FileFormatError, InputError
from ...io import check_folder, existing_file
from ...studies import TemplateStudyResult, template_study
from ...studies.templates import TEMPLATE_METHODS
from ..options import Json, OutputFolder, Quiet, Seed, console, emit, progress_bar, write_study


def templates(
    sets: Annotated[list[Path], typer.Argument(help="Two or more sets, of different networks.", show_default=False)],
    ijb: Annotated[
        Path | None,
        typer.Option("--ijb", help="Folder of IJB lists; by default two templates of every person with two images or more."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Of the IJB lists, by default ijbc; else what the signature says.")
    ] = None,
    fit_ids: Annotated[
        Path | None,
        typer.Option(
            "--fit-ids",
            help="File of the ids maps are fitted on, one a line; needed with --ijb, by default the people with one image.",
        ),
    ] = None,
    methods: Annotated[str, typer.Option("--methods", help=f"Some of {', '.join(TEMPLATE_METHODS)}.")] = "ols,rotation",
    fars: Annotated[str, typer.Option("--far", help="False accept rates.")] = "1e-1,1e-2,1e-3,1e-4",
    center: Annotated[
        bool, typer.Option("--center/--no-center", help="Fit and compare about the means; not so in the paper.")
    ] = True,
    alpha: Annotated[float, typer.Option("--alpha", help="Ridge penalty.")] = 1.0,
    intervals: Annotated[
        bool, typer.Option("--intervals/--no-intervals", help="95 % intervals for every pair of networks.")
    ] = True,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Pool templates without the faces that have no embedding.")
    ] = False,
    output: OutputFolder = None,
    as_json: Json = False,
    quiet: Quiet = False,
    seed: Seed = 0,
) -> None:
    """TAR@FAR of templates, every network against every other: linear maps and rotations side by side."""
    if output is not None:
        check_folder(output)
    rates = _rates(fars)
    given = None if fit_ids is None else _ids(fit_ids)
    protocol = None if ijb is None else read_ijb(ijb, name or "ijbc")
    faces = [EmbeddingSet.load(path) for path in sets]
    with progress_bar("comparisons", quiet) as progress:
        result = template_study(
            faces,
            protocol,
            methods=[part.strip() for part in methods.split(",") if part.strip()],
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
    from ...studies.templates import template_study_report

    document = write_study(result, lambda: template_study_report(result), output)
    emit(document, lambda: render(result, document["files"]), as_json=as_json, quiet=quiet)


def render(result: TemplateStudyResult, files: list[str]) -> RenderableType:
    """The study for a terminal: the answer, the matrix of the first method, methods side by side, warnings, the report."""
    from ...report import terminal_matrix, terminal_table
    from ...studies.templates import answer, methods_table, study_matrix

    verdict = answer(result)
    parts: list[RenderableType] = [Text.assemble((verdict[0], "bold"), " ", verdict[1]), Text()]
    parts += [terminal_matrix(study_matrix(result), width=console.width), Text()]
    parts += [terminal_table(methods_table(result, brief=True)), Text()]
    parts += [Text(f"Warning: {text}", style="yellow") for text in result.warnings]
    parts.append(Text(result.signature, style="dim"))
    if files:
        parts.append(Text.assemble("Report: ", (next(f for f in files if f.endswith(".html")), "bold")))
    return Group(*parts)


def _rates(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise InputError(f"--far takes numbers; got {text!r}", "Such as --far 1e-2,1e-3,1e-4.") from None


def _ids(path: Path) -> list[str]:
    found = [line.strip() for line in existing_file(path, "a list of ids").read_text(encoding="utf-8-sig").splitlines()]
    if not any(found):
        raise FileFormatError(f"{path} names no image", "One id a line, as in the sets.")
    return [line for line in found if line]
