"""Reliabilities and disattenuated correlation written out: every pair of images of every person, one after the other."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence


def reliabilities(u: Sequence[float], v: Sequence[float], person: Sequence[int]) -> tuple[float, float, float, float]:
    """ρ_A, ρ_B, ρ_AB and κ along one direction; people with one image are left out, each other counts once."""
    people = [p for p in sorted(set(person)) if list(person).count(p) > 1]
    sums = [0.0] * 5
    for p in people:
        rows = [i for i, q in enumerate(person) if q == p]
        pairs = [(i, j) for i in rows for j in rows if i != j]
        sums[0] += sum(u[i] * u[j] for i, j in pairs) / len(pairs)
        sums[1] += sum(v[i] * v[j] for i, j in pairs) / len(pairs)
        sums[2] += sum(u[i] * v[j] for i, j in pairs) / len(pairs)
        sums[3] += sum(u[i] ** 2 for i in rows) / len(rows)
        sums[4] += sum(v[i] ** 2 for i in rows) / len(rows)
    a, b, c, s, t = (total / len(people) for total in sums)
    one, two, both = a / s, b / t, c / math.sqrt(s * t)
    return one, two, both, both / math.sqrt(one * two)


def covariances(
    vectors: Sequence[Sequence[float]], person: Sequence[int]
) -> tuple[list[float], list[list[float]], list[list[float]]]:
    """Mean, covariance, and covariance of identity from all pairs of different images of a person; people count once."""
    people, width = sorted(set(person)), range(len(vectors[0]))
    rows = {p: [i for i, q in enumerate(person) if q == p] for p in people}
    mean = [sum(sum(vectors[i][k] for i in rows[p]) / len(rows[p]) for p in people) / len(people) for k in width]
    x = [[value - middle for value, middle in zip(vector, mean, strict=True)] for vector in vectors]
    several = [p for p in people if len(rows[p]) > 1]
    covariance, identity = ([[0.0] * len(width) for _ in width] for _ in range(2))
    for k in width:
        for m in width:
            for p in people:
                covariance[k][m] += sum(x[i][k] * x[i][m] for i in rows[p]) / len(rows[p]) / len(people)
            for p in several:
                pairs = [(i, j) for i in rows[p] for j in rows[p] if i != j]
                identity[k][m] += sum(x[i][k] * x[j][m] for i, j in pairs) / len(pairs) / len(several)
    return mean, covariance, identity


def balanced_accuracy(scores: Sequence[float], same: Sequence[bool], fold: Sequence[int]) -> float:
    """Mean of the shares of right decisions on genuine and on impostor pairs, each fold with the others' best threshold."""
    right = {True: 0, False: 0}
    for f in sorted(set(fold)):
        others = [(s, g) for s, g, k in zip(scores, same, fold, strict=True) if k != f]
        levels = sorted({s for s, _ in others})
        middles = [(a + b) / 2 for a, b in itertools.pairwise(levels)]
        best = max(middles, key=lambda cut: _shares(others, cut))
        for s, g, k in zip(scores, same, fold, strict=True):
            right[g] += k == f and (s >= best) == g
    counts = {kind: sum(g == kind for g in same) for kind in (True, False)}
    return sum(right[kind] / counts[kind] for kind in (True, False)) / 2


def _shares(pairs: list[tuple[float, bool]], cut: float) -> float:
    genuine, impostor = ([s for s, g in pairs if g == kind] for kind in (True, False))
    return sum(s >= cut for s in genuine) / len(genuine) - sum(s >= cut for s in impostor) / len(impostor)
