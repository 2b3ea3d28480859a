"""The report of an audit for mixed networks."""

from __future__ import annotations

import numpy as np

from ...report import Column, Figure, KeyFigure, KeyFigures, Report, Table, Text, histograms
from .result import MixtureResult

_BRIEF, _LONG = 10, 200  # templates in the terminal's table, and in the report's

_METHOD = (
    "Every network spreads faces along its own directions. Two Gaussians are fitted to the templates, and how far the "
    "directions of each agree with the other's templates is measured: other faces of one network agree with 0.5 to 1, "
    "another network's with less than 0.45. With a reference, a template's score says how unlikely it is for the network: "
    "its distance from the reference's templates and, where lengths were kept, its length; the threshold comes from people "
    "of the reference that were left out of the fit."
)
_LIMITS = (
    "Templates of one network with swapped colours, of other crops, or brought into its space by a map, have the network's "
    "own directions: without a reference they are seldom found, and with one only in part. Fewer than 20 templates of "
    "another network are not seen. docs/mixture.md says how often either happens."
)


def mixture_finding(result: MixtureResult) -> str:
    """The audit in a sentence or two."""
    share = f"{100 * result.share:.1f} % (95 %: {100 * result.low:.1f} to {100 * result.high:.1f})"
    some = f"{result.foreign:,} of {result.templates:,} templates, {share},"
    if result.verdict == "one network":
        beside = " beside the reference" if result.reference is not None else ""
        return f"Nothing speaks for a second network in {result.templates:,} templates{beside}."
    if result.verdict == "another network":
        return f"Nearly all templates are not of the reference's network: {some} are unlike it."
    if result.verdict == "unlike the reference":
        return (
            f"{some} are unlike the reference, but have its network's directions: other crops, swapped colours, a map, or "
            "other kinds of faces."
        )
    return f"Two networks: {some} seem to come from another one."


def mixture_table(result: MixtureResult, *, brief: bool = False) -> Table:
    """The named templates of the highest scores."""
    most = _BRIEF if brief else _LONG
    rows = [
        [name, score] for name, score in zip(result.ids[:most].tolist(), result.foreign_scores[:most].tolist(), strict=True)
    ]
    more = f" The first {most:,} of {result.foreign:,}." if result.foreign > most else ""
    columns: list[str | Column] = [Column("template"), Column(result.scored_by, "", ".1f")]
    return Table("templates", columns, rows, title="Named templates", caption=f"Highest score first.{more}")


def mixture_report(result: MixtureResult) -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    beside = "" if result.reference is None else f", beside a reference of {result.reference}"
    report = Report("Mixed networks", f"Templates of {result.model or 'an unknown network'}{beside}.", result.signature)
    report.add(Text("The finding", [mixture_finding(result)]))
    report.add(
        KeyFigures(
            [
                KeyFigure(result.verdict, "verdict", f"{result.templates:,} templates, {result.people or 'unknown'} people"),
                KeyFigure(
                    f"{100 * result.share:.1f} %",
                    "named",
                    f"{result.foreign:,} templates; 95 %: {100 * result.low:.1f} to {100 * result.high:.1f} %",
                ),
                KeyFigure(f"{result.agreement:.2f}", "agreement of directions", "below 0.45: another network"),
            ]
        )
    )
    report.warn(result.warnings, code="mixture")
    report.add(_figure(result))
    if result.foreign:
        report.add(mixture_table(result))
    report.add(Text("Method and limits", [_METHOD, _LIMITS]))
    return report


def _figure(result: MixtureResult) -> Figure:
    values = result.scores.astype(np.float64)
    named = result.named
    parts = {"the rest": values[~named], "named": values[named]}
    groups = {name: part for name, part in parts.items() if len(part)}
    limit = {"all": result.threshold} if np.isfinite(result.threshold) else None
    return Figure(
        "scores",
        histograms({"all": groups}, thresholds=limit, x_title=result.scored_by, of="templates"),
        title="Scores",
        caption=f"Share of the templates with each score ({result.scored_by}).",
        description=f"Histogram of {result.templates:,} scores; {result.foreign:,} are above the threshold.",
    )
