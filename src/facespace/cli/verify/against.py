"""`facespace verify --against`: the difference of two systems on the same pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from ..printing import dim, report_line, warning_lines

if TYPE_CHECKING:
    from ...metrics import SystemComparison


def render_difference(result: SystemComparison, files: list[str]) -> RenderableType:
    """The comparison for a terminal: a sentence, the table, warnings, the signature."""
    from ...report import terminal_table
    from ...verification import difference_table, finding

    head = Text(finding(result), style="bold")
    notes = warning_lines(result.warnings)
    return Group(
        head,
        Text(),
        terminal_table(difference_table(result, brief=True)),
        *notes,
        dim(result.signature),
        *report_line(files),
    )
