"""Do pairs correspond? Which of them don't, and a fit without these."""

from .check import check_pairs, check_shuffled, without_broken
from .result import CorrespondenceResult

__all__ = ["CorrespondenceResult", "check_pairs", "check_shuffled", "without_broken"]
