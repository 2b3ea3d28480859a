"""N* at other targets, and whom the system confuses: tables and a figure for reports and the terminal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..report import Band, Column, Figure, Table, lines_with_bands
from .sizing import ConfusedPerson, GallerySize, Target
from .wording import percent, span

_SHOWN = 20
_LEAST = 0.1  # people: what is drawn of a gallery that holds nobody


def targets_table(targets: Sequence[Target]) -> Table:
    """N* by FNIR in rows and FPIR in columns."""
    fpirs = sorted({t.fpir for t in targets})
    fnirs = sorted({t.fnir for t in targets})
    at = {(t.fpir, t.fnir): t for t in targets}
    rows: list[list[object]] = [
        [percent(fnir), *(span(at[fpir, fnir].people) for fpir in fpirs), at[fpirs[0], fnir].threshold] for fnir in fnirs
    ]
    return Table(
        "targets",
        ["FNIR", *(Column(f"FPIR {percent(fpir)}", "people") for fpir in fpirs), Column("threshold", format=".3f")],
        rows,
        title="What other targets allow",
        caption="How many people the gallery may hold, with 95 % intervals, if other shares of strangers may be taken for "
        "somebody (FPIR) and of searches may fail (FNIR). FNIR sets the threshold, and is what a better network, camera or "
        "second image changes.",
    )


def targets_figure(targets: Sequence[Target], asked: float) -> Figure:
    """N* over FNIR, a line for each FPIR."""
    bands = []
    for fpir in sorted({t.fpir for t in targets}):
        of = sorted((t for t in targets if t.fpir == fpir), key=lambda t: t.fnir)
        ends = ([max(getattr(t.people, end), _LEAST) for t in of] for end in ("value", "low", "high"))
        bands.append(Band(f"FPIR {percent(fpir)}", [100 * t.fnir for t in of], *(np.minimum(e, 1e10) for e in ends)))
    return Figure(
        "targets-curve",
        lines_with_bands(
            bands,
            x_title="searches that may fail, %",
            y_title="people in the gallery",
            log_x=len(bands[0].x) > 1,  # type: ignore[arg-type]
            log_y=True,
            size=(620, 280),
        ),
        title="How many people, by how many searches may fail",
        caption="N* against FNIR, with 95 % intervals: the trade-off that the threshold makes.",
        description=f"N* against FNIR, at FPIR {percent(asked)} and others, in the table below.",
    )


def confused_table(size: GallerySize, *, shown: int = _SHOWN, brief: bool = False) -> Table:
    """The people with most false matches at the threshold, and with whom."""
    n = size.people.value
    rows: list[list[object]] = []
    for one in size.confused[:shown]:
        if one.others:
            first = ", ".join(f"{name} ({score:.3f})" for name, score in one.matches[: 1 if brief else 3])
            more = len(one.matches) - (1 if brief else 3)
            rates = [1e3 * r for r in (one.rate.value, one.rate.low, one.rate.high)]
            cells = ["{:.2g} ({:.2g}–{:.2g})".format(*rates)]
            rows.append([one.id, one.others, *cells, *([] if brief else [one.rate.value * n]), first + " …" * (more > 0)])
    met = sum(one.others > 0 for one in size.confused)
    columns: list[str | Column] = ["image", Column("others", hint="people of this set whose image reaches the threshold")]
    columns += [Column("rate", "‰", hint="of strangers that this person would be taken for, by the model")]
    columns += [] if brief else [Column("at N*", format=".2g", hint="false matches expected in a gallery of N* people")]
    return Table(
        "confused",
        [*columns, "with"],
        rows,
        title="Whom does the system confuse?",
        caption=f"People with most false matches at the threshold {size.threshold.value:.3f}; {met:,} of "
        f"{len(size.confused):,} people have any. Rate: of strangers that the person would be taken for, by the model of "
        "the gallery's size, which draws what was counted towards all people's, with its 95 % interval; for one without "
        f"a false match {1e3 * size.confused[-1].rate.value:.2g} ‰.",
    )


def confused_rows(people_of_set: Sequence[ConfusedPerson]) -> list[list[object]]:
    """All people, a row each: image, others, rate, low, high, and the others' images with their scores."""
    return [
        [
            one.id,
            one.others,
            one.rate.value,
            one.rate.low,
            one.rate.high,
            " ".join(f"{name}={score:.4f}" for name, score in one.matches),
        ]
        for one in people_of_set
    ]
