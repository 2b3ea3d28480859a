"""Pairs that are listed as two people and score like one: label errors, twins, one photo under two names.

A handful of them rules the far tail of a public set: 32 pairs of names in LFW are one person, twins or one image. A pair is
suspicious if it scores at least as high as the median genuine pair, where the tail that all lower scores tell expects fewer
than half a pair in the whole set. A weak network, whose strangers do score so high, flags none for that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .evidence import Genuine, Impostors, Rows, Triangles, impostors
from .model import Model, estimate
from .shape import taken_shape
from .tail import Doubles

Scored = Callable[[], tuple[Doubles, Triangles, Genuine]]
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
    rest = impostors(scores, pairs, people, high)
    found: Model = estimate(rest, genuine, taken_shape(rest))
    kept = high[len(scores) * found.tail.fmr(scores[high]) < _EXPECTED]
    return kept[np.argsort(-scores[kept], kind="stable")]


def evidence_of_all(scored: Sequence[Scored], people: int) -> tuple[list[tuple[Impostors, Genuine]], list[tuple[int, int]]]:
    """The evidence of several systems on the same images: each gives impostor scores (M,) of the same pairs, and
    genuine ones.

    A pair that any system suspects counts for none, so that all are judged by the same pairs; these pairs come too.
    """
    left_out: Rows = np.empty(0, dtype=np.intp)
    for score in scored:
        scores, two, genuine = score()
        left_out = np.union1d(left_out, suspicious(scores, two, people, genuine))
    found = []
    for score in scored:  # scores are made twice: those of all systems together may not fit into memory
        scores, two, genuine = score()
        found.append((impostors(scores, two, people, left_out), genuine))
    return found, list(zip(two[0][left_out].tolist(), two[1][left_out].tolist(), strict=True))
