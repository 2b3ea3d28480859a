"""Which images a study's maps may be fitted on, and which fold's people they show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..datasets import PairProtocol
from ..embeddings import EmbeddingSet, Strings
from ..errors import InputError, shorten, unknown_name


def training_images(sets: Sequence[EmbeddingSet], protocol: PairProtocol, keys: str) -> tuple[Strings, NDArray[np.int64]]:
    """`(ids, fold)`, both (n,): images that every set has, with the fold (from 0) of the person shown, sorted by id.

    keys "protocol": the images of the pairs list. "all": and all others, by the `subject` column of the first set that has
    one: of the same people, in their fold, and of people in no fold (−1), who belong to every training.

    Raises InputError for "all" without subjects, or when a subject is in several folds.
    """
    ids, fold = protocol.fold_of_ids()
    fold = np.unique(fold, return_inverse=True)[1]
    if keys == "protocol":
        return ids, fold
    if keys != "all":
        raise unknown_name("choice of keys", keys, ("all", "protocol"))
    labelled = next((faces for faces in sets if faces.subject is not None), None)
    if labelled is None or labelled.subject is None:
        raise InputError(
            "keys 'all' needs to know who is who, but no set has a subject column",
            "facespace embed writes it when images lie in a folder per person.",
        )
    people, person = np.unique(labelled.subject, return_inverse=True)
    of_person = np.full(len(people), -1, dtype=np.int64)
    known = person[labelled.rows(ids)]
    of_person[known] = fold
    if np.any(clash := of_person[known] != fold):
        several = np.unique(people[known[clash]]).tolist()
        raise InputError(f"{len(several):,} subjects are in pairs of several folds: {shorten(several)}")
    shared = labelled.ids
    for faces in sets:
        shared = shared[faces.find(shared) >= 0]
    shared = np.sort(shared)
    return shared, of_person[person[labelled.rows(shared)]]
