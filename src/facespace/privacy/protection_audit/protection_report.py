"""The report of an audit of protections: who can be named all the same, and what protecting costs."""

from __future__ import annotations

import math

import numpy as np

from ...report import Band, Figure, KeyFigure, KeyFigures, Report, Text, heatmap, lines_with_bands, rated
from .result import HalfPoint, ProtectionResult
from .tables_report import accuracy_table, attacks_table, half_of, links_table, secrets_table, summary_table

_FEW = 6  # lines that a figure can tell apart
_CARD = 22  # letters that a card has room for
_LIMITS = (
    "The figures hold for images like these, a gallery of this size and the attacks listed; a better attacker may name "
    "more, so a low figure is no proof of safety. D_sys judges the templates' own scores: where it is near what chance "
    "gives, a learnt attack may still link, as the table of attacks shows. The leaked images come from the same "
    "collection as the attacked ones. Secrets a person help only as long as each is kept apart from its template."
)


def protection_report(result: ProtectionResult) -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    c = result.counts
    report = Report(
        "Audit of template protections",
        f"Who is named from protected templates of {result.model}, and what does protecting them cost?",
        result.signature,
    )
    report.add(Text("The finding", [protection_finding(result)]))
    report.add(KeyFigures(_key_figures(result)))
    report.add(
        Text(
            "What was tested",
            [
                f"Templates of {result.model} were protected, and stolen without names. The attacker has a gallery with "
                "names, of plain embeddings of other images of the same people, and of a few images of other people "
                "(the leaked pairs) both the template and his own embedding. From these he learns to carry templates "
                "into his space; of all his attacks the strongest counts.",
                f"The {c['attacked_people']:,} people attacked are none of the {c['leaked_people']:,} whose images may "
                f"leak and that ranges and codebooks were fitted on. The gallery has {c['gallery']:,} images; "
                f"{c['mated_probes']:,} templates show somebody in it, {c['nonmated_probes']:,} somebody who is not. "
                f"Guessing names {100 * result.chance:.2g} %; plain templates and the same network "
                f"{_own(result)}.",
            ],
        )
    )
    report.warn(result.warnings, code="protections")
    report.add(_heat(result, "same", "the same network"))
    report.add(_lines(result))
    for knowledge, name in (("other", "another network"), ("shipped", "another network and the shipped map")):
        if any(p.knowledge == knowledge for p in result.points):
            report.add(_heat(result, knowledge, name))
    report.add(summary_table(result))
    report.add(secrets_table(result))
    report.add(accuracy_table(result))
    report.add(links_table(result))
    report.add(attacks_table(result))
    report.add(Text("Method and limits", [_method(result), _LIMITS]))
    return report


def protection_finding(result: ProtectionResult) -> str:
    """The audit in a few sentences with its numbers."""
    fallen: list[tuple[float, str, HalfPoint]] = []
    standing: list[str] = []
    for name in result.names:
        half = half_of(result, name)
        if half is None:
            continue
        if math.isinf(half.leaked):
            standing.append(name)
        else:
            fallen.append((half.leaked, name, half))
    parts = [f"Plain templates name {_own(result)} of the people in a gallery of {result.counts['gallery']:,}."]
    if fallen:
        told = "; ".join(f"{name} {pairs_text(half)}" for _, name, half in sorted(fallen, key=lambda one: one[:2]))
        parts.append(f"With the same network an attacker names half of that from as many leaked pairs: {told}.")
    if standing:
        most = max(p.leaked for p in result.points)
        parts.append(f"Not with {most:,} pairs: {', '.join(standing)}.")
    return " ".join(parts)


def pairs_text(half: HalfPoint) -> str:
    """The number of pairs at which a protection falls to half, with its interval."""

    def one(value: float) -> str:
        return "more than tested" if math.isinf(value) else f"{value:.3g}"

    if half.leaked == half.low == half.high:
        return one(half.leaked)
    return f"{one(half.leaked)} ({one(half.low)} to {one(half.high)})"


def _own(result: ProtectionResult) -> str:
    return rated(result.own.value, result.own.low, result.own.high)


def _heat(result: ProtectionResult, knowledge: str, attacker: str) -> Figure:
    networks = sorted({p.network for p in result.points if p.knowledge == knowledge})
    lines = {name: result.line(name, knowledge, network=networks[0]) for name in result.names}
    sizes = [p.leaked for p in lines[result.names[0]]]
    cells = [[100 * p.rank1 for p in lines[name]] for name in result.names]
    return Figure(
        f"named-{knowledge}",
        heatmap(
            cells, result.names, [f"{size:,}" for size in sizes], column_title="leaked pairs", scale=(0, 100), better="low"
        ),
        title=f"Named by an attacker with {attacker}, in per cent",
        caption=f"His network is {networks[0]}. Rank-1 rate of the strongest attack, by protection and leaked pairs; "
        "one secret for all templates, which he has not.",
        description=f"Rank-1 rate in per cent by protection and leaked pairs, attacker with {attacker}: "
        + "; ".join(f"{name} {row[-1]:.1f} with {sizes[-1]}" for name, row in zip(result.names, cells, strict=True)),
    )


def _lines(result: ProtectionResult) -> Figure:
    keyed = [name for name in result.names if result.parameters[name]["keyed"]] or result.names
    shown = keyed[:_FEW]
    bands = []
    for name in shown:
        points = [p for p in result.line(name, "same") if p.leaked]
        y, low, high = (100 * np.array([getattr(p, end) for p in points]) for end in ("rank1", "low", "high"))
        bands.append(Band(name, [p.leaked for p in points], y, low, high))
    chart = lines_with_bands(
        bands,
        x_title="leaked pairs",
        y_title="right name, %",
        log_x=len(bands[0].x) > 1,  # type: ignore[arg-type]
        level=("plain templates:", 100 * result.own.value),
        y_range=(0, 100),
        size=(560, 280),
    )
    ends = "; ".join(f"{band.name} {np.asarray(band.y)[-1]:.1f} %" for band in bands)
    return Figure(
        "rank1",
        chart,
        title="Named, against leaked pairs: protections with a secret",
        caption="Attacker with the same network; the mean over draws of leaked pairs and secrets, with 95 % intervals.",
        description=f"Rank-1 rate against leaked pairs; with the most pairs: {ends}",
    )


def _key_figures(result: ProtectionResult) -> list[KeyFigure]:
    last = max(p.leaked for p in result.points)
    keyed = [name for name in result.names if result.parameters[name]["keyed"] and len(name) < _CARD]
    figures = []
    for name in keyed[:3]:
        end = result.line(name, "same")[-1]
        note = f"named with {last:,} pairs; 95 %: {_percent(end.low)} to {_percent(end.high)}"
        figures.append(KeyFigure(f"{_percent(end.rank1)} %", name, note))
    own, ends = _percent(result.own.value), f"{_percent(result.own.low)} to {_percent(result.own.high)}"
    return [KeyFigure(f"{own} %", "plain", f"named without any; 95 %: {ends}"), *figures]


def _method(result: ProtectionResult) -> str:
    told = [
        f"{name}: " + ", ".join(f"{key} {value}" for key, value in facts.items() if key != "keyed")
        for name, facts in result.parameters.items()
    ]
    return (
        "Attacks: his own gallery protected by the public scheme, or by the stolen secret; both sides about their "
        "means; principal directions turned to each other; the map for few pairs, with the spread of both collections; "
        "Procrustes; kernel ridge "
        "regression; the first map refined on both collections. Protections: " + "; ".join(told) + "."
    )


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f}"
