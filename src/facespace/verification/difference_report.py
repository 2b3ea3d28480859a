"""The report of a comparison of two systems on the same pairs."""

from __future__ import annotations

from ..metrics import Difference, SystemComparison
from ..report import Column, Dot, Figure, Report, Table, Text, interval, interval_dots

_WIDEST = 0.5  # an interval as wide says nothing, and would squeeze the others


def finding(result: SystemComparison) -> str:
    """Where the systems differ beyond chance, in one sentence."""
    rows = [*filter(None, [result.accuracy]), *result.tar]
    better = [_what(row) for row in rows if row.verdict == "higher"]
    worse = [_what(row) for row in rows if row.verdict == "lower"]
    if not better and not worse:
        return f"On these pairs, {result.second} can't be told from {result.first}."
    parts = [f"{word} in {', '.join(found)}" for word, found in (("higher", better), ("lower", worse)) if found]
    return f"{result.second} is {' and '.join(parts)} than {result.first}, beyond chance."


def difference_table(result: SystemComparison, *, brief: bool = False) -> Table:
    """Accuracy and each FAR: both systems and their difference in percentage points.

    `brief`: for a terminal of 80 columns, of the intervals that of the difference alone.
    """
    level = f"{100 * result.level:g} % interval"
    columns: list[str | Column] = [
        "",
        Column("first", "%", ".2f", result.first),
        *(() if brief else interval(level)),
        Column("second", "%", ".2f", result.second),
        *(() if brief else interval(level)),
        Column("difference", "points", "+.2f", "second less first"),
        *interval(level, "points", "+.2f"),
        Column("p", format=".2g", hint="chance of such a difference between equal systems"),
        Column("discordant", format=",d", hint="pairs on which only one system is right; of TAR, genuine pairs"),
    ]
    rows: list[list[object]] = []
    for r in (*filter(None, [result.accuracy]), *result.tar):
        sides = (r.first, r.second) if brief else (r.first, r.first_low, r.first_high, r.second, r.second_low, r.second_high)
        shares = (100 * v for v in (*sides, r.difference, r.low, r.high))
        rows.append(["accuracy" if r.far is None else f"TAR@{short_rate(r.far)}", *shares, r.p, r.discordant])
    return Table(
        "difference",
        columns,
        rows,
        title="Difference",
        caption=f"First: {result.first}. Second: {result.second}. Intervals of the difference at {100 * result.level:g} %, "
        + ("of pairs taken as independent." if result.people is None else "of people: both systems saw the same ones."),
    )


def compare_report(result: SystemComparison) -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    people = "" if result.people is None else f" of {result.people:,} people"
    counts = f"{result.pairs:,} pairs{people}: {result.genuine:,} genuine, {result.impostor:,} impostor"
    report = Report(f"Comparison: {result.first} and {result.second}", counts, result.signature)
    report.add(Text("The finding", [finding(result)]))
    report.warn(result.warnings)
    report.add(difference_table(result))
    if drawn := difference_figure(result):
        report.add(drawn)
    return report


def difference_figure(result: SystemComparison) -> Figure | None:
    """The differences with their intervals; those too wide to be drawn beside others are named. None where all are."""
    rows = [*filter(None, [result.accuracy]), *result.tar]
    shown = [row for row in rows if row.high - row.low < _WIDEST]
    if not shown:
        return None
    dots = [Dot(_what(r), "", *(100 * v for v in (r.difference, r.low, r.high))) for r in shown]
    chart = interval_dots(dots, x_title=f"{result.second} less {result.first}, points", format="+.2f")
    left = ", ".join(_what(row) for row in rows if row not in shown)
    caption = f"An interval that excludes 0 is a difference beyond chance.{f' Too wide to draw: {left}.' if left else ''}"
    told = "; ".join(f"{_what(r)} {100 * r.difference:+.2f} ({100 * r.low:+.2f} to {100 * r.high:+.2f})" for r in shown)
    return Figure("differences", chart, title="The differences", caption=caption, description=told)


def short_rate(rate: float) -> str:
    """A rate in as few letters as can be, so that it fits a narrow column.

    >>> short_rate(0.1), short_rate(0.0001), short_rate(2.5e-05)
    ('0.1', '1e-4', '2.5e-5')
    """
    digits, _, exponent = f"{rate:e}".partition("e")
    return min(f"{rate:g}", f"{digits.rstrip('0').rstrip('.')}e{int(exponent)}", key=len)


def _what(row: Difference) -> str:
    return "accuracy" if row.far is None else f"TAR at FAR {row.far:g}"
