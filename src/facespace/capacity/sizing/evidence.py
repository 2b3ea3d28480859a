"""What a set says before anything is estimated: impostor scores of one image a person, genuine scores of all images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...embeddings import Floats
from ...errors import InputError
from .tail import Doubles

Rows = NDArray[np.intp]
Triangles = tuple[Rows, Rows]

_BLOCK = 1024
_LEAST_TAIL, _TAIL_SHARE, _MOST_SHARE = 500, 0.004, 0.1  # k; a small set has no 500 scores that are its tail
_BODY = 200


@dataclass(frozen=True, eq=False)
class Impostors:
    """Scores of one image each of P people.

    Attributes:
        people: P.
        pairs: M, the pairs that count; suspicious ones don't.
        scores: (k,) the largest, ascending, with left, right (k,) people from 0.
        start: u.
        best: (P,) each person's largest score.
        body_scores, body_shares: as in `Tail`.
    """

    people: int
    pairs: int
    scores: Doubles
    left: Rows
    right: Rows
    start: float
    best: Doubles
    body_scores: Doubles
    body_shares: Doubles


@dataclass(frozen=True, eq=False)
class Genuine:
    """Scores (g,) of pairs of images of one person, ascending, with their person (g,) and weight (g,), which sums to 1."""

    scores: Doubles
    person: Rows
    weights: Doubles

    @classmethod
    def of(cls, scores: Doubles, person: Rows) -> Genuine:
        """Each person counts once, however many pairs there are of them: a pair weighs 1/(pairs of its person).

        >>> Genuine.of(np.array([0.5, 0.7, 0.6]), np.array([4, 4, 9])).weights.tolist()  # ascending: .5, .6, .7
        [0.25, 0.5, 0.25]
        """
        order = np.argsort(scores, kind="stable")
        codes = np.unique(person[order], return_inverse=True)[1]
        weights = 1 / np.bincount(codes)[codes]
        return cls(np.asarray(scores, dtype=np.float64)[order], person[order], weights / weights.sum())

    def quantile(self, share: float, by_person: Doubles | None = None) -> float:
        """The score that a share of the weight falls short of; with `by_person` (P,) each person counts so often."""
        w = self.weights if by_person is None else self.weights * by_person[self.person]
        reached = (np.cumsum(w) - w / 2) / w.sum()
        return float(np.interp(share, reached, self.scores))


def triangle(unit: Floats) -> tuple[Doubles, Triangles]:
    """Scores (M,) of all pairs of rows (P, d), as float32, and who they are: left, right (M,)."""
    scores, left, right = [], [], []
    for start in range(0, len(unit), _BLOCK):
        block = unit[start : start + _BLOCK] @ unit[start:].T
        one, two = np.triu_indices(len(block), 1, block.shape[1])
        scores.append(block[one, two])
        left.append((one + start).astype(np.int32))
        right.append((two + start).astype(np.int32))
    return np.concatenate(scores), (np.concatenate(left), np.concatenate(right))


def impostors(scores: Doubles, pairs: Triangles, people: int, left_out: Rows) -> Impostors:
    """The evidence of all pairs (M,) but those in the places `left_out`. InputError where these are all, or nearly."""
    kept = np.ones(len(scores), dtype=np.bool_)
    kept[left_out] = False
    s, left, right = scores[kept], pairs[0][kept], pairs[1][kept]
    k = min(max(_LEAST_TAIL, int(_TAIL_SHARE * len(s))), int(_MOST_SHARE * len(s)))
    if k < 1:
        raise InputError(
            f"{len(left_out):,} of {len(scores):,} scores of two people are as high as those of one: nobody is told apart",
            "Are the people right, and are the vectors those that the network gave?",
        )
    ranks = np.unique(np.geomspace(k, len(s), _BODY).astype(np.intp))
    found = np.partition(s, np.minimum(len(s) - ranks, len(s) - 1))
    body = found[len(s) - ranks].astype(np.float64)
    start = float(body[0])
    top = np.flatnonzero(s >= np.float32(start))
    top = top[np.argsort(s[top], kind="stable")]
    best = np.full(people, -1.0, dtype=np.float32)
    np.maximum.at(best, left[top], s[top])
    np.maximum.at(best, right[top], s[top])
    return Impostors(
        people,
        len(s),
        s[top].astype(np.float64),
        left[top].astype(np.intp),
        right[top].astype(np.intp),
        start,
        best.astype(np.float64),
        body[::-1],
        ranks[::-1] / len(s),
    )
