"""Mixed networks: templates of another network in a gallery, with a reference and without."""

from .audit import audit_mixture
from .mixture_report import mixture_finding, mixture_report, mixture_table
from .result import MixtureResult
from .suspicion import mixture_warnings

__all__ = [
    "MixtureResult", "audit_mixture", "mixture_finding", "mixture_report", "mixture_table", "mixture_warnings",
]  # fmt: skip
