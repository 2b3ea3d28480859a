"""Which images of a set are compared: the same for every network, where images, people and seed are the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...embeddings import Floats
from ..person_pairs import Rows, genuine_pairs, one_each
from .evidence import Genuine, Triangles, triangle
from .tail import Doubles

_ENTRIES = 8000  # people compared with each other at most
_SEARCHES = 20  # of one person at most


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows of the images that are compared, and whose they are.

    Attributes:
        one: (P,) one random image a person.
        pairs: (g, 2) of images of one person; person: (g,) who, those of `one` first.
        probes: (h,) other images of the people of `one`; mates: (h,) who they are.
        whole: how many people there are, with those who have pairs and are not in `one`.
    """

    one: Rows
    pairs: Rows
    person: Rows
    probes: Rows
    mates: Rows
    whole: int

    @classmethod
    def of(cls, person: Rows, seed: int) -> Sample:
        """Of images whose people are `person` (n,), from 0."""
        rng = np.random.default_rng([seed, 7])
        pairs = genuine_pairs(person, rng)
        one = one_each(person, rng, _ENTRIES)
        # People with pairs beyond the entries that are compared keep their own weights, behind those of the entries.
        code = np.full(int(person.max()) + 1, -1)
        code[person[one]] = np.arange(len(one))
        code[code < 0] = np.arange(len(one), len(code))
        probes = rng.permutation(np.setdiff1d(np.arange(len(person)), one))
        probes = probes[code[person[probes]] < len(one)]
        mates = code[person[probes]]
        order = np.argsort(mates, kind="stable")
        probes, mates = probes[order], mates[order]
        kept = np.arange(len(mates)) - np.searchsorted(mates, mates) < _SEARCHES
        return cls(one, pairs, code[person[pairs[:, 0]]], probes[kept], mates[kept], len(code))

    @property
    def own(self) -> int:
        """People with genuine pairs."""
        return len(np.unique(self.person))

    def scored(self, unit: Floats) -> tuple[Doubles, Triangles, Genuine]:
        """Scores of all pairs of people, who they are, and genuine scores; `unit` (n, d) has rows of unit length."""
        return *self.impostor_scores(unit), self.genuine(unit)

    def genuine(self, unit: Floats) -> Genuine:
        """Genuine scores of rows of unit length (n, d)."""
        return Genuine.of(np.vecdot(unit[self.pairs[:, 0]], unit[self.pairs[:, 1]]), self.person)

    def impostor_scores(self, unit: Floats) -> tuple[Doubles, Triangles]:
        """Scores (M,) of all pairs of people, and who they are."""
        return triangle(unit[self.one])
