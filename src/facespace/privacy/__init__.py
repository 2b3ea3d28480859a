"""Privacy: what embeddings give away about the people they were made of."""

from .linkage import LinkageBound, LinkagePoint, LinkageResult, audit_linkage

__all__ = ["LinkageBound", "LinkagePoint", "LinkageResult", "audit_linkage"]
