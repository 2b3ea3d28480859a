"""The fair tests as a page and as a table."""

from __future__ import annotations

from ...report import Column, Note, Notes, Report, Table, Text, interval
from .margin import FILLS
from .scores import FairScore, FairTestResult

_CONTROLS = ("random", "centre", "inverted")


def fair_table(result: FairTestResult) -> Table:
    """One row for each test, pairs and method; `beats`, the controls that it leaves behind with an interval without 0."""
    columns: list[str | Column] = [
        "test",
        "pairs or part",
        "method",
        Column("pairs", "", ",.0f", "how many count"),
        Column("mean", "", ".3f", "over the pairs"),
        *interval("95 %, from drawing pairs", "", ".3f"),
        Column("better", "", "", "is more better, or less"),
        Column("beats", "", "", "controls that the paired difference tells it from"),
    ]
    places = list(dict.fromkeys((s.test, s.variant) for s in result.scores))
    rows: list[list[object]] = [
        [
            s.test,
            s.variant,
            s.method,
            s.pairs,
            s.mean,
            s.low,
            s.high,
            "more" if s.higher_is_better else "less",
            _beaten(s),
        ]
        for s in sorted(result.scores, key=lambda s: places.index((s.test, s.variant)))
    ]
    caption = (
        "Insertion, deletion and gain: margin area, normalised by nothing and everything hidden. Planted: rank of a "
        "stranger's part, chance 0.5. Randomised, agreement, shifted: correlations of maps."
    )
    return Table("tests", columns, rows, title="All tests", caption=caption)


def fair_finding(result: FairTestResult) -> str:
    """Which controls the first method beats in the games, and which it does not: one sentence."""
    methods = [c.method for c in result.costs]
    if not methods:
        return "No method was tested."
    lost = []
    for test, variant in dict.fromkeys((s.test, s.variant) for s in result.scores if s.test in ("gain", "planted")):
        rows = [s for s in result.scores if (s.test, s.variant) == (test, variant) and s.method in methods]
        if rows and not any(s.beats("centre") for s in rows) and any(s.beats("centre") is not None for s in rows):
            lost.append(f"{test} ({variant})")
    if lost:
        return f"No method beats the bell in the middle in: {', '.join(lost)}."
    return f"In every game and planted part some of {', '.join(methods)} beat the bell in the middle."


def fair_report(result: FairTestResult) -> Report:
    """The sections for report.html."""
    report = Report(
        "Fair tests of explanations",
        f"Do maps say what the score hangs on? Network {result.network}, {result.genuine:,} genuine and {result.impostor:,} "
        "impostor pairs, each of other people.",
        result.signature,
    )
    report.add(Text("The finding", [fair_finding(result)]))
    if result.notes:
        report.add(Notes([Note(note) for note in result.notes]))
    report.add(fair_table(result))
    cost: list[str | Column] = [
        "method",
        Column("faces", "", ",.0f"),
        Column("passes", "", ",.0f", "forward passes a map; a backward one counts two"),
        Column("seconds", "", ".3f", "of processor time a map"),
    ]
    report.add(
        Table("costs", cost, [[c.method, c.faces, c.passes, c.seconds] for c in result.costs], title="What a map costs")
    )
    if any(s.test == "gain" for s in result.scores):
        fills = [f"{name}: {words}." for kind in FILLS.values() for name, words in kind.items()]
        report.add(Text("What stands in hidden places", fills))
    return report


def _beaten(score: FairScore) -> str:
    """Nothing where there is no control to compare with."""
    return ", ".join(d.other for d in score.differences if score.beats(d.other)) or ("none" if score.differences else "")
