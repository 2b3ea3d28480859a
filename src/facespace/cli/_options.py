"""The options that every command shares, and how a result is printed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ..results import to_json

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of every random choice.")]
OutputFolder = Annotated[
    Path | None, typer.Option("-o", "--output", help="Folder for report.html, results.json and figures/.")
]

console = Console()


def emit(result: Any, render: Callable[[], Any], *, as_json: bool, quiet: bool) -> None:
    """Print `result` as JSON, or what `render()` gives (a rich renderable), or nothing."""
    if as_json:
        print(to_json(result))
    elif not quiet:
        console.print(render())
