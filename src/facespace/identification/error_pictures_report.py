"""The worst answers of an identification as pairs of faces, suspected label errors apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..embeddings import EmbeddingSet, Floats, StoredSet, normalize
from ..errors import InputError
from ..images import ImageSource
from ..labels import MOST_PAIRS, Pair, beyond_tail, pair_pictures, thumbnails
from ..people import people_of
from ..report import Report
from ..row_index import AnySet
from ..verification import PairMap
from ._entries import reference, without

Rows = NDArray[np.intp]

_LARGEST = 200_000  # entries that are brought into memory for pictures
_BLOCK = 512


def add_error_pictures(
    report: Report,
    gallery: AnySet,
    probes: EmbeddingSet,
    images: Sequence[ImageSource],
    *,
    map: PairMap | None = None,
    exclude: Sequence[str] = (),
) -> None:
    """Append the twenty worst false answers: strangers who are most like somebody, and wrong first answers.

    `images` are one place or several, in which the ids of both sets are looked for; `exclude` as in `identify`. Raises
    InputError for a gallery of more than 200,000 entries, and where the images have none of the ids.
    """
    if len(gallery) > _LARGEST:
        raise InputError(
            f"pictures of errors are made for galleries of up to {_LARGEST:,} entries, not {len(gallery):,}",
            "Leave out --images, or identify in a part of the gallery.",
        )
    known = gallery.load() if isinstance(gallery, StoredSet) else gallery
    known, probes = without(known, exclude), without(probes, exclude)
    owner, who = people_of(known).names, people_of(probes).names
    known, probes = known.take(np.flatnonzero(owner != "")), probes.take(np.flatnonzero(who != ""))
    owner, who = owner[owner != ""], who[who != ""]
    x = normalize(probes.vectors if map is None else np.asarray(map.probe(probes.vectors)))
    answer, other, own = _closest(x, who, normalize(reference(known, map)), owner)
    mated = np.isfinite(own)
    order = np.argsort(-other, kind="stable")
    doubtful = order[: beyond_tail(other.astype(np.float64), len(other))]
    doubtful = doubtful[other[doubtful] >= np.median(own[mated])] if mated.any() else doubtful[:0]
    sure = np.ones(len(other), dtype=np.bool_)
    sure[doubtful] = False
    strangers = order[(~mated & sure)[order]]
    wrong = order[(mated & sure & (other >= own))[order]]
    told = f"Two names that score like one person; {len(doubtful):,} in all."
    sections: list[tuple[str, str, str, Rows]] = [
        ("strangers", "Strangers most like somebody", "Probes of nobody in the gallery, and whom they would be.", strangers),
        ("wrong-answers", "Worst wrong first answers", f"Whom probes are taken for; {len(wrong):,} in all.", wrong),
        ("doubtful-labels", "Perhaps wrong labels", told, doubtful),
    ]
    made: list[tuple[str, str, str, list[Pair]]] = []
    for name, title, caption, rows in sections:
        pairs = [
            (
                str(probes.ids[row]),
                str(known.ids[answer[row]]),
                f"{other[row]:.3f}" + (f"; its own person {own[row]:.3f}" if mated[row] else ""),
            )
            for row in rows[:MOST_PAIRS]
        ]
        made.append((name, title, caption, pairs))
    ids = {one for *_, pairs in made for pair in pairs for one in pair[:2]}
    faces: dict[str, NDArray[np.uint8]] = {}
    for place in images if ids else ():
        faces |= thumbnails(ids, place)
    for name, title, caption, pairs in made:
        if pairs:
            report.add(pair_pictures(name, pairs, faces, title=title, caption=caption))


def _closest(x: Floats, who: NDArray[np.str_], y: Floats, owner: NDArray[np.str_]) -> tuple[Rows, Floats, Floats]:
    """(n,) the entry of another person that each probe is most like, its score, and that of the probe's own person (−∞
    without one); in blocks."""
    answer = np.zeros(len(x), dtype=np.intp)
    other, own = (np.full(len(x), -np.inf, dtype=np.float32) for _ in range(2))
    for start in range(0, len(x), _BLOCK):
        part = slice(start, start + _BLOCK)
        scores = x[part] @ y.T
        mine = who[part, None] == owner[None, :]
        own[part] = np.where(mine, scores, -np.inf).max(axis=1)
        scores[mine] = -np.inf
        answer[part] = scores.argmax(axis=1)
        other[part] = scores.max(axis=1)
    return answer, other, own
