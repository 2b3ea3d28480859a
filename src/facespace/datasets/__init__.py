"""Readers of published verification protocols; each yields a `PairProtocol`."""

from .insightface_bin import InsightfaceBin, extract_bin, read_bin, write_bin
from .lfw import lfw_id, read_lfw_pairs
from .pairs import read_cplfw_pairs, read_csv_pairs, read_pairs, read_ytf_splits
from .protocol import PairProtocol, contiguous_folds

__all__ = [
    "InsightfaceBin",
    "PairProtocol",
    "contiguous_folds",
    "extract_bin",
    "lfw_id",
    "read_bin",
    "read_cplfw_pairs",
    "read_csv_pairs",
    "read_lfw_pairs",
    "read_pairs",
    "read_ytf_splits",
    "write_bin",
]
