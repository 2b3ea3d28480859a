"""Limits of a rate from few or dependent trials, and of what is computed from two such rates."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
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


def open_end(
    value: float,
    ends: ArrayLike,
    people: ArrayLike,
    *,
    level: float = 0.95,
    least: float = 0.0,
    most: float = 1.0,
) -> tuple[float, float]:
    """`ends`, opened where drawing people anew shrank them to a point at 0 or 1: nobody has the event, or everybody.

    Among n people none has an event of rate p with probability (1 − p)^n. The largest p at which that is as likely as the
    tail beyond an interval, (1 − level) / 2, is the upper end: 1 − 0.025^(1/n) at 95 %, about 3.7/n. All images of a person
    may fare alike, so people are counted, not images; of people with unequal numbers as many as equal ones would be worth,
    (Σ m)² / Σ m² (Kish). The same holds of a mean of any values from `least` to `most` that all lie at one end. Every other
    interval is given back as it is.

    Source: Clopper, Pearson, The use of confidence or fiducial limits, Biometrika 26, 1934; Hanley, Lippman-Hand, If
    nothing goes wrong, is everything all right?, JAMA 249, 1983, whose 3/n is the limit of one side at 95 %.

    Args:
        value: the rate. ends: (low, high). people: how many, or (n,) the images of each.

    >>> [round(end, 3) for end in open_end(0.0, (0.0, 0.0), 100)], open_end(0.01, (0.0, 0.03), 100)
    ([0.0, 0.036], (0.0, 0.03))
    """
    low, high = (float(end) for end in np.asarray(ends, dtype=np.float64))
    each = np.asarray(people, dtype=np.float64)
    n = float(each) if each.ndim == 0 else float(each.sum() ** 2 / max(float(each @ each), 1e-300))
    if high - low > 1e-9 or most - 1e-9 > value > least + 1e-9:
        return low, high
    reach = (most - least) * (1 - ((1 - level) / 2) ** (1 / n)) if n > 0 else most - least
    return (low, min(least + reach, most)) if value <= least + 1e-9 else (max(most - reach, least), high)


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
