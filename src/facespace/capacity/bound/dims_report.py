"""The bound over m: table and figure."""

from __future__ import annotations

from ...report import Band, Column, Figure, Table, lines_with_bands
from ..result import CapacityResult
from ..wording import people, percent


def dims_table(result: CapacityResult) -> Table:
    """The bound over m."""
    rows: list[list[object]] = []
    for dim in sorted({p.dim for p in result.by_dim}):
        at = {p.person_class: p for p in result.by_dim if p.dim == dim}
        rows.append([dim, *(f"{people(p.capacity)} ({people(p.low)}–{people(p.high)})" for p in (at["max"], at["median"]))])
    return Table(
        "bounds-by-dim",
        ["m", Column("largest class", "people"), Column("median class", "people")],
        rows,
        title="The bound over m",
        caption=f"At q = {percent(result.point.q)}, full ellipsoids, no student, with 95 % intervals; the estimate is "
        f"made at m = {result.dim}.",
    )


def dims_figure(result: CapacityResult) -> Figure:
    """The bound of the largest and the median class against m, and what the set itself holds."""
    bands = []
    for which in ("max", "median"):
        points = [p for p in result.by_dim if p.person_class == which]
        ends = ([getattr(p, key) for p in points] for key in ("capacity", "low", "high"))
        bands.append(Band(f"{which} class", [p.dim for p in points], *ends))
    # Where the set itself holds more people, that is drawn: no point below the line bounds anything.
    level = None
    if result.check is not None:
        level = ("this set holds:", float(result.check.limit or result.check.sizes[-1]))
    return Figure(
        "bound-by-dim",
        lines_with_bands(
            bands, x_title="dimensions m", y_title="people", log_x=True, log_y=True, level=level, size=(620, 280)
        ),
        title="The bound over m",
        caption=f"At q = {percent(result.point.q)}, no student, with 95 % intervals: the bound hangs on m more than on the "
        "network, and so compares networks at one m only. This set holds: the gallery of its own people in which half of "
        "the strangers are falsely identified at that false reject rate, or all of its people.",
        description="The bound against m, in the table below.",
    )
