"""The one-page report of a linkage audit: what was tested, what was found, and how far the finding reaches."""

from __future__ import annotations

import numpy as np

from ..report import (
    Band,
    Column,
    Figure,
    KeyFigure,
    KeyFigures,
    Report,
    Table,
    Text,
    interval,
    lines_with_bands,
    percents,
    rated,
)
from .fnir_report import fnir_cells, fnir_columns
from .linkage_result import LinkageBound, LinkagePoint, LinkageResult

_HALF = 0.5
_LIMITS = (
    "The figures hold for images like these and a gallery of this size: a larger gallery names fewer, more images of each "
    "person name more. The leaked images come from the same collection as the attacked ones. The attack is a plain one; a "
    "better attacker may name more, so a low figure is no proof of safety. Where a figure is high, treat the embeddings as "
    "personal data, and encrypt them."
)


def linkage_report(result: LinkageResult) -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    c = result.counts
    report = Report(
        "Linkage audit",
        f"Can anonymous face embeddings be given their names? System A is {result.source}, B is {result.target}.",
        result.signature,
    )
    report.add(Text("The finding", [finding(result)]))
    report.add(KeyFigures(_key_figures(result)))
    report.add(
        Text(
            "What was tested",
            [
                "Somebody holds face embeddings of one system without names, and a gallery of another system with names. "
                "Of a few images (the leaked pairs) he has the embeddings by both systems, and from these he works out "
                "how to carry the embeddings of one system over into the other. Then he looks up each anonymous embedding "
                "in the gallery: the best match is his answer.",
                f"The {c['attacked_people']:,} people attacked are not among the {c['leaked_people']:,} whose images may "
                f"leak, and no image is both looked up and in the gallery. The gallery has {c['gallery']:,} images; "
                f"{c['mated_probes']:,} anonymous embeddings show somebody in it, {c['nonmated_probes']:,} somebody who is "
                "not.",
            ],
        )
    )
    report.warn(result.warnings, code="linkage")
    report.add(_figure(result))
    report.add(linkage_table(result))
    report.add(Text("Method and limits", [_method(result), _LIMITS]))
    return report


def finding(result: LinkageResult) -> str:
    """The audit in one or two sentences with its numbers."""
    best = max(_last(result), key=lambda p: p.rank1)
    sentence = (
        f"With {best.leaked:,} leaked pairs{_refined(best)}, {_percent(best.rank1)} % (95 %: {_percent(best.low)} to "
        f"{_percent(best.high)}) of the anonymous embeddings of {best.source} get their right name from {best.target}'s "
        f"gallery of {result.counts['gallery']:,} images, where guessing names {100 * result.chance:.2g} %"
    )
    upper = next(b for b in result.bounds if b.model == best.target)
    sentence += f" and {best.target} itself {_with_ends(upper)}."
    half = [p for p in result.points if p.rank1 >= _HALF]
    if half:
        few = min(half, key=lambda p: (p.leaked, -p.rank1))
        if few.leaked == best.leaked:
            return f"{sentence} Fewer pairs name less than half of them."
        already = f"Already {few.leaked:,} pairs{_refined(few)} name {_with_ends(few)}"
        return f"{sentence} {already} ({few.source} → {few.target})."
    return f"{sentence} No leak that was tested names half of them."


def linkage_table(result: LinkageResult, *, brief: bool = False) -> Table:
    """Every point and the bounds, in percent; `brief` has one FNIR only."""
    fpirs, c = result.fpirs[-1:] if brief else result.fpirs, result.counts
    columns: list[str | Column] = [
        Column("attack", hint="A → B: embeddings of A, gallery of B"),
        Column("pairs", "leaked", ",d"),
        Column("map", hint="refined: sharpened on the unlabelled embeddings of both sides"),
        Column("rank-1", "%", ".1f", "share of the anonymous embeddings that get their right name"),
        *interval(format=".1f"),
        *fnir_columns(fpirs),
    ]
    rows: list[list[object]] = []
    for source, name in _attacks(result):
        for p in (p for p in result.points if p.source == source):
            kind = "refined" if p.refine else "as fitted"
            if p.refused:
                kind = f"refined, {p.refused} of {len(p.rank1_by_repeat)} refused"
            rows.append([name, p.leaked, kind, *percents(p.rank1, p.low, p.high), *fnir_cells(p, fpirs)])
    for letter, b in zip("AB", result.bounds, strict=True):
        rows.append([f"{letter} by itself", None, "none", *percents(b.rank1, b.low, b.high), *fnir_cells(b, fpirs)])
    if not any(p.refine for p in result.points):
        del columns[2]
        rows = [[*row[:2], *row[3:]] for row in rows]
    return Table(
        "linkage",
        columns,
        rows,
        title="All figures",
        caption=f"A is {result.source}, B is {result.target}. Looked up are {c['mated_probes']:,} embeddings of people in "
        f"the gallery and {c['nonmated_probes']:,} of strangers; 95 % intervals over people. FNIR@x: share of the "
        "former that are not named, when answers are given only above a threshold that a share x (FPIR) of the strangers "
        "passes.",
    )


def _figure(result: LinkageResult) -> Figure:
    bands = []
    for refine in (False, True):
        for source, name in _attacks(result):
            points = result.direction(source, refine)
            if points:
                x = [p.leaked for p in points]
                y, low, high = (100 * np.array([getattr(p, key) for p in points]) for key in ("rank1", "low", "high"))
                bands.append(Band(f"{name}, refined" if refine else name, x, y, low, high))
    leaked = [p.leaked for p in result.direction(result.source, False)]
    for letter, bound in zip("AB", result.bounds, strict=True):
        y, low, high = (np.full(2, 100 * rate) for rate in (bound.rank1, bound.low, bound.high))
        bands.append(Band(f"{letter} by itself", [leaked[0], leaked[-1]], y, low, high))
    ends = zip(_attacks(result), _last(result), strict=True)
    return Figure(
        "rank1",
        lines_with_bands(
            bands,
            x_title="leaked pairs",
            y_title="right name, %",
            log_x=len(leaked) > 1,
            level=("guessing:", 100 * result.chance),
            size=(620, 260),
        ),
        title="Named, against leaked pairs",
        caption="Share of the anonymous embeddings whose best match is their owner, with 95 % intervals. A → B: embeddings "
        "of A in B's gallery. A and B by themselves: what each reaches without a map.",
        description="Rank-1 identification rate against the number of leaked pairs, both ways: "
        + "; ".join(f"{name} {_percent(p.rank1)} % with {p.leaked}" for (_, name), p in ends),
    )


def _key_figures(result: LinkageResult) -> list[KeyFigure]:
    figures = [
        KeyFigure(
            f"{_percent(p.rank1)} %",
            f"named, {name}",
            f"{p.leaked:,} leaked pairs{_refined(p)}; 95 %: {_percent(p.low)} to {_percent(p.high)}",
        )
        for (_, name), p in zip(_attacks(result), _last(result), strict=True)
    ]
    own = " / ".join(_percent(b.rank1) for b in result.bounds)
    ends = " / ".join(f"{_percent(b.low)} to {_percent(b.high)}" for b in result.bounds)
    figures.append(KeyFigure(f"{own} %", "A / B by itself", f"without a map; 95 %: {ends}"))
    figures.append(
        KeyFigure(f"{100 * result.chance:.2g} %", "guessing", f"a gallery of {result.counts['gallery']:,} images")
    )
    return figures


def _method(result: LinkageResult) -> str:
    repeats = len(result.points[0].rank1_by_repeat)
    draws = "draw" if repeats == 1 else "draws"
    text = (
        f"The map from one system to the other is linear ({result.method}), fitted on the leaked pairs: the same images, "
        f"embedded by both systems. Each figure is the mean over {repeats} {draws} of the leaked images; its 95 % interval "
        "comes from drawing people and draws anew. Guessing takes a random entry of the gallery. A system by itself looks "
        "up its own embeddings in its own gallery of the same images. After section 5 of McNeely-White and others, "
        "Canonical Face Embeddings (2021)."
    )
    if any(p.refine for p in result.points):
        text += (
            " Refined maps were then sharpened on what the attacker holds anyway: the anonymous embeddings and the gallery, "
            "without any names."
        )
    return text


def _attacks(result: LinkageResult) -> list[tuple[str, str]]:
    """Whose probes are looked up, and the name of the attack, of both directions."""
    return [(result.source, "A → B"), (result.target, "B → A")]


def _last(result: LinkageResult) -> list[LinkagePoint]:
    """The better map's point with the most leaked pairs, of each direction."""
    most = max(p.leaked for p in result.points)
    return [
        max((p for p in result.points if (p.source, p.leaked) == (source, most)), key=lambda p: p.rank1)
        for source, _ in _attacks(result)
    ]


def _refined(point: LinkagePoint) -> str:
    return " and a refined map" if point.refine else ""


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f}"


def _with_ends(row: LinkagePoint | LinkageBound) -> str:
    return rated(row.rank1, row.low, row.high)
