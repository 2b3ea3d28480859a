"""The report of networks compared: N* first, then how sure the order is, then the paper's bound at one m and over m."""

from __future__ import annotations

import numpy as np

from ...report import Band, Column, Figure, Report, Table, Text, interval, lines_with_bands
from ..wording import people, percent, span
from .result import CapacityComparison
from .wording import contradicted_bounds, order_answer

_PAIRED = (
    "All networks are given the same images, the same pairs of them and the same draws of people, so that what the people "
    "bring to every network's error is not counted as a difference between networks. A ratio's interval is that of the "
    "ratio in each draw. Suspicious pairs of two names count for none."
)
_BOUND = (
    "The paper's bound (Gong, Boddeti, Jain 2019) is a ratio of volumes in m dimensions. It grows steeply with m, by more "
    "than networks differ, so that it compares networks at one m only, and sizes no gallery."
)


def compare_report(found: CapacityComparison) -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    report = Report(
        "Capacity compared",
        f"How many people may the gallery hold, by each of {len(found.networks)} networks?",
        found.signature,
    )
    report.add(Text("The answer", [order_answer(found), *filter(None, [contradicted_bounds(found)])]))
    report.warn(found.warnings, "Read this before the numbers", "comparison")
    report.add(compare_table(found))
    report.add(pairs_table(found))
    report.add(_growth_figure(found))
    report.add(Text("How they are compared", [_PAIRED]))
    if found.dim is not None:
        report.add(Text("The paper's bound", [*filter(None, [contradicted_bounds(found)]), _BOUND]))
        report.add(bound_table(found))
        report.add(_dims_figure(found))
    return report


def compare_table(found: CapacityComparison, *, brief: bool = False) -> Table:
    """N* of each network; `brief`, for a terminal, has intervals behind their numbers."""
    rows: list[list[object]] = []
    for one in found.networks:
        n, m, t = one.people, one.measured, one.threshold
        counted = f"> {found.counts['people'] - 1:,}" if m is None else span(m)
        row: list[object] = [one.model]
        row += [span(n)] if brief else [people(n.value), people(n.low), people(n.high)]
        rows.append([*row, counted, t.value, *(() if brief else (100 * one.far.value,))])
    ends = () if brief else interval(unit="people", format="")
    columns: list[str | Column] = ["network", Column("N*", "people", hint="how many people the gallery may hold"), *ends]
    columns += [Column("counted", "people", hint="in galleries of this set's own people"), Column("threshold", format=".3f")]
    if not brief:
        columns.append(Column("FMR", "%", ".2g", "at the threshold"))
    return Table(
        "networks",
        columns,
        rows,
        title="How many people the gallery may hold",
        caption=f"At FPIR {percent(found.fpir)} and FNIR {percent(found.fnir)}, with 95 % intervals over people, from "
        f"{found.counts['people']:,} people, the same for all networks. Counted: the gallery of this set's own people in "
        "which that FPIR is reached at the threshold as it is; >: not reached by all of them, or beyond counting.",
    )


def pairs_table(found: CapacityComparison, *, brief: bool = False) -> Table:
    """Ratios of N*; `brief` has those of neighbours alone."""
    order = [one.model for one in found.networks]
    shown = [p for p in found.pairs if not brief or order.index(p.other) == order.index(p.model) + 1]
    rows: list[list[object]] = []
    for p in shown:
        ratio = [_times(p.ratio.value), _times(p.ratio.low), _times(p.ratio.high)]
        rows.append([p.model, p.other, *([f"{ratio[0]} ({ratio[1]}–{ratio[2]})"] if brief else ratio), 100 * p.support])
    ends = () if brief else interval(unit="×", format="")
    return Table(
        "ratios",
        ["network", "against", Column("ratio of N*", "×"), *ends, Column("draws", "%", ".1f", "in which N* is larger")],
        rows,
        title="" if brief else "Ratios, on the same draws of people",
        caption="N* of the one over N* of the other, with the 95 % interval over draws of people, the same for both; and "
        "the share of the draws in which the one's is the larger.",
    )


def bound_table(found: CapacityComparison, *, brief: bool = False) -> Table:
    """The paper's bound at one m."""
    rows: list[list[object]] = []
    shown = [one for one in found.networks if one.bound is not None]
    for one in shown:
        b = one.bound
        assert b is not None
        limit = f"> {b.people:,}" if b.limit is None else people(b.limit)
        cells = [
            [f"{people(p.capacity)} ({people(p.low)}–{people(p.high)})"]
            if brief
            else [people(p.capacity), people(p.low), people(p.high)]
            for p in (b.median, b.largest)
        ]
        told = "yes" if b.contradicted else "no"
        rows.append([one.model, *cells[0], *cells[1], limit, told, *(() if brief else (b.intrinsic_dimension,))])
    q = percent(shown[0].bound.largest.q) if shown and shown[0].bound else ""
    ends = () if brief else interval(unit="people", format="")
    columns: list[str | Column] = ["network", Column("median", "people"), *ends, Column("largest", "people"), *ends]
    columns += [Column("measured", "people"), Column("broken" if brief else "contradicted")]
    if not brief:
        columns.append(Column("own m", hint="the intrinsic dimension of its images"))
    return Table(
        "bounds",
        columns,
        rows,
        title=f"The paper's bound at m = {found.dim}, q = {q}",
        caption=f"By the median and the largest person's ellipsoid, at m = {found.dim} for all networks, with 95 % "
        "intervals. Measured: the gallery of this set's own people in which half of the strangers are falsely identified "
        "at a false reject rate of q; where it is larger than the largest person's bound, the set contradicts that bound.",
    )


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else people(ratio)


def _growth_figure(found: CapacityComparison) -> Figure:
    floor = 1e-4  # percent: a logarithmic axis has no zero
    bands = [
        Band(one.model, found.sizes, *(np.maximum(100 * y, floor) for y in (one.fpir, one.fpir_low, one.fpir_high)))
        for one in found.networks
    ]
    chart = lines_with_bands(
        bands,
        x_title="people in the gallery",
        y_title="strangers taken for somebody, %",
        log_x=True,
        log_y=True,
        level=("FPIR asked for, %:", 100 * found.fpir),
        marks={"this set": float(found.counts["people"])},
        size=(620, 320),
    )
    return Figure(
        "galleries",
        chart,
        title="False positive identifications as the gallery grows",
        caption=f"Each network at its own threshold, which {percent(found.fnir)} of the genuine pairs fall short of; by the "
        "model, with 95 % intervals. To the right of “this set” all is extrapolated.",
        description=f"FPIR against gallery size by network: {order_answer(found)}",
    )


def _dims_figure(found: CapacityComparison) -> Figure:
    bands = []
    for one in found.networks:
        if one.bound is None:
            continue
        points = [p for p in one.bound.by_dim if p.person_class == "median"]
        bands.append(
            Band(one.model, [p.dim for p in points], *([getattr(p, k) for p in points] for k in ("capacity", "low", "high")))
        )
    return Figure(
        "bounds-by-dim",
        lines_with_bands(bands, x_title="dimensions m", y_title="people", log_x=True, log_y=True, size=(620, 300)),
        title="The paper's bound over m",
        caption="Of the median person, without a student, with 95 % intervals: how much the bound depends on m, beside how "
        "much it depends on the network.",
        description="The bound against m by network.",
    )
