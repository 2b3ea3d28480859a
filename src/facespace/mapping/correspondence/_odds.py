"""From how far pairs stand out to the odds that they don't correspond: strangers' law and true pairs', mixed.

Strangers' z is normal. True pairs' has a normal upper half and, below, hard images (profiles, bad crops), so its law is
Student's t with 4 degrees of freedom about its median, with the upper half's deviation. The share π of pairs that don't
correspond is estimated by expectation-maximisation:

    odds(z) = π N(z) / ((1 − π) t(z)),    never less for a lower z
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

Doubles = NDArray[np.float64]

_FREEDOM = 4
_STEPS = 50


def log_odds(z: Doubles, strangers: Doubles) -> Doubles:
    """(n,) log odds that each pair does not correspond, of its z and those of strangers (m,)."""
    middle, spread = float(strangers.mean()), max(float(strangers.std()), 1e-6)
    least = 0.5 / len(z)  # below half a pair nothing can be measured
    broken = (z < middle + 2.33 * spread).astype(np.float64)
    odds = np.zeros(len(z))
    for _ in range(_STEPS):
        true = z[broken < 0.5]
        if len(true) < 2:
            return np.full(len(z), np.inf)
        median, high = np.quantile(true, [0.5, 0.8413])
        share = float(np.clip(broken.mean(), least, 0.99))
        # Below where the strangers' law is highest a lower score is no better.
        at = np.clip(z, middle - spread, median)
        wide = max(float(high - median), 1e-6)
        odds = norm.logpdf(at, middle, spread) - t.logpdf(at, _FREEDOM, median, wide) + np.log(share / (1 - share))
        new = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
        moved, broken = float(np.abs(new - broken).max()), new
        if moved < 1e-4:
            break
    return odds
