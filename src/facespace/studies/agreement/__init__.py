"""How far two networks can be mapped onto one another: what both know of identity, and what a map loses at least."""

from .disagreements_report import add_disagreements
from .estimate import Estimate
from .report import agreement_report, answer, direction_table, loss_table, network_table
from .result import AgreementResult, DirectionBin, Forecast, LearningPoint, NetworkAlone
from .study import study_agreement

__all__ = [
    "AgreementResult", "DirectionBin", "Estimate", "Forecast", "LearningPoint", "NetworkAlone", "add_disagreements",
    "agreement_report", "answer", "direction_table", "loss_table", "network_table", "study_agreement",
]  # fmt: skip
