"""`facespace migrate plan`, and `order`: what to expect, and whom to photograph again first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from ...errors import InputError, OutputError
from ..files import load_set
from ..gallery import URL
from ..options import PRINTING, WRITTEN, Printing, Seed
from ..printing import emit, page, progress_bar, warning_lines
from .group import PlanFile, Url, group

if TYPE_CHECKING:
    from ...migration import MigrationPlan

Check = Annotated[
    tuple[Path, Path],
    typer.Option("--check", metavar="OLD NEW", help="The same images by both networks, of people the map wasn't fitted on."),
]


@group.command("plan")
def plan_command(
    url: URL,
    map: Annotated[Path, typer.Option("--map", help="Map from the old network to the new, or joint.")],
    check: Check,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="PLAN.json", help="Where the plan is written."), WRITTEN],
    queries_map: Annotated[
        Path | None, typer.Option(help="Map from the new network to the old: queries mapped, nothing written.")
    ] = None,
    direction: Annotated[
        str | None, typer.Option(metavar="gallery|both|queries", help="What to plan; as the map is.")
    ] = None,
    far: Annotated[float, typer.Option("--far", help="Operating false accept rate.")] = 1e-4,
    fpir: Annotated[float, typer.Option("--fpir", help="False positive identification rate of searches.")] = 0.01,
    margin: Annotated[float, typer.Option("--margin", help="Loss of TAR that is borne, in points.")] = 0.5,
    report: Annotated[Path | None, typer.Option("--report", help="Folder for report.html and figures/.")] = None,
    seed: Seed = 0,
    printing: Printing = PRINTING,
) -> None:
    """Measure what moving a gallery would do: go, stop, or how many more people to check with. Nothing is written to it."""
    from ...io import check_folder
    from ...migration import check_free, make_plan, plan_report

    if output.suffix != ".json":
        raise OutputError(f"{output}: plans are written as .json", f"Use {output.with_suffix('.json').name}.")
    check_folder(output.absolute().parent)
    check_free(output)
    if report is not None:
        check_folder(report)
    if not 0 < far < 1 or not 0 < fpir < 1:
        raise InputError(f"--far {far:g} and --fpir {fpir:g} are rates between 0 and 1")
    old, new = (load_set(path) for path in check)
    with progress_bar("searching", printing.silent) as show:
        plan = make_plan(
            url, map, old, new, queries_map=queries_map, direction=direction, far=far, fpir=fpir, margin=margin / 100,
            seed=seed, progress=show,
        )  # fmt: skip
    plan.save(output)
    files = [str(output)]
    if report is not None:
        files += [str(path) for path in plan_report(plan).write(report)]
    emit({**plan.to_dict(), "files": files}, lambda: render(plan, files), printing)


def render(plan: MigrationPlan, files: list[str]) -> RenderableType:
    """The plan for a terminal."""
    from ...migration import arms_table, lookup_table, loss_table
    from ...report import terminal_table

    notes: list[RenderableType] = [*warning_lines(plan.warnings), Text(f"Plan: {files[0]}")]
    if plan.decision == "go":
        notes.append(
            Text(f"Next: facespace migrate run {files[0]}" if plan.writes else "Map the queries; nothing is to run.")
        )
    elif plan.people_needed is not None:
        notes.append(Text(f"About {plan.people_needed:,} people would decide it (80 % power)."))
    head = (plan.decision, plan.reason)
    tables = [terminal_table(make(plan)) for make in (arms_table, loss_table, lookup_table)]
    return page(head, *tables, notes=notes, signature=plan.signature, files=files[1:])


@group.command("order")
def order_command(
    plan: PlanFile,
    check: Check,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="ORDER.csv", help="Where the list is written."), WRITTEN],
    url: Url = None,
    printing: Printing = PRINTING,
) -> None:
    """List people by the predicted error of their mapped templates, the worst first: whom to photograph again.

    A person's error is the mean over their templates; where the gallery knows no people, a line is a template.
    """
    from ...io import atomic_write
    from ...migration import Migration

    migration = Migration(plan, url)
    old, new = (load_set(path) for path in check)
    total: dict[str, list[Any]] = {}
    for one, person, error in migration.order(old, new):
        entry = total.setdefault(person if person is not None else one, [0, 0.0])
        entry[0] += 1
        entry[1] += error
    rows = sorted(((name, count, sum_ / count) for name, (count, sum_) in total.items()), key=lambda row: -row[2])
    import csv

    with atomic_write(output) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["person", "templates", "predicted_error"])
        writer.writerows((name, count, f"{error:.6f}") for name, count, error in rows)
    document = {"people": len(rows), "output": str(output), "first": [row[0] for row in rows[:10]]}
    emit(document, lambda: Text(f"{len(rows):,} people, the worst first → {output}"), printing)
