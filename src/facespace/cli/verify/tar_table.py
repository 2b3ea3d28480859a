"""The table of TAR at FAR for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from ..printing import number_table

if TYPE_CHECKING:
    from ...metrics import TarAtFar


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
