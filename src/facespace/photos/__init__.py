"""Photos to a plain answer: do two show one person, and on which photos of a folder is this face?"""

from .compare import ComparedPhoto, PhotoComparison, compare
from .compare_report import comparison_report
from .find import FoundFace, PhotoSearch, find
from .network import FETCHED, default_network
from .picture import write_comparison
from .search_report import mark, search_report

__all__ = [
    "FETCHED", "ComparedPhoto", "FoundFace", "PhotoComparison", "PhotoSearch", "compare", "comparison_report",
    "default_network", "find", "mark", "search_report", "write_comparison",
]  # fmt: skip
