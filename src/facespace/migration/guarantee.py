"""How much a move may lose at most: exact bounds on the trials that go from right to wrong and from wrong to right.

Of n genuine trials b are accepted before the move only and c after it only; the loss of TAR is (b − c) / n. With Clopper and
Pearson's limits of either share, each left out with the probability ε = (1 − level) / 4 (Bonferroni: four limits),

    low = L_b − U_c,    high = U_b − L_c

A bootstrap over people covers 78 to 89 % where these cover 95 % and more (spec, "The guarantee"). Several trials of a person
depend on each other: n, b and c are divided by the design effect of their difference.

Source: Clopper, Pearson, The use of confidence or fiducial limits, Biometrika 26, 1934; the design effect as in
`metrics._limits.genuine_limits` (Korn, Graubard, Survey Methodology 24, 1998).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..results import fields

POWER = 0.8
_MOST = 10_000_000  # trials; whoever needs more will not find them
_DRAWS = 2000

Decision = Literal["go", "stop", "more"]


@dataclass(frozen=True)
class Loss:
    """TAR before the move less TAR after it, on the same trials.

    Attributes:
        loss, low, high: the difference, a share; and its limits at `level`.
        lost, gained: trials accepted before only, after only. trials, people: how many there are.
        design_effect: how many trials of this list are worth one independent one.
    """

    loss: float
    low: float
    high: float
    lost: int
    gained: int
    trials: int
    people: int
    design_effect: float
    level: float

    def decision(self, margin: float) -> Decision:
        """`go`: the loss is surely below `margin` (a share); `stop`: surely above; else `more` people are needed."""
        return "go" if self.high <= margin else "stop" if self.low > margin else "more"

    def people_needed(self, margin: float) -> int | None:
        """How many people would decide for go with 80 % power, were the loss what it seems; None where no number would."""
        independent = self.trials / self.design_effect
        shares = ((self.lost + 0.5) / (self.trials + 1), (self.gained + 0.5) / (self.trials + 1))
        found = trials_needed(*shares, margin, level=self.level)
        return None if found is None else math.ceil(found * self.people / independent)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document."""
        names = ("loss", "low", "high", "lost", "gained", "trials", "people", "design_effect", "level")
        return fields(self, *names)


def loss_of(before: NDArray[np.bool_], after: NDArray[np.bool_], person: NDArray[np.intp], level: float = 0.95) -> Loss:
    """The loss from what was accepted (n,) before and after, in the same trials; `person` (n,) codes whose they are."""
    lost, gained = before & ~after, after & ~before
    n, b, c = len(before), int(lost.sum()), int(gained.sum())
    count = np.bincount(person)
    difference = np.bincount(person, weights=lost.astype(np.float64) - gained)
    people = int((count > 0).sum())
    spread = difference - (b - c) / n * count
    variance = float(spread @ spread) * people / max(people - 1, 1)
    # One more discordant trial, of a person whose trials all change together: few say little about the effect.
    cluster = float(count @ count) / n
    effect = max((variance + cluster) / (b + c - (b - c) ** 2 / n + 1), 1.0)
    low, high = limits(b / effect, c / effect, n / effect, level)
    return Loss((b - c) / n, float(low), float(high), b, c, n, people, effect, level)


def limits(lost: Any, gained: Any, trials: Any, level: float = 0.95) -> tuple[Any, Any]:
    """(low, high) of the loss from counts, which may be arrays, and fractions where trials depend on each other."""
    miss = (1 - level) / 4
    (low_b, high_b), (low_c, high_c) = (_clopper_pearson(count, trials, miss) for count in (lost, gained))
    return low_b - high_c, high_b - low_c


def _clopper_pearson(count: Any, trials: Any, miss: float) -> tuple[Any, Any]:
    count = np.asarray(count, dtype=np.float64)
    rest = np.maximum(trials - count, 0)
    low = np.where(count > 0, stats.beta.ppf(miss, np.maximum(count, 1e-9), rest + 1), 0.0)
    high = np.where(rest > 0, stats.beta.isf(miss, count + 1, np.maximum(rest, 1e-9)), 1.0)
    return low, high


def trials_needed(
    lost: float, gained: float, margin: float, *, power: float = POWER, level: float = 0.95, seed: int = 0
) -> int | None:
    """Independent trials with which `high` is at most `margin` with probability `power`; None where that takes over 10⁷.

    `lost`, `gained`: the true shares of trials that change. Found by halving, with 2,000 draws at each number.
    """
    if lost - gained >= margin:
        return None

    def enough(trials: int) -> bool:
        draws = np.random.default_rng(seed).multinomial(trials, [lost, gained, 1 - lost - gained], size=_DRAWS)
        return float(np.mean(limits(draws[:, 0], draws[:, 1], trials, level)[1] <= margin)) >= power

    top = 16
    while not enough(top):
        top *= 2
        if top > _MOST:
            return None
    bottom = top // 2
    while top - bottom > max(1, top // 200):
        middle = (top + bottom) // 2
        bottom, top = (bottom, middle) if enough(middle) else (middle, top)
    return top
