"""The report of an audit of attributes."""

from __future__ import annotations

from ...report import Column, Dot, Figure, Report, Table, Text, interval, interval_dots, rated
from .result import AttributePoint, AttributeResult

_LIMITS = (
    "The probe is linear and plain; another may read more. It was trained on labels of other people from the same "
    "collection. Balanced accuracy holds all classes equally likely, so that its chance is one by the number of "
    "classes, whatever the base rate. What a probe reads of pictures (light, blur, pose) may go along with what it "
    "reads of people."
)


def attribute_report(result: AttributeResult) -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    report = Report(
        "Audit of attributes", f"What does a linear probe read from templates of {result.model}?", result.signature
    )
    report.add(Text("The finding", [attribute_finding(result)]))
    report.warn(result.warnings, code="attributes")
    attributes = list(dict.fromkeys(p.attribute for p in result.points))
    for number, attribute in enumerate(attributes, 1):
        own = [p for p in result.points if p.attribute == attribute]
        dots = [Dot(_label(p), "", *(100 * n for n in (p.balanced, p.balanced_low, p.balanced_high))) for p in own]
        report.add(
            Figure(
                f"attribute-{number}",
                interval_dots(dots, x_title="balanced accuracy, %", format=".1f", width=420),
                title=f"{attribute}: {' or '.join(own[0].classes)}",
                caption=f"Balanced accuracy on {own[0].images:,} images of {own[0].people:,} people, none of whom the "
                f"probe had seen, with 95 % intervals over people. Chance is {100 / len(own[0].classes):.3g} %.",
                description="; ".join(f"{_label(p)} {100 * p.balanced:.1f} %" for p in own),
            )
        )
    report.add(attribute_table(result))
    report.add(
        Text(
            "Method and limits",
            [
                f"Logistic regression on the numbers of the templates, in {result.folds} parts that keep people "
                "together: each part is read by a probe of the others. Whoever trains it has templates with labels "
                "under the same secret. Where each person has a secret, those of training and of test differ.",
                _LIMITS,
            ],
        )
    )
    return report


def attribute_finding(result: AttributeResult) -> str:
    """The audit in a sentence an attribute."""
    told = []
    for p in result.points:
        if p.protection != "plain":
            continue
        others = [q for q in result.points if q.attribute == p.attribute and q.protection != "plain"]
        text = (
            f"{p.attribute}: a probe reads {100 * p.accuracy:.1f} % (95 %: {100 * p.low:.1f} to {100 * p.high:.1f}; "
            f"base rate {100 * p.base_rate:.1f} %) from plain templates, balanced {_balanced(p)}"
        )
        if others:
            least = min(others, key=lambda q: q.balanced)
            text += f"; least from {_label(least)}, balanced {_balanced(least)}"
        told.append(f"{text}.")
    return " ".join(told)


def attribute_table(result: AttributeResult, *, brief: bool = False) -> Table:
    """Every probe, in percent; `brief` leaves out the base rate, for which a terminal of 80 columns has no room."""
    columns: list[str | Column] = [
        "attribute",
        "templates",
        Column("accuracy", "%", ".1f"),
        *interval(format=".1f"),
        Column("base rate", "%", ".1f", "accuracy of saying what most training images are"),
        Column("balanced", "%", ".1f", "all classes equally likely"),
        *interval(format=".1f"),
    ]
    rows: list[list[object]] = [
        [
            p.attribute,
            _label(p),
            *(100 * n for n in (p.accuracy, p.low, p.high, p.base_rate, p.balanced, p.balanced_low, p.balanced_high)),
        ]
        for p in result.points
    ]
    if brief:
        kept = [i for i in range(len(columns)) if i != 5 and (i or len({row[0] for row in rows}) > 1)]
        columns, rows = [columns[i] for i in kept], [[row[i] for i in kept] for row in rows]
    return Table("attributes", columns, rows, title="All figures")


def _balanced(point: AttributePoint) -> str:
    return rated(point.balanced, point.balanced_low, point.balanced_high)


def _label(point: AttributePoint) -> str:
    return f"{point.protection}, own secrets" if point.keys == "person" else point.protection
