"""`facespace migrate run|verify|switch|back|finish|status|enrol`: the steps of a plan, each in its turn."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ..files import load_set
from ..options import PRINTING, WHERE, Printing, Where
from ..printing import dim, emit, progress_bar, warning_lines
from .group import PlanFile, Url, group

if TYPE_CHECKING:
    from ...migration import Checked, Status


@group.command("run")
def run_command(
    plan: PlanFile,
    anyway: Annotated[bool, typer.Option("--anyway", help="Though the plan doesn't say go.")] = False,
    url: Url = None,
    where: Where = WHERE,
    printing: Printing = PRINTING,
) -> None:
    """Map every template into a place beside the gallery; a killed run goes on where it was. Readers see nothing of it."""
    from ...migration import Migration

    migration = Migration(plan, url)
    start = time.perf_counter()
    with progress_bar("mapping", printing.silent) as show:
        rows = migration.run(anyway=anyway, engine=where.made if where != WHERE else None, progress=show)
    seconds = time.perf_counter() - start
    document = {"rows": rows, "seconds": seconds, **migration.status().to_dict()}
    emit(document, lambda: _next(f"{rows:,} templates mapped, {rows / seconds:,.0f} a second", plan, "verify"), printing)


@group.command("verify")
def verify_command(
    plan: PlanFile,
    fresh: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--fresh", metavar="OLD NEW", help="Images of further people by both networks: is the promise kept?"),
    ] = None,
    url: Url = None,
    printing: Printing = PRINTING,
) -> None:
    """Look whether the mapped place has every template once and as the map gives it; exit code 1 if not as promised."""
    from ...migration import Migration

    migration = Migration(plan, url)
    checked = migration.verify(None if fresh is None else (load_set(fresh[0]), load_set(fresh[1])))
    emit(checked, lambda: render_checked(checked, plan), printing)
    if checked.faults:
        raise typer.Exit(1)


def render_checked(checked: Checked, plan: Path) -> RenderableType:
    """What was found, for a terminal."""
    told = (
        f"{checked.next:,} of {checked.current:,} templates; {checked.sampled:,} mapped again, {checked.differing:,} differ "
        f"(largest difference of a number {checked.largest:.1e})"
    )
    if checked.faults:
        return Group(Text("not as promised", style="bold"), Text(told), *warning_lines(checked.faults))
    if checked.fresh is not None:
        one = checked.fresh["tar"]
        told += f"\n{checked.fresh['people']:,} fresh people: TAR {one['value']:.4f} [{one['low']:.4f}, {one['high']:.4f}], "
        told += f"promised {one['promised'][0]:.4f} to {one['promised'][1]:.4f}"
    return _next(f"as promised: {told}", plan, "switch")


@group.command("switch")
def switch_command(plan: PlanFile, url: Url = None, printing: Printing = PRINTING) -> None:
    """Make the mapped templates what readers see, in one step. Nothing is deleted."""
    _step(plan, url, "switch", "the gallery is switched", ("back", "finish"), printing)


@group.command("back")
def back_command(plan: PlanFile, url: Url = None, printing: Printing = PRINTING) -> None:
    """Make the old templates what readers see again, in one step."""
    _step(plan, url, "back", "the gallery is as it was", ("run", "finish"), printing)


@group.command("finish")
def finish_command(plan: PlanFile, url: Url = None, printing: Printing = PRINTING) -> None:
    """Delete what is not current: after a switch the old templates (there is no way back then), after back the mapped."""
    _step(plan, url, "finish", "the migration is finished", (), printing)


def _step(plan: Path, url: str | None, step: str, told: str, after: tuple[str, ...], printing: Printing) -> None:
    from ...migration import Migration

    migration = Migration(plan, url)
    getattr(migration, step)()
    emit(migration.status(), lambda: _next(told, plan, *after), printing)


@group.command("enrol")
def enrol_command(
    plan: PlanFile,
    faces: Annotated[Path, typer.Argument(metavar="NEW", help="Templates by the new network, under the gallery's ids.")],
    url: Url = None,
    printing: Printing = PRINTING,
) -> None:
    """Replace mapped templates by the new network's own, where the gallery has their ids."""
    from ...migration import Migration

    migration = Migration(plan, url)
    replaced, unknown = migration.enrol(load_set(faces))
    told = f"{replaced:,} templates are the new network's own now"
    if unknown:
        told += f"; {unknown:,} ids are not in the gallery: add those as you always do"
    emit({"replaced": replaced, "unknown": unknown}, lambda: Text(told), printing)


@group.command("status")
def status_command(plan: PlanFile, url: Url = None, printing: Printing = PRINTING) -> None:
    """Where a migration stands, and what comes next."""
    from ...migration import Migration

    status = Migration(plan, url).status()
    emit(status, lambda: render_status(status, plan), printing)


def render_status(status: Status, plan: Path) -> RenderableType:
    """The state for a terminal."""
    lines = [
        dim(f"{time.strftime('%Y-%m-%d %H:%M', time.localtime(at))}  {event}  {detail}")
        for at, event, detail in status.events
    ]
    head = f"{status.state}: {status.done:,} of {status.count:,} templates mapped"
    return Group(*lines, _next(head, plan, *status.next))


def _next(told: str, plan: Path, *steps: str) -> RenderableType:
    if not steps:
        return Text(told)
    return Group(Text(told), Text.assemble("Next: ", (f"facespace migrate {steps[0]} {plan}", "bold"), *(
        f", or {step}" for step in steps[1:]
    )))  # fmt: skip
