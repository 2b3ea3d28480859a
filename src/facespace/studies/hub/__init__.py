"""A hub against direct maps."""

from .report import answer, fusion_summary, hub_report, summary_table
from .study import HubResult, hub_study

__all__ = [
    "HubResult", "answer", "fusion_summary", "hub_report", "hub_study", "summary_table",
]  # fmt: skip
