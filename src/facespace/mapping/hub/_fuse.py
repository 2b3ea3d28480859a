"""Averaging the vectors of several models in one space, key by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...embeddings import EmbeddingSet
from ...errors import InputError, unknown_name
from ...io import COLUMNS


def fuse_sets(sets: Mapping[str, EmbeddingSet], weights: Mapping[str, float], name: str) -> EmbeddingSet:
    """One vector per key: Σ w_m x_m / Σ w_m over the models m that have it. Keys in the order of their first appearance.

    Raises InputError for no sets and weights that aren't positive, UnknownNameError for a weight of no model.
    """
    if not sets:
        raise InputError("there is nothing to fuse: no set is given")
    for model, weight in weights.items():
        if model not in sets:
            raise unknown_name("model", model, sets)
        if not (np.isfinite(weight) and weight > 0):
            raise InputError(f"the weight of {model} must be a positive number; got {weight}", "Leave its set out instead.")
    every = np.concatenate([faces.ids for faces in sets.values()])
    _, first = np.unique(every, return_index=True)
    ids = every[np.sort(first)]
    total, weight_sum = np.zeros((len(ids), next(iter(sets.values())).dim)), np.zeros(len(ids))
    columns: dict[str, Any] = {}
    kept = [column for column in COLUMNS if all(getattr(faces, column) is not None for faces in sets.values())]
    for column in kept:
        columns[column] = np.concatenate([getattr(faces, column) for faces in sets.values()])[np.sort(first)]
    for model, faces in sets.items():
        rows = faces.find(ids)
        has = rows >= 0
        total[has] += weights.get(model, 1.0) * faces.vectors[rows[has]].astype(np.float64)
        weight_sum[has] += weights.get(model, 1.0)
    return EmbeddingSet(total / weight_sum[:, None], ids, model=name, metadata={"fused": list(sets)}, **columns)
