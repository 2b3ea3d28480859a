"""The families of maps: one estimator a file."""

from .anchored import AnchoredMap
from .base import LinearEstimator
from .cca import CCAMap
from .identity import IdentityMap
from .joint import JointMap
from .ols import LeastSquaresMap
from .reduced_rank import ReducedRankMap
from .registry import FAMILIES, METHODS, candidates, joint_candidates, make_estimator
from .ridge import RidgeMap
from .rotation import OrthogonalMap, RotationMap
from .spectral import SpectralMap

__all__ = [
    "FAMILIES", "METHODS", "AnchoredMap", "CCAMap", "IdentityMap", "JointMap", "LeastSquaresMap", "LinearEstimator",
    "OrthogonalMap", "ReducedRankMap", "RidgeMap", "RotationMap", "SpectralMap", "candidates", "joint_candidates",
    "make_estimator",
]  # fmt: skip
