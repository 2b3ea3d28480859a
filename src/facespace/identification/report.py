"""The report of an identification: key figures, CMC and FNIR-FPIR curve, and both tables."""

from __future__ import annotations

import numpy as np

from ..report import Column, Curve, Figure, KeyFigure, KeyFigures, Report, Table, curves, interval
from .identify import IdentificationResult

_LONGEST = 100  # ranks shown in the curve


def rank_table(result: IdentificationResult) -> Table:
    """CMC at the ranks asked for."""
    columns: list[str | Column] = [
        Column("rank", format="d"),
        Column("rate", "%", ".2f", "share of the mated probes"),
        *interval(),
    ]
    rows = [[r.rank, 100 * r.rate, 100 * r.low, 100 * r.high] for r in result.cmc]
    caption = "Share of the mated probes whose person is among the first entries found; ties count against the probe."
    return Table("cmc", columns, rows, title="Closed set", caption=caption)


def fnir_table(result: IdentificationResult) -> Table:
    """FNIR at the FPIRs asked for."""
    columns: list[str | Column] = [
        Column("FPIR", format="g", hint="share of the non-mated probes that get an answer"),
        Column("FNIR", "%", ".2f", "share of the mated probes that don't get the right one"),
        *interval(),
        Column("threshold", format=".4f", hint="an answer is given at or above it"),
        Column("false alarms", format=",d"),
    ]
    rows = [[r.fpir, 100 * r.fnir, 100 * r.low, 100 * r.high, r.threshold, r.false_positives] for r in result.fnir]
    caption = "FNIR: share of the mated probes whose person is not found first, at or above the threshold (rank 1)."
    return Table("fnir", columns, rows, title="Open set", caption=caption)


def counts(result: IdentificationResult) -> str:
    """Gallery and probes in one line."""
    return (
        f"Gallery of {result.gallery:,} entries, {result.gallery_people:,} people; {result.mated:,} mated and "
        f"{result.nonmated:,} non-mated probes"
    )


def identification_report(result: IdentificationResult, title: str = "Identification") -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    report = Report(title, counts(result), result.signature)
    rates = [(f"rank {r.rank}", r.rate, r.low, r.high) for r in result.cmc[:2]]
    rates += [(f"FNIR at FPIR {r.fpir:g}", r.fnir, r.low, r.high) for r in result.fnir[:2]]
    cards = [
        KeyFigure(f"{100 * rate:.2f} %", label, f"95 %: {100 * low:.2f} to {100 * high:.2f}")
        for label, rate, low, high in rates
    ]
    report.add(KeyFigures(cards))
    report.warn(result.warnings)
    report.add(rank_table(result))
    last = max(2, min(_LONGEST, result.gallery))
    place = np.arange(1, last + 1)
    rate = np.searchsorted(np.sort(result.ranks), place, side="right") / result.mated
    report.add(
        Figure(
            "cmc-curve",
            curves(
                [Curve("", place, rate)],
                x_title="Rank",
                y_title="Share of the mated probes",
                x_range=(1, last),
                y_range=(float(np.floor(10 * rate[0] - 0.5) / 10) if rate[0] > 0.1 else 0.0, 1.0),
            ),
            title="Cumulative match characteristic",
            description=f"CMC from {100 * rate[0]:.1f} % at rank 1 to {100 * rate[-1]:.1f} % at rank {last}.",
        )
    )
    if result.fnir:
        report.add(fnir_table(result))
        fpir, fnir = result.det()
        left = min(0.1, 1 / result.nonmated)
        top = float(fnir[int(np.searchsorted(fpir, left, side="right")) - 1])
        report.add(
            Figure(
                "fnir-curve",
                curves(
                    [Curve("", fpir, fnir)],
                    x_title="False positive identification rate",
                    y_title="False negative identification rate",
                    x_range=(left, 1.0),
                    y_range=(0.0, max(0.02, min(1.0, float(np.ceil(20 * top) / 20)))),
                ),
                title="Open set: FNIR against FPIR",
                caption="The axis begins at one false alarm.",
                description="; ".join(f"FNIR {100 * r.fnir:.2f} % at FPIR {r.fpir:g}" for r in result.fnir),
            )
        )
    return report
