"""`facespace verify --blufr`: the BLUFR protocol on LFW."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from ...embeddings import EmbeddingSet
from ...identification import BlufrResult, verify_blufr
from ...verification import PairMap
from ..options import emit, progress_bar, write_study


def run_blufr(
    config: Path,
    a: EmbeddingSet,
    b: EmbeddingSet | None,
    map: PairMap | None,
    *,
    output: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure, write the report, and print."""
    from ...datasets import read_blufr

    protocol = read_blufr(config)
    with progress_bar("splits", quiet) as progress:
        result = verify_blufr(a, b, protocol=protocol, map=map, progress=progress)
    from ...identification import blufr_report

    names = " → ".join(filter(None, (a.model, "" if b is None else b.model)))
    document = write_study(result, lambda: blufr_report(result, names), output)
    emit(document, lambda: render(result), as_json=as_json, quiet=quiet)


def render(result: BlufrResult) -> RenderableType:
    """The result for a terminal: both rates, the table of splits, the signature."""
    from ...identification import key_lines, split_table
    from ...report import terminal_table

    lines = [Text.assemble((value, "bold"), f"  {label}: {note}") for value, label, note in key_lines(result)]
    return Group(*lines, Text(), terminal_table(split_table(result, brief=True)), Text(result.signature, style="dim"))
