"""How far two networks can be mapped onto one another: what both know of identity, and what a map loses at least."""

from .estimate import Estimate
from .result import AgreementResult, DirectionBin, Forecast, LearningPoint, NetworkAlone
from .study import study_agreement

__all__ = [
    "AgreementResult", "DirectionBin", "Estimate", "Forecast", "LearningPoint", "NetworkAlone", "study_agreement",
]  # fmt: skip
