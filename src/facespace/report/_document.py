"""The report: sections in, one HTML page and its figures as files out."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from markupsafe import Markup

from .._version import __version__
from ..errors import InputError, unknown_name
from ..io import atomic_write
from ._format import BLANK, number, slug
from ._notebook import notebook_html
from ._render import inline, narrow, to_png, to_svg
from .figures import heatmap
from .matrix import Matrix
from .sections import Figure, KeyFigures, Note, Notes, Pictures, Table, Text

Section = Text | KeyFigures | Notes | Table | Matrix | Figure | Pictures


class Report:
    """Sections under a title, written as report.html and figures/.

    `signature` is the line by which somebody else can reproduce the numbers; it stands in the footer with a copy button.
    """

    def __init__(self, title: str, subtitle: str = "", signature: str = "") -> None:
        self.title = title
        self.subtitle = subtitle
        self.signature = signature
        self.sections: list[Section] = []

    def add(self, section: Section) -> None:
        """Append a section. Names of tables, matrices and figures name files too, so each stands once."""
        name = getattr(section, "name", None)
        if name is not None and slug(name) != name:
            raise InputError(f"{name!r} can't name a section", f"Letters a-z, digits and hyphens can: {slug(name)!r}.")
        if name is not None and name in (getattr(s, "name", None) for s in self.sections):
            raise InputError(f"the report already has a section named {name!r}", "Choose another name.")
        self.sections.append(section)

    def warn(self, warnings: Sequence[str], title: str = "Notes", code: str = "") -> None:
        """Append a result's warnings as notes, where there are any."""
        if warnings:
            self.add(Notes([Note(text, "warning", code) for text in warnings], title))

    def write(self, folder: str | Path) -> list[Path]:
        """Write report.html, and figures/NAME.svg and .png for every figure and matrix; returns them in this order.

        Each file is written whole or not at all; raises OutputError when the folder can't be written.
        """
        folder = Path(folder)
        drawings = {s.name: to_svg(_chart(s)) for s in self.sections if isinstance(s, Figure | Matrix)}
        page = self._page(drawings)
        written = [_write(folder / "report.html", page.encode(errors="backslashreplace"))]
        for name, svg in drawings.items():
            written.append(_write(folder / "figures" / f"{name}.svg", svg.encode()))
            written.append(_write(folder / "figures" / f"{name}.png", to_png(svg)))
        return written

    def figure(self, name: str | None = None) -> Any:
        """The chart of the section `name`, or the first. InputError where the report has none."""
        charts = {section.name: section for section in self.sections if isinstance(section, Figure | Matrix)}
        if not charts:
            raise InputError("this report has no figure", "Its tables are in `sections`; the result's to_dict() has all.")
        if name is not None and name not in charts:
            raise unknown_name("figure", name, charts)
        return _chart(charts[name or next(iter(charts))])

    def _repr_html_(self) -> str:
        drawn = next((section for section in self.sections if isinstance(section, Figure | Matrix)), None)
        told = "" if drawn is None else getattr(drawn, "description", "") or drawn.caption or drawn.title or drawn.name
        drawing = ("" if drawn is None else to_svg(_chart(drawn)), told)
        return notebook_html(self.title, self.subtitle, self.signature, self.sections, drawing)

    def _page(self, drawings: dict[str, str]) -> str:
        import jinja2

        style, script = _asset("report.css"), _asset("report.js")
        environment = jinja2.Environment(
            loader=jinja2.FunctionLoader(_asset),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        environment.filters["number"] = number
        inlined = {s.name: _inlined(s, drawings[s.name]) for s in self.sections if isinstance(s, Figure)}
        return environment.get_template("report.html.j2").render(
            report=self,
            anchors=self._anchors(),
            figures=inlined,
            style=Markup(style),
            script=Markup(script),
            # The page may run this script and no other, and fetch nothing: the browser itself keeps it self-contained.
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            blank=BLANK,
            version=__version__,
        )

    def _anchors(self) -> list[str]:
        """An id for each section, its name or the slug of its title, numbered where two would be the same."""
        anchors: list[str] = []
        for section in self.sections:
            wanted = "s-" + (getattr(section, "name", None) or slug(section.title))
            same = sum(a == wanted or a.startswith(f"{wanted}--") for a in anchors)
            anchors.append(f"{wanted}--{same + 1}" if same else wanted)
        return anchors


def _inlined(figure: Figure, svg: str) -> list[tuple[str, Markup]]:
    """The drawing, and where a phone needs another, that too: each with the class of pages that show it."""
    told = figure.description or figure.caption or figure.title or figure.name
    small = narrow(figure.chart)
    whole = ("always" if small is None else "wide", inline(svg, figure.name, told))
    return [whole] if small is None else [whole, ("narrow", inline(to_svg(small), f"{figure.name}-narrow", told))]


def _chart(section: Figure | Matrix) -> Any:
    if isinstance(section, Figure):
        return section.chart
    measure = section.measure(section.first)
    return heatmap(
        section.layers[section.first],
        section.rows,
        section.columns,
        title=" · ".join(filter(None, [section.title, section.heading(section.first)])),
        row_title=section.row_title,
        column_title=section.column_title,
        format=measure.format,
        scale=section.scales[section.first[-1]],
        better=measure.better,
    )


def _asset(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def _write(path: Path, data: bytes) -> Path:
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)
    return path
