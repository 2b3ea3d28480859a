"""How far a mean over pairs may be off, when pairs that share a person depend on each other.

The pairs of two people p ≠ q are one dyad {p, q}; the genuine pairs of a person belong to that person. For a mean
v̄ = Σ v_i / n, a person's (or dyad's) deviation is u = Σ (v_i − v̄) / n over its pairs, and U_p = Σ_q u_pq. Then

    genuine:  Var = Σ_p u_p²            impostor:  Var = Σ_p U_p² − Σ_d u_d²            both:  Cov = Σ_p u_p U_p

The second is the sum of u_d u_e over all dyads d, e that share a person, a dyad with itself counted once: Fafchamps,
Gubert, The formation of risk sharing networks, Journal of Development Economics 83, 2007; Aronow, Samii, Assenova,
Cluster-robust variance estimation for dyadic data, Political Analysis 23, 2015. It is right for sparse lists, where
drawing people with product weights counts a dyad's own part three times, and for all pairs alike. The estimate can come
out below Σ_d u_d², what independent dyads would have; people only add to that, so this is its least value. Means are
taken from the same people: the first is multiplied by G / (G − 1) of the G people with genuine pairs, the second by P /
(P − 1) of all, the third by the root of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Codes = NDArray[Any]  # whole numbers
Mask = NDArray[np.bool_]

_DENSE = 4  # so many cells (people × people) a pair are counted in one array; of more, those that occur are numbered first


@dataclass(frozen=True, eq=False)
class Deviations:
    """Of one mean: its value, what each person adds to its error (P,), and its variance."""

    mean: float
    person: Doubles
    variance: float


class Dyads:
    """Which people are in which pairs; `left` and `right` (n,) are codes from 0, `same` (n,) bool.

    `left` None: nobody is known, and every pair counts as if its people were in no other. `weights` (n,) say how much a pair
    counts; means are then weighted ones, and weights of mean 1 among the pairs of either kind.
    """

    def __init__(self, same: Mask, left: Codes | None, right: Codes | None, weights: Doubles | None = None) -> None:
        self.n_genuine = int(same.sum())
        self.n_impostor = len(same) - self.n_genuine
        kinds = (None, None) if weights is None else (weights[same], weights[~same])
        self._genuine_weight, self._impostor_weight = (None if w is None else w / w.mean() for w in kinds)
        if left is None or right is None:
            own: Codes = np.arange(self.n_impostor, dtype=np.int64)
            self.genuine: Codes = np.arange(self.n_genuine, dtype=np.int64)
            self.one: Codes = self.n_genuine + 2 * own
            self.two: Codes = self.n_genuine + 2 * own + 1
            self.people = self.n_genuine + 2 * self.n_impostor
            self._cell: Codes = own
            cells = self.n_impostor
        else:
            self.people = 1 + int(max(left.max(), right.max()))
            self.genuine = left[same]
            one, two = left[~same], right[~same]
            self.one, self.two = np.minimum(one, two), np.maximum(one, two)
            cells = self.people**2
            narrow = np.int32 if cells < 2**31 else np.int64
            self._cell = self.one.astype(narrow) * self.people + self.two.astype(narrow)
            if cells > _DENSE * len(same):
                names, self._cell = np.unique(self._cell, return_inverse=True)
                cells = len(names)
        self._sizes: Doubles = np.asarray(np.bincount(self._cell, self._impostor_weight, cells), dtype=np.float64)
        # Taking the mean from the same people costs one of them: of those who have such pairs.
        self._few = self.people / max(self.people - 1, 1)
        several = int(np.count_nonzero(np.bincount(self.genuine, minlength=1)))
        self._few_genuine = several / max(several - 1, 1)

    @cached_property
    def pairs_of(self) -> Doubles:
        """(P,) genuine pairs of each person."""
        return np.asarray(np.bincount(self.genuine, self._genuine_weight, self.people), dtype=np.float64)

    @cached_property
    def _impostors_of(self) -> Doubles:
        return self._by_person(slice(None), self._impostor_weight)

    @cached_property
    def _squares(self) -> float:
        return float(self._sizes @ self._sizes)

    @cached_property
    def cluster(self) -> float:
        """Genuine pairs of the person of a random genuine pair: Σ n_p² / Σ n_p."""
        return float(self.pairs_of @ self.pairs_of) / self.n_genuine

    def by_genuine_person(self, values: NDArray[np.floating] | Mask) -> Doubles:
        """(P,) the sum of `values` (genuine pairs,) over each person's."""
        weighed = values if self._genuine_weight is None else values * self._genuine_weight
        return np.asarray(np.bincount(self.genuine, weights=weighed, minlength=self.people), dtype=np.float64)

    def of_genuine(self, values: NDArray[np.floating] | Mask) -> Deviations:
        """Deviations of the mean of `values` (genuine pairs,), in their order in the list."""
        total = self.by_genuine_person(values)
        mean = float(total.sum()) / self.n_genuine
        person = (total - mean * self.pairs_of) / self.n_genuine
        return Deviations(mean, person, self._few_genuine * float(person @ person))

    def of_impostors(self, rows: NDArray[np.intp], values: Doubles | None = None) -> Deviations:
        """Deviations of the mean over all impostor pairs of a value that is `values` in `rows` (1 if None), 0 elsewhere."""
        n = self.n_impostor
        if self._impostor_weight is not None:
            values = self._impostor_weight[rows] * (1.0 if values is None else values)
        dyad = np.bincount(self._cell[rows], weights=values, minlength=len(self._sizes)).astype(np.float64, copy=False)
        mean = float(dyad.sum()) / n
        own = float(dyad @ dyad) - 2 * mean * float(dyad @ self._sizes) + mean**2 * self._squares
        person = (self._by_person(rows, values) - mean * self._impostors_of) / n
        own = max(own, 0.0) / n**2  # a difference of large numbers where the value is constant
        return Deviations(mean, person, self._few * max(float(person @ person) - own, own))

    def covariance(self, genuine: Deviations, impostor: Deviations) -> float:
        """Of a mean over genuine pairs and one over impostor pairs."""
        return float(np.sqrt(self._few_genuine * self._few)) * float(genuine.person @ impostor.person)

    def _by_person(self, rows: NDArray[np.intp] | slice, values: Doubles | None) -> Doubles:
        one, two = (np.bincount(side[rows], weights=values, minlength=self.people) for side in (self.one, self.two))
        total: Doubles = one.astype(np.float64) + two
        return total
