"""The papers' experiments, composed of the other rooms."""

from .cross_model import CrossModelResult, cross_model_study

__all__ = ["CrossModelResult", "cross_model_study"]
