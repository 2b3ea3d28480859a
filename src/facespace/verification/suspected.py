"""Labels that a list's own scores make doubtful."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..datasets import PairProtocol
from ..errors import shorten
from ..labels import beyond_tail
from ._cross_pairs import CrossScores

REMEDY = "facespace audit labels looks for more, and --exclude leaves them out"


def suspected_impostors(protocol: PairProtocol, scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """The rows of impostor pairs, highest score first, that score like one person and far beyond the other impostors."""
    impostor = np.flatnonzero(~protocol.same)
    found = impostor[np.argsort(-scores[impostor], kind="stable")]
    found = found[: beyond_tail(scores[impostor], len(impostor))]
    return found[scores[found] >= np.median(scores[protocol.same])]


def label_warnings(protocol: PairProtocol, scores: NDArray[np.float64]) -> list[str]:
    """A warning that names the impostor pairs that seem to be of one person, or none."""
    rows = suspected_impostors(protocol, scores)
    if not len(rows):
        return []
    named = [f"{protocol.left[row]} = {protocol.right[row]}" for row in rows]
    return [f"{len(rows):,} impostor pairs score like one person, twins or one image: {shorten(named)}; {REMEDY}"]


def tail_notes(scores: CrossScores) -> list[str]:
    """A warning that counts the random pairs of two people whose scores are far beyond the tail of the others, or none."""
    count = beyond_tail(scores.tail.astype(np.float64), scores.n)
    told = f"{count:,} of the random pairs of two people score far beyond the others, like one person or one image; {REMEDY}"
    return [told] if count else []
