"""Mapping: linear maps between embedding spaces, all from one sufficient statistic."""

from .cca import CanonicalMap
from .domain import DomainCheck
from .families import FAMILIES, METHODS, candidates, joint_candidates, make_estimator
from .fit import fit_map, pair_statistics
from .identity import IdentityMap
from .joint import JointMap
from .linear_map import LinearMap
from .ols import LeastSquaresMap
from .reduced_rank import ReducedRankMap
from .ridge import RidgeMap
from .rotation import OrthogonalMap, RotationMap
from .selection import JudgedPairs, Selection, select
from .statistics import Moments, PairStatistics

__all__ = [
    "FAMILIES",
    "METHODS",
    "CanonicalMap",
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
    "RidgeMap",
    "RotationMap",
    "Selection",
    "candidates",
    "fit_map",
    "joint_candidates",
    "make_estimator",
    "pair_statistics",
    "select",
]
