"""The report of a BLUFR run: both figures as the protocol quotes them, and the splits."""

from __future__ import annotations

from ..report import Column, KeyFigure, KeyFigures, Report, Table
from .blufr import BlufrResult


def key_lines(result: BlufrResult) -> list[tuple[str, str, str]]:
    """Value, label and note of both figures."""
    return [
        (
            f"{100 * rate.quoted:.2f} %",
            label,
            f"{100 * rate.mean:.2f} − {100 * rate.sd:.2f}, mean less standard deviation over {len(result.splits)} splits",
        )
        for rate, label in (
            (result.vr, f"verification at FAR {100 * result.far:g} %"),
            (result.dir, f"identification at rank 1, FAR {100 * result.fpir:g} %"),
        )
    ]


def split_table(result: BlufrResult, *, brief: bool = False) -> Table:
    """One row per split; `brief` has the rates and thresholds only."""
    columns: list[str | Column] = [
        "split",
        Column("VR", "%", ".2f", "share of the genuine pairs accepted"),
        Column("threshold", format=".4f", hint="of the verification"),
        Column("DIR", "%", ".2f", "share of the mated probes found and accepted"),
        Column("threshold", format=".4f", hint="of the identification"),
        Column("genuine", format=",d"),
        Column("impostor", format=",d"),
        Column("mated", format=",d", hint="probes whose person is in the gallery"),
        Column("non-mated", format=",d", hint="probes whose person is not"),
    ]
    rows = [
        [n, 100 * s.vr, s.vr_threshold, 100 * s.dir, s.dir_threshold, s.genuine, s.impostor, s.mated, s.nonmated]
        for n, s in enumerate(result.splits, 1)
    ]
    shown = 5 if brief else len(columns)
    return Table(
        "splits",
        columns[:shown],
        [row[:shown] for row in rows],
        title="Splits",
        caption=f"VR: verification rate at FAR {100 * result.far:g} %. DIR: detection and identification rate at rank 1, "
        f"with {100 * result.fpir:g} % of the probes without a mate at or above the threshold. The splits share people, so "
        "that their standard deviation is no standard error.",
    )


def blufr_report(result: BlufrResult, names: str = "") -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    pairs = sum(s.genuine + s.impostor for s in result.splits) / len(result.splits)
    report = Report(
        "BLUFR on LFW" + (f": {names}" if names else ""),
        f"{len(result.splits)} random splits of about {pairs / 1e6:.0f} million pairs on average",
        result.signature,
    )
    report.add(KeyFigures([KeyFigure(value, label, note) for value, label, note in key_lines(result)]))
    report.add(split_table(result))
    return report
