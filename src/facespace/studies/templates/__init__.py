"""Templates of every network against every other's."""

from .report import answer, methods_table, study_matrix, template_study_report
from .study import TEMPLATE_METHODS, TemplateStudyResult, template_study

__all__ = [
    "TEMPLATE_METHODS", "TemplateStudyResult", "answer", "methods_table", "study_matrix", "template_study",
    "template_study_report",
]  # fmt: skip
