"""The report of a template study: what comparing templates across networks costs at each FAR, and the evidence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...report import Column, KeyFigure, KeyFigures, Matrix, Measure, Note, Notes, Report, Table, Text
from ...templates import TemplateVerificationResult
from ...verification import INTERVALS
from ._figures import WORDS, bars, curve_figures, far_name, telling
from .study import TemplateCell, TemplateStudyResult

_ENDS = Column("95 %", "", "", "interval over people")
_CURVE = [Column("AUC", format=".5f"), _ENDS, Column("EER", "%", ".2f"), _ENDS]
CHEAP, DEAR = 1.0, 10.0  # points of TAR lost on average at the FAR of the answer

_MEANING = {
    "identity": "cut or padded to its width",
    "ols": "mapped by least squares",
    "ridge": "mapped by ridge regression",
    "rotation": "mapped by a rotation",
    "orthogonal": "mapped by an orthogonal map",
    "auto": "mapped by the family that cross-validation chose",
    "joint": "both mapped to a common space",
}


def template_study_report(result: TemplateStudyResult) -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    size, first = len(result.models), result.native[0]
    people = "" if first.people is None else f" of {first.people:,} people"
    report = Report(
        "Template study",
        f"{size} networks, {size * (size - 1)} ordered pairs of networks; {first.genuine:,} genuine and {first.impostor:,} "
        f"impostor pairs of templates{people}",
        result.signature,
    )
    report.add(Text("Can templates of different networks be compared, and what does it cost?", [" ".join(answer(result))]))
    report.add(KeyFigures(_key_figures(result)))
    report.warn(result.warnings, "Warnings")
    for method in result.methods:
        if method != "identity":
            report.add(bars(result, method, _MEANING.get(method, "mapped")))
    report.add(study_matrix(result))
    report.add(methods_table(result))
    if {"ols", "rotation"} <= set(result.methods):
        report.add(Notes(beside_the_paper(result), title="Beside the paper"))
    report.add(network_table(result))
    for figure in curve_figures(result, telling(result, _place(result))):
        report.add(figure)
    report.add(Text("How it was measured", how(result)))
    report.add(_cell_table(result))
    return report


def _place(result: TemplateStudyResult) -> int:
    """The lowest FAR behind which stand enough false accepts; the figures of the answer are read there."""
    safe = [i for i, far in enumerate(result.fars) if far * result.native[0].impostor >= 10]
    return safe[-1] if safe else 0


def answer(result: TemplateStudyResult) -> tuple[str, str]:
    """The study's question answered by its first method: yes or no, and the figures."""
    place = _place(result)
    rows = {(r["far"], r["method"]): r for r in result.summary()}
    at = [result.fars[place]] if len(result.fars) == 1 else list(dict.fromkeys((_middle(result), result.fars[place])))
    first = result.methods[0]
    lost = 100 * rows[at[0], first]["mean_loss"]
    head = "Yes." if lost <= CHEAP else "Yes, at a price." if lost <= DEAR else "Hardly."
    sentences = []
    for far in at:
        shares = [f"{100 * rows[far, m]['tar']:.2f} % through {WORDS.get(m, m)}" for m in result.methods]
        sentences.append(
            f"At FAR {far_name(far)} the networks by themselves accept {100 * rows[far, first]['own']:.2f} % of the genuine "
            f"pairs on average; across networks it is {' and '.join(shares)}."
        )
    return head, " ".join(sentences)


def _middle(result: TemplateStudyResult) -> float:
    """1e-2, where the paper's abstract reads TAR, or the FAR nearest to it."""
    return min(result.fars, key=lambda far: abs(np.log10(far) + 2))


def _key_figures(result: TemplateStudyResult) -> list[KeyFigure]:
    far = result.fars[_place(result)]
    rows = [r for r in result.summary() if r["far"] == far]
    figures = [
        KeyFigure(
            f"{100 * rows[0]['own']:.2f} %", f"mean TAR at FAR {far_name(far)}", f"{len(result.models)} networks alone"
        )
    ]
    for row in rows:
        note = (
            f"points lost: mean {100 * row['mean_loss']:.2f}, median {100 * row['median_loss']:.2f}, worst "
            f"{100 * row['max_loss']:.2f} ({row['worst']})"
        )
        figures.append(KeyFigure(f"{100 * row['tar']:.2f} %", f"across networks, {row['method']}", note))
    for row in rows:
        if row["above_rotation"] is not None and row["method"] != "identity":
            note = f"better at FAR {far_name(far)}, worse in {row['below_rotation']}"
            figures.append(
                KeyFigure(f"{row['above_rotation']} of {row['network_pairs']}", f"{row['method']} against rotation", note)
            )
    return figures


def study_matrix(result: TemplateStudyResult) -> Matrix:
    """Ordered pairs of networks as a matrix, source × target, with the methods and FARs as layers."""
    size = len(result.models)
    layers: dict[tuple[str, ...], NDArray[np.float64]] = {}
    details: dict[tuple[str, ...], list[list[str]]] = {}
    names = [far_name(far) for far in result.fars]
    first = _place(result)
    own = np.array([[row.tar for row in native.tar] for native in result.native])
    for method in result.methods:
        tar = result.tar(method)
        loss = own[None] - tar
        loss[np.eye(size, dtype=np.bool_)] = np.nan
        for i in (*range(first, -1, -1), *range(first + 1, len(names))):  # the first layer is the one shown first
            layers[method, names[i], "tar"] = 100 * tar[:, :, i]
            layers[method, names[i], "loss"] = 100 * loss[:, :, i]
            details[method, names[i]] = [[_detail(result, s, t, method, i) for t in result.models] for s in result.models]
    # Colours from the lowest TAR that a map reaches; without a map it is near nothing and would take them all.
    reached = [100 * row.tar for c in result.cells if c.method != "identity" for row in c.tar] or [0.0]
    lost = [100 * loss for c in result.cells if c.method != "identity" for loss in c.loss] or [100.0]
    measures = {
        "tar": Measure("TAR", "%", 1, low=min(reached), high=100.0),
        "loss": Measure("loss against the target", "points", 1, better="low", low=0.0, high=max(*lost, 1.0)),
    }
    return Matrix(
        "tar",
        result.models,
        result.models,
        layers,
        measures,
        title="The numbers",
        caption="First template of a pair by the source network, mapped; second one by the target network. The framed "
        "diagonal is each network by itself. Click a heading to sort.",
        row_title="source",
        column_title="target",
        selectors=("Method", "FAR"),
        details=details,
    )


def _detail(result: TemplateStudyResult, source: str, target: str, method: str, at: int) -> str:
    if source == target:
        row = result.native[result.models.index(source)].tar[at]
        lines = [f"{source} by itself"]
    else:
        row = result.cell(source, target, method).tar[at]
        lines = [f"{source} → {target}"]
    if row.low is not None and row.high is not None:
        lines.append(f"95 %: {100 * row.low:.2f} to {100 * row.high:.2f}")
    return "\n".join([*lines, f"{row.false_accepts:,} false accepts at a score of {row.threshold:.3f}"])


def methods_table(result: TemplateStudyResult, *, brief: bool = False) -> Table:
    """Per FAR and method: mean TAR, losses, how often it beats a rotation; `brief` leaves out asymmetry and worst pair."""
    columns = {
        "far": Column("FAR"),
        "method": Column("method"),
        "own": Column("own TAR", "%", ".2f", "mean over the networks by themselves"),
        "tar": Column("TAR", "%", ".2f", "mean over all ordered pairs of networks"),
        "mean_loss": Column("mean loss", "points", ".2f", "against the target's own TAR"),
        "median_loss": Column("median loss", "points", ".2f"),
        "max_loss": Column("worst loss", "points", ".2f"),
        "above_rotation": Column("beats rotation", "", "", "ordered pairs with a higher TAR than through a rotation"),
        "asymmetry": Column("asymmetry", "points", ".2f", "mean difference of TAR(A → B) and TAR(B → A)"),
        "worst": Column("worst pair", hint="source → target with the largest loss"),
    }
    if brief:
        del columns["asymmetry"], columns["worst"]
    if all(r["above_rotation"] is None for r in result.summary()):
        del columns["above_rotation"]
    rows = []
    for r in result.summary():
        shown = r | {key: 100 * r[key] for key in ("own", "tar", "mean_loss", "median_loss", "max_loss", "asymmetry")}
        shown["far"] = far_name(r["far"])
        if r["above_rotation"] is not None:
            shown["above_rotation"] = f"{r['above_rotation']} of {r['network_pairs']}"
        rows.append([shown[key] for key in columns])
    caption = "Losses against the target network's own TAR, over all ordered pairs of networks."
    return Table("methods", list(columns.values()), rows, title="Maps side by side", caption=caption)


def beside_the_paper(result: TemplateStudyResult) -> list[Note]:
    """What the paper says of linear maps and rotations, and what was found here."""
    rows = {(r["far"], r["method"]): r for r in result.summary()}
    far = _middle(result)
    lowest = result.fars[_place(result)]
    beaten = [
        f"{rows[f, 'ols']['above_rotation']} of {rows[f, 'ols']['network_pairs']} ordered pairs at FAR {far_name(f)} "
        f"(worse in {rows[f, 'ols']['below_rotation']})"
        for f in dict.fromkeys((far, lowest))
    ]
    turned = [f"{100 * rows[lowest, m]['asymmetry']:.2f} points through {WORDS[m]}" for m in ("ols", "rotation")]
    return [
        Note(
            f"The paper finds that rotations cost more than linear maps in almost all cases. Here a linear map is better in "
            f"{' and in '.join(beaten)}.",
            code="linear-against-rotation",
        ),
        Note(
            "The paper finds the penalty of a rotation nearly symmetric when source and target are swapped. Here swapping "
            f"them moves TAR at FAR {far_name(lowest)} by {' and by '.join(turned)}, on average.",
            code="asymmetry",
        ),
    ]


def network_table(result: TemplateStudyResult) -> Table:
    """Each network by itself [2021, table 3], with intervals."""
    columns: list[str | Column] = ["network", Column("width", format="d")]
    for far in result.fars:
        columns += [Column(f"FAR {far_name(far)}", "%", ".2f"), _ENDS]
    columns += _CURVE
    rows = []
    for name, dim, own in zip(result.models, result.dims, result.native, strict=True):
        rates: list[object] = []
        for row in own.tar:
            rates += [100 * row.tar, _interval(row.low, row.high)]
        rows.append([name, dim, *rates, *_curve(own)])
    interval = INTERVALS[result.native[0].interval.split("-")[0]]
    caption = f"TAR at each FAR of every network by itself, on the same pairs of templates. {interval}"
    return Table("networks", columns, rows, title="Networks", caption=caption)


def how(result: TemplateStudyResult) -> list[str]:
    """Paragraphs: templates, maps, centring, thresholds."""
    fit, first = result.fit, result.native[0]
    told = f"{fit['images']:,} images"
    if fit["people"] is not None:
        told += f" of {fit['people']:,} people"
    if fit["people_in_pairs"] == 0:
        apart = "None of these people is in a pair."
    elif fit["people_in_pairs"] is None:
        apart = (
            f"{fit['images_in_templates']:,} of these images are in the templates compared; whether their people are is not "
            "known."
        )
    else:
        apart = f"{fit['people_in_pairs']:,} of these people are in the pairs too."
    maps = f"Maps are fitted on {told}, as both networks saw them, each brought to unit length. {apart}"
    paragraphs = [
        f"{first.faces:,} images make {first.templates:,} templates: their embeddings, as the network gave them, are summed "
        "and the sum is brought to unit length (the images of one video are averaged first). The score of a pair is the "
        "cosine.",
        maps + " A map is applied to the pooled template of the source network.",
    ]
    if result.centred is None:
        paragraphs.append("Maps and cosines are about the origin, as in the paper (equations 2 and 3).")
    else:
        place = _place(result)
        own = np.mean([native.tar[place].tar for native in result.native])
        paragraphs.append(
            "Maps and the cosines behind them are about the means of the fitted images. Networks by themselves are compared "
            f"about the origin, as they come; about their means they reach {100 * result.centred[:, place].mean():.2f} % "
            f"instead of {100 * own:.2f} % at FAR {far_name(result.fars[place])}. With --no-center (center=False) "
            "everything is about the origin, as in the paper."
        )
    paragraphs.append(
        "The threshold is the smallest score whose false accept rate is not above the one asked for, found for each "
        "comparison anew. Loss is the target network's own TAR less the TAR across networks."
    )
    return paragraphs


def _cell_table(result: TemplateStudyResult) -> Table:
    columns: list[str | Column] = ["source", "target", "method"]
    for far in result.fars:
        columns += [Column(f"TAR {far_name(far)}", "%", ".2f"), _ENDS, Column("loss", "points", ".2f")]
    columns += _CURVE
    rows = [[c.source, c.target, c.method, *_rates(c), *_curve(c)] for c in result.cells]
    if all(c.tar[0].low is None for c in result.cells):
        empty = [i for i, column in enumerate(columns) if isinstance(column, Column) and column.label == "95 %"]
        columns = [c for i, c in enumerate(columns) if i not in empty]
        rows = [[v for i, v in enumerate(row) if i not in empty] for row in rows]
    return Table("cells", columns, rows, title="All pairs of networks and methods")


def _rates(cell: TemplateCell) -> list[object]:
    found: list[object] = []
    for row, loss in zip(cell.tar, cell.loss, strict=True):
        found += [100 * row.tar, _interval(row.low, row.high), 100 * loss]
    return found


def _curve(found: TemplateCell | TemplateVerificationResult) -> list[object]:
    """AUC and EER, each with its interval."""
    ends = found.curve
    area = None if ends.auc_low is None else f"{ends.auc_low:.5f}–{ends.auc_high:.5f}"
    return [found.auc, area, 100 * found.eer, _interval(ends.eer_low, ends.eer_high, 2)]


def _interval(low: float | None, high: float | None, places: int = 1) -> str | None:
    return None if low is None or high is None else f"{100 * low:.{places}f}–{100 * high:.{places}f}"
