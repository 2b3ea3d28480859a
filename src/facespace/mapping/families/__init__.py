"""The families of maps: one estimator a file."""

from .anchored import AnchoredMap
from .base import LinearEstimator
from .cca import CCAMap
from .identity import GivenMap, IdentityMap
from .joint import JointMap
from .likelihood import COHORT_STRENGTH, LikelihoodMap, LikelihoodScore
from .ols import LeastSquaresMap
from .reduced_rank import ReducedRankMap
from .registry import FAMILIES, METHODS, TWO_SIDED, all_candidates, candidates, joint_candidates, make_estimator
from .ridge import RidgeMap
from .rotation import OrthogonalMap, RotationMap
from .spectral import SpectralMap

__all__ = [
    "COHORT_STRENGTH", "FAMILIES", "METHODS", "TWO_SIDED", "AnchoredMap", "CCAMap", "GivenMap", "IdentityMap", "JointMap",
    "LeastSquaresMap", "LikelihoodMap", "LikelihoodScore", "LinearEstimator", "OrthogonalMap", "ReducedRankMap",
    "RidgeMap", "RotationMap", "SpectralMap", "all_candidates", "candidates", "joint_candidates", "make_estimator",
]  # fmt: skip
