"""1:N: identification in a gallery, by lists of templates, and BLUFR."""

from .blufr import BlufrRate, BlufrResult, BlufrSplitResult, verify_blufr
from .blufr_report import blufr_report, key_lines, split_table
from .error_pictures_report import add_error_pictures
from .identify import FnirAtFpir, IdentificationResult, RankRate, identify
from .lists import ListIdentification, identify_lists
from .matches import Matches, match_probes
from .report import counts, fnir_table, identification_report, rank_table

__all__ = [
    "BlufrRate", "BlufrResult", "BlufrSplitResult", "FnirAtFpir", "IdentificationResult", "ListIdentification",
    "Matches", "RankRate", "add_error_pictures", "blufr_report", "counts", "fnir_table", "identification_report",
    "identify", "identify_lists", "key_lines", "match_probes", "rank_table", "split_table", "verify_blufr",
]  # fmt: skip
