"""`facespace verify --against`: the difference of two systems on the same pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from ...datasets import PairProtocol
from ...embeddings import EmbeddingSet
from ...metrics import SystemComparison
from ...verification import PairMap, System, compare_systems
from ..options import emit, write_study

Parts = tuple[EmbeddingSet, EmbeddingSet | None, PairMap | None]


def run_against(
    protocol: PairProtocol,
    first: Parts,
    second: Parts,
    *,
    fars: Sequence[float],
    allow_missing: bool,
    output: Path | None,
    as_json: bool,
    quiet: bool,
    seed: int,
) -> None:
    """Measure, write the report, and print."""
    result = compare_systems(
        System(*first), System(*second), protocol=protocol, fars=fars, allow_missing=allow_missing, seed=seed
    )
    from ...verification import compare_report

    document = write_study(result, lambda: compare_report(result), output)
    emit(document, lambda: render(result), as_json=as_json, quiet=quiet)


def render(result: SystemComparison) -> RenderableType:
    """The comparison for a terminal: a sentence, the table, warnings, the signature."""
    from ...report import terminal_table
    from ...verification import difference_table, finding

    notes = [Text.from_markup(f"[yellow]![/] {escape(warning)}") for warning in result.warnings]
    signature = Text(result.signature, style="dim")
    return Group(Text(finding(result), style="bold"), Text(), terminal_table(difference_table(result)), *notes, signature)
