"""The papers' experiments, composed of the other rooms."""

from .cross_model import CrossModelResult, cross_model_study
from .hub import HubResult, hub_study
from .pairs_needed import PairsNeeded, pairs_needed
from .rank import RankResult, rank_study
from .sensitivity import SensitivityResult, sensitivity_study
from .template_study import TemplateStudyResult, template_study

__all__ = [
    "CrossModelResult",
    "HubResult",
    "PairsNeeded",
    "RankResult",
    "SensitivityResult",
    "TemplateStudyResult",
    "cross_model_study",
    "hub_study",
    "pairs_needed",
    "rank_study",
    "sensitivity_study",
    "template_study",
]
