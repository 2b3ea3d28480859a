"""What a score is worth as evidence: the likelihood ratio of one person against two, its words, its calibration."""

from .cllr import cllr, pav_ratios
from .ratio import ENFSI, LikelihoodRatio, verbal
from .score_table import HeldOut, PairCounts, ScoreTable, shipped_table

__all__ = [
    "ENFSI", "HeldOut", "LikelihoodRatio", "PairCounts", "ScoreTable", "cllr", "pav_ratios", "shipped_table", "verbal",
]  # fmt: skip
