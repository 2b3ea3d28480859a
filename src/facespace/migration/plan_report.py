"""The report of a plan: the decision, every way side by side, searches in the gallery, and what re-enrolling brings."""

from __future__ import annotations

import numpy as np

from ..report import Band, Column, Dot, Figure, KeyFigure, KeyFigures, Report, Table, Text, interval, interval_dots
from ..report import lines_with_bands as lines
from .plan import MigrationPlan

_WAYS = {
    "old": "old network alone",
    "gallery": "gallery mapped, new queries",
    "both": "gallery and queries mapped",
    "queries": "old gallery, queries mapped",
    "new": "new network alone",
}
_ORDERS = {"predicted": "predicted error first", "random": "at random", "true error": "true error first (oracle)"}
_LEVELS = {"go": "good", "stop": "warning", "more": "warning"}


def arms_table(plan: MigrationPlan) -> Table:
    """TAR and threshold of every way."""
    columns: list[str | Column] = [
        "way",
        Column("TAR", "%", ".2f", f"share of the genuine trials accepted at FAR {plan.far:g}"),
        *interval(),
        Column("threshold", format=".4f", hint="cosines at or above it are accepted"),
        Column("FAR from", format=".1e", hint="the threshold's true FAR lies above this, 95 %"),
        Column("to", format=".1e", hint="and below this"),
    ]
    ends = ("tar", "low", "high")
    rows = [
        [_WAYS[name], *(100 * arm[end] for end in ends), arm["threshold"], arm["far_low"], arm["far_high"]]
        for name, arm in plan.arms.items()
    ]
    check = plan.check
    caption = (
        f"{check['genuine']:,} genuine trials of {check['people_with_pairs']:,} people and {check['impostor']:,} impostor "
        "trials, the same for every way, each at its own threshold. Intervals are over people."
    )
    return Table("ways", columns, rows, title=f"Verification at FAR {plan.far:g}", caption=caption)


def loss_table(plan: MigrationPlan) -> Table:
    """What every way loses against the old network alone."""
    columns: list[str | Column] = [
        "way",
        Column("loss", "points", ".2f", "TAR of the old network alone less this one, on the same trials"),
        *interval("exact 95 % interval of the loss", "points"),
        Column("lost", format=",d", hint="trials accepted by the old network only"),
        Column("gained", format=",d", hint="trials accepted this way only"),
    ]
    rows = [
        [_WAYS[name], *(100 * loss[end] for end in ("loss", "low", "high")), loss["lost"], loss["gained"]]
        for name, loss in plan.losses.items()
    ]
    effect = plan.losses[plan.direction]["design_effect"]
    caption = (
        "Exact limits (Clopper, Pearson) of the trials lost and gained. Several trials of a person depend on each other: "
        f"{effect:.2f} of them count as one."
    )
    return Table("losses", columns, rows, title="Loss against the old network alone", caption=caption)


def lookup_table(plan: MigrationPlan) -> Table:
    """Rank 1 and FNIR in the gallery itself."""
    found = plan.lookups
    columns: list[str | Column] = [
        "way",
        Column("rank 1", "%", ".2f", "share of the people found first"),
        *interval(),
        Column("FNIR", "%", ".2f", f"share of the enrolled people not found at FPIR {plan.fpir:g}"),
        *interval(),
        Column("threshold", format=".4f"),
    ]
    rows = [
        [
            _WAYS[row["name"]],
            *(100 * row[end] for end in ("rank1", "rank1_low", "rank1_high", "fnir", "fnir_low", "fnir_high")),
            row["threshold"],
        ]
        for row in found["rows"]
    ]
    caption = (
        f"{found['people']:,} people, enrolled with one image and looked up with another among the {found['templates']:,} "
        f"templates of the gallery, less {found['own']:,} of theirs. The new network alone can't be searched with: it "
        "has no templates of these people."
    )
    return Table("searches", columns, rows, title=f"Searches in the gallery, FPIR {plan.fpir:g}", caption=caption)


def plan_report(plan: MigrationPlan, title: str = "") -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    check, loss, arm = plan.check, plan.losses[plan.direction], plan.arms[plan.direction]
    networks = f"{check['old'] or 'old network'} → {check['new'] or 'new network'}"
    subtitle = f"{plan.url}: {plan.gallery['count']:,} templates; judged on {check['people_with_pairs']:,} people"
    report = Report(title or f"Moving a gallery: {networks}", subtitle, plan.signature)
    cards = [
        KeyFigure(plan.decision, "decision", f"margin {100 * plan.margin:g} points of TAR", _LEVELS[plan.decision]),  # type: ignore[arg-type]
        KeyFigure(
            f"{100 * loss['loss']:.2f} points",
            f"loss of TAR at FAR {plan.far:g}",
            f"95 %: {100 * loss['low']:.2f} to {100 * loss['high']:.2f}, {loss['people']:,} people",
        ),
        KeyFigure(
            f"{arm['threshold']:.4f}",
            "threshold to use with mapped templates",
            f"true FAR, 95 %: {arm['far_low']:.2g} to {arm['far_high']:.2g}",
        ),
        KeyFigure(
            f"{plan.cost['templates_a_second']:,.0f} /s",
            "templates read and mapped",
            f"{plan.cost['bytes'] / 1e9:.3g} GB for the vectors beside the old ones; writing was not measured",
        ),
    ]
    report.add(KeyFigures(cards))
    report.warn(plan.warnings)
    report.add(Text("What to do", _advice(plan)))
    report.add(arms_table(plan))
    report.add(loss_table(plan))
    dots = [Dot(_WAYS[name], "", 100 * a["tar"], 100 * a["low"], 100 * a["high"]) for name, a in plan.arms.items()]
    report.add(
        Figure(
            "tar",
            interval_dots(dots, x_title=f"TAR at FAR {plan.far:g} (%)"),
            title="Every way side by side",
            description="; ".join(f"{dot.label}: {dot.value:.2f} %" for dot in dots),
        )
    )
    report.add(lookup_table(plan))
    if plan.order is not None:
        report.add(_order_figure(plan))
    return report


def _order_figure(plan: MigrationPlan) -> Figure:
    assert plan.order is not None
    order, share = plan.order, 100 * np.asarray(plan.order["shares"])
    rank, area = order["spearman"], order["area"]
    bands = [Band(_ORDERS[name], share, *[100 * np.asarray(tar)] * 3) for name, tar in order["tar"].items()]
    # Not as a level, whose label would lie on the curves that end there.
    bands.append(Band("old network alone", share, *[np.full(len(share), 100 * order["old"])] * 3))
    caption = (
        f"On people whom neither the map nor the prediction saw. {order['verdict']} Mean over the shares, predicted order "
        f"less chance: {100 * area['value']:.2f} points [{100 * area['low']:.2f}, {100 * area['high']:.2f}]; rank "
        f"correlation of predicted and true error {rank['value']:.2f} [{rank['low']:.2f}, {rank['high']:.2f}]."
    )
    return Figure(
        "order",
        lines(
            bands,
            x_title="Templates made anew by the new network (%)",
            y_title=f"TAR at FAR {plan.far:g} (%)",
        ),
        title="Whom to re-enrol first",
        caption=caption,
        description=caption,
    )


def _advice(plan: MigrationPlan) -> list[str]:
    """Sentences a person can act on."""
    told = [plan.reason]
    if plan.decision == "more":
        told.append(
            f"About {plan.people_needed:,} people with two images, by both networks, would decide it, were the loss what it "
            "seems (80 % power)."
            if plan.people_needed is not None
            else "More people would not bring a go, were the loss what it seems: it is as large as the margin."
        )
    if plan.order is not None:
        pays = plan.order["pays_from"]
        told.append(
            f"On these {plan.check['people_with_pairs']:,} people, without an interval: when {100 * pays:g} % of the "
            "templates have been made anew, those with the largest predicted error first, TAR is that of the old network."
            if pays is not None
            else "Not even with all templates made anew TAR reaches that of the old network alone."
        )
    queries = plan.losses.get("queries")
    if queries is not None and plan.direction != "queries" and queries["loss"] < plan.losses[plan.direction]["loss"]:
        told.append(
            "Mapping the queries instead loses less here, and writes nothing: plan with --direction queries to weigh that."
        )
    return told
