"""The different images of people, one image of each person, and pairs of images for thresholds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..copies import copies_of_people, equal_rows, examples, of_two_people
from ..embeddings import EmbeddingSet, Floats
from ..metrics import allowed_accepts
from ..people import People

Rows = NDArray[np.intp]

_ENTRIES = 8000  # people compared with each other at most
_PAIRS = 20  # genuine pairs of one person at most, so that nobody with hundreds of images decides a threshold
_BLOCK = 1024


def different_images(faces: EmbeddingSet, people: People) -> tuple[Rows, list[str]]:
    """Rows of the images of known people, one of each person's copies; and warnings that name the copies."""
    known = np.flatnonzero(people.known)
    part, person = faces.take(known), people.codes[known]
    first, notes = copies_of_people(part.normalized(), person), []
    copied = np.flatnonzero(first != np.arange(len(first)))
    if len(copied):
        named = examples(part.ids, first, copied)
        said = "are copies of another one of their person and count"
        if len(copied) == 1:
            said = "is a copy of another one of its person and counts"
        notes.append(f"{len(copied):,} of {len(known):,} images {said} once: {named}")
    equal = equal_rows(part.vectors)
    if len(shared := of_two_people(equal, person)):
        named = examples(part.ids, equal, shared)
        notes.append(f"{len(shared):,} images have the vector of another person's: one person under two names? {named}")
    return known[first == np.arange(len(first))], notes


def one_each(person: Rows, rng: np.random.Generator, limit: int | None = None) -> Rows:
    """Rows of one random image of every person, or of `limit` random people."""
    shuffled = rng.permutation(len(person))
    first = np.unique(person[shuffled], return_index=True)[1]
    rows = shuffled[first]
    if limit is not None and len(rows) > limit:
        rows = rng.choice(rows, limit, replace=False)
    return np.sort(rows)


@dataclass(frozen=True, eq=False)
class Scores:
    """Cosines of pairs of images.

    `genuine` (g,) of pairs of one person, at most 20 of each, ascending; `impostor` (i,) of pairs of different people, one
    image each, ascending; `rows` the images behind the latter; `pairs` (g, 2) rows of the genuine pairs, in no order.
    """

    genuine: Floats
    impostor: Floats
    rows: Rows
    pairs: Rows

    def threshold(self, far: float) -> float | None:
        """The cosine that a share `far` of the impostor pairs exceeds; None where that is less than one pair."""
        above = allowed_accepts(far, len(self.impostor))
        return None if above < 1 else float(self.impostor[len(self.impostor) - above])

    def miss_threshold(self, share: float) -> float | None:
        """The cosine that a share of the genuine pairs falls short of; None where that is less than one pair."""
        below = allowed_accepts(share, len(self.genuine))
        return None if below < 1 else float(self.genuine[below])


def pair_scores(unit: Floats, person: Rows, seed: int) -> Scores:
    """`unit` (n, d) rows of unit length, `person` (n,)."""
    rng = np.random.default_rng([seed, 4])
    pairs = genuine_pairs(person, rng)
    genuine = np.sort(np.vecdot(unit[pairs[:, 0]], unit[pairs[:, 1]]))
    rows = one_each(person, rng, _ENTRIES)
    x = unit[rows]
    parts = []
    for start in range(0, len(x), _BLOCK):
        scores = x[start : start + _BLOCK] @ x[start:].T
        parts.append(scores[np.triu_indices(len(scores), 1, scores.shape[1])])
    return Scores(genuine, np.sort(np.concatenate(parts)), rows, pairs)


def genuine_pairs(person: Rows, rng: np.random.Generator) -> Rows:
    """(g, 2) rows of pairs of images of one person: every pair of people with few images, 20 random ones of the others."""
    shuffled = rng.permutation(len(person))
    order = shuffled[np.argsort(person[shuffled], kind="stable")]
    images = np.bincount(person)
    starts = np.concatenate([[0], np.cumsum(images)[:-1]])
    # Neighbours at distance 1, 2, … in each person's random order: distinct pairs until all or 20 of them are taken.
    found, taken = [], np.zeros(len(images), dtype=np.intp)
    for step in range(1, int(images.max(initial=1))):
        count = np.minimum(np.maximum(images - step, 0), _PAIRS - taken)
        if not count.any():
            break
        taken += count
        who = np.repeat(np.arange(len(images)), count)
        place = np.arange(len(who)) - np.repeat(np.cumsum(count) - count, count)
        left = starts[who] + place
        found.append(np.stack([order[left], order[left + step]], axis=1))
    return np.concatenate(found) if found else np.empty((0, 2), dtype=np.intp)
