"""The papers' experiments, composed of the other rooms."""

from .agreement import AgreementResult, study_agreement
from .cross_model import CrossModelResult, cross_model_study
from .curves import PairsNeeded, RankResult, SensitivityResult, pairs_needed, rank_study, sensitivity_study
from .hub import HubResult, hub_study
from .model_check import STANDARD_ERRORS, ModelCheck, check_model
from .templates import TemplateStudyResult, template_study

__all__ = [
    "STANDARD_ERRORS", "AgreementResult", "CrossModelResult", "HubResult", "ModelCheck", "PairsNeeded",
    "RankResult", "SensitivityResult", "TemplateStudyResult", "check_model", "cross_model_study", "hub_study",
    "pairs_needed", "rank_study", "sensitivity_study", "study_agreement", "template_study",
]  # fmt: skip
