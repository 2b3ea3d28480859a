"""The report of a hub study: what one hub costs against direct maps, and what it gives."""

from __future__ import annotations

import numpy as np

from ...report import Column, KeyFigure, KeyFigures, Matrix, Measure, Note, Notes, Report, Table, Text, interval, percents
from .study import PAIRWISE, HubCell, HubResult

CHEAP = 0.002  # what a hub may lose against direct maps; issue 3
LATE = 0.003  # what a model that joins later may lose against direct maps


def hub_report(result: HubResult) -> Report:
    """The sections for report.html; `write(folder)` makes the page and figures/."""
    count = len(result.models)
    report = Report(
        "Canonical space",
        f"{count} networks through one hub: {count} maps in, {count} maps out, instead of {count * (count - 1)} direct ones",
        result.signature,
    )
    report.add(Text("Does one hub serve as well as direct maps?", [" ".join(answer(result))]))
    report.add(KeyFigures(_key_figures(result)))
    report.add(hub_matrix(result))
    report.add(Notes(_notes(result), title="How to read this"))
    report.add(summary_table(result))
    report.add(_network_table(result))
    report.add(fusion_summary(result))
    report.add(fusion_table(result))
    report.add(_cell_table(result))
    return report


def excess(result: HubResult, method: str) -> float:
    """What the hub loses more than the direct maps of `method`, on average."""
    summary = result.summary()
    return float(summary["hub"]["mean"] - summary["direct"][method]["mean"])


def answer(result: HubResult) -> tuple[str, str]:
    """Yes or no against the best kind of direct maps, and the figures."""
    summary = result.summary()
    best = min(summary["direct"], key=lambda m: float(summary["direct"][m]["mean"]))
    more = excess(result, best)
    text = (
        f"Through the hub it costs {100 * summary['hub']['mean']:.2f} points of the target network's accuracy on average, "
        f"through direct maps ({best}) {100 * summary['direct'][best]['mean']:.2f}: {100 * abs(more):.2f} "
        f"{'more' if more > 0 else 'less'}."
    )
    if "joined" in summary:
        text += f" With a network that joined later it costs {100 * summary['joined']['mean']:.2f}."
    whole = str(len(result.models))
    if fusion := summary.get("fusion", {}).get(whole):
        gain = 100 * fusion["mean_gain"]
        verdict = f"gain {gain:.2f} points over" if gain > 0 else f"lose {-gain:.2f} points against" if gain < 0 else "equal"
        text += f" All networks averaged in the hub {verdict} the best single one."
    return ("Yes." if more <= CHEAP else f"Not within {100 * CHEAP:g} points."), text.replace(" -", " −")


def hub_matrix(result: HubResult) -> Matrix:
    """Source networks down, target networks across; layers: accuracy and loss through the hub, loss beyond direct maps."""
    size, place = len(result.models), {name: i for i, name in enumerate(result.models)}
    cells = {(place[c.source], place[c.target]): c for c in result.cells}
    methods = list(result.cells[0].direct)
    names = ["accuracy", "loss", *(f"beyond {m}" for m in methods)]
    layers: dict[tuple[str, ...], np.ndarray] = {(name,): np.full((size, size), np.nan) for name in names}
    details = [["" for _ in range(size)] for _ in range(size)]
    for at in np.ndindex(size, size):
        if at[0] == at[1]:
            layers["accuracy",][at] = 100 * result.own_in_hub[at[0]].mean
            details[at[0]][at[1]] = f"{result.models[at[0]]} against itself in the hub"
            continue
        cell = cells[at]
        layers["accuracy",][at] = 100 * cell.hub.mean
        layers["loss",][at] = 100 * (cell.own - cell.hub.mean)
        for m in methods:
            layers[f"beyond {m}",][at] = 100 * (cell.direct[m].mean - cell.hub.mean)
        details[at[0]][at[1]] = "\n".join([f"{cell.source} → {cell.target}", *(f"{m}: {v}" for m, v in _parts(cell))])
    measures = {
        "accuracy": Measure("accuracy", "%", 2),
        "loss": Measure("loss against the target", "points", 2, better="low"),
        **{f"beyond {m}": Measure(f"loss beyond {m} maps", "points", 2, better="low") for m in methods},
    }
    return Matrix(
        "hub",
        result.models,
        result.models,
        layers,
        measures,
        title="Every network against every other through the hub",
        caption="Left image by the source network, right image by the target network, both moved into the hub. On the "
        "diagonal each network against itself there.",
        row_title="source",
        column_title="target",
        details={(): details},
    )


def summary_table(result: HubResult) -> Table:
    """Mean and largest loss of each way to compare."""
    summary = result.summary()
    ways: list[tuple[str, int, dict[str, float]]] = [("hub", len(result.models), summary["hub"])]
    if "joined" in summary:
        ways.append(("hub, one network joined later", len(result.models), summary["joined"]))
    ways.append(("hub, then the target's own space", 2 * len(result.models), summary["decoded"]))
    ways += [(f"direct ({method})", len(result.cells), losses) for method, losses in summary["direct"].items()]
    rows = [[way, maps, 100 * losses["mean"], 100 * losses["max"]] for way, maps, losses in ways]
    columns: list[str | Column] = [
        "way",
        Column("maps", format="d"),
        Column("mean loss", "points", ".2f"),
        Column("worst loss", "points", ".2f"),
    ]
    caption = "Losses against the target network's own accuracy, over all ordered pairs of networks."
    return Table("ways", columns, rows, title="Ways to compare", caption=caption)


def fusion_table(result: HubResult) -> Table:
    """Every fused group of networks, the best first."""
    columns: list[str | Column] = [
        "networks",
        Column("fused in the hub", "%", ".2f"),
        Column("mean of own scores", "%", ".2f"),
        Column("best single", "%", ".2f"),
        Column("gain", "points", ".2f", "fused in the hub against the best single network"),
        "best network",
    ]
    ordered = sorted(result.fusions, key=lambda f: -f.fused.mean)
    rows = [
        [
            "all" if len(f.models) == len(result.models) else " + ".join(f.models),
            *(100 * value for value in (f.fused.mean, f.averaged.mean, f.best, f.fused.mean - f.best)),
            f.best_model,
        ]
        for f in ordered
    ]
    caption = "Hub vectors of one image by several networks averaged into one template, on both sides of every pair."
    return Table("fusion", columns, rows, title="Every group of networks in one template", caption=caption)


def fusion_summary(result: HubResult) -> Table:
    """Fusion by the number of networks fused: brief, for a terminal."""
    columns: list[str | Column] = [
        Column("networks fused", format="d"),
        Column("mean gain", "points", ".2f", "over the best single one of them"),
        Column("of own scores' mean", "points", ".2f", "the gain of averaging the networks' own scores instead"),
        "better than the best",
    ]
    rows = [
        [int(size), 100 * row["mean_gain"], 100 * row["mean_gain_of_score_average"], f"{row['better']} of {row['of']}"]
        for size, row in result.summary()["fusion"].items()
    ]
    return Table("fusion-summary", columns, rows, title="Several networks in one template")


def _key_figures(result: HubResult) -> list[KeyFigure]:
    summary = result.summary()
    figures = [
        KeyFigure(f"{100 * summary['hub']['mean']:.2f} pts", "mean loss through the hub", f"{len(result.cells)} pairs")
    ]
    for method, values in summary["direct"].items():
        figures.append(KeyFigure(f"{100 * values['mean']:.2f} pts", f"mean loss, direct ({method})"))
    if "joined" in summary:
        figures.append(KeyFigure(f"{100 * summary['joined']['mean']:.2f} pts", "mean loss with a network that joined later"))
    return [*figures, KeyFigure(f"{summary['cycle']:.3f}", "cosine after A → hub → B → hub → A", "about the mean")]


def _notes(result: HubResult) -> list[Note]:
    summary = result.summary()
    notes = [
        Note(
            f"Direct ({PAIRWISE}) is the two-sided map of just two networks with the hub's own regularization; every fit is "
            "made without the fold that it is judged on.",
            code="direct",
        )
    ]
    if "joined" in summary:
        late = summary["joined"]["mean"] - min(v["mean"] for v in summary["direct"].values())
        text = f"A network that joins later, the others' maps held, loses {100 * late:.2f} points more than direct maps."
        notes.append(Note(text.replace(" -", " −"), "good" if late <= LATE else "warning", "joined"))
    for size, row in summary.get("fusion", {}).items():
        text = (
            f"Fusing {size} networks in the hub beats the best of them in {row['better']} of {row['of']} cases "
            f"(mean gain {100 * row['mean_gain']:.2f} points); averaging their own scores instead gains "
            f"{100 * row['mean_gain_of_score_average']:.2f}."
        )
        notes.append(Note(text.replace(" -", " −"), "good" if row["mean_gain"] > 0 else "note", f"fusion-{size}"))
    return notes


def _network_table(result: HubResult) -> Table:
    columns: list[str | Column] = [
        "network",
        Column("width", format="d"),
        Column("own accuracy", "%", ".2f"),
        *interval(),
        Column("in the hub", "%", ".2f", "against itself, both images moved into the hub"),
        Column("A → hub → A", "cosine", ".3f", "about the mean, images of the fold left out"),
    ]
    rows = [
        [name, dim, *percents(own.accuracy.mean, own.accuracy_low, own.accuracy_high), 100 * hub.mean, cycle]
        for name, dim, own, hub, cycle in zip(
            result.models, result.dims, result.native, result.own_in_hub, result.own_cycle, strict=True
        )
        if own.accuracy is not None
    ]
    return Table("networks", columns, rows, title="Networks")


def _cell_table(result: HubResult) -> Table:
    heads = [name for name, _ in _parts(result.cells[0])]
    columns: list[str | Column] = ["source", "target", *(Column(h, format=".3f" if h == "cycle" else ".2f") for h in heads)]
    rows = [[c.source, c.target, *(value for _, value in _values(c))] for c in result.cells]
    return Table("cells", columns, rows, title="All pairs of networks", caption="Accuracies in percent; cycle is a cosine.")


def _values(cell: HubCell) -> list[tuple[str, float]]:
    parts = [("target alone", 100 * cell.own), ("hub", 100 * cell.hub.mean)]
    parts += [(f"direct ({m})", 100 * a.mean) for m, a in cell.direct.items()]
    parts += [(f"{w} joined", 100 * a.mean) for w, a in zip(("source", "target"), cell.joined, strict=False)]
    return [*parts, ("own space", 100 * cell.decoded.mean), ("cycle", cell.cycle)]


def _parts(cell: HubCell) -> list[tuple[str, str]]:
    return [(name, f"{value:.3f}" if name == "cycle" else f"{value:.2f}") for name, value in _values(cell)]
