"""Readers of published verification protocols; each yields a `PairProtocol`."""

from .blufr import BlufrProtocol, BlufrSplit, read_blufr
from .demo import demo_protocol, demo_sets, write_demo
from .ijb import (
    read_face_scores,
    read_face_tid_mid,
    read_ijb,
    read_ijba,
    read_template_csv,
    read_template_pairs,
    read_ytf_templates,
)
from .ijb_1n import TemplateList, read_template_list
from .insightface_bin import InsightfaceBin, extract_bin, read_bin, write_bin
from .made import person_pairs, person_templates, single_images
from .pairs import read_csv_pairs, read_pairs
from .protocol import PairProtocol, contiguous_folds, exclude_people, stratified
from .published_pairs import lfw_id, read_cfp_pairs, read_cplfw_pairs, read_lfw_pairs, read_ytf_splits
from .templates import TemplateProtocol

__all__ = [
    "BlufrProtocol", "BlufrSplit", "InsightfaceBin", "PairProtocol", "TemplateList", "TemplateProtocol",
    "contiguous_folds", "demo_protocol", "demo_sets", "exclude_people", "extract_bin", "lfw_id", "person_pairs",
    "person_templates", "read_bin", "read_blufr", "read_cfp_pairs", "read_cplfw_pairs", "read_csv_pairs",
    "read_face_scores", "read_face_tid_mid", "read_ijb", "read_ijba", "read_lfw_pairs", "read_pairs",
    "read_template_csv", "read_template_list", "read_template_pairs", "read_ytf_splits", "read_ytf_templates",
    "single_images", "stratified", "write_bin", "write_demo",
]  # fmt: skip
