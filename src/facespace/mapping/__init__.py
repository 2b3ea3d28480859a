"""Mapping: linear maps between embedding spaces, all from one sufficient statistic."""

from .batches import batch_statistics
from .correspondence import CorrespondenceResult, check_pairs
from .domain import DomainCheck
from .families import (
    FAMILIES,
    METHODS,
    TWO_SIDED,
    AnchoredMap,
    CCAMap,
    IdentityMap,
    JointMap,
    LeastSquaresMap,
    LikelihoodMap,
    LikelihoodScore,
    OrthogonalMap,
    ReducedRankMap,
    RidgeMap,
    RotationMap,
    SpectralMap,
    candidates,
    joint_candidates,
    make_estimator,
)
from .fit import few_pairs, fit_map, pair_statistics
from .fold_scores import COHORT, CUTS, INNER, FoldScores
from .folds import FoldStatistics
from .hub import CanonicalSpace, ShippedMaps, load_map, shipped_map, shipped_maps
from .linear_map import LinearMap, digest_of
from .moved import apply_to_files, sample_of
from .pairs import moments_of, paired_vectors
from .provenance import FittedOn
from .refine import RefineRefused, RefineResult, RefineStep, refine_map
from .selection import Comparer, JudgedPairs, Selection, sample_pairs, select
from .statistics import Moments, PairStatistics, inverse_root
from .two_sided_map import TwoSidedMap

__all__ = [
    "COHORT",
    "CUTS",
    "FAMILIES",
    "INNER",
    "METHODS",
    "TWO_SIDED",
    "AnchoredMap",
    "CCAMap",
    "CanonicalSpace",
    "Comparer",
    "CorrespondenceResult",
    "DomainCheck",
    "FittedOn",
    "FoldScores",
    "FoldStatistics",
    "IdentityMap",
    "JointMap",
    "JudgedPairs",
    "LeastSquaresMap",
    "LikelihoodMap",
    "LikelihoodScore",
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
    "ShippedMaps",
    "SpectralMap",
    "TwoSidedMap",
    "apply_to_files",
    "batch_statistics",
    "candidates",
    "check_pairs",
    "digest_of",
    "few_pairs",
    "fit_map",
    "inverse_root",
    "joint_candidates",
    "load_map",
    "make_estimator",
    "moments_of",
    "pair_statistics",
    "paired_vectors",
    "refine_map",
    "sample_of",
    "sample_pairs",
    "select",
    "shipped_map",
    "shipped_maps",
]  # fmt: skip
