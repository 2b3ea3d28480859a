"""Every network against every other."""

from .report import answer, cross_model_matrix, cross_model_report, summary_table
from .study import DEFAULT_METHODS, PAIRINGS, STUDY_METHODS, CrossModelResult, check_sets, check_study, cross_model_study

__all__ = [
    "DEFAULT_METHODS", "PAIRINGS", "STUDY_METHODS", "CrossModelResult", "answer", "check_sets", "check_study",
    "cross_model_matrix", "cross_model_report", "cross_model_study", "summary_table",
]  # fmt: skip
