"""`facespace verify --blufr`: the BLUFR protocol on LFW."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from ..options import Printing
from ..printing import dim, finish, progress_bar, report_line

if TYPE_CHECKING:
    from ...embeddings import EmbeddingSet
    from ...identification import BlufrResult
    from ...verification import PairMap


def run_blufr(
    config: Path,
    a: EmbeddingSet,
    b: EmbeddingSet | None,
    map: PairMap | None,
    exclude: Sequence[str],
    output: Path | None,
    printing: Printing,
) -> None:
    """Measure without the images of `exclude`, write the report, and print."""
    from ...datasets import read_blufr
    from ...identification import blufr_report, verify_blufr

    protocol = read_blufr(config)
    if exclude:
        protocol = protocol.without(exclude)
    with progress_bar("splits", printing.quiet) as progress:
        result = verify_blufr(a, b, protocol=protocol, map=map, progress=progress)
    names = " → ".join(filter(None, (a.model, "" if b is None else b.model)))
    finish(result, lambda made: blufr_report(made, names), render, output, printing)


def render(result: BlufrResult, files: list[str]) -> RenderableType:
    """The result for a terminal: both rates, the table of splits, the signature."""
    from ...identification import key_lines, split_table
    from ...report import terminal_table

    lines = [Text.assemble((value, "bold"), f"  {label}: {note}") for value, label, note in key_lines(result)]
    table = terminal_table(split_table(result, brief=True))
    return Group(*lines, Text(), table, dim(result.signature), *report_line(files))
