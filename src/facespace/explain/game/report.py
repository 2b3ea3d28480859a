"""The one-page report of a hiding game: which maps point at what recognition lives on."""

from __future__ import annotations

from ...report import (
    Column,
    Curve,
    Dot,
    Figure,
    KeyFigure,
    KeyFigures,
    Note,
    Notes,
    Report,
    Table,
    Text,
    interval,
    interval_dots,
    line_panels,
)
from ..methods import CONTROLS, TITLES
from .hiding_game import GAMES, GameCurve, GameDifference, HidingGameResult

_THRESHOLDS = {"refit": "threshold chosen anew at each level", "fixed": "threshold of the clean images"}
_FIRST = {"hiding": "least important first", "deletion": "most important first"}
_TIED = 0.5
_LIMITS = (
    "The game judges maps by the network they explain, not by people. Blurring takes detail away but leaves colour and "
    "outline, so accuracy stays above chance even when all is hidden. A map can win by keeping the middle of the face: "
    "compare with the control called centre. With one threshold for all levels, scores that drift together cost accuracy "
    "though the order of the pairs is unharmed; choosing it anew takes that away."
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
    for game in _games(result):
        report.add(_areas(result, game))
        for kind in _THRESHOLDS:
            report.add(_figure(result, kind, game))
    report.add(game_table(result))
    for game in _games(result):
        report.add(_differences(result, game))
    report.add(
        Text(
            "Method and limits",
            [
                "In each pair both images lose their least important pixels, each by its own map: they are blurred "
                "(Gaussian, σ = 4 % of the longer side) in steps. The more important the pixels that are left, the longer "
                "the pairs are decided rightly. AUC is the area under accuracy against the hidden share, in percent; "
                "intervals are 95 %, from drawing pairs anew. Equal pixels go in a random order. Deletion hides the most "
                "important first: there a low curve is good. After Castanon and Byrne (2018) and Xu, Lu, Ebrahimi (2023).",
                "Insertion, where the blurred faces get their most important pixels back first, shows the very pictures of "
                "the hiding game: its curve is the hiding curve read from the right, and its AUC is the same.",
                _LIMITS,
            ],
        )
    )
    return report


def finding(result: HidingGameResult) -> str:
    """Which method came first, and whether that is more than chance: by the paired intervals, not by the order alone."""
    game = _games(result)[0]
    everyone = [c.method for c in result.ranked("refit", game)]
    ranked = [c for c in result.ranked("refit", game) if c.method not in CONTROLS]
    if not ranked:
        return "Only controls were played."
    best = ranked[0]
    sentence = (
        f"{TITLES[best.method]} came first of the methods with an AUC of {100 * best.auc:.2f} ({100 * best.low:.2f} to "
        f"{100 * best.high:.2f})"
    )
    close = {d.other: d for d in result.differences if (d.game, d.threshold) == (game, "refit") and d.low <= 0 <= d.high}
    if near := [TITLES[c.method] for c in ranked[1:] if c.method in close and everyone[0] == best.method]:
        sentence += f", not told apart from {', '.join(near)}"
    control = next((c for c in result.ranked("refit", game) if c.method in CONTROLS), None)
    if control is not None:
        ahead = everyone.index(control.method) < everyone.index(best.method)
        apart = not {control.method, best.method} & set(close)
        sentence += f"; the best control, {control.method}, has {100 * control.auc:.2f}, "
        if ahead:
            sentence += "so no method was better than knowing nothing" + (
                "" if apart else ", though the two are not told apart"
            )
        else:
            sentence += f"which is {'' if apart else 'not '}told apart from it"
    return f"{sentence} ({game} game, {_THRESHOLDS['refit']})."


def _games(result: HidingGameResult) -> list[str]:
    """Those that were played, the hiding game first."""
    return [game for game in GAMES if any(c.game == game for c in result.curves)]


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
    """Both thresholds' areas with their intervals, and the ties."""
    games = _games(result)
    columns: list[str | Column] = [
        Column("method"),
        *([Column("game")] if len(games) > 1 else []),
        Column("AUC", "%", ".2f", _THRESHOLDS["refit"]),
        *interval(),
        Column("AUC, fixed", "%", ".2f", _THRESHOLDS["fixed"]),
        *interval(),
        Column("tied", "%", ".1f", "pixels whose importance another pixel has too"),
    ]
    rows: list[list[object]] = []
    for game in games:
        fixed = {c.method: c for c in result.ranked("fixed", game)}
        for c in result.ranked("refit", game):
            f = fixed[c.method]
            name: list[object] = [_title(c.method), *([game] if len(games) > 1 else [])]
            rows.append([*name, *(100 * v for v in (c.auc, c.low, c.high, f.auc, f.low, f.high, c.tie_fraction))])
    caption = (
        "AUC with the threshold chosen anew at each level, by which the rows are sorted, and with the clean images' fixed."
    )
    return Table("methods", columns, rows, title="All methods", caption=caption)


def _differences(result: HidingGameResult, game: str) -> Table:
    """One row for each method: by how much the best is ahead of it, with either threshold."""
    found = {kind: {d.other: d for d in result.differences if (d.game, d.threshold) == (game, kind)} for kind in _THRESHOLDS}
    columns: list[str | Column] = ["method"]
    for kind, head in (("refit", "difference"), ("fixed", "difference, fixed")):
        columns += [
            Column(head, "points", "+.2f", f"the best's AUC less this one's; {_THRESHOLDS[kind]}"),
            *interval("95 %, paired", "points", "+.2f"),
        ]
    rows = [
        [_title(c.method), *_ends(found["refit"].get(c.method)), *_ends(found["fixed"].get(c.method))]
        for c in result.ranked("refit", game)
    ]
    one, two = (TITLES[result.ranked(kind, game)[0].method] for kind in _THRESHOLDS)
    caption = (
        f"AUC of the best less that of each method, on the same pairs, in the {game} game. The best with the threshold "
        f"chosen anew is {one}, with the clean images' {two}; it has no difference from itself. An interval that holds 0 "
        "says: not told apart."
    )
    name, title = ("differences", "The best against the others")
    if game != "hiding":
        name, title = f"{name}-{game}", f"{title}, {game}"
    return Table(name, columns, rows, title=title, caption=caption)


def _ends(difference: GameDifference | None) -> list[object]:
    return [None] * 3 if difference is None else [100 * v for v in (difference.difference, difference.low, difference.high)]


def _title(method: str) -> str:
    return f"{TITLES[method]}, control" if method in CONTROLS else TITLES[method]


def _short(method: str) -> str:
    """The name in figures: a control's without its explanation, and no ⁺, which many fonts lack."""
    return (TITLES[method].split(" (")[0] if method in CONTROLS else TITLES[method]).replace("⁺", "+")


def _areas(result: HidingGameResult, game: str) -> Figure:
    curves = {kind: {c.method: c for c in result.ranked(kind, game)} for kind in _THRESHOLDS}
    dots = [
        Dot(
            _short(method) + (", control" if method in CONTROLS else ""),
            words,
            *(100 * value for value in (curves[kind][method].auc, curves[kind][method].low, curves[kind][method].high)),
        )
        for method in curves["refit"]
        for kind, words in _THRESHOLDS.items()
    ]
    good = "more is better" if game == "hiding" else "less is better"
    return Figure(
        f"{game}-areas",
        interval_dots(dots, x_title=f"AUC, % ({good})", width=560),
        title=f"{game.capitalize()} game: area under the curve",
        caption="AUC of every method with its 95 % interval. The pairs are the same for all, so two methods may be told "
        "apart though their intervals overlap: see the paired differences below.",
        description="; ".join(f"{TITLES[c.method]}: {100 * c.auc:.2f} %" for c in curves["refit"].values()),
    )


def _figure(result: HidingGameResult, kind: str, game: str) -> Figure:
    own = {c.method: c for c in result.ranked(kind, game)}
    shown = [own[c.method] for c in result.ranked("refit", game)]  # every method in one place in both figures
    caption = f"Accuracy over the pairs against the share of hidden pixels, {_FIRST[game]}; the other methods in grey."
    if game == "hiding":
        caption += " Read from right to left it is the insertion game."
    return Figure(
        f"{game}-{kind}",
        line_panels(
            [_curve(c) for c in shown],
            x_title="hidden pixels, %",
            y_title="accuracy, %",
            legend=("method", "control"),
        ),
        title=f"{game.capitalize()} game, {_THRESHOLDS[kind]}",
        caption=caption,
        description="; ".join(f"{TITLES[c.method]}: AUC {100 * c.auc:.2f} %" for c in shown),
    )


def _curve(curve: GameCurve) -> Curve:
    return Curve(
        "control" if curve.method in CONTROLS else "method",
        [100 * level for level in curve.levels],
        [100 * a for a in curve.accuracy],
        f"{_short(curve.method)}\nAUC {100 * curve.auc:.2f} ({100 * curve.low:.2f} to {100 * curve.high:.2f})",
    )


def _key_figures(result: HidingGameResult) -> list[KeyFigure]:
    figures = [
        KeyFigure(f"{100 * c.auc:.2f} %", TITLES[c.method], f"95 %: {100 * c.low:.2f} to {100 * c.high:.2f}")
        for c in [c for c in result.ranked("refit", _games(result)[0]) if c.method not in CONTROLS][:3]
    ]
    clean = KeyFigure(
        f"{100 * result.accuracy:.2f} %", "nothing hidden", f"accuracy of {result.pairs:,} pairs, ± {100 * result.sd:.2f}"
    )
    return [*figures, clean]
