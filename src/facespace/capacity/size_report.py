"""The part of the report that says how many people the gallery may hold, and what happens as it grows."""

from __future__ import annotations

import numpy as np

from ..report import Band, Column, Figure, KeyFigure, KeyFigures, Report, Table, Text, interval, lines_with_bands
from .sizing import GallerySize
from .targets_report import confused_table, targets_figure, targets_table
from .wording import people, percent, precision, size_answer

_RATES = (("fpir", "measured"), ("fnir", "measured_fnir"), ("rank1", "measured_rank1"))
_MODEL = (
    "The threshold is the score that the asked share of genuine pairs falls short of, each person counting once. False "
    "matches at it: a generalised Pareto tail is fitted to the highest scores between people, so that scores rarer than "
    "this set can count have a rate too; that false matches crowd on some people is in it. Interval: draws of people, with "
    "whom both the genuine and the impostor scores are drawn. All of it holds for people and cameras like this set's."
)


def size_report(size: GallerySize) -> Report:
    """A report of this answer alone; `write(folder)` makes the page and figures/."""
    report = Report("Gallery size", f"How many people may a gallery of {size.model} hold?", size.signature)
    report.add(Text("The answer", [size_answer(size)]))
    report.warn(size.warnings, "Read this before the number", "gallery-size")
    add_size(report, size)
    return report


def add_size(report: Report, size: GallerySize) -> None:
    """Append the sections of one answer."""
    report.add(KeyFigures(_key_figures(size)))
    report.add(_growth_figure(size))
    report.add(_searches_figure(size))
    report.add(size_table(size))
    report.add(targets_figure(size.targets, size.fpir))
    report.add(targets_table(size.targets))
    if size.confused and size.confused[0].others:
        report.add(confused_table(size))
    if size.suspects:
        report.add(_suspect_table(size))
    report.add(Text("How sure, and how it is found", [precision(size), _MODEL]))


def size_table(size: GallerySize, *, brief: bool = False) -> Table:
    """FPIR, FNIR and rank-1 at round sizes of the gallery; `brief`, for a terminal, writes intervals behind their "
    "numbers."""
    c = size.curve
    wanted = [s for p in range(1, 9) for s in (10**p, 3 * 10**p) if c.sizes[0] <= s <= c.sizes[-1]]
    places = sorted({int(np.argmin(np.abs(np.log(c.sizes / s)))) for s in (*wanted, size.counts["people"] - 1)})
    rows: list[list[object]] = []
    for place in places:
        row: list[object] = [f"{c.sizes[place]:,.0f}", *(() if brief else ("within" if c.inside[place] else "beyond",))]
        for name, counted in _RATES:
            ends = [100 * float(getattr(c, f"{name}{end}")[place]) for end in ("", "_low", "_high")]
            seen = [100 * float(getattr(c, f"{counted}{end}")[place]) for end in ("", "_low", "_high")][: 1 if brief else 3]
            row += [None if np.isnan(share) else _short(share) if brief else share for share in seen]
            row += [f"{_short(ends[0])} ({_end(ends[1])}–{_end(ends[2])})"] if brief else ends
        rows.append(row)
    columns: list[str | Column] = [Column("gallery", "people")]
    columns += () if brief else (Column("set", hint="within the people of this set, or beyond: extrapolated"),)
    for name in ("FPIR", "FNIR", "rank-1"):
        columns.append(Column("counted", "%" if not brief else "", ".2f", f"{name}, in galleries of this set's people"))
        columns += () if brief else interval()
        columns += [Column(name, "%", ".2f"), *(() if brief else interval())]
    return Table(
        "gallery-sizes",
        columns,
        rows,
        title="As the gallery grows",
        caption="FPIR: strangers taken for somebody at the threshold "
        f"{size.threshold.value:.3f} (FNIR {percent(size.fnir)}). FNIR: failed searches with the threshold raised until "
        f"FPIR is {percent(size.fpir)}. rank-1: searches whose own person is the best of all. By the model, with 95 % "
        "intervals. Counted, before each: over all galleries of this set's people, and of searches with "
        f"{size.counts['searches']:,} other images of them.",
    )


def _short(share: float) -> str:
    return f"{share:.2f}" if share < 10 else f"{share:.1f}"


def _end(share: float) -> str:
    """An end of an interval, short enough for three intervals in 80 columns."""
    if share < 10:
        return f"{share:.2g}".replace("0.", ".", 1)
    return f"{share:.0f}" if share < 90 else f"{share:.1f}"


def _growth_figure(size: GallerySize) -> Figure:
    c = size.curve
    inside, beyond = c.inside, ~c.inside
    beyond[np.flatnonzero(inside)[-1]] = True  # the lines meet
    floor = 1e-4  # percent: a logarithmic axis has no zero
    bands = []
    for name, rows, what in (("counted in this set", inside, "measured"), ("model, within the set", inside, "fpir")):
        if not np.isnan(getattr(c, what)[rows]).any():
            bands.append(_band(name, size, rows, what, floor))
    bands.append(_band("model, extrapolated", size, beyond, "fpir", floor))
    chart = lines_with_bands(
        bands,
        x_title="people in the gallery",
        y_title="strangers taken for somebody, %",
        log_x=True,
        log_y=True,
        level=("FPIR asked for, %:", 100 * size.fpir),
        marks={f"{people(size.people.value)} people": size.people.value, "this set": float(size.counts["people"])},
        size=(620, 300),
    )
    return Figure(
        "gallery-size",
        chart,
        title="False positive identifications as the gallery grows",
        caption=f"At the threshold {size.threshold.value:.3f}, which {percent(size.fnir)} of the genuine pairs fall short "
        "of, with 95 % intervals; to the right of “this set” nothing is counted.",
        description=f"FPIR against gallery size: {size_answer(size)}",
    )


def _searches_figure(size: GallerySize) -> Figure:
    c = size.curve
    beyond = ~c.inside
    beyond[np.flatnonzero(c.inside)[-1]] = True
    bands = []
    for name, what in (("FNIR", "fnir"), ("rank 1", "rank1")):
        counted = np.flatnonzero(~np.isnan(getattr(c, f"measured_{what}")))
        if len(counted):
            bands.append(_band(f"{name} counted", size, counted, f"measured_{what}", 0.0, flip=what == "rank1"))
        for where, rows in ((" model", c.inside), (" beyond", beyond)):
            bands.append(_band(name + where, size, rows, what, 0.0, flip=what == "rank1"))
    chart = lines_with_bands(
        bands, x_title="people in the gallery", y_title="searches that fail, %", log_x=True, size=(620, 260)
    )
    return Figure(
        "searches",
        chart,
        title="Failed searches as the gallery grows",
        caption="Searches for a person in the gallery, with the threshold raised until FPIR is "
        f"{percent(size.fpir)} (FNIR), and without one (rank 1: 100 % − rank-1). With 95 % intervals, by the model and "
        f"counted with this set's other images; extrapolated beyond this set's {size.counts['people']:,} people.",
        description="FNIR and rank-1 misses against gallery size, in the table below.",
    )


def _band(name: str, size: GallerySize, rows: np.ndarray, what: str, floor: float, *, flip: bool = False) -> Band:
    ends = ("", "_high", "_low") if flip else ("", "_low", "_high")
    values = (np.maximum(100 * getattr(size.curve, what + end)[rows], floor) for end in ends)
    return Band(name, size.curve.sizes[rows], *(100 - y if flip else y for y in values))


def _suspect_table(size: GallerySize) -> Table:
    return Table(
        "suspects",
        ["image", "of another name", Column("cosine", format=".3f"), "vectors"],
        [[pair.left, pair.right, pair.score, "equal" if pair.copy else "different"] for pair in size.suspects],
        title="Two names, one person?",
        caption="Pairs of two names that score like one person's images and were not counted, among one image a person. "
        "Label errors, twins, or one photo twice: leave one image of each out with --exclude FILE, and see whether there "
        "are more.",
    )


def _key_figures(size: GallerySize) -> list[KeyFigure]:
    def between(low: float, high: float) -> str:
        return f"95 %: {people(low)} to {people(high)}"

    n = size.people
    rates = f"FPIR {percent(size.fpir)}, FNIR {percent(size.fnir)}"
    figures = [KeyFigure(people(n.value), f"people in the gallery at {rates}", between(n.low, n.high))]
    if size.measured is not None:
        m = size.measured
        figures.append(KeyFigure(people(m.value), "counted with this set's people", between(m.low, m.high)))
    if size.with_suspects is not None:
        w = size.with_suspects
        figures.append(
            KeyFigure(
                people(w.value), f"counting suspicious pairs ({len(size.suspects)}) as strangers", between(w.low, w.high)
            )
        )
    t = size.threshold
    figures.append(KeyFigure(f"{t.value:.3f}", "threshold, a cosine", f"95 %: {t.low:.3f} to {t.high:.3f}"))
    return figures
