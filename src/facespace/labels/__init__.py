"""Labels: images and names that the networks doubt, and what to leave out for it."""

from ._evidence import beyond_tail, same_name_pairs, two_name_pairs
from .audit import audit_labels
from .exclusion import write_exclusion
from .files import thumbnails
from .labels_report import labels_finding, labels_report, labels_tables
from .pairs_report import MOST_PAIRS, Pair, pair_pictures
from .result import Duplicate, LabelAudit, TwoNames, TwoPeople

__all__ = [
    "MOST_PAIRS", "Duplicate", "LabelAudit", "Pair", "TwoNames", "TwoPeople", "audit_labels", "beyond_tail",
    "labels_finding", "labels_report", "labels_tables", "pair_pictures", "same_name_pairs", "thumbnails",
    "two_name_pairs", "write_exclusion",
]  # fmt: skip
