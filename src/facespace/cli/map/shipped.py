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
from ..options import PRINTING, WRITTEN, Printing, check_name
from ..printing import emit
from .text import describe, map_text

if TYPE_CHECKING:
    from ...mapping import LinearMap, ShippedMaps
    from ...row_index import AnySet


def get(
    old: Annotated[str | None, typer.Argument(metavar="OLD", help="Network to map from; without it all are listed.")] = None,
    new: Annotated[str | None, typer.Argument(metavar="NEW", help="Network to map to.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="MAP", help="Map to write: .safetensors."), WRITTEN
    ] = None,
    two_sided: Annotated[bool, typer.Option("--two-sided", help="Map both networks into a common space.")] = False,
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
    names = list(maps.networks)
    table = Table(box=None, pad_edge=False, padding=(0, 0, 0, 1))  # eleven networks in 80 columns
    table.add_column("from \\ to", no_wrap=True)
    for number in range(1, len(names) + 1):
        table.add_column(str(number), justify="right", no_wrap=True)
    for number, old in enumerate(names, 1):
        told = [maps.losses.get(f"{old} → {new}") for new in names]
        cells = [f"{round(100 * one['one_sided_loss'], 1) or 0.0:.1f}" if one else "" for one in told]  # no −0.0
        table.add_row(f"{number:2d} {old}", *cells)
    made = f"fitted on {maps.facts.get('images', 0):,} images of {maps.facts.get('people', 0):,} people"
    any_loss = next(iter(maps.losses.values()), None)
    judged = (
        ""
        if any_loss is None
        else f", judged on {any_loss['pairs']:,} pairs of LFW, of {any_loss['people']:,} people left out"
    )
    return Group(
        Text("points of accuracy that the shipped maps lose against the network mapped to"),
        table,
        Text(f"{len(names)} networks, {made}{judged}"),
        Text("facespace map get OLD NEW -o MAP writes one, and tells its interval"),
    )
