"""The tables of an audit of protections."""

from __future__ import annotations

import math

from ...report import Column, Table, interval, percents
from ..fnir_report import fnir_cells, fnir_columns
from .result import AttackPoint, HalfPoint, ProtectionResult


def summary_table(result: ProtectionResult) -> Table:
    """A line for each protection: pairs to half, rank-1 at both ends, accuracy lost, linkability, renewal."""
    sizes = [p.leaked for p in result.points if (p.keys, p.secret) == ("common", "kept")]
    first, last = min(sizes), max(sizes)
    columns: list[str | Column] = [
        "protection",
        Column(
            "half at", "pairs", ".3g", "leaked pairs with which the same network names half of what plain templates give"
        ),
        *(Column(end, "pairs", ".3g", "95 % interval; empty: more than tested") for end in ("low", "high")),
        Column(f"rank-1, {first}", "%", ".1f", "named with the fewest pairs"),
        *interval(format=".1f"),
        Column(f"rank-1, {last}", "%", ".1f", "named with the most pairs"),
        *interval(format=".1f"),
        Column("lost", "points", ".2f", "accuracy lost, common secret, on pairs of images"),
        *interval(unit="points"),
        Column("D_sys", "", ".3f", "linkability between two secrets: 0 none, 1 full"),
        *interval(unit="", format=".3f"),
        Column("revoked accepted", "%", ".1f", "where 1 % of impostors are"),
        *interval(format=".1f"),
    ]
    rows: list[list[object]] = []
    for name in result.names:
        half, line = half_of(result, name), result.line(name, "same")
        cost = next(row for row in result.accuracy if (row.protection, row.keys) == (name, "common"))
        link = next(row for row in result.unlinkability if row.protection == name)
        new = next(row for row in result.renewal if row.protection == name)
        numbers = [None if half is None or math.isinf(n) else n for n in _ends(half)]
        rows.append(
            [
                name,
                *numbers,
                *_rates(line[0]),
                *_rates(line[-1]),
                *percents(cost.accuracy_lost, cost.lost_low, cost.lost_high),
                *(link.d_sys, link.low, link.high),
                *percents(new.accepted, new.low, new.high),
            ]
        )
    return Table(
        "protections",
        columns,
        rows,
        title="In short",
        caption="The attacker has the same network and a common secret was kept. Half is of what plain templates give; "
        "without a number no tested leak reaches it.",
    )


def brief_tables(result: ProtectionResult) -> tuple[Table, Table]:
    """`summary_table` for a terminal of 80 columns: who is named with the most pairs; what it costs, and what links."""
    whole = summary_table(result)
    found = []
    for name, title, kept, caption in (
        ("named", "Who is named", (0, 1, 2, 3, 7, 8, 9), whole.caption),
        ("cost", "What it costs, and what links", (0, 10, 11, 12, 13, 14, 15), "Low and high: 95 % intervals."),
    ):
        columns, rows = [whole.columns[i] for i in kept], [[row[i] for i in kept] for row in whole.rows]
        found.append(Table(name, columns, rows, title=title, caption=caption))
    return found[0], found[1]


def _ends(half: HalfPoint | None) -> tuple[float, float, float]:
    return (math.inf, math.inf, math.inf) if half is None else (half.leaked, half.low, half.high)


def half_of(result: ProtectionResult, name: str, knowledge: str = "same") -> HalfPoint | None:
    """The half point of a protection, None where it isn't there."""
    return next((h for h in result.half if (h.protection, h.knowledge) == (name, knowledge)), None)


def secrets_table(result: ProtectionResult) -> Table:
    """Attacks on secrets a person, and with a stolen one."""
    rows: list[list[object]] = [
        [p.protection, p.network, f"{p.knowledge}", _scenario(p), p.leaked, *_rates(p)]
        for p in result.points
        if p.keys == "person" or p.secret == "stolen"
    ]
    columns: list[str | Column] = [
        "protection",
        "network",
        Column("attacker", hint="same: the templates' network; other: another; shipped: another with its shipped map"),
        "secret",
        Column("pairs", "", ",d"),
        Column("rank-1", "%", ".1f"),
        *interval(format=".1f"),
    ]
    return Table(
        "secrets",
        columns,
        rows,
        title="A secret a person, and a stolen secret",
        caption="With a secret a person, pairs of others say nothing of it. Who has stolen the secret protects his own "
        "gallery by it, and needs no pairs.",
    )


def _scenario(point: AttackPoint) -> str:
    return "stolen" if point.secret == "stolen" else "one a person, kept"


def accuracy_table(result: ProtectionResult) -> Table:
    """Accuracy and EER beside plain templates."""
    rows: list[list[object]] = [
        [
            row.protection,
            "common" if row.keys == "common" else "one a person",
            *percents(row.accuracy, row.low, row.high, row.accuracy_lost, row.lost_low, row.lost_high),
            *percents(row.eer, row.eer_low, row.eer_high, row.eer_lost, row.eer_lost_low, row.eer_lost_high),
        ]
        for row in result.accuracy
    ]
    columns: list[str | Column] = [
        "protection",
        "secret",
        Column("accuracy", "%", ".2f"),
        *interval(),
        Column("lost", "points", ".2f", "beside plain templates on the same pairs"),
        *interval(unit="points"),
        Column("EER", "%", ".2f"),
        *interval(),
        Column("worse by", "points", ".2f"),
        *interval(unit="points"),
    ]
    return Table(
        "accuracy",
        columns,
        rows,
        title="What protecting costs",
        caption=f"{result.counts['pairs']:,} pairs, {result.counts['genuine']:,} of them genuine, of people that "
        "nothing was fitted on. One secret a person makes impostors easy to tell, unless one of them has stolen it: "
        "then the common secret's line holds.",
    )


def links_table(result: ProtectionResult) -> Table:
    """Linkability and renewal."""
    rows: list[list[object]] = []
    for link, new in zip(result.unlinkability, result.renewal, strict=True):
        rows.append(
            [
                *(link.protection, link.d_sys, link.low, link.high, link.floor, new.mean, new.impostor_mean),
                *(100 * n for n in (new.accepted, new.low, new.high)),
            ]
        )
    columns: list[str | Column] = [
        "protection",
        Column("D_sys", "", ".3f"),
        *interval(unit="", format=".3f"),
        Column("by chance", "", ".3f", "D_sys of as many scores that say nothing"),
        Column("same image", "score", ".3f", "mean score of a template under two secrets"),
        Column("impostors", "score", ".3f", "mean score of two people under one secret"),
        Column("revoked accepted", "%", ".1f", "where 1 % of impostors are"),
        *interval(format=".1f"),
    ]
    return Table(
        "links",
        columns,
        rows,
        title="Can templates be linked, and renewed?",
        caption="Two systems with a secret each. D_sys: 0 is unlinkable, 1 fully linkable (Gomez-Barrero and others, "
        "2018). A revoked template should pass no more often than an impostor's.",
    )


def attacks_table(result: ProtectionResult) -> Table:
    """Every attack on a kept common secret."""
    columns: list[str | Column] = [
        "protection",
        "network",
        "attacker",
        Column("pairs", "", ",d"),
        "attack",
        Column("rank-1", "%", ".1f"),
        *interval(format=".1f"),
        *fnir_columns(result.fpirs),
    ]
    rows: list[list[object]] = [
        [p.protection, p.network, p.knowledge, p.leaked, _attack(p), *_rates(p), *fnir_cells(p, result.fpirs)]
        for p in result.points
        if (p.keys, p.secret) == ("common", "kept")
    ]
    return Table(
        "attacks",
        columns,
        rows,
        title="All attacks",
        caption="A common secret that was kept. FNIR@x: share of the templates whose owner is in the gallery but is "
        "not named, when answers are given only above a threshold that a share x of the strangers passes.",
    )


def _attack(point: AttackPoint) -> str:
    if not point.attack:
        return "guess"
    return f"{point.attack}, refused" if point.refused else point.attack


def _rates(point: AttackPoint) -> list[float | None]:
    return percents(point.rank1, point.low, point.high)
