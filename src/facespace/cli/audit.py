"""`facespace audit`: what embeddings give away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from ..embeddings import EmbeddingSet
from ..errors import InputError
from ..io import check_folder
from .application import app
from .options import Json, OutputFolder, Quiet, Seed, emit, progress_bar, write_study

if TYPE_CHECKING:
    from ..privacy import LinkageResult

audit = typer.Typer(no_args_is_help=True)
app.add_typer(audit, name="audit", help="What embeddings give away.")


@audit.callback()
def _audit() -> None:
    """What embeddings give away."""  # a group, though it has one command so far


@audit.command("linkage")
def linkage(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Set of one system.", show_default=False)],
    target: Annotated[
        Path, typer.Argument(metavar="TARGET", help="Set of the other, of the same images.", show_default=False)
    ],
    leaked: Annotated[
        str, typer.Option("--leaked", metavar="N,N,…", help="Numbers of leaked pairs: images that both systems embedded.")
    ] = "10,25,50,100,400",
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Draws of leaked pairs for each number.")] = 5,
    refine: Annotated[
        bool, typer.Option("--refine", help="Also sharpen the maps on the attacked embeddings and the gallery.")
    ] = False,
    method: Annotated[
        str | None,
        typer.Option("--method", help="Family of the map; by default the best for few pairs.", show_default=False),
    ] = None,
    center: Annotated[bool, typer.Option("--center/--no-center", help="Fit and compare about the means, or zero.")] = True,
    fpir: Annotated[
        str, typer.Option("--fpir", metavar="X,X,…", help="False positive identification rates of the open-set figures.")
    ] = "1e-1,1e-2",
    enrolled: Annotated[int, typer.Option("--enrolled", min=1, help="Images of each person in the gallery.")] = 1,
    output: OutputFolder = None,
    as_json: Json = False,
    quiet: Quiet = False,
    seed: Seed = 0,
) -> None:
    """Name anonymous embeddings of one system in the labelled gallery of another, both ways.

    A map is fitted on leaked pairs; the people attacked are not among those that leaked.
    """
    sizes = [int(n) for n in _numbers("--leaked", leaked, int)]
    rates = [float(x) for x in _numbers("--fpir", fpir, float)]
    if output is not None:
        check_folder(output)
    a, b = EmbeddingSet.load(source), EmbeddingSet.load(target)
    from ..privacy import audit_linkage  # imports scikit-learn

    with progress_bar("attacks", quiet) as progress:
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
            progress=progress,
        )
    from ..privacy import linkage_report

    document = write_study(result, lambda: linkage_report(result), output)
    emit(document, lambda: render(result, document["files"]), as_json=as_json, quiet=quiet)


def render(result: LinkageResult, files: list[str]) -> RenderableType:
    """The audit for a terminal: the finding, the table, warnings, the signature."""
    from ..privacy import finding, linkage_table
    from ..report import terminal_table

    parts: list[RenderableType] = [
        Text(finding(result), style="bold"),
        Text(),
        terminal_table(linkage_table(result, brief=True)),
        Text(),
    ]
    parts += [Text.from_markup(f"[yellow]![/] {escape(warning)}") for warning in result.warnings]
    parts.append(Text(result.signature, style="dim"))
    if files:
        parts.append(Text.assemble("Report: ", (next(f for f in files if f.endswith(".html")), "bold")))
    return Group(*parts)


def _numbers(option: str, text: str, kind: type[int] | type[float]) -> list[int | float]:
    numbers = []
    for part in text.split(","):
        try:
            numbers.append(kind(part))
        except ValueError:
            wanted = "a whole number" if kind is int else "a number"
            raise InputError(f"{option} {text}: {part.strip()!r} is not {wanted}", "Separate them by commas.") from None
    return numbers
