"""The paper's bound under other choices: the steps from unit vectors to volumes, and what changes with m."""

from .dims_report import dims_figure, dims_table
from .other_choices import bound_over_dims, changed, other_choices
from .reservations import check_student, preservation, warnings
from .work import Work, whole_people

__all__ = [
    "Work", "bound_over_dims", "changed", "check_student", "dims_figure", "dims_table", "other_choices", "preservation",
    "warnings", "whole_people",
]  # fmt: skip
