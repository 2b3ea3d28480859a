"""Mapping: linear maps between embedding spaces, all from one sufficient statistic."""

from .anchored import AnchoredMap
from .canonical import CanonicalSpace
from .cca import CanonicalMap
from .domain import DomainCheck
from .families import FAMILIES, METHODS, candidates, joint_candidates, make_estimator
from .fit import fit_map, pair_statistics
from .identity import IdentityMap
from .joint import JointMap
from .linear_map import LinearMap
from .ols import LeastSquaresMap
from .reduced_rank import ReducedRankMap
from .refine import RefineRefused, RefineResult, RefineStep, refine_map
from .ridge import RidgeMap
from .rotation import OrthogonalMap, RotationMap
from .selection import JudgedPairs, Selection, select
from .spectral import SpectralMap
from .statistics import Moments, PairStatistics

__all__ = [
    "FAMILIES",
    "METHODS",
    "AnchoredMap",
    "CanonicalMap",
    "CanonicalSpace",
    "DomainCheck",
    "IdentityMap",
    "JointMap",
    "JudgedPairs",
    "LeastSquaresMap",
    "LinearMap",
    "Moments",
    "OrthogonalMap",
    "PairStatistics",
    "ReducedRankMap",
    "RefineRefused",
    "RefineResult",
    "RefineStep",
    "RidgeMap",
    "RotationMap",
    "Selection",
    "SpectralMap",
    "candidates",
    "fit_map",
    "joint_candidates",
    "make_estimator",
    "pair_statistics",
    "refine_map",
    "select",
]
