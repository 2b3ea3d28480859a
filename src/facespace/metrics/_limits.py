"""Limits of a rate from few or dependent trials, and of what is computed from two such rates."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ._dyads import Deviations, Dyads

Mask = NDArray[np.bool_]


def wilson(rate: float, trials: float, z: float) -> tuple[float, float]:
    """Wilson's score interval of a rate, also of a fractional number of independent trials; never of width zero.

    Source: Wilson, Probable inference, JASA 22, 1927.

    >>> [round(limit, 4) for limit in wilson(1.0, 100, 1.96)]
    [0.963, 1.0]
    """
    share = z * z / trials
    middle = (rate + share / 2) / (1 + share)
    half = math.sqrt(share * rate * (1 - rate) + share * share / 4) / (1 + share)
    return max(min(middle - half, rate), 0.0), min(max(middle + half, rate), 1.0)


def genuine_limits(dyads: Dyads, accepted: Mask, level: float) -> tuple[Deviations, float, float]:
    """Deviations and limits of the share of `accepted` genuine pairs: Wilson's with n / deff trials.

    The design effect deff compares the variance between people with the binomial one (Kish). Few errors say little about
    it, so one error more is added, of a person whose pairs all fail together; without any error deff is that of people
    whose pairs always agree. Where few people make the errors, Student's t takes the place of the normal: its degrees of
    freedom are Satterthwaite's, from how unevenly people contribute to deff.
    Wilson limits with such numbers: Korn, Graubard, Survey Methodology 24, 1998; Dean, Pagano, Survey Methodology 41, 2015.
    """
    found = dyads.of_genuine(accepted)
    n, rate = dyads.n_genuine, found.mean
    rare = ~accepted if rate > 0.5 else accepted
    errors = dyads.by_genuine_person(rare)
    total = float(errors.sum())
    binomial = total * (1 - total / n)
    deff = max((found.variance * n**2 + dyads.cluster) / (binomial + 1), 1.0)
    uneven = 0.0
    squares = (found.person * n) ** 2
    if total > 0 and squares.sum() > 0:
        uneven = float(((squares / squares.sum() - errors / total) ** 2).sum())
    return found, *wilson(rate, n / deff, quantile(level, 2 / uneven if uneven > 1e-9 else math.inf))


def quantile(level: float, freedom: float = math.inf) -> float:
    """Of the two-sided interval at `level`: the normal's 1.96 at 95 %, or Student's with at least one degree of freedom."""
    tail = (1 + level) / 2
    return float(stats.norm.ppf(tail) if math.isinf(freedom) else stats.t.ppf(tail, max(freedom, 1.0)))


def mover_half_width(first: float, second: float, correlation: float) -> float:
    """Half-width of a sum from the half-widths of its parts on the same side (MOVER).

    Source: Zou, Donner, Construction of confidence limits about effect measures, Statistics in Medicine 27, 2008.
    """
    return math.sqrt(max(first * first + second * second + 2 * correlation * first * second, 0.0))
