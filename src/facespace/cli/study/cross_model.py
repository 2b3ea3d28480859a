"""`facespace study`: the papers' experiments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ...datasets import PairProtocol, read_pairs
from ...embeddings import EmbeddingSet
from ...io import check_folder
from ...studies import CrossModelResult, cross_model_study
from ...studies.cross_model import DEFAULT_METHODS, STUDY_METHODS
from ..application import app
from ..options import Json, OutputFolder, Quiet, Seed, console, emit, progress_bar, write_study
from . import curves as _study_curves
from . import templates as _study_templates

study = typer.Typer(no_args_is_help=True)
app.add_typer(study, name="study", help="The papers' experiments.")


@study.command("cross-model")
def cross_model(
    sets: Annotated[list[Path], typer.Argument(help="Two or more sets, of different networks.", show_default=False)],
    pairs: Annotated[Path, typer.Option("--pairs", help="Pairs list with folds, such as LFW's pairs.txt.")],
    pairing: Annotated[
        str, typer.Option("--pairing", help="What maps are fitted on: same, matched, or same,matched.")
    ] = "same",
    methods: Annotated[str, typer.Option("--methods", help=f"Some of {', '.join(STUDY_METHODS)}.")] = ",".join(
        DEFAULT_METHODS
    ),
    alpha: Annotated[float, typer.Option("--alpha", help="Ridge penalty.")] = 1.0,
    center: Annotated[
        bool, typer.Option("--center/--no-center", help="Fit and compare about the means; not so in the papers.")
    ] = True,
    keys: Annotated[
        str,
        typer.Option("--keys", help="Images of the pairing 'same': protocol, those of the pairs list; all, by subject."),
    ] = "protocol",
    output: OutputFolder = None,
    as_json: Json = False,
    quiet: Quiet = False,
    seed: Seed = 0,
) -> None:
    """Every ordered pair of networks × methods: what does comparing across networks cost?"""
    faces = [EmbeddingSet.load(path) for path in sets]
    run_cross_model(
        faces,
        read_pairs(pairs),
        pairing=_split(pairing),
        methods=_split(methods),
        alpha=alpha,
        center=center,
        keys=keys,
        seed=seed,
        output=output,
        as_json=as_json,
        quiet=quiet,
    )


def run_cross_model(
    faces: list[EmbeddingSet],
    protocol: PairProtocol,
    *,
    pairing: list[str],
    methods: list[str],
    alpha: float = 1.0,
    center: bool = True,
    keys: str = "protocol",
    seed: int = 0,
    output: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run the study with a progress bar, write its report, print it."""
    if output is not None:
        check_folder(output)
    with progress_bar("folds", quiet) as progress:
        result = cross_model_study(
            faces,
            protocol,
            pairing=pairing,
            methods=methods,
            alpha=alpha,
            center=center,
            keys=keys,
            seed=seed,
            progress=progress,
        )
    from ...studies.cross_model import cross_model_report

    document = write_study(result, lambda: cross_model_report(result), output)
    emit(document, lambda: render(result, document["files"]), as_json=as_json, quiet=quiet)


def render(result: CrossModelResult, files: list[str]) -> RenderableType:
    """The study for a terminal: the answer, the matrix of the first method, the methods side by side, the report."""
    from ...report import terminal_matrix, terminal_table
    from ...studies.cross_model import answer, cross_model_matrix, summary_table

    matrix = cross_model_matrix(result)
    verdict = answer(result)
    parts: list[RenderableType] = [Text.assemble((verdict[0], "bold"), " ", verdict[1]), Text()]
    parts += [terminal_matrix(matrix, width=console.width), Text()]
    parts += [terminal_table(summary_table(result, brief=True)), Text(), Text(result.signature, style="dim")]
    if files:
        parts.append(Text.assemble("Report: ", (next(f for f in files if f.endswith(".html")), "bold")))
    return Group(*parts)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


study.command("sensitivity")(_study_curves.sensitivity)
study.command("rank")(_study_curves.rank)
study.command("pairs-needed")(_study_curves.needed)
study.command("templates")(_study_templates.templates)
