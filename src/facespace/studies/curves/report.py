"""The reports of the sensitivity and the rank study: how much is enough, and the evidence."""

from __future__ import annotations

from ...report import Column, KeyFigure, KeyFigures, Note, Notes, Report, Table, Text, interval, percents
from ._curve import CurveResult, Needed, points
from ._figures import SHOWN, WORDS, accuracy_figure, intervals, loss_figure, thinned
from .rank import RankResult
from .sensitivity import SensitivityResult


def curve_report(result: SensitivityResult | RankResult) -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    words = WORDS[result.axis]
    pairs = result.native[1].pairs
    report = Report(words.title, f"{result.source} → {result.target}, judged on {pairs:,} pairs of images", result.signature)
    report.add(Text(words.question, [" ".join(answer(result))]))
    report.add(KeyFigures(_key_figures(result)))
    report.add(accuracy_figure(result))
    if (figure := loss_figure(result)) is not None:
        report.add(figure)
    report.add(needed_table(result))
    report.add(Notes(_notes(result), title="How to read this"))
    report.add(point_table(result))
    return report


def answer(result: CurveResult) -> tuple[str, str]:
    """The smallest number that is enough, by the method that needs least; and what there is to know if none is."""
    goal = f"lose at most {points(result.loss)}"
    if result.own[1] - result.loss <= result.chance:
        list_alone = f"accepting all pairs or none is right on {100 * result.chance:.1f} % of them"
        head = f"These pairs can't say what is enough to {goal} of {result.target}'s own accuracy: {list_alone}."
        return head, f"{result.target} alone is right on {100 * result.own[1]:.1f} %."
    reached = {m: n for m in result.methods if (n := result.needed(m)).value is not None}
    whole = {m: result.curve(m)[-1] for m in result.methods}
    if reached:
        method = min(reached, key=lambda m: (reached[m].value or 0, whole[m].loss_target))
        head = f"{_enough(result, reached[method])} to {goal} of {result.target}'s own accuracy ({method})."
        last = whole[method]
        tail = (
            f"{_full(result).capitalize()} {'loses' if result.axis == 'rank' else 'lose'} {points(last.loss_target, '.2f')}"
        )
        others = [m for m in result.methods if m != method]
        if others:
            tail += "; " + ", ".join(
                f"{m} needs {_value(reached[m])}" if m in reached else f"{m} never comes there" for m in others
            )
        return head, tail.replace(" -", " −") + "."
    method = min(whole, key=lambda m: whole[m].loss_target)
    loses = "loses" if result.axis == "rank" else "lose"
    tried = "number of pairs" if result.axis == "pairs" else "rank"
    head = f"No {tried} tried is enough to {goal} of {result.target}'s own accuracy."
    tail = f"Even {_full(result)} {loses} {points(whole[method].loss_target, '.2f')} ({method})."
    within = result.needed(method, "full")
    return head, f"{tail} {_enough(result, within)} to come within {points(result.loss)} of that."


def needed_table(result: CurveResult, *, brief: bool = False) -> Table:
    """Per method: what is needed against the target and against its own full fit, and what the full fit costs.

    `brief`: for a terminal of 80 columns, where the full fit's interval stands in the table of points.
    """
    unit = "pairs" if result.axis == "pairs" else "rank"
    columns: list[str | Column] = [
        "method",
        Column(
            "needed", unit, ",d", f"the smallest that loses at most {points(result.loss)} against the target's own accuracy"
        ),
        Column("between", unit, hint="the largest tried that is not enough, and the smallest from which on all are"),
        Column(
            "needed vs full",
            unit,
            ",d",
            f"the smallest that loses at most {points(result.loss)} against the method's full fit",
        ),
        Column("full fit", "%", ".2f", f"accuracy with {_full(result)}"),
        *(() if brief else interval("95 % interval of the full fit's accuracy")),
        Column("loss", "points", ".2f", "of the full fit, against the target's own accuracy"),
    ]
    rows = []
    for method in result.methods:
        own, full, last = result.needed(method), result.needed(method, "full"), result.curve(method)[-1]
        ends = [] if brief else percents(last.low, last.high)
        rows.append([method, own.value, _between(own), full.value, 100 * last.accuracy, *ends, 100 * last.loss_target])
    caption = f"A dash: never within {points(result.loss)}. Needed lies on the line between the two values tried around it."
    return Table("needed", columns, rows, title="What is enough", caption=caption)


def _key_figures(result: CurveResult) -> list[KeyFigure]:
    figures = []
    for method in result.methods[:3]:
        own, full = result.needed(method), result.needed(method, "full")
        label = f"{'pairs' if result.axis == 'pairs' else 'rank'} for ≤ {points(result.loss)}, {method}"
        note = f"{_value(full)} against its own full fit"
        figures.append(KeyFigure(_value(own), label, note, "good" if own.value is not None else "warning"))
    best = max((result.curve(m)[-1] for m in result.methods), key=lambda p: p.accuracy)
    between = "" if best.low is None or best.high is None else f"; 95 %: {100 * best.low:.2f} to {100 * best.high:.2f}"
    figures.append(KeyFigure(f"{100 * best.accuracy:.2f} %", f"accuracy, {_full(result)}", best.method + between))
    source, target = (
        ""
        if one.accuracy_low is None or one.accuracy_high is None
        else f"; 95 %: {100 * one.accuracy_low:.2f} to {100 * one.accuracy_high:.2f}"
        for one in result.native
    )
    chance = f"; {100 * result.chance:.3g} % is chance"
    figures.append(KeyFigure(f"{100 * result.own[1]:.2f} %", "target alone", result.target + target + chance))
    figures.append(KeyFigure(f"{100 * result.own[0]:.2f} %", "source alone", result.source + source))
    return figures


def point_table(result: CurveResult, shown: int = SHOWN, *, brief: bool = False) -> Table:
    """Accuracy, interval and loss of every method at about `shown` of the values; `brief`: without losses.

    On a terminal of 80 columns there is room for the intervals of three methods.
    """
    ends = not brief or len(result.methods) <= 3
    columns: list[str | Column] = [Column("pairs" if result.axis == "pairs" else "rank", format=",d")]
    for method in result.methods:
        columns.append(Column(method, "%", ".2f"))
        if ends:
            columns.append(Column("±", "%", ".2f", "half the 95 % interval"))
        if not brief:
            columns.append(Column("loss", "points", ".2f"))
    curves = {m: {p.value: p for p in result.curve(m)} for m in result.methods}
    rows = []
    for value in (p.value for p in thinned(result.curve(result.methods[0]), shown)):
        row: list[object] = [value]
        for method in result.methods:
            point = curves[method][value]
            row.append(100 * point.accuracy)
            if ends:
                row.append(None if point.low is None else 100 * (point.accuracy - point.low))
            if not brief:
                row.append(100 * point.loss_target)
        rows.append(row)
    caption = f"Accuracy{', ±: half its 95 % interval' * ends}." if brief else "Loss against the target's own accuracy."
    if len(rows) < len(result.values):
        caption += f" {len(rows)} of {len(result.values)} values; results.json has all."
    return Table(
        "points", columns, rows, title="All points" if len(rows) == len(result.values) else "Points", caption=caption
    )


def _notes(result: CurveResult) -> list[Note]:
    folds = result.accuracy.shape[3]
    notes = [
        Note(
            f"{folds} folds that share no person: maps are fitted on the other folds, and the threshold is chosen on all "
            "pairs of the other folds.",
            code="folds",
        ),
        Note(intervals(result), code="interval"),
    ]
    if result.axis == "pairs":
        whole = f"The last value stands for all pairs of the training folds; the smallest of them has {result.values[-1]:,}."
        notes.append(
            Note(f"Pairs are drawn anew in every fold and repeat, larger samples about smaller ones. {whole}", code="draws")
        )
        width = min(result.dims[0], result.values[-1])
        notes.append(
            Note(
                f"Below {width:,} pairs, the source's width, some directions are undetermined: ridge and ols map them to "
                "zero, a rotation turns them arbitrarily.",
                code="undetermined",
            )
        )
    else:
        notes.append(
            Note(
                "A map of rank r is the full map, projected on the r leading directions of the fitted values. The target's "
                "embeddings stay whole.",
                code="projection",
            )
        )
    return [*notes, *(Note(text, "warning", "verification") for text in result.warnings)]


def _enough(result: CurveResult, found: Needed) -> str:
    text = WORDS[result.axis].enough.format(found.value or 0)
    return f"At most {text[0].lower()}{text[1:]}" if found.above is None and found.value and found.value > 1 else text


def _value(found: Needed | None) -> str:
    if found is None or found.value is None:
        return "never"
    return f"≤ {found.value:,}" if found.above is None and found.value > 1 else f"{found.value:,}"


def _between(found: Needed) -> str:
    if found.value is None:
        return f"> {found.above:,}"
    return f"≤ {found.at:,}" if found.above is None else f"{found.above:,} – {found.at:,}"


def _full(result: CurveResult) -> str:
    return WORDS[result.axis].full.format(result.values[-1])
