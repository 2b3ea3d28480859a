"""Privacy: what embeddings give away about the people they were made of."""

from .linkage import audit_linkage
from .linkage_report import finding, linkage_report, linkage_table
from .linkage_result import LinkageBound, LinkagePoint, LinkageResult
from .mixture import (
    MixtureResult,
    audit_mixture,
    mixture_finding,
    mixture_report,
    mixture_table,
    mixture_warnings,
)

__all__ = [
    "LinkageBound", "LinkagePoint", "LinkageResult", "MixtureResult", "audit_linkage", "audit_mixture", "finding",
    "linkage_report", "linkage_table", "mixture_finding", "mixture_report", "mixture_table", "mixture_warnings",
]  # fmt: skip
