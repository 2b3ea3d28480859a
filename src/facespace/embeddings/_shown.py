"""A set in a notebook: what it is, its first rows, and where its vectors come from."""

from __future__ import annotations

from itertools import islice
from typing import Any

from ..shown import card, table

_ROWS = 5


def set_html(faces: Any) -> str:
    """Counts, the first rows with their columns and first numbers, and the map that brought them here, if one did."""
    first = next(iter(faces.batches(rows=_ROWS))) if hasattr(faces, "batches") else faces
    columns = first.columns()
    heads = ["id", *columns, "vector"]
    rows = []
    for at, (name, vector) in enumerate(islice(first, _ROWS)):
        begins = ", ".join(f"{number:.3g}" for number in vector[:4].tolist())
        cells = [column[at].item() for column in columns.values()]
        rows.append([name, *cells, f"[{begins}{', …' if len(vector) > 4 else ''}]"])
    more = f"{len(faces) - len(rows):,} more rows." if len(faces) > len(rows) else ""
    mapped = faces.mapped
    origin = "" if mapped is None else f"Mapped from {mapped['source']} by {mapped['method']}, of {mapped['pairs']:,} pairs."
    title = f"{type(faces).__name__}: {len(faces):,} × {faces.dim}"
    return card(title, table(heads, rows, caption=more), origin, subtitle=faces.model or "of an unknown network")
