"""Whom does the system confuse? Each person's own rate of false matches, by the model of the gallery's size, and with whom.

In that model the false match rates of people follow a gamma distribution of shape r about the mean FMR (`model.py`). Of
n − 1 others a_i reach the threshold against person i, a Poisson number if their rate is given, so that it is again gamma:

    FMR_i | a_i ~ Gamma(r + a_i, rate r / FMR + n − 1)        mean (r + a_i) / (r / FMR + n − 1)

(empirical Bayes: Clayton, Kaldor, Biometrics 43, 1987). A person without a false match has a rate too, and one with a few
is drawn towards all. Intervals: 95 % of this distribution over the draws of people, each with its own FMR and r.
"""

from __future__ import annotations

import numpy as np

from ...embeddings import Strings
from .curve import ENDS, Answer, above
from .evidence import Impostors
from .result import ConfusedPerson, Estimated

_EACH = 20  # gammas a draw
_NAMED = 20  # others of one person


def confused_people(found: Impostors, answer: Answer, ids: Strings, seed: int) -> tuple[ConfusedPerson, ...]:
    """All people whose image is among `ids` (P,), by falling rate; none where the threshold is below the scores kept."""
    tau = answer.threshold.value
    if tau < found.start:
        return ()
    counts = above(found, tau).astype(np.intp)
    rates = {int(a): _rate(answer, int(a), found.people - 1, seed) for a in np.unique(counts)}
    kept = np.flatnonzero(found.scores >= tau)[::-1]  # highest first
    matches: dict[int, list[tuple[str, float]]] = {}
    for place in kept.tolist():
        left, right, score = int(found.left[place]), int(found.right[place]), float(found.scores[place])
        for one, other in ((left, right), (right, left)):
            if len(named := matches.setdefault(one, [])) < _NAMED:
                named.append((str(ids[other]), score))
    order = np.lexsort([np.arange(found.people), -counts])
    return tuple(
        ConfusedPerson(str(ids[i]), int(counts[i]), rates[int(counts[i])], tuple(matches.get(i, ()))) for i in order.tolist()
    )


def _rate(answer: Answer, count: int, others: int, seed: int) -> Estimated:
    """FMR of a person with `count` false matches among `others`."""
    rng = np.random.default_rng([seed, 11, count])
    value = _posterior(answer.model.crowding, answer.far.value, count, others)
    drawn = []
    for one, far in zip(answer.draws, answer.fars, strict=True):
        if one.crowding == 0:
            drawn.append(np.full(_EACH, far))
            continue
        mean = _posterior(one.crowding, far, count, others)
        shape = 1 / one.crowding + count
        drawn.append(rng.gamma(shape, mean / shape, _EACH))
    low, high = np.percentile(np.concatenate(drawn), ENDS).tolist()
    return Estimated(value, min(low, value), max(high, value))


def _posterior(crowding: float, far: float, count: int, others: int) -> float:
    """The mean of a person's FMR; `crowding` is 1/r.

    >>> round(_posterior(2.0, 1e-3, 5, 999), 6)  # five of 999 others, drawn a little towards 1 in 1,000
    0.003669
    """
    return far * (1 + crowding * count) / (1 + crowding * far * others)
