"""Privacy: what embeddings give away about the people they were made of."""

from .linkage import audit_linkage
from .linkage_result import LinkageBound, LinkagePoint, LinkageResult

__all__ = ["LinkageBound", "LinkagePoint", "LinkageResult", "audit_linkage"]
