"""Indexes of FAISS in memory: their vectors, and the numbers of an IDMap, or ids beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import InputError, missing_extra
from ..column_names import Fields


def fields_of_index(index: Any, ids: Sequence[str] | None) -> Fields:
    """The set in an index that holds vectors, or gives what its codes say of them.

    Raises InputError for an index that gives none, or has no ids; MissingExtraError without FAISS.
    """
    try:
        import faiss
    except ImportError:
        raise missing_extra("faiss-cpu", "faiss", "reading an index of FAISS") from None
    if not isinstance(index, faiss.Index):
        raise InputError(f"a {type(index).__name__} is no index of FAISS", "Read one with faiss.read_index(PATH).")
    index = faiss.downcast_index(index)
    inner, labels = index, None
    if isinstance(index, faiss.IndexIDMap):
        inner, labels = faiss.downcast_index(index.index), faiss.vector_to_array(index.id_map)
    if ids is None and labels is None:
        raise InputError("this index keeps no ids", "Give ids=[…], one a vector, in the order they were added.")
    if isinstance(inner, faiss.IndexIVF):
        inner.make_direct_map()
    try:
        vectors = np.asarray(inner.reconstruct_n(0, inner.ntotal), dtype=np.float32)
    except RuntimeError as error:
        raise InputError(f"this index gives no vectors back: {str(error).splitlines()[0]}", "A flat one does.") from None
    return {"vectors": vectors, "ids": [str(name) for name in labels.tolist()] if ids is None else list(ids)}  # type: ignore[union-attr]
