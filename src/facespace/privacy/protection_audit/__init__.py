"""What protections of templates are worth: attacks, accuracy, unlinkability, renewal."""

from .audit import audit_protections
from .half import crossing, half_pairs
from .protection_report import pairs_text, protection_finding, protection_report
from .result import KNOWLEDGE, AttackPoint, HalfPoint, OwnAccuracy, ProtectionResult, Renewal, Unlinkability
from .tables_report import brief_tables
from .unlinkability import Linkability, linkability

__all__ = [
    "KNOWLEDGE",
    "AttackPoint",
    "HalfPoint",
    "Linkability",
    "OwnAccuracy",
    "ProtectionResult",
    "Renewal",
    "Unlinkability",
    "audit_protections",
    "brief_tables",
    "crossing",
    "half_pairs",
    "linkability",
    "pairs_text",
    "protection_finding",
    "protection_report",
]  # fmt: skip
