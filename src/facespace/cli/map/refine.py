"""`facespace map refine`: two unpaired galleries sharpen a map that was fitted on few pairs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ..files import load_linear_map, open_set
from ..options import MEMORY, PRINTING, WRITTEN, Memory, Printing, Seed, check_name
from ..printing import emit, progress_bar
from .text import describe, map_text

if TYPE_CHECKING:
    from ...mapping import RefineResult


def refine(
    map: Annotated[Path, typer.Argument(metavar="MAP", help="Map fitted on few pairs.")],
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Gallery of its source network.")],
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="Gallery of its target network.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="MAP", help="Map to write: .safetensors."), WRITTEN],
    statistics: Annotated[
        Path | None, typer.Option(help="Statistics of MAP's pairs, as map fit --statistics writes them.")
    ] = None,
    iterations: Annotated[int, typer.Option(help="At most so many.")] = 40,
    anchors: Annotated[int, typer.Option(help="Source images searched for a partner (drawn).")] = 20_000,
    seed: Seed = 0,
    memory: Memory = MEMORY,
    printing: Printing = PRINTING,
) -> None:
    """Sharpen a map by two galleries that show, in part, the same people on other images; no labels needed.

    Every iteration, of which there are some 25, searches both galleries for the anchors. Galleries in Parquet are read a
    part at a time, and never whole in memory.
    """
    check_name(output, "maps")
    from ...mapping import PairStatistics, refine_map

    with progress_bar("iterations", printing.silent) as progress:
        result = refine_map(
            load_linear_map(map),
            open_set(source, memory),
            open_set(target, memory),
            statistics=None if statistics is None else PairStatistics.load(statistics),
            iterations=iterations,
            anchors=anchors,
            seed=seed,
            progress=progress,
        )
    result.map.save(output)
    facts = describe(result.map)
    document = {"map": output, **facts, **result.to_dict(), "files": [output]}
    emit(document, lambda: _text(result, facts, output), printing)


def _text(result: RefineResult, facts: dict[str, object], output: Path) -> RenderableType:
    table = Table("", "family", "matches", "mutual %", "margin", "as before %", box=None, header_style="bold")
    for number, step in enumerate(result.record, 1):
        shares = f"{100 * step.mutual:.1f}", f"{step.margin:.3f}", f"{100 * step.agreement:.0f}"
        table.add_row(str(number), step.family, f"{step.accepted:,}", *shares)
    verdict = (
        f"held-out matches found again: [bold]{100 * result.held_out:.1f} %[/] (random start {100 * result.by_chance:.1f} %)"
    )
    if not result.converged:
        verdict += "\n[yellow]![/] the matches were still changing; more --iterations may help"
    return Group(map_text(facts, f"wrote {escape(str(output))}"), table, Text.from_markup(verdict))
