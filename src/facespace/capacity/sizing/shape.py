"""The shape ξ of the tail: what a set says of it, drawn towards what networks have by as much as the set leaves open.

From k independent excesses probability-weighted moments tell ξ with the variance (Hosking, Wallis 1987, eq. 13)

    v = (1 − ξ)(2 − ξ)²(1 − ξ + 2ξ²) / ((1 − 2ξ)(3 − 2ξ)) / k

Excesses of pairs that share a person are not quite independent, which draws of people show. But weights w_i w_j, exponential
of mean 1, have variance 3, so that draws count what differs from pair to pair three times, what differs from person to
person once: with V the variance of ξ over draws, s² = v + max(0, V − 3v). Over parts of LFW's people ξ spreads by .055,
where s is .056 (edgeface-xxs, 500 people; V alone says .090).

Below 1,000 people a set is too small to tell ξ alone. Networks on LFW have ξ from −.10 to −.03, Gaussian embeddings
−.15. With the prior N(−.06, .04²) for a network the set's own ξ counts by λ = .04² / (.04² + s²), about .35 at 500
people. A draw is λ times one of the set's own ξ and 1 − λ times one of the prior's: were V = s², it would have mean and
variance of the posterior. V is larger, and is left so, because tails are no exact Pareto: with draws of variance s² the
intervals held the closed form of Gaussian people of two kinds less often than they should. The estimate itself takes ξ
= −.05: from so few people the set's own ξ, by λ too, made N* of five networks on LFW no better (median factor 1.5–2.3
against 1.5–2.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .evidence import Impostors
from .tail import Doubles, pareto_moments

FEW_PEOPLE = 1000  # fewer don't tell ξ alone
PRIOR, PRIOR_SPREAD = -0.06, 0.04
FEW_SHAPE = -0.05
_ENDS = (-0.2, 0.05)  # Gaussian scores have −.15 so far out, and a lower ξ ends the tail before N* has an end


@dataclass(frozen=True, eq=False)
class Shape:
    """ξ.

    Attributes:
        value: what it is taken as.
        own, error: by this set alone, with its standard error s.
        weight: λ, 1 from 1,000 people.
        draws: (b,) one for each draw of people.
    """

    value: float
    own: float
    error: float
    weight: float
    draws: Doubles


def tail_shape(found: Impostors, weights: Sequence[Doubles], rng: np.random.Generator) -> Shape:
    """ξ by a set, of whose people each draw has `weights` (≥ P,); `rng` draws from the prior, for each network its own."""
    excess = found.scores - found.start
    own = pareto_moments(excess)[1]
    drawn = np.array([pareto_moments(excess, w[found.left] * w[found.right])[1] for w in weights])
    variance = pairs_variance(own, len(excess))
    seen = float(drawn.var())
    error = float(np.sqrt(variance + max(0.0, seen - 3 * variance)))
    weight = PRIOR_SPREAD**2 / (PRIOR_SPREAD**2 + error**2) if found.people < FEW_PEOPLE else 1.0
    others = PRIOR + PRIOR_SPREAD * rng.normal(size=len(drawn))
    # Draws must not end before N* has an end; an estimate of many people is what it is.
    return Shape(taken_shape(found), own, error, weight, np.clip(weight * drawn + (1 - weight) * others, *_ENDS))


def taken_shape(found: Impostors) -> float:
    """What ξ is taken as."""
    own = pareto_moments(found.scores - found.start)[1]
    return own if found.people >= FEW_PEOPLE else FEW_SHAPE


def pairs_variance(shape: float, pairs: int) -> float:
    """v, of ξ by `pairs` independent excesses.

    >>> round(pairs_variance(0.0, 500) ** 0.5, 4)  # √(4/3 / 500)
    0.0516
    """
    x = float(np.clip(shape, *_ENDS))  # the moments' variance has no meaning for ξ ≥ ½
    return (1 - x) * (2 - x) ** 2 * (1 - x + 2 * x * x) / ((1 - 2 * x) * (3 - 2 * x)) / pairs
