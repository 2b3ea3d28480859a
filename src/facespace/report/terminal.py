"""Tables and matrices for the terminal, as rich renderables."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table as RichTable
from rich.text import Text as RichText

from ..errors import unknown_name
from ._format import BLANK, Valued
from ._theme import CELL_INK, HEAT
from .matrix import Key, Matrix
from .sections import Table


def terminal_matrix(matrix: Matrix, key: Key | None = None, *, width: int = 80) -> Group:
    """Layer `key` of the matrix (default: the first) with coloured cells, in lines of at most `width` characters.

    Columns carry their labels when these fit, else a letter each, which the labels of the same rows, or a line below,
    explain. Columns that don't fit beside each other follow below each other.
    """
    key = matrix.first if key is None else key
    if key not in matrix.layers:
        raise unknown_name("layer", " / ".join(key), [" / ".join(k) for k in matrix.layers])
    heads, rows, legend = matrix.columns, matrix.rows, ""
    texts = [[matrix.text(key, r, c) for c in range(len(heads))] for r in range(len(rows))]
    cell = max(len(text) for line in texts for text in line)
    label = max(map(len, rows))
    if max(map(len, heads)) > max(cell, (width - label) // len(heads) - 1):
        heads = [_letter(i) for i in range(len(heads))]
        named = [f"{letter} {name}" for letter, name in zip(heads, matrix.columns, strict=True)]
        if rows == matrix.columns:
            rows = named
        else:
            legend = ", ".join(named)
    cell = max(cell, *map(len, heads))
    label = min(max(map(len, rows)), max(width - len(heads) * (cell + 1), width // 4))
    beside = max(1, (width - label) // (cell + 1))
    shades, better = matrix.intensity(key), matrix.measure(key).better
    blocks: list[RenderableType] = []
    for start in range(0, len(heads), beside):
        block = range(start, min(start + beside, len(heads)))
        table = RichTable(box=None, padding=(0, 0, 0, 1), pad_edge=False)
        table.add_column("", no_wrap=True, overflow="ellipsis", max_width=label)
        for c in block:
            table.add_column(RichText(heads[c]), justify="right", no_wrap=True, header_style="bold", min_width=cell)
        for r, line in enumerate(texts):
            table.add_row(RichText(rows[r]), *(_cell(line[c], shades[r, c], better) for c in block))
        blocks.append(table)
    title = " · ".join(filter(None, [matrix.title, matrix.heading(key)]))
    axes = " ".join(f"{arrow} {name}" for arrow, name in (("↓", matrix.row_title), ("→", matrix.column_title)) if name)
    below = [RichText(line, style="dim") for line in (axes, legend) if line]
    return Group(RichText(title, style="bold"), *blocks, *below)


def terminal_table(table: Table) -> RichTable:
    """A table of the report: numbers right, units under the heads."""
    shown = RichTable(
        box=SIMPLE_HEAD,
        pad_edge=False,
        title=RichText(table.title, style="bold") if table.title else None,
        title_justify="left",
        caption=RichText(table.caption) if table.caption else None,
        caption_justify="left",
    )
    for place, column in enumerate(table.columns):
        cells = [row[place] for row in table.rows]
        numeric = table.numeric[place] or bool(cells and all(isinstance(cell, Valued) for cell in cells))
        head = RichText(column.label + (f"\n{column.unit}" if column.unit else ""))
        shown.add_column(head, justify="right" if numeric else "left", no_wrap=numeric)
    for r in range(len(table.rows)):
        shown.add_row(*(RichText(table.text(r, c)) for c in range(len(table.columns))))
    return shown


def _letter(index: int) -> str:
    """A, B, …, Z, AA, AB, …"""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def _cell(text: str, intensity: float, better: str) -> RichText:
    """Dark text on the colour of the page's scale, whatever the terminal's own colours are; a dash has no colour."""
    if text == BLANK:
        return RichText(text, style="dim")
    full = [int(HEAT[better][i : i + 2], 16) for i in (1, 3, 5)]
    red, green, blue = (round(255 + (channel - 255) * float(intensity)) for channel in full)
    return RichText(text, style=Style(color=CELL_INK, bgcolor=f"#{red:02x}{green:02x}{blue:02x}"))
