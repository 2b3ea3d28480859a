"""`facespace map get`: maps between known networks, which come with facespace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ...errors import InputError
from ..files import load_map
from ..options import PRINTING, Printing, check_name
from ..printing import emit
from .text import describe, map_text

if TYPE_CHECKING:
    from ...mapping import LinearMap, ShippedMaps
    from ...row_index import AnySet


def get(
    old: Annotated[str | None, typer.Argument(metavar="OLD", help="Network to map from; without it all are listed.")] = None,
    new: Annotated[str | None, typer.Argument(metavar="NEW", help="Network to map to.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="MAP", help="Map to write: .safetensors.")] = None,
    two_sided: Annotated[
        bool, typer.Option("--two-sided", help="Map both networks into a common space, which loses less.")
    ] = False,
    printing: Printing = PRINTING,
) -> None:
    """Write the map between two known networks that comes with facespace: no images seen by both are needed.

    Without OLD and NEW: the networks, and what maps between them lose on people that they were not fitted on.
    """
    from ...mapping import shipped_maps

    maps = shipped_maps()
    if old is None or new is None:
        if old is not None or output is not None:
            raise InputError("a map needs two networks, OLD and NEW", f"Known: {', '.join(maps.networks)}.")
        document = {"networks": list(maps.networks), "losses": dict(maps.losses), **maps.facts}
        emit(document, lambda: _listed(maps), printing)
        return
    made = maps.two_sided(old, new) if two_sided else maps.map(old, new)
    if output is None:
        raise InputError("where is the map to be written?", f"facespace map get {old} {new} -o {old}-{new}.safetensors")
    check_name(output, "maps")
    made.save(output)
    facts = describe(made)
    document = {"map": output, **facts, "files": [output]}
    emit(document, lambda: map_text(facts, f"wrote {escape(str(output))}"), printing)


def starting_map(start: str, source: AnySet, target: AnySet) -> LinearMap:
    """The map that `--start` names: of a file, or the one that ships between the networks of both sets."""
    from ...mapping import LinearMap, shipped_map

    if start == "shipped":
        if not source.model or not target.model:
            raise InputError("--start shipped: a set names no network", "Give the set its model, or --start MAP.")
        return shipped_map(source.model, target.model)
    found = load_map(Path(start), source, target)
    if not isinstance(found, LinearMap):
        raise InputError(f"--start {start}: a two-sided map is no start", "Give a map into the target's own space.")
    return found


def _listed(maps: ShippedMaps) -> RenderableType:
    table = Table(title="points of accuracy lost on people that the maps were not fitted on, one-sided (two-sided)")
    table.add_column("from \\ to")
    for name in maps.networks:
        table.add_column(name, justify="right", overflow="fold")
    for old in maps.networks:
        cells = []
        for new in maps.networks:
            told = maps.losses.get(f"{old} → {new}")
            cells.append(f"{100 * told['one_sided_loss']:.1f} ({100 * told['two_sided_loss']:.1f})" if told else "")
        table.add_row(old, *cells)
    made = f"fitted on {maps.facts.get('images', 0):,} images of {maps.facts.get('people', 0):,} people"
    return Group(table, Text(f"{len(maps.networks)} networks, {made}; facespace map get OLD NEW -o MAP writes one"))
