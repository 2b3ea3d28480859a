"""Attribute leakage: what a linear probe reads from templates, of labels that the user brings."""

from .attribute_report import attribute_finding, attribute_report, attribute_table
from .labels import Labels, read_labels
from .probe import audit_attributes
from .result import AttributePoint, AttributeResult

__all__ = [
    "AttributePoint", "AttributeResult", "Labels", "attribute_finding", "attribute_report", "attribute_table",
    "audit_attributes", "read_labels",
]  # fmt: skip
