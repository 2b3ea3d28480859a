"""Why did these two faces match? Maps of a pair, and the tests that judge them.

`black_box/` explains every network by forward passes, and `fair/` judges maps of any; all else opens a network and needs the
extra torch: `white_box/` by gradients of any PyTorch module.
"""

from ..models import load_backbone, mobilefacenet
from .backbone import layer_map
from .black_box import (
    BLACK_BOX,
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
from .decoder import make_decoder
from .examiner import (
    Examination,
    Examiner,
    Listed,
    RegionShare,
    adopt,
    card_table,
    examination_report,
    index_report,
    region_shares,
)
from .fair import FairTestResult, fair_report, fair_tests
from .game import GameCurve, GameDifference, HidingGameResult, hiding_game
from .heads import place_head
from .methods import COMPARED, CONTROLS, METHODS
from .network import ExplainableNetwork, pool
from .pair import ExplainedFace, PairExplanation, explain_pair
from .picture import write_picture, write_reconstructions
from .regions import REGIONS, face_regions
from .residuals import Residuals, residuals
from .saliency import Affine, CosineDecomposition, Saliency, decompose, saliency
from .training import TrainProgress, TrainSettings, train
from .white_box import WHITE_BOX, TorchNetwork, WhiteBoxMap, open_network, white_box_map

__all__ = [
    "BLACK_BOX", "COMPARED", "CONTROLS", "METHODS", "REGIONS", "WHITE_BOX", "Affine", "Checkpoint",
    "CosineDecomposition", "Examination", "Examiner", "ExplainableNetwork", "ExplainedFace", "Explainer",
    "FairTestResult", "GameCurve", "GameDifference", "HidingGameResult", "Listed", "PairExplanation",
    "PlantedPatchResult", "PlantedRank", "RegionShare", "Residuals", "Saliency", "TorchNetwork", "TrainProgress",
    "TrainSettings", "WhiteBoxMap", "adopt", "black_box_map", "card_table", "check_ends", "decompose",
    "examination_report", "explain_black_box", "explain_pair", "explainable", "explainer", "face_regions",
    "fair_report", "fair_tests", "hiding_game", "index_report", "layer_map", "load_backbone", "load_checkpoint",
    "load_explainable", "make_decoder", "mobilefacenet", "open_network", "place_head", "planted_patch", "pool",
    "region_shares", "residuals", "saliency", "train", "unit_rows", "white_box_map", "write_picture",
    "write_reconstructions",
]  # fmt: skip
