"""How a result is printed: as JSON, or for a terminal; and the bar while it is made."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.markup import escape
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from ..errors import visible
from .options import Printing

if TYPE_CHECKING:
    from ..report import Report


class Terminal(Console):
    """What all output for people goes through: all text is `visible`."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """The segments of `renderable`."""
        for part in super().render(renderable, options):
            yield part if part.control else Segment(visible(part.text), part.style)


console = Terminal()


def print_json(value: Any) -> None:
    """Print the document of `value`, of ASCII where standard output can't take UTF-8."""
    from ..io import to_json

    print(to_json(value, encoding=getattr(sys.stdout, "encoding", None) or "utf-8"))


def emit(result: Any, render: Callable[[], RenderableType], printing: Printing) -> None:
    """Print `result` as JSON, or what `render()` gives, or nothing."""
    if printing.as_json:
        print_json(result)
    elif not printing.quiet:
        console.print(render())


def finish(
    result: Any,
    report: Callable[[Any], Report],
    render: Callable[[Any, list[str]], RenderableType],
    output: Path | None,
    printing: Printing,
    tables: Sequence[Path] = (),
) -> None:
    """Write `report(result)` and results.json to `output`, if given; then print the document or `render(result, files)`.

    The document is that of `result` with `files`: what was written, and the `tables` that were before.
    """
    from ..io import jsonable, write_json

    document: dict[str, Any] = jsonable(result)
    document["files"] = files = [str(path) for path in tables]
    if output is not None:
        files += [str(path) for path in [*report(result).write(output), output / "results.json"]]
        write_json(document, output / "results.json")
    emit(document, lambda: render(result, files), printing)


def page(
    head: str | tuple[str, str],
    *blocks: RenderableType,
    notes: Iterable[RenderableType] = (),
    signature: str,
    files: Sequence[str] = (),
) -> Group:
    """A result for a terminal: the answer in bold, with a comment; tables and the like; notes; signature; the report."""
    bold, comment = (head, "") if isinstance(head, str) else head
    parts: list[RenderableType] = [Text.assemble((bold, "bold"), " " * bool(comment), comment), Text()]
    for block in blocks:
        parts += [block, Text()]
    return Group(*parts, *notes, dim(signature), *report_line(files))


def report_line(files: Sequence[str]) -> list[RenderableType]:
    """Where the report is, of what was written, and other tables beside it; nothing if nothing was."""
    told: list[RenderableType] = [Text.assemble("Report: ", (file, "bold")) for file in files if file.endswith(".html")]
    return told + [Text.assemble("Table: ", (file, "bold")) for file in files if file.endswith((".csv", ".parquet"))]


def dim(text: str) -> Text:
    """A signature, or another line that is there to be looked up."""
    return Text(text, style="dim")


def warning_lines(warnings: Iterable[str]) -> list[RenderableType]:
    """Each warning as a line that begins with an exclamation mark."""
    return [Text.from_markup(f"[yellow]![/] {escape(warning)}") for warning in warnings]


def number_table(*heads: str) -> Table:
    """An empty table without lines, of columns of numbers."""
    table = Table(*heads, box=None, pad_edge=False, header_style="bold")
    for column in table.columns:
        column.justify = "right"
    return table


@contextmanager
def progress_bars(shown: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function of (name, done, whole) that moves the bar of that name on standard error, if that is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    errors = Terminal(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=errors, transient=True, disable=not (shown and errors.is_terminal)) as bars:
        tasks: dict[str, Any] = {}

        def show(name: str, done: int, whole: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=None)
            bars.update(tasks[name], completed=done, total=whole or None)

        yield show


@contextmanager
def progress_bar(unit: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Yield a function of (done, whole) that moves a bar on standard error: on a terminal, not in a pipe or when quiet."""
    with progress_bars(not quiet) as show:
        show(unit, 0, 0)
        yield lambda done, whole: show(unit, done, whole)
