"""Result: what every result can do beside holding numbers."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from ..errors import InputError
from ..io import jsonable, write_json
from .html import card, facts, image

_LONGEST = 900  # characters of a repr


class Result:
    """Says itself in a line (`repr`), shows itself in a notebook, writes its report, gives its figures.

    A class of results names the function that makes its report in `reported_by`, and says in `brief()` what a reader of one
    line wants: the number with its interval, and of how many.
    """

    #: ROOM.FUNCTION that makes the report of such a result, through the room's door; "" where there is none.
    reported_by: ClassVar[str] = ""

    #: The same of what draws it as SVG, where there is a picture but no report.
    drawn_by: ClassVar[str] = ""

    def brief(self) -> str:
        """The headline number with its interval, and the counts, in a line."""
        return str(getattr(self, "signature", ""))

    def to_dict(self) -> dict[str, Any]:
        """The result's document, of plain JSON types."""
        return dict(jsonable(vars(self)))

    def __repr__(self) -> str:
        text = f"{type(self).__name__}({self.brief()})"
        return text if len(text) <= _LONGEST else text[: _LONGEST - 2] + "…)"

    def report(self, folder: str | Path | None = None, **options: Any) -> Any:
        """The report: a page of tables and figures, which a notebook shows too.

        Args:
            folder: where to write report.html, results.json and figures/, as `-o` of the command line; None writes nothing.
            options: of the function that makes it, such as `title`.

        Raises:
            InputError: such a result has no report.
            OutputError: the folder can't be written.
        """
        if not self.reported_by:
            raise InputError(
                f"a {type(self).__name__} has no report",
                "print() says it in a line; to_dict() has all of it, and facespace.io.write_json writes that.",
            )
        page = _function(self.reported_by)(self, **options)
        if folder is not None:
            written = [*page.write(folder), Path(folder) / "results.json"]
            write_json({**jsonable(self), "files": [str(path) for path in written]}, Path(folder) / "results.json")
        return page

    def figure(self, name: str | None = None) -> Any:
        """A figure of the report as an Altair chart: the first, or the one of this name. InputError where there is none."""
        if not self.reported_by:
            raise InputError(f"a {type(self).__name__} has no figure", "to_dict() has its numbers.")
        return self.report().figure(name)

    def _repr_html_(self) -> str:
        if self.reported_by:
            return str(self.report()._repr_html_())
        document = dict(jsonable(self.to_dict()))
        signature = str(document.pop("signature", ""))
        drawing = image(str(_function(self.drawn_by)(self)), self.brief()) if self.drawn_by else ""
        return card(type(self).__name__, drawing, facts(document), subtitle=self.brief(), signature=signature)


class Fitted:
    """What tells in `facts` how it came about: a notebook shows them below its repr."""

    def _repr_html_(self: Any) -> str:
        return card(repr(self), facts(jsonable(self.facts)))


def _function(place: str) -> Callable[..., Any]:
    """The function at ROOM.FUNCTION, loaded when it is needed: a result is there before its report."""
    room, _, name = place.rpartition(".")
    found: Callable[..., Any] = getattr(importlib.import_module(f"facespace.{room}"), name)
    return found
