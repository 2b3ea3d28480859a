"""The worst errors of a verification as pairs of faces, suspected label errors apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..datasets import PairProtocol
from ..images import ImageSource
from ..labels import MOST_PAIRS, Pair, pair_pictures, thumbnails
from ..metrics import best_threshold
from ..report import Report
from .cohort import Cohort, mapped_scores
from .scores import pair_rows
from .suspected import suspected_impostors
from .systems import System

Rows = NDArray[np.intp]

_AS_STRANGERS = 0.9  # quantile of the impostor scores


@dataclass(frozen=True, eq=False)
class Errors:
    """A system's errors on a list of pairs, the worst first.

    Attributes:
        accepted, rejected: rows of impostor pairs at or above the threshold, and of genuine pairs below it, but for
        doubtful: rows of either kind that seem to be label errors: impostor pairs far beyond the others, and genuine pairs
            that score as the lower nine in ten impostor pairs do.
        scores: (n,) of all pairs. threshold: with the fewest errors on these pairs.
    """

    accepted: Rows
    rejected: Rows
    doubtful: Rows
    scores: NDArray[np.float64]
    threshold: float

    @classmethod
    def of(cls, protocol: PairProtocol, scores: NDArray[np.float64]) -> Errors:
        """The errors that `scores` (n,) make on the pairs."""
        same = protocol.same
        cut = float(best_threshold(scores, same)[0])
        low = np.flatnonzero(same & (scores < min(cut, float(np.quantile(scores[~same], _AS_STRANGERS)))))
        doubtful = np.concatenate([suspected_impostors(protocol, scores), low[np.argsort(scores[low], kind="stable")]])
        sure = np.ones(len(same), dtype=np.bool_)
        sure[doubtful] = False
        accepted = np.flatnonzero(~same & (scores >= cut) & sure)
        rejected = np.flatnonzero(same & (scores < cut) & sure)
        order = np.argsort(-scores[accepted], kind="stable"), np.argsort(scores[rejected], kind="stable")
        return cls(accepted[order[0]], rejected[order[1]], doubtful, scores, cut)


def add_error_pictures(
    report: Report,
    systems: list[System],
    protocol: PairProtocol,
    images: ImageSource,
    *,
    cohort: Cohort | None = None,
) -> None:
    """Append the twenty worst false accepts and rejects of one system, or of each of two with what the other makes of them.

    Pairs without an embedding are passed over. Raises InputError where the images have none of the ids.
    """
    kept = np.ones(len(protocol), dtype=np.bool_)
    for one in systems:
        kept &= pair_rows(protocol, one.a, one.b or one.a, allow_missing=True).kept
    used = protocol.take(kept)
    found = []
    for one in systems:
        b = one.b or one.a
        found.append(Errors.of(used, mapped_scores(one.a, b, pair_rows(used, one.a, b), one.map, cohort)))
    sections: list[tuple[str, str, str, list[Pair]]] = []
    for at, errors in enumerate(found):
        other = found[1 - at] if len(found) > 1 else None
        whose = f" of {systems[at].title}" if other else ""
        for name, rows, title, caption in (
            ("false-accepts", errors.accepted, f"Worst false accepts{whose}", "Two people, taken for one: highest first."),
            ("false-rejects", errors.rejected, f"Worst false rejects{whose}", "One person, taken for two: lowest first."),
            ("doubtful-labels", errors.doubtful, f"Perhaps wrong labels{whose}", _DOUBTFUL),
        ):
            pairs = [_pair(used, int(row), errors, other) for row in rows[:MOST_PAIRS]]
            told = f"{caption} {len(rows):,} in all; accepted is {errors.threshold:.3f} or more."
            sections.append((f"{name}-{at + 1}" if other else name, title, told, pairs))
    ids = {one for *_, pairs in sections for pair in pairs for one in pair[:2]}
    faces = thumbnails(ids, images)
    for name, title, told, pairs in sections:
        if pairs:
            report.add(pair_pictures(name, pairs, faces, title=title, caption=told))


_DOUBTFUL = (
    "Two names that score like one person, far beyond the others, and one name's images that score like strangers: the list "
    "may be wrong, or the wrong face was taken."
)


def _pair(protocol: PairProtocol, row: int, errors: Errors, other: Errors | None) -> Pair:
    note = f"{errors.scores[row]:.3f}"
    if other is not None:
        wrong = (other.scores[row] >= other.threshold) != protocol.same[row]
        note += f"; the other {other.scores[row]:.3f}, {'wrong too' if wrong else 'right'}"
    return str(protocol.left[row]), str(protocol.right[row]), note
