"""error(n) = a + b n^−c: how a verification error falls with the number of pairs, once it has left chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

FARTHEST = 1e7  # an estimate beyond so many pairs is none
STEEPEST = 2.0

_GRID, _ROUNDS = 33, 11


@dataclass(frozen=True)
class PowerLaw:
    """error(n) = a + b n^−c, shares."""

    a: float
    b: float
    c: float

    def error(self, n: float) -> float:
        """The error of a map fitted on n pairs."""
        return float(self.a + self.b * n**-self.c)

    def pairs(self, error: float) -> float:
        """The n at which `error` is reached; infinite when the curve stays above it.

        >>> round(PowerLaw(0.01, 1.0, 1.0).pairs(0.02))
        100
        """
        if error <= self.a:
            return math.inf
        log_n = (math.log(self.b) - math.log(error - self.a)) / self.c
        return math.exp(log_n) if log_n < math.log(FARTHEST) else math.inf


def fit_law(n: Doubles, errors: Doubles) -> PowerLaw:
    """a ≥ 0, b > 0 and 0 < c ≤ 2 that minimise Σ (log error − log(a + b n^−c))².

    With a + b n^−c = s (ρ + (1 − ρ) (n / n₀)^−c) the best log s is a mean, so that ρ and c remain: a grid, narrowed about
    its best cell until the cells are small.
    """
    middle = float(np.exp(np.log(n).mean()))
    ratio, logs = np.log(n / middle), np.log(errors)
    low, high = np.array([0.0, 0.02]), np.array([1.0 - 1e-9, STEEPEST])
    ends = low.copy(), high.copy()
    for _ in range(_ROUNDS):
        rho, c = (np.linspace(a, b, _GRID) for a, b in zip(low, high, strict=True))
        shape = np.log(rho[:, None, None] + (1 - rho)[:, None, None] * np.exp(-c[None, :, None] * ratio))
        residual = logs - shape
        scale = residual.mean(axis=2)
        misfit = ((residual - scale[:, :, None]) ** 2).sum(axis=2)
        place = np.unravel_index(int(misfit.argmin()), misfit.shape)
        best = np.array([rho[place[0]], c[place[1]]])
        reach = 4 * (high - low) / (_GRID - 1)
        low, high = np.maximum(best - reach, ends[0]), np.minimum(best + reach, ends[1])
    size = math.exp(scale[place])
    return PowerLaw(size * float(best[0]), size * (1 - float(best[0])) * middle ** float(best[1]), float(best[1]))
