"""Fair tests of maps: what a map must do that a habit of place, or noise, can't."""

from .margin import FILLS, LEVELS, MarginGame, margin_area
from .method import Method, at_cells, black_box_method, method_of
from .planted import planted_masks, region_ranks
from .randomised import randomise_module, randomise_onnx
from .scores import FairCost, FairDifference, FairScore, FairTestResult, summarise
from .tests_of_maps import TESTS, fair_tests

__all__ = [
    "FILLS", "LEVELS", "TESTS", "FairCost", "FairDifference", "FairScore", "FairTestResult", "MarginGame", "Method", "at_cells",
    "black_box_method", "fair_tests", "margin_area", "method_of", "planted_masks", "randomise_module", "randomise_onnx",
    "region_ranks", "summarise",
]  # fmt: skip
