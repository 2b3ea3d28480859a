"""Privacy: what embeddings give away about the people they were made of."""

from .linkage import audit_linkage
from .linkage_report import finding, linkage_report, linkage_table
from .linkage_result import LinkageBound, LinkagePoint, LinkageResult

__all__ = [
    "LinkageBound", "LinkagePoint", "LinkageResult", "audit_linkage", "finding", "linkage_report", "linkage_table",
]  # fmt: skip
