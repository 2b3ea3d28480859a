"""Verification: scoring of pairs, ROC, TAR@FAR, k-fold accuracy, and `verify()`, which does it all."""

from .blufr import BlufrRate, BlufrResult, BlufrSplitResult, verify_blufr
from .cohort import closeness
from .compare import Comparison, Difference, compare_scores
from .identification import FnirAtFpir, IdentificationResult, RankRate, identify
from .identify_lists import ListIdentification, identify_lists
from .intervals import Intervals, subject_intervals, subjects_of
from .kfold import FoldAccuracy, best_threshold, insightface_grid, kfold_accuracy
from .roc import Roc, TarAtFar
from .score_histogram import ScoreHistogram
from .scores import PairRows, pair_rows, pair_scores
from .systems import System, compare_systems
from .template_result import TEMPLATE_FARS, TemplateVerificationResult, merge_shards
from .template_shards import TemplateShard, load_shards
from .templates import pool_templates
from .threshold_transfer import (
    ThresholdTransfer,
    expected_genuine_share,
    operating_far,
    transfer_threshold,
    transfer_thresholds,
)
from .verify import PairMap, VerificationResult, verify
from .verify_templates import score_shard, score_templates, verify_templates

__all__ = [
    "TEMPLATE_FARS",
    "BlufrRate",
    "BlufrResult",
    "BlufrSplitResult",
    "Comparison",
    "Difference",
    "FnirAtFpir",
    "FoldAccuracy",
    "IdentificationResult",
    "Intervals",
    "ListIdentification",
    "PairMap",
    "PairRows",
    "RankRate",
    "Roc",
    "ScoreHistogram",
    "System",
    "TarAtFar",
    "TemplateShard",
    "TemplateVerificationResult",
    "ThresholdTransfer",
    "VerificationResult",
    "best_threshold",
    "closeness",
    "compare_scores",
    "compare_systems",
    "expected_genuine_share",
    "identify",
    "identify_lists",
    "insightface_grid",
    "kfold_accuracy",
    "load_shards",
    "merge_shards",
    "operating_far",
    "pair_rows",
    "pair_scores",
    "pool_templates",
    "score_shard",
    "score_templates",
    "subject_intervals",
    "subjects_of",
    "transfer_threshold",
    "transfer_thresholds",
    "verify",
    "verify_blufr",
    "verify_templates",
]
