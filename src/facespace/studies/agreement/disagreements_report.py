"""Pairs of faces that two networks judge differently, as pictures."""

from __future__ import annotations

import numpy as np

from ...embeddings import EmbeddingSet
from ...images import ImageSource
from ...labels import MOST_PAIRS, Pair, pair_pictures, same_name_pairs, thumbnails, two_name_pairs
from ...people import people_of
from ...report import Report
from ...verification import pair_scores


def add_disagreements(
    report: Report, first: EmbeddingSet, second: EmbeddingSet, images: ImageSource, *, far: float = 1e-3, seed: int = 0
) -> None:
    """Append the twenty pairs of one person, and of two, that one network judges rightly and the other most wrongly.

    Of one person up to ten pairs are looked at, of two people half a million random ones; each network's threshold is the
    one at which it accepts a share `far` of these.
    """
    both = first.join(second)
    left, right = both.left, both.right
    person = people_of(left, right).codes
    rng = np.random.default_rng(seed)
    one, two = same_name_pairs(person, rng), two_name_pairs(person, rng)
    cuts = [float(np.quantile(pair_scores(faces, faces, *two), 1 - far)) for faces in (left, right)]
    names = [faces.model or name for faces, name in ((left, "A"), (right, "B"))]
    sections: list[tuple[str, str, list[Pair]]] = []
    for same, rows in ((True, one), (False, two)):
        above = np.stack([pair_scores(faces, faces, *rows) - cut for faces, cut in zip((left, right), cuts, strict=True)])
        for at in range(2):
            good, bad = (above[at], above[1 - at]) if same else (-above[at], -above[1 - at])
            found = np.flatnonzero((good >= 0) & (bad < 0))
            found = found[np.argsort(bad[found], kind="stable")]
            pairs = [
                (
                    str(left.ids[rows[0][row]]),
                    str(left.ids[rows[1][row]]),
                    f"{names[at]} {above[at][row] + cuts[at]:.3f}, {names[1 - at]} {above[1 - at][row] + cuts[1 - at]:.3f}",
                )
                for row in found[:MOST_PAIRS]
            ]
            what = "One person" if same else "Two people"
            told = f"{what}: {names[at]} is right, {names[1 - at]} wrong, in {len(found):,} of {len(rows[0]):,} pairs."
            sections.append((f"{what}: {names[at]} right, {names[1 - at]} wrong", told, pairs))
    thresholds = " and ".join(f"{cut:.3f} of {name}" for cut, name in zip(cuts, names, strict=True))
    faces = thumbnails({one for *_, pairs in sections for pair in pairs for one in pair[:2]}, images)
    for number, (title, told, pairs) in enumerate(sections, 1):
        if pairs:
            caption = f"{told} Thresholds at FAR {far:g}: {thresholds}."
            report.add(pair_pictures(f"disagreements-{number}", pairs, faces, title=title, caption=caption))
