"""What is known of pairs that don't correspond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...embeddings import Strings
from ...results import fields
from ...shown import Result

_LISTED = 1000  # pairs in the document


@dataclass(frozen=True, eq=False, repr=False)
class CorrespondenceResult(Result):
    """Which pairs disagree under maps that saw neither them nor their people.

    Attributes:
        pairs: how many were judged. broken: how many of them are listed. share, low, high: their part and its 95 % interval,
            from draws of people (of pairs where nobody is known).
        auc: of all pairs' scores against strangers', by maps fitted on all pairs. auc_kept: of the others, by the last maps.
        rounds: fits until the list stayed as it was; `settled` says if it did.
        ids: (broken,) of the listed pairs, least likely first: the image, or "left right" of a list's pair.
        log_odds: (broken,) that each does not correspond. keep: (pairs,) which are not listed, in the pairing's order.
    """

    source: str
    target: str
    pairs: int
    broken: int
    share: float
    low: float
    high: float
    auc: float
    auc_kept: float
    rounds: int
    settled: bool
    ids: Strings
    log_odds: NDArray[np.float64]
    keep: NDArray[np.bool_]
    warnings: tuple[str, ...]
    signature: str

    def brief(self) -> str:
        """The headline in a line."""
        return f"{self.source} → {self.target}: {self.broken:,} of {self.pairs:,} pairs disagree"

    def to_dict(self) -> dict[str, Any]:
        """The document of `facespace map fit --disagreeing`."""
        names = "signature", "source", "target", "pairs", "broken", "share", "low", "high", "auc", "auc_kept", "rounds"
        rows = zip(self.ids[:_LISTED].tolist(), self.log_odds[:_LISTED].tolist(), strict=True)
        return {
            **fields(self, *names, "settled"),
            "disagreeing": [{"id": name, "log_odds": odds} for name, odds in rows],
            **fields(self, "warnings"),
        }
