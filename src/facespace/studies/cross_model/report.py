"""The report of a cross-model study: what comparing across networks costs, and the evidence."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ...report import Column, KeyFigure, KeyFigures, Matrix, Measure, Note, Notes, Report, Table, Text, interval
from ._figures import examples, histogram_figure, near_chance, roc_figure
from .study import Cell, CrossModelResult

CHEAP = 0.01  # the largest loss that the paper found among its networks [2020, table 3]

_RATES = ("accuracy", "mean_loss_target", "max_loss_target", "mean_loss_poorer", "max_loss_poorer")  # shown in percent
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
    cost = (
        f"{through} it costs {100 * row['mean_loss_target']:.2f} points of the target network's accuracy on average "
        f"and {100 * row['max_loss_target']:.2f} at worst ({row['worst']})."
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
        lines = [f"{cell.source} → {cell.target}", f"± {100 * cell.accuracy.sd:.2f} over {len(cell.accuracy.folds)} folds"]
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
            figures.append(KeyFigure(f"{100 * row['mean_loss_target']:.2f} pts", f"mean loss, {row['method']}", spread))
            figures.append(
                KeyFigure(f"{100 * row['max_loss_target']:.2f} pts", f"worst loss, {row['method']}", row["worst"])
            )
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
    """Mean and largest loss per pairing and method; `brief` leaves out the comparison with the poorer network."""
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
        del columns["mean_loss_poorer"], columns["max_loss_poorer"]
    if len({c.pairing for c in result.cells}) == 1:
        del columns["pairing"]
    rows = [[100 * row[key] if key in _RATES else row[key] for key in columns] for row in result.summary()]
    caption = "Losses against the target network's own accuracy, over all ordered pairs of networks."
    return Table("methods", list(columns.values()), rows, title="Methods", caption=caption)


def _network_table(result: CrossModelResult) -> Table:
    columns: list[str | Column] = [
        "network",
        Column("width", format="d"),
        Column("accuracy", "%", ".2f"),
        Column("± sd", "%", ".2f", "over the folds"),
        *interval("95 % interval of the accuracy"),
        Column("AUC", format=".5f"),
        Column("EER", "%", ".2f"),
        Column("TAR @ FAR 1e-2", "%", ".2f"),
    ]
    rows = [
        [
            name,
            dim,
            *(100 * r.accuracy.mean, 100 * r.accuracy.sd),
            *(None if end is None else 100 * end for end in (r.accuracy_low, r.accuracy_high)),
            *(r.auc, 100 * r.eer, 100 * r.tar[0].tar),
        ]
        for name, dim, r in zip(result.models, result.dims, result.native, strict=True)
        if r.accuracy is not None
    ]
    caption = (
        "Each network by itself, on the same pairs. Low and high are the 95 % interval of its accuracy: so far another "
        "draw of people could move it."
    )
    return Table("networks", columns, rows, title="Networks", caption=caption)


def _cell_table(result: CrossModelResult) -> Table:
    columns: list[str | Column] = [
        "source",
        "target",
        "pairing",
        "method",
        Column("accuracy", "%", ".2f"),
        Column("± sd", "%", ".2f"),
        Column("loss", "points", ".2f"),
        Column("loss vs poorer", "points", ".2f"),
        "chosen",
    ]
    rows: list[list[object]] = []
    for c in result.cells:
        shares = c.accuracy.mean, c.accuracy.sd, c.loss_target, c.loss_poorer
        rows.append([c.source, c.target, c.pairing, c.method, *(100 * share for share in shares), _chosen(c)])
    if len({c.pairing for c in result.cells}) == 1:
        columns, rows = [c for c in columns if c != "pairing"], [[*row[:2], *row[3:]] for row in rows]
    return Table("cells", columns, rows, title="All pairs of networks and methods")


def _chosen(cell: Cell) -> str:
    """What `auto` or `joint` took, the most frequent first, with the number of folds."""
    return ", ".join(f"{label} ×{count}" for label, count in Counter(cell.chosen).most_common())
