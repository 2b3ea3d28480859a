"""`facespace audit report`: all audits in one document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from ..files import load_pairs, load_set, split_columns
from ..options import PRINTING, OutputFolder, Printing, Seed
from ..printing import finish, page, progress_bars, warning_lines

if TYPE_CHECKING:
    from ...privacy import PrivacyAudit


def report(
    sets: Annotated[
        list[Path], typer.Argument(metavar="SET [SET…]", help="The audited set, and other networks' of the same images.")
    ],
    pairs: Annotated[
        Path | None, typer.Option("--pairs", help="List of pairs that accuracy is measured on; by default drawn ones.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option("--labels", metavar="CSV", help="Attributes of the images, as for audit attributes.")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(metavar="SET", help="Embeddings that the audited set's network is known to have made.")
    ] = None,
    max_linkage: Annotated[
        float | None,
        typer.Option(metavar="X", help="Exit with 1 where another network may name more than this share (upper limit)."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer protections, and one draw of leaked pairs.")] = False,
    output: OutputFolder = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Audit a set for one document: linkage, protections, attributes, mixed networks, encryption, people.

    By the points of ISO/IEC 30136 and 24745, in plain language; no certification. Exit code 1 where --max-linkage is
    exceeded by the upper end of the 95 % interval of what attackers with another network name.
    """
    from ...privacy import audit_privacy, privacy_report, read_labels

    with progress_bars(not printing.silent) as progress:
        result = audit_privacy(
            [load_set(path) for path in sets],
            protocol=None if pairs is None else load_pairs(pairs, told=True),
            labels=None if labels is None else read_labels(labels),
            reference=None if reference is None else load_set(reference),
            files=[split_columns(path)[0] for path in (*sets, *([reference] if reference is not None else []))],
            max_linkage=max_linkage,
            quick=quick,
            seed=seed,
            progress=progress,
        )
    finish(result, privacy_report, render, output, printing)
    if result.passed is False:
        raise typer.Exit(1)


def render(result: PrivacyAudit, files: list[str]) -> RenderableType:
    """The first page for a terminal, what was not tested, warnings, the signature."""
    lines = [Text.assemble((one.topic, "bold"), "  ", one.text) for one in result.headlines]
    left = Text.assemble(("Not tested", "bold"), "  ", "; ".join(one.what for one in result.untested), ".")
    notes = warning_lines(result.warnings)
    head = ("Privacy audit of face templates", f"of {result.model}; no certification")
    return page(head, *lines, left, notes=notes, signature=result.signature, files=files)
