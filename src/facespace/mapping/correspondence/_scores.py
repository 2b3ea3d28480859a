"""How far each pair's score stands out from strangers', by joint maps that saw neither the pair nor its people.

With a = probe(x) and b = reference(y) at unit length, and means and deviations over strangers of the pair's fold:

    z = ½ [(a·b − mean a·B) / sd a·B + (a·b − mean A·b) / sd A·b]

B are the strangers' references, A their probes (the S-norm of Shum and others, Odyssey 2010). A pair that does not
correspond is itself one of strangers, so its z is drawn from the strangers' law, near N(0, 1); of networks that agree, true
pairs' z is 5 to 15.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...embeddings import Floats, Strings
from ...row_index import Hashes
from ..families import JointMap
from ..held_out import HeldOut
from ..pairs import PARTS, Division
from ..selection import Comparer

STRANGERS = 256  # of a fold

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scored:
    """z of some pairs by the hashes of their ids, in pieces; a monoid under `+`."""

    pieces: tuple[tuple[Hashes, Doubles], ...] = ()

    def __add__(self, other: Scored) -> Scored:
        return Scored(self.pieces + other.pieces)

    def of(self, keys: Hashes) -> Doubles:
        """(n,) z of the pairs of these hashes."""
        known = np.concatenate([part for part, _ in self.pieces])
        z = np.concatenate([part for _, part in self.pieces])
        found = np.empty(len(keys))
        found[np.argsort(keys, kind="stable")] = z[np.argsort(known, kind="stable")]
        return found


@dataclass(frozen=True, eq=False)
class Judges:
    """A joint map of each fold, fitted without it, and strangers of the fold on both sides, where they are compared."""

    maps: tuple[Comparer, ...]
    probes: tuple[Floats, ...]
    references: tuple[Floats, ...]
    people: tuple[Hashes, ...]

    @classmethod
    def of(cls, held: HeldOut, units: Hashes, regularization: float) -> Judges:
        """Of statistics by fold and a sample; `units` (m,) are the hashes of the sample's people."""
        maps: list[Comparer] = []
        probes, references, people = [], [], []
        with threadpool_limits(1):
            for number, training in enumerate(held.training):
                maps.append(JointMap(regularization).fit_statistics(training))
                rows = np.flatnonzero(held.part == number)
                rows = rows[np.unique(units[rows], return_index=True)[1]][:STRANGERS]  # one of each person
                probes.append(_unit(maps[-1].probe(held.x[rows])))
                references.append(_unit(maps[-1].reference(held.y[rows])))
                people.append(units[rows])
        return cls(tuple(maps), tuple(probes), tuple(references), tuple(people))

    def scores(self, x: Floats, y: Floats, part: NDArray[np.uint8], unit: Hashes) -> Doubles:
        """(n,) z of L2-normalised pairs (n, p), (n, q) of these folds and people.

        Pairs of unknown people are in no fold: the first fold's map did not see them either.
        """
        z = np.empty(len(x))
        for number, fitted in enumerate(self.maps):
            rows = np.flatnonzero((part == number) | ((part >= PARTS) & (number == 0)))
            if not len(rows):
                continue
            a, b = _unit(fitted.probe(x[rows])), _unit(fitted.reference(y[rows]))
            own = np.vecdot(a, b)
            stranger = unit[rows][:, None] != self.people[number]
            z[rows] = 0.5 * (
                _standing(own, a @ self.references[number].T, stranger) + _standing(own, b @ self.probes[number].T, stranger)
            )
        return z

    def __call__(self, ids: Strings | None, subjects: Strings | None, x: Floats, y: Floats, division: Division) -> Scored:
        """The work on one block of pairs."""
        return Scored(((division.key, self.scores(x, y, division.part, division.unit)),))

    def of_strangers(self, held: HeldOut, units: Hashes) -> Doubles:
        """z of pairs that don't correspond: each of the sample's sources with another person's target of its fold."""
        found = []
        for number in range(PARTS):
            rows = np.flatnonzero(held.part == number)
            other = np.roll(rows, len(rows) // 2)
            fit = units[rows] != units[other]
            found.append(
                self.scores(held.x[rows[fit]], held.y[other[fit]], np.full(fit.sum(), number, np.uint8), units[rows[fit]])
            )
        return np.concatenate(found)


def _standing(own: Floats, strangers: Floats, counted: NDArray[np.bool_]) -> Doubles:
    count = np.maximum(counted.sum(axis=1), 2)
    scores = np.where(counted, strangers, 0).astype(np.float64)
    mean = scores.sum(axis=1) / count
    deviation = np.sqrt(np.maximum((scores**2).sum(axis=1) / count - mean**2, 1e-12))
    return np.asarray((own - mean) / deviation)


def _unit(vectors: Floats) -> Floats:
    lengths = np.sqrt(np.vecdot(vectors, vectors))[:, None]
    return np.asarray(vectors / np.maximum(lengths, np.finfo(np.float32).tiny))
