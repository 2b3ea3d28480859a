"""What would make the gallery larger: other targets, two images a person, a cohort of strangers."""

from .plan import plan_capacity
from .plan_report import plan_answer, plan_report, plan_table
from .result import CapacityPlan, PlanRow

__all__ = ["CapacityPlan", "PlanRow", "plan_answer", "plan_capacity", "plan_report", "plan_table"]
