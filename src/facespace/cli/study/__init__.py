"""facespace study: the papers' experiments."""

from .cross_model import run_cross_model, study

__all__ = ["run_cross_model", "study"]
