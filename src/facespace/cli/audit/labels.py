"""`facespace audit labels`: duplicates, one person under two names, two persons under one name."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from ..files import load_set
from ..options import PRINTING, WRITTEN, OutputFolder, Printing, Seed
from ..printing import finish, page, warning_lines

if TYPE_CHECKING:
    from ...labels import LabelAudit


def labels(
    sets: Annotated[
        list[Path], typer.Argument(metavar="SET...", help="Embeddings of the same images by one network, better several.")
    ],
    images: Annotated[
        Path | None, typer.Option(help="The images' folder: files are compared, and the report shows the faces.")
    ] = None,
    false_share: Annotated[
        float, typer.Option(metavar="X", help="Share of each list that may be expected among right labels.")
    ] = 0.1,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="FILE", help="Write the ids to leave out, for --exclude."), WRITTEN
    ] = None,
    output: OutputFolder = None,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """Find labels that are probably wrong: duplicates, one person under two names, two persons under one name.

    Twins and pictures of bad quality are listed too: look at them. Exit code 0 either way.
    """
    from ...labels import audit_labels, labels_report, write_exclusion

    result = audit_labels([load_set(path) for path in sets], images=images, false_share=false_share, seed=seed)
    if write is not None:
        write_exclusion(write, result.exclude, result.signature)
    finish(result, partial(labels_report, images=images), partial(render, written=write), output, printing)


def render(result: LabelAudit, files: list[str], written: Path | None = None) -> RenderableType:
    """The audit for a terminal."""
    from ...labels import labels_finding, labels_tables
    from ...report import terminal_table

    blocks = [terminal_table(table) for table in labels_tables(result, brief=True)]
    notes = warning_lines(result.warnings)
    expected = f"{result.expected_two_names:.1f} pairs, {result.expected_two_people:.1f} images expected among right labels"
    if written is not None:
        expected += f"; {len(result.exclude):,} ids to leave out → {written}"
    return page((labels_finding(result), expected), *blocks, notes=notes, signature=result.signature, files=files)
