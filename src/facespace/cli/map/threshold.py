"""`facespace map threshold`: the threshold that goes with a map, from unlabelled embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ...errors import InputError
from ...results import fields
from ..files import excluded_ids, load_map, open_set, reading
from ..options import PRINTING, RUNNING, Exclude, Printing, Running, Seed, false_accept_rates, number_or
from ..printing import dim, emit, number_table, warning_lines

if TYPE_CHECKING:
    from ...mapping import LinearMap, TwoSidedMap
    from ...verification import ThresholdTransfer


def threshold(
    map: Annotated[Path, typer.Argument(metavar="MAP", help="Map written by facespace map fit.")],
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Set of the map's source network.")],
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="Set of the map's target network.")],
    far: Annotated[str, typer.Option(metavar="X,X,…", help="False accept rates to keep.")] = "1e-2,1e-3",
    source_threshold: Annotated[
        float | None, typer.Option(help="The source network's own threshold; its rate is measured on SOURCE.")
    ] = None,
    pairs: Annotated[int, typer.Option(min=1, help="Random pairs to score.")] = 2_000_000,
    unlabelled: Annotated[bool, typer.Option("--unlabelled", help="Ignore the sets' subject columns.")] = False,
    genuine_share: Annotated[
        str, typer.Option(metavar="estimate|X", help="Share of random pairs that show one person, if people are unknown.")
    ] = "estimate",
    as_stored: Annotated[
        bool,
        typer.Option("--as-stored", help="For a gallery that the map has moved: cosines about zero, not the target's mean."),
    ] = False,
    exclude: Exclude = None,
    running: Running = RUNNING,
    printing: Printing = PRINTING,
    seed: Seed = 0,
) -> None:
    """The threshold for mapped SOURCE against TARGET at a false accept rate; no labels are needed.

    Of sets in Parquet with more than 50,000 images the ids are read, and the vectors of 50,000.
    """
    from ...verification import compared_about, operating_far, transfer_thresholds

    fars = false_accept_rates(far)
    share = number_or("estimate", "--genuine-share", genuine_share)
    a, b = open_set(source, running), open_set(target, running)
    fitted = load_map(map, a, b)
    if as_stored:
        fitted = _moved(fitted)
    options: dict[str, Any] = {"pairs": pairs, "labels": not unlabelled, "genuine_share": share, "seed": seed}
    options["exclude"] = excluded_ids(exclude, a, b)
    with reading(printing) as progress:
        options |= {"engine": running.made, "progress": progress}
        if source_threshold is not None:
            fars = [operating_far(a, source_threshold, **options)]
        found = transfer_thresholds(fitted, a, b, fars, **options)
    warnings = [*found[0].notes, *(row.warning for row in found if row.warning)]
    keys = ("far", "threshold", "low", "high", "false_accepts", "genuine_share", "warning")
    document = {
        **fields(found[0], "signature", "pairs"),
        "excluded": len(options["exclude"]),
        "thresholds": [fields(row, *keys) for row in found],
        "warnings": warnings,
    }
    emit(document, lambda: _render(found, warnings, compared_about(fitted)), printing)


def _moved(fitted: LinearMap | TwoSidedMap) -> LinearMap | TwoSidedMap:
    """The map as a store compares what it has moved."""
    from ...mapping import LinearMap

    if isinstance(fitted, LinearMap):
        return fitted.about_zero()
    if fitted.likelihood is not None:
        raise InputError("a likelihood ratio moves no gallery", "Leave out --as-stored.")
    return fitted  # joint moves both sides to where it compares them


_ABOUT = {
    "target-mean": ", a cosine about the target's mean, as with --map; for a moved gallery give --as-stored",
    "zero": ", a cosine about zero, as a store has it",
    None: "",
}


def _render(found: tuple[ThresholdTransfer, ...], warnings: list[str], about: str | None) -> RenderableType:
    table = number_table("FAR", "threshold", "95 % interval", "false accepts")
    for row in found:
        interval = f"{row.low:.4f} to {row.high:.4f}"
        table.add_row(f"{row.far:.3g}", f"{row.threshold:.4f}", interval, f"{row.false_accepts:,}")
    head = Text(f"{found[0].pairs:,} random pairs; accepted is a score at or above the threshold{_ABOUT[about]}")
    return Group(head, Text(), table, Text(), *warning_lines(warnings), dim(found[0].signature))
