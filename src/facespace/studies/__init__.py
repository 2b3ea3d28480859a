"""The papers' experiments, composed of the other rooms."""

from .cross_model import CrossModelResult, cross_model_study
from .hub import HubResult, hub_study

__all__ = ["CrossModelResult", "HubResult", "cross_model_study", "hub_study"]
