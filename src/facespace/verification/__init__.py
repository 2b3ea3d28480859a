"""1:1: pairs of images, two systems on the same pairs, thresholds without labels."""

from .difference_report import compare_report, difference_table, finding
from .pair_people import subjects_of
from .report import INTERVALS, verification_report
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
    "INTERVALS", "PairMap", "PairRows", "System", "ThresholdTransfer", "VerificationResult", "compare_report",
    "compare_systems", "difference_table", "expected_genuine_share", "finding", "operating_far", "pair_rows",
    "pair_scores", "subjects_of", "transfer_threshold", "transfer_thresholds", "verification_report", "verify",
]  # fmt: skip
