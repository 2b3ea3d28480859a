"""Privacy: what embeddings give away about the people they were made of, and what protections are worth."""

from .attributes import (
    AttributePoint,
    AttributeResult,
    attribute_finding,
    attribute_report,
    attribute_table,
    audit_attributes,
    read_labels,
)
from .document import Attacker, Headline, Point, PrivacyAudit, SetFacts, StoredFile, Untested, audit_privacy, privacy_report
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
from .protection_audit import (
    AttackPoint,
    HalfPoint,
    Linkability,
    OwnAccuracy,
    ProtectionResult,
    Renewal,
    Unlinkability,
    audit_protections,
    brief_tables,
    linkability,
    pairs_text,
    protection_finding,
    protection_report,
)
from .protections import Protection, protections

__all__ = [
    "AttackPoint", "Attacker", "AttributePoint", "AttributeResult", "HalfPoint", "Headline", "Linkability",
    "LinkageBound", "LinkagePoint", "LinkageResult", "MixtureResult", "OwnAccuracy", "Point", "PrivacyAudit",
    "Protection", "ProtectionResult", "Renewal", "SetFacts", "StoredFile", "Unlinkability", "Untested",
    "attribute_finding", "attribute_report", "attribute_table", "audit_attributes", "audit_linkage", "audit_mixture",
    "audit_privacy", "audit_protections", "brief_tables", "finding", "linkability", "linkage_report", "linkage_table",
    "mixture_finding", "mixture_report", "mixture_table", "mixture_warnings", "pairs_text", "privacy_report",
    "protection_finding", "protection_report", "protections", "read_labels",
]  # fmt: skip
