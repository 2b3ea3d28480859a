"""Who leaks and who is attacked: people are divided, and the attacked ones' images into gallery and probes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Rows = NDArray[np.intp]

PROBES = 5  # of one person at most, so that nobody with hundreds of images decides the figures
MOST = 10_000  # mated probes, and ones without a mate: the rest of a larger set's people are in the gallery, or nowhere
_POOL = 0.25  # share of the people whose images may leak, more if the largest leak needs more
_UNENROLLED = 0.25  # of the attacked people are not in the gallery at least


@dataclass(frozen=True, eq=False)
class Design:
    """Rows of the images, and the person (a whole number) of every row.

    Attributes:
        person: (n,) of all rows.
        pool: rows that may leak. None of their people is among the others.
        gallery: enrolled rows, one or more of each person, and distractors without probes.
        probes: attacked rows; mated (len(probes),) says whose person is in the gallery. No row is in both.
    """

    person: Rows
    pool: Rows
    gallery: Rows
    probes: Rows
    mated: NDArray[np.bool_]

    @property
    def chance(self) -> float:
        """Rank-1 rate of naming mated probes by drawing from the gallery."""
        entries = np.bincount(self.person[self.gallery], minlength=int(self.person.max()) + 1)
        return float(entries[self.person[self.probes[self.mated]]].mean() / len(self.gallery))

    def leak(self, repeat: int, seed: int) -> Rows:
        """The pool in the order in which it leaks in this repeat; more leaked pairs hold the fewer ones."""
        return np.random.default_rng([seed, 1, repeat]).permutation(self.pool)


def fitting_sizes(subjects: NDArray[Any], wanted: Sequence[int], *, seed: int) -> tuple[int, ...]:
    """Those of the `wanted` numbers of leaked pairs that a set of these people has images for, or else what it has.

    Half of the people leak at most, the first in the order of `divide`.
    """
    _, person = np.unique(subjects, return_inverse=True)
    images = np.bincount(person)
    order = np.random.default_rng([seed, 0]).permutation(len(images))
    most = int(images[order[: len(images) // 2]].sum())
    return tuple(size for size in wanted if size <= most) or (max(most, 2),)


def divide(subjects: NDArray[Any], largest: int, *, enrolled: int, seed: int) -> Design:
    """Divide the people of `subjects` (n,), names or hashes, so that `largest` pairs can leak.

    A person with more than `enrolled` images has that many in the gallery and up to 5 others as probes. People with
    fewer are probes without a mate, or distractors in the gallery, by turns. There are `MOST` probes of either kind.
    """
    rng = np.random.default_rng([seed, 0])
    names, person = np.unique(subjects, return_inverse=True)
    images = np.bincount(person)
    order = rng.permutation(len(names))
    leaking = max(2 * largest, 1)
    filled = np.cumsum(images[order])
    count = max(int(np.searchsorted(filled, leaking)) + 1, round(_POOL * len(names)))
    count = min(count, len(names) // 2)
    pool = np.flatnonzero(np.isin(person, order[:count]))
    if len(pool) < largest:
        raise InputError(
            f"{largest:,} leaked pairs are more than the {len(pool):,} images of half of the {len(names):,} people",
            "The other half is attacked. Ask for fewer leaked pairs, or give larger sets.",
        )
    attacked = order[count:]
    single = attacked[images[attacked] <= enrolled]
    mated, unknown, distractors = attacked[images[attacked] > enrolled], single[::2], single[1::2]
    lacking = int(np.ceil(_UNENROLLED * len(attacked) - len(unknown)))
    moved = max(min(lacking, len(mated) - 1), 0)
    mated, unknown = mated[: len(mated) - moved], np.concatenate([unknown, mated[len(mated) - moved :][::-1]])
    if not len(mated) or not len(unknown):
        raise InputError(
            f"of {len(attacked):,} attacked people {len(mated):,} have more than {enrolled} images",
            "Linkage needs people with one image to enrol and another to attack; is the subject column right?",
        )
    shuffled = rng.permutation(len(person))
    shuffled = shuffled[np.argsort(person[shuffled], kind="stable")]
    start = np.cumsum(images) - images  # of each person in `shuffled`
    known = np.concatenate([mated, distractors])
    gallery = shuffled[_runs(start[known], np.minimum(images[known], enrolled))]
    each = np.minimum(images[mated] - enrolled, PROBES)
    some = slice(max(int(np.searchsorted(np.cumsum(each), MOST, side="right")), 1))
    probes = shuffled[_runs(start[mated[some]] + enrolled, each[some])]
    nonmated = shuffled[start[unknown[:MOST]]]
    both = np.concatenate([probes, nonmated])
    return Design(person, pool, np.sort(gallery), both, np.arange(len(both)) < len(probes))


def _runs(start: Rows, count: Rows) -> Rows:
    """start[0], start[0] + 1, … (count[0] numbers), start[1], …"""
    first = np.cumsum(count) - count
    return np.repeat(start - first, count) + np.arange(int(count.sum()))
