"""The one-page report of a hiding game: which maps point at what recognition lives on."""

from __future__ import annotations

from ..report import Band, Column, Figure, KeyFigure, KeyFigures, Note, Notes, Report, Table, Text, lines_with_bands
from .hiding_game import GameCurve, HidingGameResult
from .methods import CONTROLS, TITLES

_THRESHOLDS = {"fixed": "threshold of the clean images", "refit": "threshold chosen anew at each level"}
_TIED = 0.5
_LIMITS = (
    "The game judges maps by the network they explain, not by people. Blurring takes detail away but leaves colour and "
    "outline, so accuracy stays above chance even when all is hidden. A map can win by keeping the middle of the face: "
    "compare with the control `centre`. With one threshold for all levels, scores that drift together cost accuracy though "
    "the order of the pairs is unharmed; choosing it anew takes that away."
)


def game_report(result: HidingGameResult) -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    report = Report(
        "The hiding game",
        f"Which maps point at what recognition lives on? Network {result.network}, {result.pairs:,} pairs.",
        result.signature,
    )
    report.add(Text("The finding", [finding(result)]))
    report.add(KeyFigures(_key_figures(result)))
    if silent := _silent(result):
        report.add(Notes(silent))
    for kind in ("refit", "fixed"):
        for game in dict.fromkeys(c.game for c in result.curves):
            report.add(_figure(result, kind, game))
    report.add(game_table(result))
    report.add(_differences(result))
    report.add(
        Text(
            "Method and limits",
            [
                "In each pair both images lose their least important pixels, each by its own map: they are blurred "
                "(Gaussian, σ = 4 % of the longer side) in steps. The more important the pixels that are left, the longer "
                "the pairs are decided rightly. AUC is the area under accuracy against the hidden share, in percent; "
                "intervals are 95 %, from drawing pairs anew. Equal pixels go in a random order. Deletion hides the most "
                "important first: there a low curve is good. Insertion is the hiding game read from its other end. After "
                "Castanon and Byrne (2018) and Xu, Lu, Ebrahimi (2023).",
                _LIMITS,
            ],
        )
    )
    return report


def finding(result: HidingGameResult) -> str:
    """Which method came first, and whether that is more than chance."""
    ranked = [c for c in result.ranked("refit") if c.method not in CONTROLS]
    if not ranked:
        return "Only controls were played."
    best = ranked[0]
    sentence = (
        f"{TITLES[best.method]} came first of the methods with an AUC of {best.auc:.2f} ({best.low:.2f} to {best.high:.2f})"
    )
    control = max((c for c in result.ranked("refit") if c.method in CONTROLS), key=lambda c: c.auc, default=None)
    if control is not None:
        sentence += f"; the best control, {control.method}, has {control.auc:.2f}"
        if control.auc >= best.auc:
            sentence += ", so no method was better than knowing nothing"
    return f"{sentence} (threshold chosen anew at each level)."


def _silent(result: HidingGameResult) -> list[Note]:
    tied = {c.method: c.tie_fraction for c in result.curves if c.method not in CONTROLS and c.tie_fraction > _TIED}
    return [
        Note(
            f"{TITLES[method]}: {share:.0%} of the pixels are as important as another one, so their order is mostly "
            "chance. A map that is zero nearly everywhere (a ReLU over negative values) is no ranking.",
            "warning",
            "ties",
        )
        for method, share in tied.items()
    ]


def game_table(result: HidingGameResult) -> Table:
    """Both thresholds' areas, the ties, and the accuracy halfway."""
    columns: list[str | Column] = [
        Column("method"),
        Column("game"),
        Column("AUC", "%", ".2f", "threshold chosen anew at each level"),
        Column("low", "%", ".2f", "95 % interval"),
        Column("high", "%", ".2f", "95 % interval"),
        Column("AUC, fixed", "%", ".2f", "threshold of the clean images"),
        Column("low", "%", ".2f", "95 % interval"),
        Column("high", "%", ".2f", "95 % interval"),
        Column("tied", "%", ".1f", "pixels whose importance another pixel has too"),
    ]
    rows: list[list[object]] = []
    for game in dict.fromkeys(c.game for c in result.curves):
        fixed = {c.method: c for c in result.ranked("fixed", game)}
        for c in result.ranked("refit", game):
            f = fixed[c.method]
            rows.append([TITLES[c.method], game, c.auc, c.low, c.high, f.auc, f.low, f.high, 100 * c.tie_fraction])
    return Table("methods", columns, rows, title="All methods", caption="Sorted by the area with refitted thresholds.")


def _differences(result: HidingGameResult) -> Table:
    rows: list[list[object]] = [
        [d.game, _THRESHOLDS[d.threshold], TITLES[d.best], TITLES[d.other], d.difference, d.low, d.high]
        for d in result.differences
    ]
    columns: list[str | Column] = ["game", "threshold", "best", "other", Column("difference", "points", "+.2f")]
    ends = [Column("low", "points", "+.2f", "95 %, paired"), Column("high", "points", "+.2f", "95 %, paired")]
    return Table(
        "differences",
        [*columns, *ends],
        rows,
        title="The best against the others",
        caption="Differences of AUC on the same pairs. An interval that holds 0 says: not told apart.",
    )


def _figure(result: HidingGameResult, kind: str, game: str) -> Figure:
    shown = result.ranked(kind, game)
    bands = [_band(c) for c in shown]
    return Figure(
        f"{game}-{kind}",
        lines_with_bands(bands, x_title="hidden pixels, %", y_title="accuracy, %", size=(620, 320)),
        title=f"{game.capitalize()} game, {_THRESHOLDS[kind]}",
        caption="Accuracy over the pairs against the share of hidden pixels.",
        description="; ".join(f"{TITLES[c.method]}: AUC {c.auc:.2f} %" for c in shown),
    )


def _band(curve: GameCurve) -> Band:
    y = [100 * a for a in curve.accuracy]
    return Band(TITLES[curve.method], [100 * level for level in curve.levels], y, y, y)


def _key_figures(result: HidingGameResult) -> list[KeyFigure]:
    figures = [
        KeyFigure(f"{c.auc:.2f} %", TITLES[c.method], f"95 %: {c.low:.2f} to {c.high:.2f}")
        for c in [c for c in result.ranked("refit") if c.method not in CONTROLS][:3]
    ]
    clean = KeyFigure(
        f"{100 * result.accuracy:.2f} %", "nothing hidden", f"accuracy of {result.pairs:,} pairs, ± {100 * result.sd:.2f}"
    )
    return [*figures, clean]
