"""What `map` and `info` say about a fitted map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from ...mapping import LinearMap, TwoSidedMap

_SHOWN_ELSEWHERE = (
    "method",
    "family",
    "chosen",
    "pairs",
    "subjects",
    "pairing",
    "cross_validation",
    "note",
    "common_space",
    "agreement",
    "warnings",
    "excluded",
    "largest_gain",
    "losses",
    "licence",
    "storage_noise",
    "robust",
    "correspondence",
    "map",
    "files",
)
MUCH_NOISE = 0.05  # of the variance of mapped vectors


def describe(fitted: LinearMap | TwoSidedMap) -> dict[str, Any]:
    """The map as plain values: networks, widths, the common space of a two-sided one, and the facts of the fit."""
    from ...mapping import LinearMap

    models = {"source_model": fitted.source_model, "target_model": fitted.target_model}
    if isinstance(fitted, LinearMap):
        p, q = fitted.weight.shape
        storage = {"largest_gain": fitted.gain, "storage_noise": fitted.storage()}
        return {**models, "source_dim": p, "target_dim": q, **fitted.facts, **storage}
    p, q = len(fitted.source.weight), len(fitted.target.weight)
    space = {"name": fitted.name, "dim": fitted.dim, "correlations": fitted.correlations.tolist()}
    return {**models, "source_dim": p, "target_dim": q, **fitted.facts, "common_space": space}


def map_text(facts: dict[str, Any], head: str = "") -> RenderableType:
    """`describe`'s values for a terminal: one line, the candidates if there was a choice, notes, the other facts."""
    space = facts.get("common_space")
    arrow = "+" if space else "→"
    names = f"{facts['source_model'] or '?'} {arrow} {facts['target_model'] or '?'}"
    people = f" of {facts['subjects']:,} people" if facts.get("subjects") else ""
    pairing = {"same": " (same images)", "matched": " (matched pairs)"}.get(facts.get("pairing", ""), "")
    lines = [
        f"[bold]{escape(names)}[/], {facts['source_dim']} {arrow} {facts['target_dim']} numbers: "
        f"[bold]{escape(str(facts.get('chosen') or facts.get('method') or 'unknown method'))}[/], "
        f"fitted on {facts.get('pairs', 0):,} pairs{people}{pairing}"
    ]
    if space:
        r = space["correlations"]
        spread = f", correlations {r[0]:.2f} to {r[-1]:.2f}" if r else ""
        lines.append(f"both into [bold]{escape(space['name'])}[/], {space['dim']} numbers{spread}")
    for side, role in (("source_unmatched", "source"), ("target_unmatched", "target")):
        if facts.get(side):
            lines.append(f"[yellow]![/] {facts[side]:,} ids of the {role} have no partner and were left out")
    if facts.get("pairs_without_embedding"):
        lines.append(f"[yellow]![/] {facts['pairs_without_embedding']:,} pairs lack an embedding and were left out")
    if facts.get("excluded"):
        lines.append(f"{facts['excluded']:,} images of people to be judged on were left out")
    if facts.get("undetermined_directions"):
        lines.append(f"[yellow]![/] {facts['undetermined_directions']:,} source directions are in no pair")
    if "auc" in (agreement := facts.get("agreement", {})):
        low, high = agreement.get("auc_low"), agreement.get("auc_high")  # older maps have none
        between = "" if low is None else f"95 %: {low:.4f} to {high:.4f}; "
        lines.append(f"held-out pairs against impostors: AUC {agreement['auc']:.4f} ({between}{agreement['pairs']:,} pairs)")
    if told := facts.get("robust"):
        lines.append(f"{told['broken']:,} pairs ({100 * told['share']:.2g} %) that don't seem to correspond were left out")
    elif (checked := facts.get("correspondence")) is not None:
        lines.append(f"{checked.broken:,} of {checked.pairs:,} pairs don't seem to correspond")
    lines += [f"[yellow]![/] {escape(warning)}" for warning in facts.get("warnings", [])]
    if facts.get("note"):
        lines.append(f"[yellow]![/] {escape(facts['note'])}")
    if told := facts.get("losses"):
        way = "two_sided" if space else "one_sided"
        loss, low, high = (100 * told[f"{way}_{end}"] for end in ("loss", "low", "high"))
        lines.append(
            f"on people that it was not fitted on it loses [bold]{loss:.2f}[/] points of accuracy ({low:.2f} to {high:.2f}; "
            f"{told['pairs']:,} pairs of LFW, {told['people']:,} people, {100 * told['accuracy']:.2f} % without a map)"
        )
    if facts.get("licence"):
        lines.append(escape(str(facts["licence"])))
    if "storage_noise" in facts:
        shares = ", ".join(f"{100 * share:.2g} % as {name}" for name, share in facts["storage_noise"].items())
        mark = "[yellow]![/] " if max(facts["storage_noise"].values()) > MUCH_NOISE else ""
        lines.append(f"{mark}gain {facts['largest_gain']:.3g}; a stored source adds noise of {shares} to what it makes")
    known = (*_SHOWN_ELSEWHERE, "source_unmatched", "target_unmatched", "pairs_without_embedding", "undetermined_directions")
    rest = {k: v for k, v in facts.items() if k not in known and not k.endswith(("_model", "_dim")) and v is not None}
    rest = {key: value for key, value in rest.items() if value or isinstance(value, bool)}  # no counts of none
    if rest:
        lines.append("[dim]" + escape(", ".join(f"{key} {_short(value)}" for key, value in rest.items())) + "[/]")
    parts: list[RenderableType] = [Text.from_markup(line) for line in ([head] if head else []) + lines]
    if "cross_validation" in facts:
        parts.insert(len(parts) - bool(rest), _candidates(facts))
    return Group(*parts)


def _candidates(facts: dict[str, Any]) -> Group:
    judged = facts["cross_validation"]
    behind = judged.get("behind")  # older maps have none
    heads = ["candidate", "error %", *(["behind the best, SE"] if behind else [])]
    table = Table(*heads, box=None, pad_edge=False, header_style="bold")
    told = f"of {judged['pairs']:,} pairs, in {judged['parts']} folds that share nobody"
    if behind:
        told += "; taken is the first in the order of trial that is less than one standard error (SE) behind the best"
    for column in table.columns[1:]:
        column.justify = "right"
    for label, error in sorted(judged["error"].items(), key=lambda item: float(item[1])):
        style = "bold" if label == facts.get("chosen") else ""
        standing = [f"{behind[label]:.1f}"] if behind else []
        table.add_row(label, f"{100 * error:.2f}", *standing, style=style)
    return Group(table, Text(told, style="dim"))


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
