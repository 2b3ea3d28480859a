"""What a report is made of, except the matrix: text, key figures, notes, tables and figures.

Each section is plain data; how it looks is the business of templates/. `name` (tables, figures, matrices) is the
anchor in the page and the stem of the files in figures/.
"""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from ..errors import InputError
from ._format import is_number, number

Level = Literal["note", "warning", "good"]

_QUALITY = 85  # of a photo's JPEG


@dataclass(frozen=True)
class Text:
    """Paragraphs of prose under a title."""

    kind: ClassVar[str] = "text"
    title: str
    paragraphs: Sequence[str]


@dataclass(frozen=True)
class KeyFigure:
    """One number worth a card: `value` is shown large as it is, `label` says what it is, `note` what to make of it."""

    value: str
    label: str
    note: str = ""
    level: Level | None = None


@dataclass(frozen=True)
class KeyFigures:
    """A row of cards; without a title it belongs to whatever stands above it."""

    kind: ClassVar[str] = "key_figures"
    figures: Sequence[KeyFigure]
    title: str = ""


@dataclass(frozen=True)
class Note:
    """A diagnostic. `level` is one of note, warning, good; `code` is a stable short name that scripts may look for."""

    text: str
    level: Level = "note"
    code: str = ""


@dataclass(frozen=True)
class Notes:
    """A list of diagnostics."""

    kind: ClassVar[str] = "notes"
    notes: Sequence[Note]
    title: str = "Notes"


@dataclass(frozen=True)
class Column:
    """A column of a table: its head, the unit under the head, a Python format such as ".2f", and a hint on hovering."""

    label: str
    unit: str = ""
    format: str = ""
    hint: str = ""


def interval(hint: str = "95 % interval", unit: str = "%", format: str = ".2f") -> tuple[Column, Column]:
    """The two columns of an interval's ends."""
    return Column("low", unit, format, hint), Column("high", unit, format, hint)


class Table:
    """Rows under sortable heads. Columns are strings or Column; cells are text, numbers or None."""

    kind: ClassVar[str] = "table"

    def __init__(
        self,
        name: str,
        columns: Sequence[str | Column],
        rows: Sequence[Sequence[object]],
        *,
        title: str = "",
        caption: str = "",
    ) -> None:
        self.name = name
        self.title = title
        self.caption = caption
        self.columns = [Column(column) if isinstance(column, str) else column for column in columns]
        self.rows = [list(row) for row in rows]
        for index, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise InputError(
                    f"row {index} of table {name!r} has {len(row)} cells for {len(self.columns)} columns",
                    "Give every row one cell per column; None is an empty one.",
                )
        filled = [[row[i] for row in self.rows if row[i] is not None] for i in range(len(self.columns))]
        self.numeric = [bool(values) and all(is_number(v) for v in values) for values in filled]

    def text(self, row: int, column: int) -> str:
        """The cell as it is shown."""
        return number(self.rows[row][column], self.columns[column].format)

    def csv(self) -> str:
        """The table as CSV, numbers in full precision, units in the head."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow([_inert(f"{c.label} ({c.unit})" if c.unit else c.label) for c in self.columns])
        writer.writerows([_inert(cell) for cell in row] for row in self.rows)
        return buffer.getvalue()

    @property
    def csv_uri(self) -> str:
        """The CSV as an address of its own, for a link that needs no file beside the page."""
        return (
            "data:text/csv;charset=utf-8;base64," + base64.b64encode(self.csv().encode(errors="backslashreplace")).decode()
        )


def _inert(cell: object) -> object:
    """The cell; a text that a spreadsheet would compute gets an apostrophe before it, a number stays one."""
    if not isinstance(cell, str) or not cell.startswith(tuple("=+-@\t\r\n")):
        return cell
    return cell if re.fullmatch(r"[+-][\d.]+(e[+-]?\d+)?", cell) else f"'{cell}"


@dataclass(frozen=True)
class Figure:
    """A chart: an Altair chart, or a Vega-Lite specification as a dict. `description` is read out by screen readers."""

    kind: ClassVar[str] = "figure"
    name: str
    chart: Any
    title: str = ""
    caption: str = ""
    description: str = ""


@dataclass(frozen=True)
class Picture:
    """Pixels (height, width, 3) uint8 RGB with a line under them, and perhaps an address that a click leads to.

    A `photo` is put into the page as JPEG, a fifth of the size of what must be exact.
    """

    label: str
    pixels: Any
    note: str = ""
    href: str = ""
    photo: bool = False

    @property
    def uri(self) -> str:
        """The picture, as a PNG or of a photo as a JPEG, in an address of its own."""
        kind, data = ("jpeg", self._jpeg()) if self.photo else ("png", self.png())
        return f"data:image/{kind};base64," + base64.b64encode(data).decode()

    def _jpeg(self) -> bytes:
        import simplejpeg

        return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(self.pixels), quality=_QUALITY))

    def png(self) -> bytes:
        """The picture as a PNG file."""
        import cv2

        return bytes(cv2.imencode(".png", cv2.cvtColor(self.pixels, cv2.COLOR_RGB2BGR))[1])


@dataclass(frozen=True)
class Pictures:
    """Rows of pictures; a row stands side by side where there is room. `name` begins the names of their files.

    `pairs` are pictures twice as wide as high.
    """

    kind: ClassVar[str] = "pictures"
    name: str
    rows: Sequence[Sequence[Picture]]
    title: str = ""
    caption: str = ""
    pairs: bool = False
