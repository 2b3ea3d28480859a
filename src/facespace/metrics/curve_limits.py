"""Intervals of the two figures that sum up a whole curve: its area (AUC) and the equal error rate.

AUC is the mean over genuine pairs of the share of impostor scores below each, and the mean over impostor pairs of the share
of genuine scores above each. To first order its error is the sum of both means' (DeLong, DeLong, Clarke-Pearson, Biometrics
44, 1988), here with people as the sample (`_dyads.py`); the limits are Wilson's with as many independent trials as have that
variance. Of a good network's pairs few are out of order, those of k people in effect, and say little about that variance. So
one person more is added, with the variance of exponential scores, ε/4 of an area 1 − ε (Newcombe, Statistics in Medicine 25,
2006), and Student's t with k degrees of freedom takes the place of the normal; as `_limits.genuine_limits` does for rates.

The equal error rate e is where TAR(e) = 1 − e. A rate f may be e as long as 1 − f lies within the limits of TAR at FAR f
(`intervals.tar_limits`), so the interval of e is of these f: a test turned round, which needs no density of scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from ..results import fields
from ._dyads import Dyads
from ._limits import quantile, wilson


@dataclass(frozen=True)
class CurveLimits:
    """Ends of the intervals of AUC and EER; None where none were computed."""

    auc_low: float | None = None
    auc_high: float | None = None
    eer_low: float | None = None
    eer_high: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As they stand in documents."""
        return fields(self, "auc_low", "auc_high", "eer_low", "eer_high")

    @property
    def auc(self) -> str:
        """For people, "" where there is none."""
        low, high = self.auc_low, self.auc_high
        return "" if low is None or high is None else f"95 %: {low:.5f} to {high:.5f}"

    @property
    def eer(self) -> str:
        """For people, in percent, "" where there is none."""
        low, high = self.eer_low, self.eer_high
        return "" if low is None or high is None else f"95 %: {100 * low:.2f} to {100 * high:.2f}"


_STEPS = 50  # to how small a part of its half-width an end of the interval is sought


def auc_limits(
    dyads: Dyads, genuine: NDArray[np.floating], impostor: NDArray[np.floating], down: NDArray[np.floating], level: float
) -> tuple[float, float]:
    """Limits of the area under the curve; scores in the list's order, `down` the impostor scores descending."""
    above = _not_below(genuine, down[::-1])  # impostor scores that are not below a genuine one, ties half
    rows = np.flatnonzero(impostor >= genuine.min())
    below = 1 - _not_below(impostor[rows], np.sort(genuine))
    one, two = dyads.of_genuine(above), dyads.of_impostors(rows, below)
    variance = one.variance + two.variance + 2 * dyads.covariance(one, two)
    area = 1 - one.mean
    errors = dyads.by_genuine_person(above)
    people, freedom = 0.0, math.inf
    if 0 < area < 1 and variance > 0:
        people = freedom = float(errors.sum() ** 2 / (errors @ errors))
    inverse = people * variance / (area * (1 - area)) if people else 0.0
    trials = (people + 1) / (inverse + dyads.cluster / (4 * dyads.n_genuine))
    return wilson(area, trials, quantile(level, freedom))


def _not_below(scores: NDArray[np.floating], ascending: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n,) the share of `ascending` that is not below each score, ties counting half."""
    under = np.searchsorted(ascending, scores, side="left") + np.searchsorted(ascending, scores, side="right")
    return 1 - under / (2 * len(ascending))


def eer_limits(eer: float, tar: Callable[[float], tuple[float, float]]) -> tuple[float, float]:
    """Limits of the equal error rate `eer`; `tar` gives the limits of TAR at a FAR."""
    low, high = tar(eer)
    return _end(lambda far: tar(far)[1] + far - 1, eer, 0.0, high + eer - 1), _end(
        lambda far: tar(far)[0] + far - 1, eer, 1.0, low + eer - 1
    )


def _end(excess: Callable[[float], float], eer: float, far: float, there: float) -> float:
    """Between `eer`, where `excess` is `there`, and `far`: where it, which rises with the rate, is 0."""
    if eer == far or (there <= 0) == (far < eer):
        return eer
    # By strides that double, so that what is far away, and dear to compute, is not asked for.
    near, stride = eer, max(abs(there), 1e-9)
    while True:
        beyond = min(max(near + (stride if far > eer else -stride), 0.0), 1.0)
        if (excess(beyond) > 0) == (there > 0):
            if beyond == far:
                return far
            near, stride = beyond, 2 * stride
            continue
        return float(optimize.brentq(excess, near, beyond, xtol=max(abs(there) / _STEPS, 1e-12), rtol=1e-6))
