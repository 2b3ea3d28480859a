"""A little HTML for notebooks, in the notebook's own colours, light or dark, without script or style sheet.

>>> table(["id", "n"], [["<a>", 3]])
'<table ...><td style="...text-align:left">&lt;a&gt;</td>...text-align:right">3</td></tr></table>'
"""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import visible

_LINE = "1px solid rgba(128,128,128,.35)"
_CELL = f"padding:2px 10px;border:0;border-bottom:{_LINE};vertical-align:top;"


def escaped(text: object) -> str:
    """As text of a page: nothing in it is a tag, or steers what shows it."""
    return html.escape(visible(str(text)))


def card(title: str, *blocks: str, subtitle: str = "", signature: str = "") -> str:
    """A title over blocks of HTML, and below them the signature in small print."""
    head = f'<div style="font-weight:600;font-size:1.1em">{escaped(title)}</div>'
    if subtitle:
        head += f'<div style="opacity:.75">{escaped(subtitle)}</div>'
    foot = f'<div style="opacity:.6;font-size:.8em;overflow-wrap:anywhere">{escaped(signature)}</div>' if signature else ""
    inner = "".join(f'<div style="margin:8px 0">{block}</div>' for block in blocks if block)
    return f'<div style="max-width:60em;line-height:1.4">{head}{inner}{foot}</div>'


def table(heads: Sequence[str], rows: Sequence[Sequence[object]], *, caption: str = "", most: int = 12) -> str:
    """A table of texts and numbers; of more than `most` rows the first, and how many there are."""
    numeric = [
        bool(rows) and all(isinstance(row[at], int | float) or _figure(row[at]) for row in rows) for at in range(len(heads))
    ]
    sides = ["right" if right else "left" for right in numeric]
    head = "".join(
        f'<th style="{_CELL}text-align:{side}">{escaped(name)}</th>' for name, side in zip(heads, sides, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{_CELL}text-align:{side}">{escaped(_text(cell))}</td>'
            for cell, side in zip(row, sides, strict=True)
        )
        + "</tr>"
        for row in rows[:most]
    )
    more = f"{len(rows) - most:,} more rows. " if len(rows) > most else ""
    below = f'<div style="opacity:.75;font-size:.85em">{escaped(more + caption)}</div>' if more or caption else ""
    top = f"<tr>{head}</tr>" if any(heads) else ""
    return f'<table style="border-collapse:collapse;margin:0">{top}{body}</table>{below}'


def facts(document: Mapping[str, Any], most: int = 12, depth: int = 3) -> str:
    """A document of plain values: what is single as one table, each list of objects as one of its own, and so inside."""
    single = [[_words(name), value] for name, value in document.items() if not isinstance(value, Mapping | list | tuple)]
    single = [row for row in single if row[1] != ""]
    blocks = [table(["", ""], single, most=2 * most)] if single else []
    for name, value in document.items():
        title = f"<i>{escaped(_words(name))}</i>"
        if isinstance(value, Mapping) and value and depth:
            inner = facts(value, most, depth - 1)
            blocks += [f'{title}<div style="margin-left:1em">{inner}</div>'] if inner else []
        elif isinstance(value, list | tuple) and value and all(isinstance(row, Mapping) for row in value):
            heads = [key for key, cell in value[0].items() if not isinstance(cell, Mapping | list | tuple)]
            cells = [[row.get(key) for key in heads] for row in value]
            blocks.append(title + table([_words(head) for head in heads], cells, most=most))
        elif isinstance(value, list | tuple) and value and all(isinstance(row, str) for row in value):
            blocks.append(warnings(value) if name == "warnings" else f"{title} {items(value, most)}")
    return "".join(f'<div style="margin:6px 0">{block}</div>' for block in blocks)


def items(texts: Sequence[str], most: int = 12) -> str:
    """A list of texts, the first `most` of them."""
    more = [f"… and {len(texts) - most:,} more"] if len(texts) > most else []
    lines = "".join(f"<li>{escaped(text)}</li>" for text in [*texts[:most], *more])
    return f'<ul style="margin:2px 0 2px 1.2em;padding:0">{lines}</ul>'


def warnings(texts: Sequence[str], most: int = 8) -> str:
    """What a reader must know, with a bar in a warning's colour beside it."""
    return f'<div style="border-left:3px solid #d97706;padding-left:8px">{items(texts, most)}</div>' if texts else ""


def image(svg: str, description: str) -> str:
    """An SVG document as a picture on white: its names can't meet those of another picture of the page."""
    data = base64.b64encode(svg.encode()).decode()
    style = "max-width:100%;background:#fff;border-radius:4px"
    return f'<img alt="{escaped(description)}" style="{style}" src="data:image/svg+xml;base64,{data}">'


def _text(cell: object) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell:.5g}" if isinstance(cell, float) else str(cell)


def _figure(cell: object) -> bool:
    """Is it a number that was written as text, or left empty?"""
    return cell is None or (isinstance(cell, str) and cell[:1] in "−-–+.0123456789" and cell != "")


def _words(name: object) -> str:
    return str(name).replace("_", " ")
