"""Which images a study's maps may be fitted on, and which fold's people they show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..datasets import PairProtocol
from ..embeddings import EmbeddingSet, Strings


def training_images(sets: Sequence[EmbeddingSet], protocol: PairProtocol) -> tuple[Strings, NDArray[np.int64]]:
    """`(ids, fold)`, both (n,): images that every set has, with the fold of the person shown, sorted by id.

    These are the protocol's images and, where a set's `subject` column says who is who, all others: of the same people, in
    their fold, and of people in no fold (−1), who belong to every training. Folds are numbered from 0. If a person's
    images lie in several folds, the subjects and the protocol disagree, and only the protocol's images are taken.
    """
    ids, fold = protocol.fold_of_ids()
    fold = np.unique(fold, return_inverse=True)[1]
    labelled = next((faces for faces in sets if faces.subject is not None), None)
    if labelled is None or labelled.subject is None:
        return ids, fold
    people, person = np.unique(labelled.subject, return_inverse=True)
    of_person = np.full(len(people), -1, dtype=np.int64)
    known = person[labelled.rows(ids)]
    of_person[known] = fold
    if np.any(of_person[known] != fold):
        return ids, fold
    shared = labelled.ids
    for faces in sets:
        shared = shared[faces.find(shared) >= 0]
    shared = np.sort(shared)
    return shared, of_person[person[labelled.rows(shared)]]
