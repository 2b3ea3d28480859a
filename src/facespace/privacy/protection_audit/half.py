"""With how many leaked pairs does a protection fall to half?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def crossing(sizes: Sequence[int], rates: Doubles, level: float) -> float:
    """The number of pairs at which the rate first reaches `level`; ∞ if it never does.

    Between two numbers of pairs the rate is a straight line in their logarithm, between 0 and the next in their number.

    >>> crossing([0, 10, 100], np.array([0.0, 0.2, 0.6]), 0.1)
    5.0
    >>> round(crossing([0, 10, 100], np.array([0.0, 0.2, 0.6]), 0.4), 2)
    31.62
    """
    reached = np.flatnonzero(rates >= level)
    if not len(reached):
        return np.inf
    after = int(reached[0])
    if after == 0:
        return float(sizes[0])
    share = (level - rates[after - 1]) / (rates[after] - rates[after - 1])
    before, end = sizes[after - 1], sizes[after]
    if before == 0:
        return float(share * end)
    return float(before * (end / before) ** share)


def half_pairs(
    sizes: Sequence[int],
    named: Sequence[NDArray[np.bool_]],
    own: NDArray[np.bool_],
    person: NDArray[Any],
    *,
    resamples: int,
    seed: int,
) -> tuple[float, float, float]:
    """The number of pairs at which half of what plain templates give is reached, and its 95 % interval (∞ where never).

    `named`: for each number of pairs (repeats, n), which mated probes are named; `own` (n,): which are by the network's
    plain templates; `person` (n,). Each draw takes people and repeats anew, the same for all numbers of pairs.
    """
    _, person = np.unique(person, return_inverse=True)
    count, repeats = int(person.max()) + 1, len(named[0])
    rng = np.random.default_rng([seed, 7])
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=resamples).astype(np.float64)
    weight = drawn[:, person]
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1)
    chosen = rng.integers(0, repeats, (resamples, repeats))
    level = weight @ own.astype(np.float64) / 2
    each = np.stack(
        [np.take_along_axis(weight @ one.T.astype(np.float64), chosen % len(one), axis=1).mean(axis=1) for one in named]
    )
    found = [crossing(sizes, each[:, i], float(level[i])) for i in range(resamples)]
    value = crossing(sizes, np.array([one.mean() for one in named]), float(own.mean()) / 2)
    ordered = np.sort(found)  # a percentile between two ∞ would be no number
    return value, float(ordered[int(0.025 * resamples)]), float(ordered[min(int(0.975 * resamples), resamples - 1)])
