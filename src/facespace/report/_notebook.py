"""A report in a notebook: key figures, notes, the first figure and the first tables, in little HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..shown import card, escaped, image, items, table, warnings
from .sections import KeyFigures, Notes, Table, Text

if TYPE_CHECKING:
    from ._document import Section

_TABLES, _PARAGRAPHS = 2, 2


def notebook_html(title: str, subtitle: str, signature: str, sections: Sequence[Section], drawing: tuple[str, str]) -> str:
    """The head of a report; `drawing` is the SVG of its first figure, "" if there is none, and what it shows."""
    blocks, tables = [], 0
    for section in sections:
        if isinstance(section, KeyFigures):
            blocks.append("".join(_figure(f.value, f.label, f.note) for f in section.figures))
        elif isinstance(section, Notes):
            blocks.append(warnings([note.text for note in section.notes]))
        elif isinstance(section, Text) and section.paragraphs:
            blocks.append(items(section.paragraphs, _PARAGRAPHS))
        elif isinstance(section, Table) and tables < _TABLES:
            tables += 1
            heads = [f"{c.label} ({c.unit})" if c.unit else c.label for c in section.columns]
            rows = [[section.text(r, c) for c in range(len(heads))] for r in range(len(section.rows))]
            blocks.append(f"<i>{escaped(section.title)}</i>" + table(heads, rows, caption=section.caption))
    svg, description = drawing
    return card(title, *blocks, image(svg, description) if svg else "", subtitle=subtitle, signature=signature)


def _figure(value: str, label: str, note: str) -> str:
    small = f'<div style="opacity:.75;font-size:.8em">{escaped(note)}</div>' if note else ""
    large = f'<span style="font-size:1.3em">{escaped(value)}</span> {escaped(label)}'
    return f'<div style="display:inline-block;vertical-align:top;margin:0 1.6em .4em 0;max-width:22em">{large}{small}</div>'
