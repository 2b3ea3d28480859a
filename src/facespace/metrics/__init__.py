"""What the numbers are: ROC, k-fold accuracy, histograms of scores, intervals over people, differences, cohorts."""

from ._dyads import Dyads
from ._limits import genuine_limits
from .cohort import cohort_mean
from .difference import Difference, SystemComparison, accuracy_error, compare_scores
from .intervals import Intervals, subject_intervals, tar_limits
from .kfold import FoldAccuracy, best_threshold, chance_warning, check_folds, insightface_grid, kfold_accuracy, majority_rate
from .roc import FEW_FALSE_ACCEPTS, Roc, TarAtFar, allowed_accepts, few_nonmated
from .score_histogram import ScoreHistogram

__all__ = [
    "FEW_FALSE_ACCEPTS", "Difference", "Dyads", "FoldAccuracy", "Intervals", "Roc", "ScoreHistogram",
    "SystemComparison", "TarAtFar", "accuracy_error", "allowed_accepts", "best_threshold", "chance_warning",
    "check_folds", "cohort_mean", "compare_scores", "few_nonmated", "genuine_limits", "insightface_grid",
    "kfold_accuracy", "majority_rate", "subject_intervals", "tar_limits",
]  # fmt: skip
