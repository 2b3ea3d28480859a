"""What the numbers are: ROC, k-fold accuracy, histograms, intervals over people, differences, cohorts, likelihood ratios."""

from ._dyads import Dyads
from ._limits import genuine_limits, open_end
from .calibration import (
    ENFSI,
    HeldOut,
    LikelihoodRatio,
    PairCounts,
    ScoreTable,
    cllr,
    pav_ratios,
    read_table,
    shipped_table,
    shipped_tables,
    verbal,
)
from .cohort import cohort_mean
from .curve_limits import CurveLimits
from .difference import Difference, SystemComparison, accuracy_error, compare_scores
from .intervals import Intervals, subject_intervals, tar_limits
from .kfold import FoldAccuracy, best_threshold, chance_warning, check_folds, insightface_grid, kfold_accuracy, majority_rate
from .roc import FEW_FALSE_ACCEPTS, Roc, TarAtFar, allowed_accepts, few_nonmated
from .score_histogram import ScoreHistogram

__all__ = [
    "ENFSI", "FEW_FALSE_ACCEPTS", "CurveLimits", "Difference", "Dyads", "FoldAccuracy", "HeldOut", "Intervals",
    "LikelihoodRatio", "PairCounts", "Roc", "ScoreHistogram", "ScoreTable", "SystemComparison", "TarAtFar",
    "accuracy_error", "allowed_accepts", "best_threshold", "chance_warning", "check_folds", "cllr", "cohort_mean",
    "compare_scores", "few_nonmated", "genuine_limits", "insightface_grid", "kfold_accuracy", "majority_rate",
    "open_end", "pav_ratios", "read_table", "shipped_table", "shipped_tables", "subject_intervals", "tar_limits",
    "verbal",
]  # fmt: skip
