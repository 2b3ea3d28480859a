"""Pairs that are listed as two people and score like one: label errors, twins, one photo under two names.

A handful of them rules the far tail of a public set: 32 pairs of names in LFW are one person, twins or one image. A pair is
suspicious if it scores at least as high as the median genuine pair, where the tail that all lower scores tell expects fewer
than half a pair in the whole set. A weak network, whose strangers do score so high, flags none for that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .evidence import Genuine, Rows, Triangles, impostors
from .model import Model, estimate
from .tail import Doubles

_EXPECTED = 0.5  # pairs


@dataclass(frozen=True)
class SuspectPair:
    """Two images under two names that score like one person's.

    Attributes:
        left, right: ids.
        score: their cosine.
        copy: whether both have the same vector.
    """

    left: str
    right: str
    score: float
    copy: bool


def suspicious(scores: Doubles, pairs: Triangles, people: int, genuine: Genuine) -> Rows:
    """Places (s,) of the suspicious ones among all impostor scores (M,), by falling score."""
    high = np.flatnonzero(scores >= np.float32(genuine.quantile(0.5)))
    if not len(high):
        return high
    found: Model = estimate(impostors(scores, pairs, people, high), genuine)
    kept = high[len(scores) * found.tail.fmr(scores[high]) < _EXPECTED]
    return kept[np.argsort(-scores[kept], kind="stable")]
