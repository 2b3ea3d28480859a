"""TAR at the operating FAR of each way: the old network alone, the move, the new network alone; with thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..embeddings import Floats
from ..metrics import FEW_FALSE_ACCEPTS, Dyads, allowed_accepts, tar_limits
from ..results import fields
from .evidence import Direction, Evidence
from .guarantee import Loss, loss_of


@dataclass(frozen=True)
class Arm:
    """What one way of comparing gives at a FAR.

    Attributes:
        name: "old", "new", or the direction's.
        tar, low, high: share of the genuine trials accepted, and its interval over people.
        threshold: accepted is a cosine ≥ it, chosen at `far` on the impostor trials.
        far_low, far_high: between which FARs the threshold lies truly (95 %): so few false accepts placed it.
        false_accepts: impostor trials accepted; `effective_accepts`: as many independent ones as they are worth.
    """

    name: str
    far: float
    tar: float
    low: float
    high: float
    threshold: float
    far_low: float
    far_high: float
    false_accepts: int
    effective_accepts: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON document."""
        names = (
            "name",
            "far",
            "tar",
            "low",
            "high",
            "threshold",
            "far_low",
            "far_high",
            "false_accepts",
            "effective_accepts",
        )
        return fields(self, *names)


@dataclass(frozen=True, eq=False)
class Arms:
    """Every way on the same trials, and what each loses against the old network alone.

    `arms` by name, `losses` of all but "old", `genuine` and `impostor` how many trials there are.
    """

    arms: dict[str, Arm]
    losses: dict[str, Loss]
    genuine: int
    impostor: int
    warnings: tuple[str, ...]


def compare_arms(evidence: Evidence, directions: Sequence[Direction], far: float, level: float = 0.95) -> Arms:
    """The old network alone, each direction, and the new network alone, each at its own threshold for `far`."""
    trials = evidence.trials
    left, right = trials.sides
    genuine_count = len(trials.one)
    same = np.arange(len(left)) < genuine_count
    dyads = Dyads(same, left, right)
    person = evidence.person[trials.one]
    arms: dict[str, Arm] = {}
    accepted: dict[str, NDArray[np.bool_]] = {}
    ways: list[Direction | str] = ["old", *directions, "new"]
    for way in ways:
        name = way if isinstance(way, str) else way.name
        genuine, impostor = evidence.scores(way)
        arms[name], accepted[name] = _arm(name, dyads, genuine, impostor, far, level)
    losses = {name: loss_of(accepted["old"], accepted[name], person, level) for name in arms if name != "old"}
    impostor_count = len(left) - genuine_count
    few = min(arm.effective_accepts for arm in arms.values())
    warnings = []
    if few < FEW_FALSE_ACCEPTS:
        warnings.append(
            f"the {impostor_count:,} impostor trials of {evidence.people:,} people give false accepts at FAR {far:g} that "
            f"are worth {few:.2g} independent ones; fewer than {FEW_FALSE_ACCEPTS} are too few to place a threshold"
        )
    return Arms(arms, losses, genuine_count, impostor_count, tuple(warnings))


def _arm(
    name: str, dyads: Dyads, genuine: Floats, impostor: Floats, far: float, level: float
) -> tuple[Arm, NDArray[np.bool_]]:
    down = np.sort(impostor)[::-1]
    found = tar_limits(dyads, genuine, impostor, down, far, level)
    # Where no impostor may pass, just above the largest of them.
    threshold = float(np.nextafter(down[min(allowed_accepts(far, len(down)), len(down) - 1)], np.float32(np.inf)))
    tail = (1 - level) / 2
    effective = max(found.effective_accepts, 1e-9)
    less, more = (float(stats.gamma.ppf(q, effective) / effective) for q in (tail, 1 - tail))
    arm = Arm(
        name,
        far,
        found.tar,
        found.low,
        found.high,
        threshold,
        far * less,
        min(far * more, 1.0),
        len(found.rows),
        found.effective_accepts,
    )
    return arm, found.accepted
