"""Search of what has no search of its own, and the checks that every store makes of what it is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...embeddings import check_width, normalize
from ...errors import InputError, OutputError
from .protocol import Found, Origin, Templates


def nearest(batches: Iterable[Templates], queries: NDArray[Any], count: int) -> Found:
    """The `count` rows of greatest cosine with each of (q, d) queries; of equal ones those that come first."""
    x = normalize(queries)
    scores = np.empty((len(x), 0), dtype=np.float32)
    names = np.empty((len(x), 0, 2), dtype=object)  # id and model
    for batch in batches:
        check_width(x, batch.vectors.shape[1], "a search of this gallery")
        told = np.array([batch.ids, batch.models or [""] * len(batch)], dtype=object).T
        near = x @ normalize(batch.vectors).T
        if near.shape[1] > 2 * count:  # in their order, so that the first of equal ones stays the first
            kept = np.sort(np.argpartition(-near, count - 1, axis=1)[:, :count], axis=1)
        else:
            kept = np.broadcast_to(np.arange(near.shape[1]), near.shape)
        scores = np.concatenate([scores, np.take_along_axis(near, kept, axis=1)], axis=1)
        names = np.concatenate([names, told[kept]], axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :count]
        scores = np.take_along_axis(scores, order, axis=1)
        names = np.take_along_axis(names, order[..., None], axis=1)
    return Found(
        tuple(tuple(row) for row in names[..., 0].tolist()),
        tuple(scores),
        tuple(tuple(row) for row in names[..., 1].tolist()),
    )


def of_width(templates: Iterable[Templates], dim: int) -> Iterator[Templates]:
    """The same batches, less empty ones. Raises DimensionError for one of another width, InputError for NaN and infinite."""
    for batch in templates:
        if len(batch):
            check_width(batch.vectors, dim, "this place of the gallery")
            if not np.isfinite(batch.vectors).all():
                bad = np.flatnonzero(~np.isfinite(batch.vectors).all(axis=1))
                raise InputError(
                    f"NaN or infinite values in {len(bad):,} vectors, the first of {batch.ids[bad[0]]!r}",
                    "Leave such templates out.",
                )
            yield batch


def is_begun(there: Origin | None, wanted: Origin) -> bool:
    """Is the second place there for this plan? Raises OutputError where it is another plan's."""
    if there is not None and there != wanted:
        raise OutputError(
            f"a second place is there already, of plan {there.plan!r} ({there.model!r}, {there.dim} numbers)",
            "Go on with that plan, or drop its place first.",
        )
    return there is not None


def check_turn(there: bool, place: str, blocked: bool, other: str) -> None:
    """Before `place` becomes current. OutputError where it isn't there, or `other`, which current would become, is there."""
    if not there:
        raise OutputError(f"this gallery has no place {place!r} beside the current one")
    if blocked:
        raise OutputError(
            f"there is a place {other!r} already, which the current one would become", f"Drop {other!r} first."
        )
