"""All audits of a set in one document, laid out by the points of ISO/IEC 30136 and ISO/IEC 24745."""

from .audit import audit_privacy
from .privacy_report import privacy_report
from .result import Attacker, Headline, Point, PrivacyAudit, SetFacts, StoredFile, Untested

__all__ = [
    "Attacker", "Headline", "Point", "PrivacyAudit", "SetFacts", "StoredFile", "Untested", "audit_privacy",
    "privacy_report",
]  # fmt: skip
