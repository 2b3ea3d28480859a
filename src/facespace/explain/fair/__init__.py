"""Fair tests of maps: what a map must do that a habit of place, or noise, can't."""

from .margin import FILLS, LEVELS, MarginGame, margin_area
from .method import Method, at_cells, black_box_method, method_of, paper_method, white_box_method
from .pairs import independent_pairs, pair_faces
from .planted import planted_masks, region_ranks
from .randomised import randomise_module, randomise_onnx
from .report import fair_finding, fair_report, fair_table
from .scores import FairCost, FairDifference, FairScore, FairTestResult, summarise
from .tests_of_maps import TESTS, FairValues, fair_result, fair_tests, fair_values

__all__ = [
    "FILLS", "LEVELS", "TESTS", "FairCost", "FairDifference", "FairScore", "FairTestResult", "FairValues",
    "MarginGame", "Method", "at_cells", "black_box_method", "fair_finding", "fair_report", "fair_result",
    "fair_table", "fair_tests", "fair_values", "independent_pairs", "margin_area", "method_of", "pair_faces",
    "paper_method", "planted_masks", "randomise_module", "randomise_onnx", "region_ranks", "summarise",
    "white_box_method",
]  # fmt: skip
