"""What a verification found: its figures, and the pairs with their scores for other programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..embeddings import Strings
from ..io import write_table
from ..metrics import CurveLimits, FoldAccuracy, Roc, TarAtFar
from ..results import fields
from ..shown import Result


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


@dataclass(frozen=True, eq=False, repr=False)
class VerificationResult(Result):
    """What was measured on one list of pairs.

    Attributes:
        signature: protocol, networks, counts, threshold search, interval and seed in one line.
        pairs, genuine, impostor: how many pairs were scored.
        accuracy: k-fold accuracy, or None when there are too few pairs for two folds, or folds can't be judged.
        accuracy_low, accuracy_high: interval of its mean at 95 %, thresholds held; None when not computed.
        balanced_low, balanced_high: the same of `accuracy.balanced`.
        tar: TAR at each FAR asked for, with intervals.
        auc, eer: area under the ROC; equal error rate. curve: their intervals.
        warnings: what a reader must know before quoting the figures.
        interval: how the intervals were made.
        missing_left, missing_right: images of the protocol without an embedding; skipped: pairs left out for it.
        fitted_pairs: how many pairs are of images or people that the map was fitted on; unseen: the result on the others.
        excluded: pairs that the caller left out (`PairProtocol.without`).
        roc, genuine_scores, impostor_scores: for figures; not in the JSON document.
        scored: the pairs with their scores; not in the JSON document.
    """

    reported_by: ClassVar[str] = "verification.verification_report"

    signature: str
    pairs: int
    genuine: int
    impostor: int
    accuracy: FoldAccuracy | None
    accuracy_low: float | None
    accuracy_high: float | None
    balanced_low: float | None
    balanced_high: float | None
    tar: tuple[TarAtFar, ...]
    auc: float
    eer: float
    warnings: tuple[str, ...]
    interval: str
    missing_left: int
    missing_right: int
    skipped: int
    roc: Roc
    genuine_scores: NDArray[np.float64]
    impostor_scores: NDArray[np.float64]
    fitted_pairs: int = 0
    excluded: int = 0
    unseen: VerificationResult | None = None
    scored: ScoredPairs | None = None
    curve: CurveLimits = field(default_factory=CurveLimits)

    @property
    def chance(self) -> float:
        """The share of the more frequent class: how often accepting all pairs, or none, is right."""
        return max(self.genuine, self.impostor) / self.pairs

    @property
    def counts(self) -> str:
        """The pairs in words, and what they alone make of an accuracy where the classes are not of one size."""
        text = f"{self.pairs:,} pairs: {self.genuine:,} genuine, {self.impostor:,} impostor"
        if self.accuracy is None or self.genuine == self.impostor:
            return text
        accepting = "all" if self.genuine > self.impostor else "nobody"
        return (
            f"{text}; accepting {accepting} is right on {100 * self.chance:.2f} %, "
            f"balanced accuracy {100 * self.accuracy.balanced:.2f} %"
        )

    def brief(self) -> str:
        """The headline and its counts in a line."""
        accuracy, low, high = self.accuracy, self.accuracy_low, self.accuracy_high
        between = "" if low is None or high is None else f" [{100 * low:.2f}, {100 * high:.2f}]"
        first = "" if accuracy is None else f"accuracy {accuracy}{between}, "
        curve = self.curve
        area = "" if curve.auc_low is None else f" [{curve.auc_low:.5f}, {curve.auc_high:.5f}]"
        error = "" if curve.eer_low is None else f" [{curve.eer_low:.5f}, {curve.eer_high:.5f}]"
        return f"{first}auc {self.auc:.5f}{area}, eer {self.eer:.5f}{error}, {self.pairs:,} pairs"

    def to_dict(self) -> dict[str, Any]:
        """The `verify` document: rates between 0 and 1, intervals at 95 %."""
        accuracy = None
        if self.accuracy is not None:
            limits = {"low": self.accuracy_low, "high": self.accuracy_high}
            accuracy = fields(self.accuracy, "mean", "sd") | limits | fields(self.accuracy, "folds", "thresholds")
        return {
            **fields(self, "signature", "pairs", "genuine", "impostor", "excluded"),
            "accuracy": accuracy,
            "chance": self.chance,
            "balanced_accuracy": None if self.accuracy is None else self.accuracy.balanced,
            "balanced_accuracy_low": self.balanced_low,
            "balanced_accuracy_high": self.balanced_high,
            "tar": [row.to_dict() for row in self.tar],
            **fields(self, "auc", "eer", "interval"),
            **self.curve.to_dict(),
            "missing": {"left": self.missing_left, "right": self.missing_right, "pairs": self.skipped},
            "fitted_pairs": self.fitted_pairs,
            "unseen": None if self.unseen is None else self.unseen._told(),
            "warnings": list(self.warnings),
        }

    def _told(self) -> dict[str, Any]:
        accuracy = {"accuracy": None if self.accuracy is None else self.accuracy.mean}
        return (
            fields(self, "pairs", "auc", "eer")
            | self.curve.to_dict()
            | accuracy
            | fields(self, "accuracy_low", "accuracy_high")
        )

    def headline(self) -> str:
        """Accuracy, if there is one, and AUC, with their intervals, on how many pairs."""
        low, high = self.accuracy_low, self.accuracy_high
        between = "" if low is None or high is None else f" (95 %: {100 * low:.2f} to {100 * high:.2f})"
        accuracy = f"accuracy {self.accuracy}{between}, " if self.accuracy is not None else ""
        area = f" ({self.curve.auc})" if self.curve.auc else ""
        return f"{accuracy}AUC {self.auc:.5f}{area} on {self.pairs:,} pairs"
