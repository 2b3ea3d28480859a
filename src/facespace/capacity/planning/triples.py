"""Two images enrolled and one searched with, of the people who have three."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...embeddings import Floats, normalize
from ..person_pairs import Rows
from ..sizing import Doubles, Genuine, Triangles

_MOST = 20  # of one person
_BLOCK = 1024


@dataclass(frozen=True, eq=False)
class Triples:
    """Rows (t, 3): two images to enrol and one to search with, of person (t,) from 0; the first of each, (P, 3), is whom
    others are compared with."""

    rows: Rows
    person: Rows
    first: Rows

    @classmethod
    def of(cls, person: Rows, seed: int) -> Triples:
        """Of images whose people are `person` (n,): each one's images in random order, and every turn of it, 20 at most."""
        rng = np.random.default_rng([seed, 10])
        shuffled = rng.permutation(len(person))
        order = shuffled[np.argsort(person[shuffled], kind="stable")]
        groups = np.split(order, np.flatnonzero(np.diff(person[order])) + 1)
        groups = [group for group in groups if len(group) >= 3]
        groups = [groups[i] for i in rng.permutation(len(groups))]  # who is enrolled and who searches in a pair of people
        turned = [np.stack([np.roll(group, -k) for k in range(3)], axis=1)[:_MOST] for group in groups]
        if not turned:
            return cls(np.empty((0, 3), np.intp), np.empty(0, np.intp), np.empty((0, 3), np.intp))
        who = np.repeat(np.arange(len(turned)), [len(each) for each in turned])
        return cls(np.concatenate(turned), who, np.array([each[0] for each in turned]))

    @property
    def people(self) -> int:
        """How many have three images."""
        return len(self.first)

    def scored(self, unit: Floats, way: str) -> tuple[Doubles, Triangles, Genuine]:
        """Scores by `way`: "one" image enrolled, two "pooled" to their mean direction, or the "higher" score of two.

        Of any two people one is enrolled and the other searches. `unit` (n, d) has rows of unit length.
        """
        scores, left, right = [], [], []
        for start in range(0, self.people, _BLOCK):
            block = self.first[start : start + _BLOCK]
            sides = [side @ unit[self.first[start:, 2]].T for side in _enrolled(unit, block, way)]
            one, two = np.triu_indices(len(block), 1, sides[0].shape[1])
            scores.append(np.maximum.reduce([side[one, two] for side in sides]))
            left.append((one + start).astype(np.int32))
            right.append((two + start).astype(np.int32))
        probe = unit[self.rows[:, 2]]
        genuine = np.maximum.reduce([np.vecdot(side, probe) for side in _enrolled(unit, self.rows, way)])
        return np.concatenate(scores), (np.concatenate(left), np.concatenate(right)), Genuine.of(genuine, self.person)


def _enrolled(unit: Floats, rows: Rows, way: str) -> list[Floats]:
    """(t, d) each: what is enrolled, of which the highest score counts."""
    one, two = unit[rows[:, 0]], unit[rows[:, 1]]
    if way == "pooled":
        return [normalize(one + two)]
    return [one] if way == "one" else [one, two]
