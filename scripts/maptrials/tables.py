"""Losses of many ordered pairs of networks: mean, worst, and how far the mean may be off; as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from .trials import Trial

Key = tuple[str, str, str, str]  # trial, method, source, target
NORMAL = 1.96  # of 95 % intervals


class Decisions:
    """Which pairs are decided rightly, by trial, method and ordered pair of networks; kept in a folder if one is given."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.right: dict[Key, np.ndarray] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def work(self, name: str, trials: dict[str, Trial], make: Callable[[], Iterable[tuple[Key, np.ndarray]]]) -> None:
        """What `make` gives, or what an earlier run kept as `name`, if it is of as many pairs."""
        path = None if self.folder is None else self.folder / f"{name}.npz"
        if path is not None and path.exists():
            with np.load(path) as file:
                kept = {tuple(key.split("|")): file[key] for key in file.files}
            if all(len(right) == len(trials[key[0]].same) for key, right in kept.items()):
                self.right |= kept
                return
        found = dict(make())
        self.right |= found
        if path is not None:
            np.savez_compressed(path, **{"|".join(key): right for key, right in found.items()})

    def losses(self, trial: Trial, method: str, ordered: Sequence[tuple[str, str]]) -> np.ndarray | None:
        """(ordered pairs, n): 1 where the target alone is right, −1 where the map alone is; None where any is missing."""
        keys: list[Key] = [(trial.name, method, source, target) for source, target in ordered]
        if not keys or any(key not in self.right for key in keys):
            return None
        return np.array([trial.own[key[3]].astype(np.int8) - self.right[key] for key in keys])


def cell(trial: Trial, losses: np.ndarray | None) -> str:
    """Mean, its interval and the worst, in points."""
    if losses is None:
        return "–"
    value, half = float(losses.mean()), NORMAL * trial.error(losses.mean(axis=0))
    worst = float(losses.mean(axis=1).max())
    return f"{100 * value:.2f} [{100 * (value - half):.2f}, {100 * (value + half):.2f}], {100 * worst:.2f}"


def table(
    decisions: Decisions,
    trials: Sequence[Trial],
    methods: Sequence[str],
    ordered: Sequence[tuple[str, str]],
    title: str,
    against: Sequence[tuple[str, str]] = (),
) -> str:
    """A row for each method that is there for all ordered pairs on any trial; `against`: methods less others."""
    if not ordered:
        return f"{title}: no pair of networks"
    nets = sorted({net for pair in ordered for net in pair})
    lines = [
        f"{title}: {len(ordered)} ordered pairs of {len(nets)} networks",
        "",
        "| points lost: mean [95 %], worst | " + " | ".join(trial.name for trial in trials) + " |",
        "|---|" + "---|" * len(trials),
    ]
    for method in methods:
        cells = [cell(trial, decisions.losses(trial, method, ordered)) for trial in trials]
        if any(one != "–" for one in cells):
            lines.append(f"| {method} | " + " | ".join(cells) + " |")
    for one, other in against:
        both = [[decisions.losses(trial, method, ordered) for method in (one, other)] for trial in trials]
        cells = [cell(trial, None if a is None or b is None else a - b) for trial, (a, b) in zip(trials, both, strict=True)]
        if any(one != "–" for one in cells):
            lines.append(f"| *{one}* less *{other}* | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def count(trial: Trial) -> str:
    """How many pairs and people."""
    people = 1 + int(max(side.max() for side in trial.people))
    left_out = f", {trial.dropped} left out for want of an embedding" if trial.dropped else ""
    genuine = int(trial.same.sum())
    return f"{trial.name}: {genuine:,} + {len(trial.same) - genuine:,} pairs of {people:,} people{left_out}"
