"""Figures of a verification for a terminal: the table of TAR at FAR, AUC and EER."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from ..printing import number_table

if TYPE_CHECKING:
    from ...metrics import CurveLimits, TarAtFar


def tar_table(rows: Sequence[TarAtFar], nearest: Sequence[TarAtFar] = ()) -> Table:
    """A line for each FAR, with an exclamation mark where there is a warning; `nearest` are the TARs at the nearest FARs."""
    heads = ["FAR", "TAR %", "95 % interval", "threshold", "false accepts"]
    if nearest:
        heads.insert(3, "nearest FAR %")
    table = number_table(*heads)
    for number, row in enumerate(rows):
        interval = "" if row.low is None or row.high is None else f"{100 * row.low:.2f} to {100 * row.high:.2f}"
        cells = [f"{row.far:g}", f"{100 * row.tar:.2f}", interval, f"{row.threshold:.4f}"]
        if nearest:
            cells.insert(3, f"{100 * nearest[number].tar:.2f}")
        table.add_row(*cells, f"{row.false_accepts:,}{' !' if row.warning else '  '}")
    return table


def curve_line(auc: float, eer: float, limits: CurveLimits) -> Text:
    """AUC and EER with their intervals, in a line."""
    between = [f" [dim]({told})[/]" if told else "" for told in (limits.auc, limits.eer)]
    return Text.from_markup(f"AUC {auc:.5f}{between[0]}   EER {100 * eer:.2f} %{between[1]}")
