"""The pairs that are played: each of other people, so that intervals over pairs are intervals over people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...datasets import PairProtocol
from ...errors import InputError, shorten
from ...images import Crops
from ...people import people_in


def independent_pairs(protocol: PairProtocol, count: int, seed: int = 0) -> NDArray[np.intp]:
    """Rows of the protocol, half of them genuine and first, in which nobody is twice; fewer than `count` if people run out.

    Genuine pairs are drawn first, since fewer people have two images. People by the folder of the ids.

    Raises InputError where the ids don't say who is in the images, or fewer than 12 genuine pairs are left.
    """
    names = people_in([*protocol.left.tolist(), *protocol.right.tolist()]).needed(protocol.left, "the pairs").names
    n = len(protocol)
    seen: set[str] = set()
    chosen: list[int] = []
    rows = np.random.default_rng(seed).permutation(n)
    for kind, most in ((True, (count + 1) // 2), (False, count // 2)):
        found = 0
        for row in rows[protocol.same[rows] == kind].tolist():
            people = {str(names[row]), str(names[n + row])} - {""}
            if people and not people & seen and found < most:
                seen |= people
                chosen.append(row)
                found += 1
        if kind and found < 12:
            raise InputError(
                f"{found} genuine pairs of different people are too few to test maps on", "Give a list with 12 or more."
            )
    return np.array(chosen, dtype=np.intp)


def pair_faces(
    crops: Crops, ids: Sequence[str], protocol: PairProtocol, rows: NDArray[np.intp]
) -> tuple[Crops, Crops, NDArray[np.bool_]]:
    """(pairs, strangers, same) as `fair_tests` takes them; the strangers of a pair are of two other pairs of `rows`.

    Raises InputError where an image is missing.
    """
    place = {name: i for i, name in enumerate(ids)}
    wanted = np.stack([protocol.left[rows], protocol.right[rows]], axis=1)
    if missing := [i for i in wanted.ravel().tolist() if i not in place]:
        raise InputError(f"{len(missing):,} images of the pairs are missing: {shorten(missing)}", "Give all of them.")
    pairs = crops[np.vectorize(place.__getitem__, otypes=[np.intp])(wanted)]
    strangers = np.stack([np.roll(pairs[:, 0], 5, axis=0), np.roll(pairs[:, 1], 11, axis=0)], axis=1)
    return pairs, strangers, protocol.same[rows]
