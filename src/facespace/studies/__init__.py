"""The papers' experiments, composed of the other rooms."""

from .cross_model import CrossModelResult, cross_model_study
from .curves import PairsNeeded, RankResult, SensitivityResult, pairs_needed, rank_study, sensitivity_study
from .hub import HubResult, hub_study
from .templates import TemplateStudyResult, template_study

__all__ = [
    "CrossModelResult", "HubResult", "PairsNeeded", "RankResult", "SensitivityResult", "TemplateStudyResult",
    "cross_model_study", "hub_study", "pairs_needed", "rank_study", "sensitivity_study", "template_study",
]  # fmt: skip
