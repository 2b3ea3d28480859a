"""Which images a study's maps may be fitted on, and which fold's people they show; the networks by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets import PairProtocol
from ..embeddings import EmbeddingSet, Strings
from ..errors import InputError, shorten, unknown_name
from ..mapping import CUTS
from ..people import people_of
from ..results import fields
from ..verification import VerificationResult, verify


def check_cut(cut: str) -> None:
    """Raise UnknownNameError unless `cut` says which scores thresholds are chosen on."""
    if cut not in CUTS:
        raise unknown_name("cut", cut, CUTS)


def training_images(sets: Sequence[EmbeddingSet], protocol: PairProtocol, keys: str) -> tuple[Strings, NDArray[np.int64]]:
    """`(ids, fold)`, both (n,): images that every set has, with the fold (from 0) of the person shown, sorted by id.

    keys "protocol": the images of the pairs list. "all": and all others whose people are known (`facespace.people`, by the
    first set with a subject column): of the same people, in their fold, and of people in no fold (−1), who belong to every
    training.

    Raises InputError for images that a set doesn't have, for "all" where nobody is known, and when a subject is in several
    folds.
    """
    ids, fold = protocol.fold_of_ids()
    fold = np.unique(fold, return_inverse=True)[1]
    for faces in sets:
        faces.rows(ids)  # raises, naming the set and the missing images
    if keys == "protocol":
        return ids, fold
    if keys != "all":
        raise unknown_name("choice of keys", keys, ("all", "protocol"))
    labelled = next((faces for faces in sets if faces.subject is not None), sets[0])
    people = people_of(labelled).needed(labelled.ids, "any set")
    person = people.codes
    of_person = np.full(person.max() + 1, -1, dtype=np.int64)
    rows = labelled.rows(ids)
    named = person[rows] >= 0
    of_person[person[rows[named]]] = fold[named]
    if np.any(clash := of_person[person[rows[named]]] != fold[named]):
        several = np.unique(people.names[rows[named]][clash]).tolist()
        raise InputError(f"{len(several):,} subjects are in pairs of several folds: {shorten(several)}")
    shared = labelled.ids[people.known]  # an unknown person may be of any fold
    for faces in sets:
        shared = shared[faces.find(shared) >= 0]
    shared = np.sort(shared)
    return shared, of_person[person[labelled.rows(shared)]]


def own_results(sets: Sequence[EmbeddingSet], protocol: PairProtocol, seed: int) -> tuple[VerificationResult, ...]:
    """Each network by itself; warned of people who are in several folds."""
    protocol = replace(protocol, notes=(*protocol.notes, *in_several_folds(sets, protocol)))
    # Only rates that the pairs can measure: LFW's lists place no threshold at a FAR below 1e-2.
    return tuple(verify(faces, protocol=protocol, fars=(1e-2,), seed=seed) for faces in sets)


def in_several_folds(sets: Sequence[EmbeddingSet], protocol: PairProtocol) -> list[str]:
    """A warning that counts the people whom a fold's map has seen and is judged on, or none."""
    ids, fold = protocol.fold_of_ids()
    people = people_of(*(faces.select(ids) for faces in sets))
    person = people.codes[people.known]
    folds = np.unique(np.stack([person, fold[people.known]]), axis=1)[0]
    several = int(np.count_nonzero(np.bincount(folds) > 1)) if len(folds) else 0
    if not several:
        return []
    told = f"{several:,} of {len(np.unique(person)):,} people are in pairs of several folds"
    return [f"{told}, so that maps are judged on people whom they were fitted on, and lose too little"]


def network_facts(models: Sequence[str], dims: Sequence[int], native: Sequence[VerificationResult]) -> list[dict[str, Any]]:
    """What a study's document says of the networks by themselves."""
    return [
        {
            "name": name,
            "dim": dim,
            "accuracy": own.accuracy.mean,
            "sd": own.accuracy.sd,
            "low": own.accuracy_low,
            "high": own.accuracy_high,
            **fields(own, "auc", "eer"),
            **own.curve.to_dict(),
        }
        for name, dim, own in zip(models, dims, native, strict=True)
        if own.accuracy is not None
    ]
