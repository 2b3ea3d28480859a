"""The images that two networks both saw, person by person, with folds of people and the pairs that maps are judged by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...embeddings import EmbeddingSet, Floats
from ...errors import InputError
from ...people import people_of

Rows = NDArray[np.intp]
Doubles = NDArray[np.float64]

FOLDS = 5
FEWEST = 4 * FOLDS  # people with two images or more: four in every fold
PAIRS_EACH = 6  # genuine pairs of every person with several images


@dataclass(frozen=True, eq=False)
class SharedImages:
    """Paired embeddings of labelled people, n images of P people.

    Attributes:
        x, y: (n, p), (n, q) L2-normalised vectors of the two networks; rows of one person lie together.
        person: (n,) code of each row's person, ascending from 0.
        fold: (P,) fold of each person, 0 … FOLDS − 1.
        warnings: what was left out.
    """

    x: Floats
    y: Floats
    person: Rows
    fold: NDArray[np.int64]
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, first: EmbeddingSet, second: EmbeddingSet, seed: int) -> SharedImages:
        """The images of known people that both sets have, in an order of its own. InputError if too few."""
        joined = first.join(second)
        left, right = joined.left, joined.right
        people = people_of(left, right).needed(left.ids, "either set")
        known = np.flatnonzero(people.known)
        codes = people.codes[known]
        order = np.lexsort((left.ids[known], codes))
        rows, person = known[order], codes[order]
        counts = np.bincount(person)
        several = int(np.count_nonzero(counts > 1))
        if several < FEWEST:
            raise InputError(
                f"agreement is told from different images of one person: {several} people have two images or more in both "
                f"sets, and {FEWEST} are needed",
                "Add images of more people, or a subject column that says whose images there are.",
            )
        # People with several images are dealt out first, so that every fold has as many of them.
        rng = np.random.default_rng([seed, 0])
        shuffled = rng.permutation(len(counts))
        fold = np.empty(len(counts), dtype=np.int64)
        fold[shuffled[np.argsort(counts[shuffled] < 2, kind="stable")]] = np.arange(len(counts)) % FOLDS
        warnings = people.left_out("the two sets")
        for name, missing in ((first.model, joined.left_only), (second.model, joined.right_only)):
            if len(missing):
                warnings.append(f"{len(missing):,} images are in the set of {name} alone and were left out")
        return cls(left.normalized()[rows], right.normalized()[rows], person, fold, tuple(warnings))

    @cached_property
    def counts(self) -> Rows:
        """(P,) images of each person."""
        return np.bincount(self.person)

    @cached_property
    def row_fold(self) -> NDArray[np.int64]:
        """(n,) fold of each image."""
        return self.fold[self.person]

    @property
    def people(self) -> int:
        """P."""
        return len(self.fold)

    @property
    def several(self) -> int:
        """People with two images or more."""
        return int(np.count_nonzero(self.counts > 1))

    def training(self, fold: int) -> Rows:
        """Images of all people but those of `fold`."""
        return np.flatnonzero(self.row_fold != fold)

    def held_out(self, fold: int) -> Rows:
        """Images of the people of `fold`."""
        return np.flatnonzero(self.row_fold == fold)


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Pairs to judge by: image left[i] as one network saw it against image right[i] as the other did; the genuine first.

    Every pair is there both ways round, so that nothing hangs on which network comes first.

    Attributes:
        left, right: (m,) rows of SharedImages. people: (m,) twice, their persons. fold: (m,) of both persons.
        genuine: how many there are, 2 PAIRS_EACH of every person with several images.
        distinct: pairs of different people's images that could have been drawn.
    """

    left: Rows
    right: Rows
    people: tuple[Rows, Rows]
    fold: NDArray[np.int64]
    genuine: int
    distinct: int

    @classmethod
    def draw(cls, images: SharedImages, impostors: int, seed: int) -> Comparisons:
        """Every person with several images has PAIRS_EACH genuine pairs, whoever has few of them some more than once, so
        that people weigh alike; impostors are two persons of one fold, each as likely as any other, and an image of each.
        """
        rng = np.random.default_rng([seed, 1])
        ends = np.concatenate([[0], np.cumsum(images.counts)])
        one, two = [], []
        for start, count in zip(ends[:-1], images.counts, strict=True):
            if count > 1:
                first, second = np.triu_indices(count, 1)
                chosen = np.resize(rng.permutation(len(first)), PAIRS_EACH)
                one.append(start + first[chosen])
                two.append(start + second[chosen])
        genuine, distinct = PAIRS_EACH * len(one), 0
        for fold in range(FOLDS):
            members = np.flatnonzero(images.fold == fold)
            a, b = rng.choice(members, impostors // FOLDS), rng.choice(members, impostors // FOLDS)
            a, b = a[a != b], b[a != b]
            for side, who in ((one, a), (two, b)):
                side.append(ends[who] + (rng.random(len(who)) * images.counts[who]).astype(np.intp))
            held = images.counts[members]
            distinct += (int(held.sum()) ** 2 - int(held @ held)) // 2
        x, y = np.concatenate(one), np.concatenate(two)
        g = slice(0, genuine), slice(genuine, None)
        rows = np.concatenate([x[g[0]], y[g[0]], x[g[1]], y[g[1]]]), np.concatenate([y[g[0]], x[g[0]], y[g[1]], x[g[1]]])
        people = images.person[rows[0]], images.person[rows[1]]
        return cls(*rows, people, images.fold[people[0]], 2 * genuine, distinct)
