"""Networks compared by the size of gallery that each allows, on the same people."""

from .bounds import DimBound
from .compare import compare_capacity
from .compare_report import bound_table, compare_report, compare_table, pairs_table
from .result import CapacityComparison, NetworkPair, NetworkSize
from .wording import contradicted_bounds, order_answer

__all__ = [
    "CapacityComparison", "DimBound", "NetworkPair", "NetworkSize", "bound_table", "compare_capacity",
    "compare_report", "compare_table", "contradicted_bounds", "order_answer", "pairs_table",
]  # fmt: skip
