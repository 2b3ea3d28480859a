"""Exhaustive search of a gallery in blocks: what each probe's answer says of its mate and of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import Floats, normalize

Codes = NDArray[np.intp]

PROBES, GALLERY = 1024, 16384  # a block of scores has 64 MiB
_MATES = 65536  # mated pairs scored at a time
# Two float32 cosines closer than this can't be told apart: they are within 1e-6 of the exact ones (scores.py).
TIE = 1e-6


@dataclass(frozen=True, eq=False)
class Search:
    """What a search of the gallery gave each of n probes.

    Attributes:
        mated: (n,) bool, the probe's person is in the gallery.
        mate: (n,) float32, greatest score of an entry of the probe's person; −∞ without a mate.
        rank: (n,) int64, place of that entry: 1 + entries of other people that score as much or more; 0 without a mate.
        other: (n,) float32, greatest score of an entry of another person; −∞ where there is none.
    """

    mated: NDArray[np.bool_]
    mate: Floats
    rank: NDArray[np.int64]
    other: Floats


def search(
    probes: NDArray[Any],
    probe_person: Codes,
    gallery: NDArray[Any],
    gallery_person: Codes,
    *,
    probe_offset: Floats | None = None,
    gallery_offset: Floats | None = None,
    block: tuple[int, int] = (PROBES, GALLERY),
) -> Search:
    """Cosines of `probes` (n, d) with the whole `gallery` (m, d); people are whole numbers, (n,) and (m,).

    With offsets (n,) and (m,) the scores are the cosines less these. Memory: the normalised probes and one block of scores.
    A tie counts against the probe.
    """
    x = normalize(probes)
    mate = _mates(x, probe_person, gallery, gallery_person, gallery_offset)
    mated = np.isfinite(mate)
    before = np.zeros(len(x), dtype=np.int64)
    other = np.full(len(x), -np.inf, dtype=np.float32)
    level = (mate - np.float32(TIE))[:, None]  # −∞ − TIE stays −∞
    for first in range(0, len(gallery), block[1]):
        part = slice(first, first + block[1])
        y, theirs = normalize(gallery[part]).T, gallery_person[part]
        for start in range(0, len(x), block[0]):
            rows = slice(start, start + block[0])
            scores = x[rows] @ y
            if gallery_offset is not None:
                scores -= gallery_offset[part]
            scores[probe_person[rows, None] == theirs] = -np.inf
            np.maximum(other[rows], scores.max(axis=1), out=other[rows])
            before[rows] += np.count_nonzero(scores >= level[rows], axis=1)
    if probe_offset is not None:  # the same for all answers to a probe, so no rank depends on it
        mate, other = mate - probe_offset, other - probe_offset
    return Search(mated, mate, np.where(mated, before + 1, 0), other)


def _mates(x: Floats, probe_person: Codes, gallery: NDArray[Any], gallery_person: Codes, offset: Floats | None) -> Floats:
    """(n,) the greatest score of a gallery entry of the probe's own person, −∞ where there is none."""
    order = np.argsort(gallery_person, kind="stable")
    ordered = gallery_person[order]
    begin, end = (np.searchsorted(ordered, probe_person, side=side) for side in ("left", "right"))
    best = np.full(len(x), -np.inf, dtype=np.float32)
    count = end - begin
    ends = np.cumsum(count)
    start = 0
    while start < len(x):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + _MATES, side="right")))
        probe = np.repeat(np.arange(start, stop), (end - begin)[start:stop])
        place = np.arange(len(probe)) - np.repeat(
            ends[start:stop] - (end - begin)[start:stop] - done, (end - begin)[start:stop]
        )
        entries = order[begin[probe] + place]
        if len(probe):
            scores = np.vecdot(x[probe], normalize(gallery[entries]))
            np.maximum.at(best, probe, scores if offset is None else scores - offset[entries])
        start = stop
    return best
