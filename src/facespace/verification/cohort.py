"""A cohort of strangers by both networks: who may not be in it, and what it takes off the scores (`metrics.cohort`)."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import EmbeddingSet, Floats, Strings, check_vectors
from ..errors import InputError, shorten
from ..metrics import cohort_mean
from ..people import people_of
from ..row_index import Hashes, text_hashes
from .scores import PairMap, PairRows, pair_scores

Cohort = tuple[EmbeddingSet, EmbeddingSet]  # the strangers by the network of the left side (of the probes), of the right


def check_cohort(cohort: Cohort | None, ids: Strings, of: str) -> None:
    """Raise InputError when one of the images `ids`, which are those `of` what is compared, is in the cohort."""
    if cohort is None:
        return
    ids = np.unique(ids)
    known = ids[(cohort[0].find(ids) >= 0) | (cohort[1].find(ids) >= 0)]
    if len(known):
        raise InputError(
            f"{len(known):,} images of {of} are in the cohort: {shorten(known.tolist())}",
            "A cohort is of other people than those compared; leave these out of it.",
        )


def cohort_warnings(cohort: Cohort | None, people: Hashes, of: str) -> list[str]:
    """A warning that names the people, by their `text_hashes` (n,), `of` what is compared who are in the cohort, or none."""
    if cohort is None:
        return []
    names = np.unique(np.concatenate([people_of(faces).names for faces in cohort]))
    known = names[(names != "") & np.isin(text_hashes(names), people)]
    if not len(known):
        return []
    told = f"{len(known):,} people of {of} are in the cohort, by their names: {shorten(known.tolist())}"
    return [f"{told}; it is meant to be of others, and takes more off these people's scores"]


def corrections(x: NDArray[Any], y: NDArray[Any], map: PairMap | None, cohort: Cohort) -> tuple[Floats, Floats]:
    """½ m(x), (n,), and ½ m(y), (m,): take them off the cosine of a row of `x` (n, r) and a row of `y` (m, r).

    Of a map with a `cohort_strength` (the likelihood ratio's is ½) this times ½.

    `x` and `y` are where they are compared, mapped already; the cohort is not, so `map` is applied to it.
    """
    one, other = cohort[0].vectors, cohort[1].vectors
    if map is not None:
        one, other = np.asarray(map.probe(one)), np.asarray(map.reference(other))
    half = np.float32(0.5 * getattr(map, "cohort_strength", 1.0))
    return half * cohort_mean(x, other), half * cohort_mean(y, one)


def cohort_label(cohort: Cohort | None) -> str | None:
    """How signatures name it, and shards tell theirs from another: `2000x2000@1f2e3d4c`, the digest being of the ids."""
    if cohort is None:
        return None
    ids = "\n".join([*np.sort(cohort[0].ids), "", *np.sort(cohort[1].ids)])
    return f"{len(cohort[0])}x{len(cohort[1])}@{hashlib.blake2b(ids.encode(), digest_size=4).hexdigest()}"


def mapped_scores(
    a: EmbeddingSet, b: EmbeddingSet, rows: PairRows, map: PairMap | None, cohort: Cohort | None = None
) -> NDArray[np.float64]:
    """(k,) cosines of the pairs `rows` finds in `a` and `b`, with `map` those of its two sides; less the corrections.

    Raises InputError when an image of the pairs is in the cohort.
    """
    if map is None and cohort is None:
        return pair_scores(a, b, rows.left, rows.right)
    # Only what the pairs use goes through the map: sets can be far larger than their protocol.
    used_left, left = np.unique(rows.left, return_inverse=True)
    used_right, right = np.unique(rows.right, return_inverse=True)
    x, y = a.vectors[used_left], b.vectors[used_right]
    check_cohort(cohort, np.concatenate([a.ids[used_left], b.ids[used_right]]), "the pairs")
    if map is not None:
        x, y = np.asarray(map.probe(x)), np.asarray(map.reference(y))
        check_vectors(x, a.ids[used_left])
        check_vectors(y, b.ids[used_right])
    scores = pair_scores(x, y, left, right)
    if cohort is not None:
        mine, theirs = corrections(x, y, map, cohort)
        scores -= mine[left] + theirs[right].astype(np.float64)
    return scores
