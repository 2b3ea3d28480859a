"""Why did these two faces match? Maps of a pair, and the tests that judge them.

`black_box/` explains every network by forward passes, and `fair/` judges maps of any; all else opens a network and needs the
extra torch: `white_box/` by gradients of any PyTorch module.
"""

from ..models import load_backbone, mobilefacenet
from .backbone import layer_map
from .black_box import (
    BLACK_BOX,
    Budget,
    Explainer,
    PlantedPatchResult,
    PlantedRank,
    black_box_map,
    explain_black_box,
    explainer,
    planted_patch,
    unit_rows,
)
from .checkpoint import Checkpoint, load_checkpoint, load_explainable
from .cross import check_ends, explainable
from .deciding import FAR, TableThreshold, card_table, source_of
from .decoder import make_decoder
from .examiner import (
    Examination,
    Examiner,
    Listed,
    RegionShare,
    Sign,
    adopt,
    examination_report,
    index_report,
    input_notes,
    minus,
    ratio_cards,
    ratio_meaning,
    ratio_method,
    reference_notes,
    region_shares,
    scores_figure,
    signs,
)
from .fair import FairTestResult, fair_report, fair_tests
from .game import GameCurve, GameDifference, HidingGameResult, hiding_game
from .heads import place_head
from .methods import COMPARED, CONTROLS, METHODS
from .network import ExplainableNetwork, pool
from .pair import ExplainedFace, PairExplanation, explain_pair
from .picture import draw, image_tag, sure, text_tag, wrapped, write_picture, write_reconstructions
from .regions import REGIONS, face_regions
from .residuals import Residuals, residuals
from .saliency import Affine, CosineDecomposition, Saliency, decompose, saliency
from .training import TrainProgress, TrainSettings, train
from .white_box import WHITE_BOX, TorchNetwork, WhiteBoxMap, open_network, white_box_map

__all__ = [
    "BLACK_BOX", "COMPARED", "CONTROLS", "FAR", "METHODS", "REGIONS", "WHITE_BOX", "Affine", "Budget", "Checkpoint",
    "CosineDecomposition", "Examination", "Examiner", "ExplainableNetwork", "ExplainedFace", "Explainer",
    "FairTestResult", "GameCurve", "GameDifference", "HidingGameResult", "Listed", "PairExplanation",
    "PlantedPatchResult", "PlantedRank", "RegionShare", "Residuals", "Saliency", "Sign", "TableThreshold", "TorchNetwork",
    "TrainProgress", "TrainSettings", "WhiteBoxMap", "adopt", "black_box_map", "card_table", "check_ends", "decompose",
    "draw", "examination_report", "explain_black_box", "explain_pair", "explainable", "explainer", "face_regions",
    "fair_report", "fair_tests", "hiding_game", "image_tag", "index_report", "input_notes", "layer_map",
    "load_backbone", "load_checkpoint", "load_explainable", "make_decoder", "minus", "mobilefacenet", "open_network",
    "place_head", "planted_patch", "pool", "ratio_cards", "ratio_meaning", "ratio_method", "reference_notes",
    "region_shares", "residuals", "saliency", "scores_figure", "signs", "source_of", "sure", "text_tag", "train",
    "unit_rows", "white_box_map", "wrapped", "write_picture", "write_reconstructions",
]  # fmt: skip
