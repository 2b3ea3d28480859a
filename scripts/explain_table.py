"""Results of explain_tests.py as the tables of docs/explain.md."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from facespace.explain.fair import fair_result
from facespace.io import to_json

GAMES = (
    ("gain", "blur", "genuine, blur"),
    ("gain", "strangers", "genuine, strangers"),
    ("wrong partner", "blur", "wrong partner, blur"),
    ("wrong partner", "strangers", "wrong partner, strangers"),
    ("gain", "partner", "impostor, partner"),
    ("gain", "one stranger", "impostor, one stranger"),
)
OTHERS = (
    ("planted", "window", "window"),
    ("planted", "eyes", "eyes"),
    ("planted", "mouth", "mouth"),
    ("planted", "half", "half a face"),
    ("randomised", "all weights", "random weights"),
    ("agreement", "other people", "other people"),
    ("shifted", "one pixel", "shifted"),
)
ORDER = (
    *("occlusion", "minplus", "rise", "shap", "gradient-input", "smoothgrad", "integrated-gradients", "fggb"),
    *("reconstruction", "centre", "random", "inverted"),
)


def table(paths: Iterable[Path]) -> str:
    """Markdown: by network the games, all else, and what one map costs."""
    documents: dict[str, list[dict[str, Any]]] = {}
    joined: dict[str, list[Any]] = {}
    for path in paths:
        if path.suffix == ".json":
            document = json.loads(path.read_text())
            documents.setdefault(document["network"], []).append(document)
        else:
            name, found = pickle.loads(path.read_bytes())
            joined.setdefault(name, []).append(found)
    for name, parts in joined.items():
        known = {method for part in parts for _, _, method in part.values}
        whole = fair_result(parts, name, reference="reconstruction" if "reconstruction" in known else None)
        documents.setdefault(name, []).append(json.loads(to_json(whole)))
    lines: list[str] = []
    for name, found in documents.items():
        scores = {(s["test"], s["variant"], s["method"]): s for document in found for s in document["scores"]}
        costs = {c["method"]: c for document in found for c in document["costs"]}
        methods = [m for m in ORDER if any(key[2] == m for key in scores)]
        for title, columns in (("games", GAMES), ("other tests", OTHERS)):
            shown = [c for c in columns if any(key[:2] == c[:2] for key in scores)]
            lines += [f"\n{name}, {title}\n", _row(["map", *(head for *_, head in shown)]), _row(["---"] * (len(shown) + 1))]
            lines += [_row([m, *(_cell(scores.get((test, variant, m))) for test, variant, _ in shown)]) for m in methods]
        lines += [f"\n{name}, one face's map: passes, seconds of processor time\n"]
        lines += [f"    {m}: {_number(costs[m]['passes'])}, {costs[m]['seconds']:.3f}" for m in methods if m in costs]
        lines += [f"\n{name}, paired differences of the first map\n"]
        for key, score in scores.items():
            if key[2] == methods[0]:
                for d in score["differences"]:
                    lines.append(
                        f"    {key[0]} ({key[1]}) less {d['other']}: {d['difference']:+.3f} "
                        f"[{d['low']:+.3f}, {d['high']:+.3f}], {d['pairs']} pairs"
                    )
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(score: dict[str, Any] | None) -> str:
    if score is None:
        return ""
    mean, low, high = (f"{score[key]:.2f}".replace("0.", ".", 1) for key in ("mean", "low", "high"))
    return f"{mean} ({low} to {high}; {score['pairs']})"


def _number(passes: float | None) -> str:
    return "?" if passes is None else f"{passes:.0f}"
