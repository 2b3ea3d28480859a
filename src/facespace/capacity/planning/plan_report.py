"""The report of what would make the gallery larger."""

from __future__ import annotations

from ...report import Column, Report, Table, Text, interval
from ..targets_report import targets_figure, targets_table
from ..wording import people, percent, span
from .result import CapacityPlan, PlanRow

_WAYS = {
    "one": "one image enrolled",
    "plain": "cosines as they are",
    "pooled": "two images, pooled",
    "higher": "two images, the higher score",
    "cohort": "corrected by a cohort",
}
_TEMPLATES = (
    "Of people with three images or more two are enrolled and one is searched with: pooled, as the mean of their "
    "directions, or each for itself, of which the higher score counts. Against one image of the same people with the same "
    "searches, on the same draws of people: the ratio holds for people like these, N* beside it for them alone."
)
_COHORT = (
    "Each score less half of what both images have, on average, with the 50 strangers of the cohort that are closest to "
    "them."
)


def plan_report(plan: CapacityPlan) -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    report = Report("Capacity plan", f"What would make the gallery of {plan.model} larger?", plan.signature)
    report.add(Text("The answer", [plan_answer(plan)]))
    report.warn(plan.warnings, "Read this before the numbers", "plan")
    report.add(targets_figure(plan.targets, plan.fpir))
    report.add(targets_table(plan.targets))
    if plan.templates:
        report.add(plan_table(plan.templates, plan, title="Two images a person"))
        report.add(Text("How two images are compared with one", [_TEMPLATES]))
    if plan.cohort:
        report.add(plan_table(plan.cohort, plan, title="A cohort of strangers"))
        report.add(Text("How scores are corrected", [_COHORT]))
    return report


def plan_answer(plan: CapacityPlan) -> str:
    """The sentences that a plan begins with."""
    asked = next(t for t in plan.targets if (t.fpir, t.fnir) == (plan.fpir, plan.fnir))
    said = [f"At FPIR {percent(plan.fpir)} and FNIR {percent(plan.fnir)} the gallery may hold {span(asked.people)} people."]
    more = [t for t in plan.targets if t.fpir == plan.fpir and t.fnir > plan.fnir]
    if more:
        said.append(f"If {percent(more[0].fnir)} of the searches may fail: {span(more[0].people)}.")
    for row in (*plan.templates, *plan.cohort):
        if row.ratio is not None:
            said.append(f"{_WAYS[row.way].capitalize()}: {_times(row)}.")
    return " ".join(said)


def plan_table(rows: tuple[PlanRow, ...], plan: CapacityPlan, *, title: str = "", brief: bool = False) -> Table:
    """Ways to run the system, the first being the plain one."""
    cells: list[list[object]] = []
    for row in rows:
        n, r = row.people, row.ratio
        if brief:
            times: list[object] = ["" if r is None else _times(row)]
            cells.append([_WAYS[row.way], span(n), *times, None if row.support is None else 100 * row.support])
            continue
        ends = [None] * 3 if r is None else [r.value, r.low, r.high]
        support = None if row.support is None else 100 * row.support
        cells.append([_WAYS[row.way], people(n.value), people(n.low), people(n.high), row.threshold, *ends, support])
    of_two = rows is plan.templates
    c = plan.counts
    who = (
        f"{c['template_people']:,} people with three images or more, {c['template_searches']:,} searches"
        if of_two
        else f"{c['people']:,} people, a cohort of {c['cohort']:,} images"
    )
    columns: list[str | Column] = ["way", Column("N*", "people")]
    columns += [] if brief else [*interval(unit="people", format=""), Column("threshold", format=".3f")]
    columns += [Column("ratio", "×", ".2f", "to the first row, on the same draws of people")]
    columns += [] if brief else [*interval(unit="×")]
    columns += [Column("draws", "%", ".1f", "in which it is larger than by the first row")]
    return Table(
        "two-images" if of_two else "cohort",
        columns,
        cells,
        title=title,
        caption=f"At FPIR {percent(plan.fpir)} and FNIR {percent(plan.fnir)}, with 95 % intervals; {who}.",
    )


def _times(row: PlanRow) -> str:
    assert row.ratio is not None
    r = row.ratio
    return "{} × ({}–{})".format(*(f"{x:.2f}" if x < 10 else people(x) for x in (r.value, r.low, r.high)))
