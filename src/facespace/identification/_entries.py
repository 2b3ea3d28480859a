"""The gallery's side of `identify`: its entries, in memory or in files, brought to where they are compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..embeddings import EmbeddingSet, Floats, StoredSet, Strings, check_vectors
from ..engine import Engine
from ..errors import DimensionError, InputError, shorten
from ..io import among, texts
from ..people import people_in, people_named, people_of
from ..row_index import AnySet, RowIndex, ids_of, rows_of
from ..verification import Cohort, PairMap, check_cohort, corrections


def compared(map: PairMap | None, cohort: Cohort | None, faces: EmbeddingSet) -> tuple[Floats, Floats | None]:
    """Entries where they are compared, and what is taken off their scores; `map` and `cohort` are those of `identify`."""
    y = reference(faces, map)
    return y, None if cohort is None else corrections(y[:0], y, map, cohort)[1]


def reference(faces: EmbeddingSet, map: PairMap | None) -> Floats:
    """Where entries are compared; InputError where the map leaves one without a direction."""
    if map is None:
        return faces.vectors
    y = np.asarray(map.reference(faces.vectors))
    check_vectors(y, faces.ids)
    return y


def probe_vectors(gallery: AnySet, probes: EmbeddingSet, map: PairMap | None) -> Floats:
    """(n, r) the probes where they are compared. Raises DimensionError where the gallery's width is another."""
    x = probes.vectors if map is None else np.asarray(map.probe(probes.vectors))
    width = gallery.dim if map is None else reference(some_of(gallery), map).shape[1]
    if x.shape[1] != width:
        raise DimensionError(
            f"probes of width {x.shape[1]} can't be looked up in a gallery of width {width}",
            "The sets are of different networks: fit a map from the probes' to the gallery's (facespace map fit).",
        )
    if map is not None:
        check_vectors(x, probes.ids)
    return x


def some_of(faces: AnySet) -> EmbeddingSet:
    """A few rows of a set."""
    if isinstance(faces, StoredSet):
        return next(faces.batches(faces.shards(1)[0], rows=2))
    return faces.take(np.arange(min(2, len(faces))))


def named_rows(faces: AnySet, rows: NDArray[np.intp]) -> tuple[Strings, Strings]:
    """Ids and people of some rows, ascending; of a stored set without its vectors."""
    if isinstance(faces, EmbeddingSet):
        return faces.ids[rows], people_of(faces).names[rows]
    ids = ids_of(faces, rows)
    if not faces.has("subject"):
        return ids, people_in(ids).names
    found = [np.empty(0, dtype=np.str_)]
    for shard in faces.shards(1):
        here = rows[slice(*np.searchsorted(rows, (shard.start, shard.start + shard.rows)))] - shard.start
        if len(here):
            found.append(np.concatenate([texts(fields["subject"], "subject") for fields in faces.texts(shard)])[here])
    return ids, np.concatenate(found)


def without(probes: EmbeddingSet, exclude: Sequence[str]) -> EmbeddingSet:
    """The probes but those of these ids. Raises InputError where none is left."""
    if not len(exclude):
        return probes
    kept = np.flatnonzero(~among(probes.ids, np.asarray(exclude, dtype=np.str_)))
    if not len(kept):
        raise InputError(f"all {len(probes):,} probes are among those to leave out", "Is it the right list?")
    return probes if len(kept) == len(probes) else probes.take(kept)


def excluded_rows(gallery: AnySet, exclude: Sequence[str], engine: Engine) -> NDArray[np.intp]:
    """Rows, ascending, of the entries of these ids."""
    if not len(exclude):
        return np.empty(0, dtype=np.intp)
    if isinstance(gallery, StoredSet):
        return rows_of(gallery, np.asarray(exclude, dtype=np.str_), engine)
    return np.flatnonzero(among(gallery.ids, np.asarray(exclude, dtype=np.str_)))


def told_excluded(entries: int, probes: int) -> list[str]:
    """What to say of what was left out on request."""
    if not entries + probes:
        return []
    return [f"{entries:,} images of the gallery and {probes:,} probes were to be left out, and don't count"]


def index_of(faces: AnySet, engine: Engine, side: str) -> RowIndex:
    """Whose images these are. InputError where nobody is known."""
    index = RowIndex.of(faces, engine)
    if index.source == "nobody":
        some = some_of(faces)
        people_of(some).needed(some.ids, side)
        people_named([""]).needed(some.ids, side)  # the first may look like somebody's, the set knows nobody
    return index


def check_apart(gallery: AnySet, probes: EmbeddingSet, cohort: Cohort | None, engine: Engine) -> None:
    """Raise InputError for images that are on both sides, or in the cohort."""
    if isinstance(gallery, StoredSet):
        rows = rows_of(gallery, probes.ids, engine)
        twice = gallery.take(rows).ids if len(rows) else probes.ids[:0]
    else:
        twice = gallery.ids[probes.find(gallery.ids) >= 0]
    if len(twice):
        raise InputError(
            f"{len(twice):,} images are in the gallery and among the probes: {shorten(twice.tolist())}",
            "A probe would find itself; take every image on one side only.",
        )
    if cohort is None:
        return
    ids = gallery.ids if isinstance(gallery, EmbeddingSet) else probes.ids[:0]
    if isinstance(gallery, StoredSet) and len(rows := rows_of(gallery, np.concatenate([c.ids for c in cohort]), engine)):
        ids = gallery.take(rows).ids
    check_cohort(cohort, np.concatenate([ids, probes.ids]), "the gallery and the probes")
