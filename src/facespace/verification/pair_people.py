"""Who is in the two images of each pair of a protocol."""

from __future__ import annotations

import numpy as np

from ..datasets import PairProtocol
from ..embeddings import EmbeddingSet
from ..people import People, people_in, people_of


def subjects_of(
    protocol: PairProtocol, left_set: EmbeddingSet | None = None, right_set: EmbeddingSet | None = None
) -> tuple[People, People] | None:
    """The people in the left and in the right images of the pairs, (n,) each, or None where that can't be known.

    By the rule of `facespace.people` for the sets, else for the ids of the protocol. Either is believed only when it knows
    everybody and agrees with the protocol: genuine pairs show one person, impostor pairs two.
    """
    candidates: list[tuple[People, People]] = []
    if left_set is not None and right_set is not None:
        sides = ((left_set, protocol.left), (right_set, protocol.right))
        left, right = (people_of(faces).take(faces.rows(ids)) for faces, ids in sides)
        candidates.append((left, right))
    candidates.append((people_in(protocol.left), people_in(protocol.right)))
    for left, right in candidates:
        if left.known.all() and right.known.all() and np.array_equal(left.names == right.names, protocol.same):
            return left, right
    return None
