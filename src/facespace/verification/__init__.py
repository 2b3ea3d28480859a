"""1:1: pairs of images, two systems on the same pairs, thresholds without labels."""

from .cohort import Cohort, check_cohort, cohort_label, cohort_warnings, corrections
from .difference_report import compare_report, difference_table, finding
from .error_pictures_report import add_error_pictures
from .pair_people import subjects_of
from .provenance import compared_about, fitted_images, fitted_rows, fitted_warning, model_warnings
from .report import INTERVALS, auc_and_eer, roc_figure, tar_table, verification_report
from .result import ScoredPairs, VerificationResult
from .scores import PairMap, PairRows, check_target, pair_rows, pair_scores
from .systems import System, compare_systems
from .threshold_transfer import (
    ThresholdTransfer,
    expected_genuine_share,
    operating_far,
    transfer_threshold,
    transfer_thresholds,
)
from .verify import NOBODY_KNOWN, verify

__all__ = [
    "INTERVALS", "NOBODY_KNOWN", "Cohort", "PairMap", "PairRows", "ScoredPairs", "System", "ThresholdTransfer",
    "VerificationResult", "add_error_pictures", "auc_and_eer", "check_cohort", "check_target", "cohort_label",
    "cohort_warnings", "compare_report", "compare_systems", "compared_about", "corrections", "difference_table",
    "expected_genuine_share", "finding", "fitted_images", "fitted_rows", "fitted_warning", "model_warnings",
    "operating_far", "pair_rows", "pair_scores", "roc_figure", "subjects_of", "tar_table", "transfer_threshold",
    "transfer_thresholds", "verification_report", "verify",
]  # fmt: skip
