"""Is a map judged on what it was fitted on? By the hashes that a map keeps, and by what a mapped set says of its map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..embeddings import EmbeddingSet, Origin, StoredSet, Strings
from ..engine import Engine, LocalEngine
from ..errors import InputError
from ..io import Shard
from ..people import people_of
from ..row_index import AnySet, ids_and_people
from .scores import PairMap, PairRows


def compared_about(map: PairMap | None, *sets: Origin | None) -> str | None:
    """What cosines are about, for signatures; None where no map of one side is in the comparison.

    A map compares about its origin, mostly the target's mean; sets that a map has moved lie about zero, as in a store, which
    compares them with the target's own vectors. The thresholds of the one are none for the other.
    """
    if map is None:
        return "zero" if any(faces is not None and faces.mapped is not None for faces in sets) else None
    origin = getattr(map, "origin", None)
    return None if origin is None else "target-mean" if np.any(origin) else "zero"


def fitted_images(map: PairMap | None, ids: Strings, people: Strings | None = None) -> NDArray[np.bool_]:
    """(n,) which images `map` was fitted on, themselves or other ones of their people; all False where it doesn't say."""
    fitted = getattr(map, "fitted", None)
    return np.zeros(len(ids), np.bool_) if fitted is None else np.asarray(fitted.has(ids, people))


def fitted_rows(map: PairMap | None, faces: AnySet, engine: Engine | None = None) -> NDArray[np.bool_]:
    """`fitted_images` of a set's rows, by its ids and people; a stored set's texts are read."""
    if getattr(map, "fitted", None) is None:
        return np.zeros(len(faces), np.bool_)
    if isinstance(faces, EmbeddingSet):
        return fitted_images(map, faces.ids, people_of(faces).names)
    return np.concatenate(list((engine or LocalEngine()).map(_Fitted(map, faces), faces.shards())))


@dataclass(frozen=True, eq=False)
class _Fitted:
    map: PairMap | None
    faces: StoredSet[EmbeddingSet]

    def __call__(self, shard: Shard) -> NDArray[np.bool_]:
        found = []
        for fields in self.faces.texts(shard):
            ids, people = ids_and_people(fields)
            found.append(fitted_images(self.map, ids, people.names))
        return np.concatenate(found)


def fitted_pairs(map: PairMap | None, a: EmbeddingSet, b: EmbeddingSet, rows: PairRows) -> NDArray[np.bool_]:
    """(k,) which pairs have an image, or a person, that `map` was fitted on."""
    return fitted_rows(map, a)[rows.left] | fitted_rows(map, b)[rows.right]


def fitted_warning(seen: NDArray[np.bool_], what: str) -> list[str]:
    """A warning that counts what was seen, or none."""
    count = int(np.count_nonzero(seen))
    if not count:
        return []
    return [f"{count:,} of {len(seen):,} {what} are of images or people that the map was fitted on (by ids and names)"]


def model_warnings(
    sets: Sequence[Origin], map: PairMap | None, comparison: str = "unrelated spaces score near chance"
) -> list[str]:
    """That two sets' spaces are compared without a map; and of mapped sets, which map brought them where they are.

    Raises InputError for the one-sided form of a likelihood ratio, whose cosines mean nothing.
    """
    for faces in sets:
        if faces.mapped is not None and faces.mapped["method"] == "likelihood":
            raise InputError(
                f"the set {faces.model!r} is one side of a likelihood ratio: inner products compare it, not cosines",
                "Give the networks' own sets and the map: --map.",
            )
    names = [faces.space or f"{'AB'[i]}" for i, faces in enumerate(sets)]
    found = []
    if "losses" in getattr(map, "facts", {}) and any(faces.ids_replaced for faces in sets):  # a map that ships
        found.append("ids were replaced in these sets: whether the shipped map was fitted on their people can't be told")
    if map is None and len({faces.space for faces in sets}) > 1:
        found.append(f"{' and '.join(names)} are compared without a map: {comparison}")
    if any(faces.mapped is None and "hub:" in faces.model for faces in sets):
        found.append("a hub doesn't say whom it was fitted on: judge it on other people than its own")
    for faces in sets:
        if (by := faces.mapped) is not None:
            seen = f", of which {by['fitted']:,} images of the mapped set are (or their people)" if by.get("fitted") else ""
            told = (
                f"was mapped from {by['source'] or '?'} to {by['target'] or '?'} by {by['method'] or 'a map'} ({by['map']})"
            )
            found.append(
                f"a set {told}, fitted on {by.get('pairs', 0):,} pairs{seen}: judge a map on other people than its own"
            )
    return list(dict.fromkeys(found))
