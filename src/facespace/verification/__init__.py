"""Verification: scoring of pairs, ROC, TAR@FAR, k-fold accuracy, and `verify()`, which does it all."""

from .blufr import BlufrRate, BlufrResult, BlufrSplitResult, verify_blufr
from .compare import Comparison, Difference, compare_scores
from .intervals import Intervals, subject_intervals, subjects_of
from .kfold import FoldAccuracy, best_threshold, insightface_grid, kfold_accuracy
from .roc import Roc, TarAtFar
from .score_histogram import ScoreHistogram
from .scores import PairRows, pair_rows, pair_scores
from .systems import System, compare_systems
from .threshold_transfer import (
    ThresholdTransfer,
    expected_genuine_share,
    operating_far,
    transfer_threshold,
    transfer_thresholds,
)
from .verify import PairMap, VerificationResult, verify

__all__ = [
    "BlufrRate",
    "BlufrResult",
    "BlufrSplitResult",
    "Comparison",
    "Difference",
    "FoldAccuracy",
    "Intervals",
    "PairMap",
    "PairRows",
    "Roc",
    "ScoreHistogram",
    "System",
    "TarAtFar",
    "ThresholdTransfer",
    "VerificationResult",
    "best_threshold",
    "compare_scores",
    "compare_systems",
    "expected_genuine_share",
    "insightface_grid",
    "kfold_accuracy",
    "operating_far",
    "pair_rows",
    "pair_scores",
    "subject_intervals",
    "subjects_of",
    "transfer_threshold",
    "transfer_thresholds",
    "verify",
    "verify_blufr",
]
