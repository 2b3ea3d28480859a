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
)
from .checkpoint import Checkpoint, load_checkpoint, load_explainable
from .cross import check_ends, explainable
from .decoder import make_decoder
from .fair import FairTestResult, fair_tests
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
    "CosineDecomposition", "ExplainableNetwork", "ExplainedFace", "Explainer", "FairTestResult", "GameCurve",
    "GameDifference", "HidingGameResult", "PairExplanation", "PlantedPatchResult", "PlantedRank", "Residuals",
    "Saliency", "TorchNetwork", "TrainProgress", "TrainSettings", "WhiteBoxMap", "black_box_map", "check_ends",
    "decompose", "explain_black_box", "explain_pair", "explainable", "explainer", "face_regions", "fair_tests",
    "hiding_game", "layer_map", "load_backbone", "load_checkpoint", "load_explainable", "make_decoder", "mobilefacenet",
    "open_network", "place_head", "planted_patch", "pool", "residuals", "saliency", "train", "white_box_map",
    "write_picture", "write_reconstructions",
]  # fmt: skip
