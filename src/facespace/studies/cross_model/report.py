"""The report of a cross-model study: what comparing across networks costs, and the evidence."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ...report import (
    Column,
    KeyFigure,
    KeyFigures,
    Matrix,
    Measure,
    Note,
    Notes,
    Report,
    Table,
    Text,
    interval,
    percents,
    valued,
)
from ...verification import INTERVALS
from ._figures import examples, histogram_figure, near_chance, roc_figure
from .study import Cell, CrossModelResult

CHEAP = 0.01  # the largest loss that the paper found among its networks [2020, table 3]

_RATES = ("accuracy", "mean_loss_target", "max_loss_target", "mean_loss_poorer", "max_loss_poorer")  # each with an interval
_MEANING = {
    "same": "fitted on the same images as both networks saw them",
    "matched": "fitted on pairs of different images of one person",
}


def cross_model_report(result: CrossModelResult) -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    count = len(result.models)
    report = Report(
        "Cross-model study",
        f"{count} networks, {count * (count - 1)} ordered pairs of networks, {len(result.same):,} pairs of images",
        result.signature,
    )
    first = result.cells[0]
    report.add(Text("Can these networks be compared, and what does it cost?", [" ".join(answer(result))]))
    report.add(KeyFigures(_key_figures(result, first)))
    report.add(cross_model_matrix(result))
    report.add(Notes(_notes(result), title="How to read this"))
    report.add(summary_table(result))
    report.add(_network_table(result))
    shown = examples(result, first.pairing, first.method)
    report.add(roc_figure(result, shown))
    report.add(histogram_figure(result, shown[-1]))
    report.add(_cell_table(result))
    return report


def answer(result: CrossModelResult) -> tuple[str, str]:
    """The study's question answered by the first method of the first pairing: yes or no, and the figures."""
    first = result.cells[0]
    cells = [c for c in result.cells if (c.pairing, c.method) == (first.pairing, first.method)]
    row = next(r for r in result.summary() if (r["pairing"], r["method"]) == (first.pairing, first.method))
    failed = [c for c in cells if near_chance(c.accuracy.mean, result.chance)]
    if failed:
        head = (
            "No." if len(failed) == len(cells) else f"Not all: {len(failed)} of {len(cells)} ordered pairs stay near chance."
        )
    else:
        head = "Yes." if row["max_loss_target"] <= CHEAP else "Yes, at a price."
    through = "Without a map" if first.method == "identity" else f"Through a map ({first.method})"
    mean, worst = (
        " to ".join(f"{100 * row[f'{kind}_loss_target_{end}']:.2f}" for end in ("low", "high")) for kind in ("mean", "max")
    )
    cost = (
        f"{through} it costs {100 * row['mean_loss_target']:.2f} points of the target network's accuracy on average "
        f"(95 %: {mean}) and {100 * row['max_loss_target']:.2f} at worst ({row['worst']}, {worst})."
    )
    control = [r["accuracy"] for r in result.summary() if (r["pairing"], r["method"]) == (first.pairing, "identity")]
    if control and first.method != "identity":
        chance = f"chance{'' if result.chance == 0.5 else f' is {100 * result.chance:.1f} % on this list'}"
        if not near_chance(control[0], result.chance):
            chance = "so some of them share a space already"
        cost += f" Without a map accuracy is {100 * control[0]:.1f} %: {chance}."
    return head, cost.replace(" -", " −")


def cross_model_matrix(result: CrossModelResult) -> Matrix:
    """Source networks down, target networks across, one layer per pairing, method and measure; own accuracy on the
    diagonal."""
    place = {name: i for i, name in enumerate(result.models)}
    size = len(result.models)
    own = [100 * r.accuracy.mean for r in result.native if r.accuracy is not None]
    layers: dict[tuple[str, ...], np.ndarray] = {}
    details: dict[tuple[str, ...], list[list[str]]] = {}
    for cell in result.cells:
        key = (cell.pairing, cell.method)
        texts = details.setdefault(
            key, [[f"own accuracy of {a}" if a == b else "" for b in result.models] for a in result.models]
        )
        at = place[cell.source], place[cell.target]
        shares = {"accuracy": cell.accuracy.mean, "loss": cell.loss_target, "poorer": cell.loss_poorer}
        for measure, share in shares.items():
            empty = np.diag(own) if measure == "accuracy" else np.full((size, size), np.nan)
            layers.setdefault((*key, measure), empty)[at] = 100 * share
        ends = f"95 %: {100 * cell.low:.2f} to {100 * cell.high:.2f}"
        spread = f"± {100 * cell.accuracy.sd:.2f} over {len(cell.accuracy.folds)} folds"
        lines = [f"{cell.source} → {cell.target}", ends, spread]
        if cell.chosen:
            lines.append(f"{cell.method} chose {_chosen(cell)}")
        texts[at[0]][at[1]] = "\n".join(lines)
    measures = {
        "accuracy": Measure("accuracy", "%", 2),
        "loss": Measure("loss against the target", "points", 2, better="low"),
        "poorer": Measure("loss against the poorer network", "points", 2, better="low"),
    }
    return Matrix(
        "cross-model",
        result.models,
        result.models,
        layers,
        measures,
        title="Every network against every other",
        caption="Left image by the source network, mapped; right image by the target network. The framed diagonal is each "
        "network's own accuracy. Click a heading to sort.",
        row_title="source",
        column_title="target",
        selectors=("Pairing", "Method"),
        details=details,
    )


def _key_figures(result: CrossModelResult, first: Cell) -> list[KeyFigure]:
    figures = []
    for row in result.summary():
        if row["pairing"] != first.pairing:
            continue
        if row["method"] == first.method:
            spread = f"{row['cells']} ordered pairs, {row['pairing']} pairing"
            for kind, told in (("mean", spread), ("max", row["worst"])):
                loss, low, high = (100 * row[f"{kind}_loss_target{end}"] for end in ("", "_low", "_high"))
                label = f"{'mean' if kind == 'mean' else 'worst'} loss, {row['method']}"
                figures.append(KeyFigure(f"{loss:.2f} pts", label, f"95 %: {low:.2f} to {high:.2f}; {told}"))
        elif row["method"] == "identity":
            figures.append(
                KeyFigure(
                    f"{100 * row['accuracy']:.1f} %", "mean accuracy without a map", f"{100 * result.chance:.3g} % is chance"
                )
            )
    own = [100 * r.accuracy.mean for r in result.native if r.accuracy is not None]
    span = f"{min(own):.1f}–{max(own):.1f}"
    figures.append(KeyFigure(span, "the networks' own accuracy, %", f"{len(own)} networks"))
    return figures


def _notes(result: CrossModelResult) -> list[Note]:
    notes = [
        Note(f"Pairing {p!r}: maps are {_MEANING[p]}, never on the fold that they are judged on.", code=f"pairing-{p}")
        for p in dict.fromkeys(c.pairing for c in result.cells)
    ]
    if any(c.method == "auto" for c in result.cells):
        text = "Method auto: the family of maps is chosen anew in each fold, by cross-validation on its training part."
        notes.append(Note(text, code="auto"))
    notes.append(
        Note(
            "Loss is the target network's own accuracy less the cross-model accuracy, in points. A loss below zero is "
            "possible: the source may be the better network.",
            code="loss",
        )
    )
    related = [c for c in result.cells if c.method == "identity" and not near_chance(c.accuracy.mean, result.chance)]
    if related:
        names = ", ".join(f"{c.source} → {c.target} ({100 * c.accuracy.mean:.1f} %)" for c in related[:4])
        notes.append(Note(f"Already comparable without a map: {names}. Are these networks related?", "warning", "related"))
    elif any(c.method == "identity" for c in result.cells):
        highest = max(100 * c.accuracy.mean for c in result.cells if c.method == "identity")
        notes.append(
            Note(f"Without a map no pair of networks exceeds {highest:.1f} %: the spaces are unrelated.", "good", "control")
        )
    return [*notes, *(Note(text, "warning", "verification") for text in result.warnings)]


def summary_table(result: CrossModelResult, *, brief: bool = False) -> Table:
    """Mean and largest loss per pairing and method; `brief`: without accuracies and the poorer network."""
    columns = {
        "pairing": Column("pairing"),
        "method": Column("method"),
        "accuracy": Column("accuracy", "%", ".2f", "mean over all ordered pairs of networks"),
        "mean_loss_target": Column("mean loss", "points", ".2f", "against the target's own accuracy"),
        "max_loss_target": Column("worst loss", "points", ".2f"),
        "mean_loss_poorer": Column("mean vs poorer", "points", ".2f", "mean loss against the poorer of both networks"),
        "max_loss_poorer": Column("worst vs poorer", "points", ".2f", "worst loss against the poorer of both networks"),
        "worst": Column("worst pair", hint="source → target with the largest loss"),
    }
    if brief:
        del columns["accuracy"], columns["mean_loss_poorer"], columns["max_loss_poorer"]
    if len({c.pairing for c in result.cells}) == 1:
        del columns["pairing"]
    heads: list[str | Column] = []
    for key, column in columns.items():
        heads += [column, *interval(unit=column.unit)] if key in _RATES and not brief else [column]
    rows = [[cell for key in columns for cell in _cells(row, key, brief)] for row in result.summary()]
    size = len(result.models)
    caption = (
        f"Losses against the target network's own accuracy, over all {size * (size - 1)} ordered pairs of networks, on "
        f"{len(result.same):,} pairs of images. {INTERVALS[result.native[0].interval.split('-')[0]]} That of a worst loss "
        "is its own pair of networks'."
    )
    return Table("methods", heads, rows, title="Methods", caption=caption)


def _cells(row: dict[str, Any], key: str, brief: bool) -> list[object]:
    """What stands in a summary under `key`, with the ends of its interval in percent, in `brief` in the same cell."""
    if key not in _RATES:
        return [row[key]]
    value, low, high = percents(row[key], row.get(f"{key}_low"), row.get(f"{key}_high"))
    return [valued(value or 0.0, low, high)] if brief else [value, low, high]


def _network_table(result: CrossModelResult) -> Table:
    columns: list[str | Column] = [
        "network",
        Column("width", format="d"),
        Column("accuracy", "%", ".2f"),
        *interval(),
        Column("± sd", "%", ".2f", "over the folds"),
        Column("AUC", format=".5f"),
        *interval(unit="", format=".5f"),
        Column("EER", "%", ".2f"),
        *interval(),
        Column("TAR @ FAR 1e-2", "%", ".2f"),
        *interval(),
    ]
    rows = [
        [
            name,
            dim,
            *percents(r.accuracy.mean, r.accuracy_low, r.accuracy_high, r.accuracy.sd),
            *(r.auc, r.curve.auc_low, r.curve.auc_high),
            *percents(r.eer, r.curve.eer_low, r.curve.eer_high),
            *percents(r.tar[0].tar, r.tar[0].low, r.tar[0].high),
        ]
        for name, dim, r in zip(result.models, result.dims, result.native, strict=True)
        if r.accuracy is not None
    ]
    caption = (
        "Each network by itself, on the same pairs. Low and high are the 95 % interval of the figure before them: so far "
        "another draw of people could move it."
    )
    return Table("networks", columns, rows, title="Networks", caption=caption)


def _cell_table(result: CrossModelResult) -> Table:
    columns: list[str | Column] = [
        "source",
        "target",
        "pairing",
        "method",
        Column("accuracy", "%", ".2f"),
        *interval(),
        Column("± sd", "%", ".2f", "over the folds"),
        Column("loss", "points", ".2f"),
        *interval(unit="points"),
        Column("loss vs poorer", "points", ".2f"),
        *interval(unit="points"),
        "chosen",
    ]
    rows: list[list[object]] = []
    for c in result.cells:
        shares = [c.accuracy.mean, c.low, c.high, c.accuracy.sd, c.loss_target, c.loss_target_low, c.loss_target_high]
        shares += [c.loss_poorer, c.loss_poorer_low, c.loss_poorer_high]
        rows.append([c.source, c.target, c.pairing, c.method, *percents(*shares), _chosen(c)])
    if len({c.pairing for c in result.cells}) == 1:
        columns, rows = [c for c in columns if c != "pairing"], [[*row[:2], *row[3:]] for row in rows]
    return Table("cells", columns, rows, title="All pairs of networks and methods")


def _chosen(cell: Cell) -> str:
    """What `auto` or `joint` took, the most frequent first, with the number of folds."""
    return ", ".join(f"{label} ×{count}" for label, count in Counter(cell.chosen).most_common())
