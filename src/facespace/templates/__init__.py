"""Templates: pooling images into one vector, 1:1 verification of template lists at IJB-C's size, shards."""

from .pooling import pool_templates
from .report import roc_points, template_report
from .result import TEMPLATE_FARS, TemplateVerificationResult, merge_shards
from .shards import TemplateShard, load_shards
from .verify import score_shard, score_templates, verify_templates

__all__ = [
    "TEMPLATE_FARS", "TemplateShard", "TemplateVerificationResult", "load_shards", "merge_shards", "pool_templates",
    "roc_points", "score_shard", "score_templates", "template_report", "verify_templates",
]  # fmt: skip
