"""The report of the agreement study, for a person who decides about a migration."""

from __future__ import annotations

from ...report import Column, KeyFigure, KeyFigures, Note, Notes, Report, Table, Text, interval
from ._figures import agreement_figure
from .estimate import Estimate
from .result import AgreementResult


def agreement_report(result: AgreementResult) -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    one, two = (network.name for network in result.networks)
    below = f"{one} and {two}, {result.images:,} images of {result.people:,} people that both have seen"
    report = Report("Agreement of two networks", below, result.signature)
    report.add(Text("How far can they be mapped onto one another?", list(answer(result))))
    report.add(KeyFigures(_key_figures(result)))
    report.add(agreement_figure(result))
    for target in (two, one):
        report.add(loss_table(result, target))
    report.add(direction_table(result))
    report.add(network_table(result))
    report.add(Notes(_notes(result), title="How to read this"))
    report.add(_curve_table(result))
    return report


def answer(result: AgreementResult) -> tuple[str, str]:
    """What is lost across the networks, and what of it no number of keys wins back; and what they share of identity."""
    one, two = (network.name for network in result.networks)
    found, back = result.forecast(two), result.forecast(one)
    head = (
        f"{one} compared with {two} through the joint map loses {_points(found.measured)} points of accuracy against {two} "
        f"alone; endless people would leave {_points(found.floor)}."
    )
    tail = f"Against {one} alone it loses {_points(back.measured)}, with endless people {_points(back.floor)}."
    shared = ", ".join(f"{_kappa(found.kappa)} ({found.label})" for found in result.bins)
    return head, f"{tail} κ, the correlation of the identities that both networks see, by direction: {shared}."


def loss_table(result: AgreementResult, target: str) -> Table:
    """Losses against `target` alone: measured, foretold for more keys, and the floor."""
    people, keys = result.training
    accuracy, tar = result.forecast(target), result.forecast(target, "tar")
    at = f"at FAR {result.far:g}"
    columns: list[str | Column] = [
        "maps fitted on",
        Column("accuracy lost", "points", ".2f"),
        *interval(unit="points"),
        Column("TAR lost", "points", ".2f", at),
        *interval(unit="points"),
    ]
    rows: list[list[object]] = []
    for name, label in (
        ("measured", f"{keys:,} keys of {people:,} people: measured"),
        ("now", f"all {result.images:,} keys of {result.people:,} people"),
        ("more_images", f"{result.more:,} keys more, of the same people"),
        ("more_people", f"{result.more:,} keys more, of new people"),
        ("floor", "endless people: the floor"),
        ("foretold", "the first row, foretold by half of the people"),
    ):
        both = [getattr(row, name) for row in (accuracy, tar)]
        if both[0] is not None:
            rows.append([label, *(100 * value for found in both for value in (found.value, found.low, found.high))])
    caption = (
        f"Loss against {target} alone on the same pairs, people held out; TAR {at}. The first row is measured; the others "
        "follow from it by the learning curve. How far that is to be trusted, the last row says: it is the first as half "
        "of the people foretell it."
    )
    return Table(f"losses-{target}", columns, rows, title=f"What is lost against {target}", caption=caption)


def direction_table(result: AgreementResult, *, brief: bool = False) -> Table:
    """Reliabilities and κ by direction; `brief`: for a narrow terminal, without κ of all directions so far."""
    names = [network.name for network in result.networks]
    columns: list[str | Column] = [
        "directions",
        Column("κ", format=".3f", hint="correlation of identity; a dash: not defined, a reliability may be zero"),
        *interval(unit="", format=".3f"),
    ]
    if brief:
        columns += [Column(f"ρ {name}") for name in names]
    else:
        columns.append(Column("κ so far", format=".3f", hint="over all directions up to the last of this row"))
        for name in names:
            columns += [Column(name, "reliability", ".3f"), *interval(unit="", format=".3f")]
    rows: list[list[object]] = []
    for found in result.bins:
        row: list[object] = [found.label, *_three(found.kappa)]
        if brief:
            rows.append([*row, *(f"{one.value:.2f} ({one.low:.2f}–{one.high:.2f})" for one in (found.a, found.b))])
        else:
            rows.append([*row, found.through and found.through.value, *_three(found.a), *_three(found.b)])
    caption = (
        f"{'ρ: reliability. ' if brief else ''}Of {result.several:,} people with two images or more, each counting once; "
        "along the joint map's directions, which were found without them."
    )
    return Table("directions", columns, rows, title="Identity by direction", caption=caption)


def network_table(result: AgreementResult) -> Table:
    """Each network by itself."""
    columns: list[str | Column] = ["network", "what", Column("value", format=".4g"), *interval(unit="", format=".4g")]
    rows: list[list[object]] = []
    for one in result.networks:
        rows += [
            [one.name, f"usable directions of {one.dim}", *_three(one.usable)],
            [one.name, "effective number of directions", *_three(one.effective)],
            [one.name, "accuracy (%)", *_three(one.accuracy, 100)],
            [one.name, f"TAR at FAR {result.far:g} (%)", *_three(one.tar, 100)],
        ]
    caption = (
        "Directions are each network's own discriminant ones, measured on people they were found without. Usable: their "
        "reliability ρ lies above 1.96 standard errors. Effective number: (Σρ)² / Σρ²."
    )
    return Table("networks", columns, rows, title="Each network alone", caption=caption)


def _curve_table(result: AgreementResult) -> Table:
    columns: list[str | Column] = [
        "against",
        Column("people", format=",d"),
        Column("keys", format=",d"),
        Column("accuracy lost", "points", ".2f"),
        *interval(unit="points"),
        Column("TAR lost", "points", ".2f"),
        *interval(unit="points"),
    ]
    rows = [[p.target, p.people, p.keys, *_three(p.accuracy, 100), *_three(p.tar, 100)] for p in result.points]
    caption = "Maps fitted on shares of the people, and on fewer images of them; all judged on the same pairs."
    return Table("curve", columns, rows, title="The learning curve's points", caption=caption)


def _key_figures(result: AgreementResult) -> list[KeyFigure]:
    one, two = result.networks
    found = result.forecast(two.name)
    # Images of people at hand and images of new ones: whichever is foretold to bring more.
    better, who = min(
        (found.more_people, "new people"), (found.more_images, "the same people"), key=lambda row: row[0].value
    )
    shared = "a reliability may be zero" if result.kappa is None else _span(result.kappa, ".2f")
    return [
        KeyFigure(_number(found.measured), f"points of accuracy lost against {two.name}", _range(found.measured)),
        KeyFigure(_number(better), f"points, with {result.more:,} keys more, of {who}", _range(better)),
        KeyFigure(_number(found.floor), "points, with endless people", _range(found.floor)),
        KeyFigure(_kappa(result.kappa), "κ over all directions", shared),
        *(
            KeyFigure(f"{n.usable.value:.0f}", f"usable directions of {n.dim}, {n.name}", _span(n.usable, ".0f"))
            for n in (one, two)
        ),
    ]


def _notes(result: AgreementResult) -> list[Note]:
    found = [
        Note(
            "Maps and directions are found on four fifths of the people and measured on the fifth left out, in turn. "
            f"{result.genuine:,} genuine and {result.impostor:,} impostor pairs are judged, each both ways round; genuine "
            "ones are two different images of one person, and every person with two images or more has equally many. "
            "Accuracy is the mean of the shares of right decisions on either kind, with thresholds from the other folds.",
            code="folds",
        ),
        Note(
            "Reliability: how well two images of one person agree along a direction. κ: how well both networks would "
            "agree about the person, were each free of noise (disattenuated correlation). It can come out a little above "
            "1, and is not defined where a reliability may be zero.",
            code="kappa",
        ),
        Note(
            "Intervals are of 95 %, by drawing people anew with all their images. Maps are not fitted anew in a draw.",
            code="interval",
        ),
        Note(
            "The floor is of the joint map, which maps both sides, and includes what the poorer network does not know: "
            "against the better network it stays above zero even where κ is 1.",
            code="floor",
        ),
    ]
    return [*found, *(Note(text, "warning", "agreement") for text in result.warnings)]


def _three(found: Estimate | None, scale: float = 1.0) -> list[float | None]:
    return [None] * 3 if found is None else [scale * value for value in (found.value, found.low, found.high)]


def _number(found: Estimate) -> str:
    return f"{100 * found.value:.2f}".replace("-", "−")


def _range(found: Estimate) -> str:
    return _span(Estimate(*(100 * value for value in (found.value, found.low, found.high))), ".2f")


def _span(found: Estimate, spec: str) -> str:
    return f"95 %: {found.low:{spec}} to {found.high:{spec}}".replace("-", "−")


def _points(found: Estimate) -> str:
    return f"{_number(found)} ({100 * found.low:.2f} to {100 * found.high:.2f})".replace("(-", "(−").replace("to -", "to −")


def _kappa(found: Estimate | None) -> str:
    return "not defined" if found is None else f"{found.value:.2f}"
