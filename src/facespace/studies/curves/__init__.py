"""Accuracy against the number of pairs or directions, and how many more pairs are needed."""

from .pairs_needed import PairsNeeded, pairs_needed
from .rank import RankResult, rank_study
from .report import answer, curve_report, needed_table, point_table
from .sensitivity import SensitivityResult, sensitivity_study

__all__ = [
    "PairsNeeded", "RankResult", "SensitivityResult", "answer", "curve_report", "needed_table", "pairs_needed",
    "point_table", "rank_study", "sensitivity_study",
]  # fmt: skip
