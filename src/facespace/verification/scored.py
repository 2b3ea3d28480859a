"""The pairs of a verification with their scores, for other programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import Strings
from ..io import write_table


@dataclass(frozen=True, eq=False, repr=False)
class ScoredPairs:
    """A list of pairs with their scores, in the list's order, without the pairs that had no embedding.

    Attributes:
        left, right: (n,) ids of both images.
        same: (n,) True where both show one person.
        score: (n,) what the pair is judged by: a cosine, or a mapped or corrected one; greater is more alike.
        fold: (n,) the fold that the pair was judged in, None where there is none.
    """

    left: Strings
    right: Strings
    same: NDArray[np.bool_]
    score: NDArray[np.float64]
    fold: NDArray[np.int64] | None

    def __len__(self) -> int:
        return len(self.score)

    def __repr__(self) -> str:
        return f"ScoredPairs({int(self.same.sum()):,} genuine + {int((~self.same).sum()):,} impostor)"

    def columns(self) -> dict[str, NDArray[Any]]:
        """id1, id2, same, fold (where there are folds) and score by name; `read_pairs` takes such a file as a list."""
        fold = {} if self.fold is None else {"fold": self.fold}
        return {"id1": self.left, "id2": self.right, "same": self.same, **fold, "score": self.score}

    def save(self, path: str | Path) -> Path:
        """Write the columns as .csv or .parquet. Raises OutputError."""
        return write_table(Path(path), self.columns())
