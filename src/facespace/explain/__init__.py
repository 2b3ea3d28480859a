"""Why did these two faces match? Maps of a pair, and the tests that judge them.

`black_box/` explains every network by forward passes; all else opens a network and needs the extra torch.
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

__all__ = [
    "BLACK_BOX", "COMPARED", "CONTROLS", "METHODS", "REGIONS", "Affine", "Checkpoint", "CosineDecomposition",
    "ExplainableNetwork", "ExplainedFace", "Explainer", "GameCurve", "GameDifference", "HidingGameResult",
    "PairExplanation", "PlantedPatchResult", "PlantedRank", "Residuals", "Saliency", "TrainProgress", "TrainSettings",
    "black_box_map", "check_ends", "decompose", "explain_black_box", "explain_pair", "explainable", "explainer",
    "face_regions", "hiding_game", "layer_map", "load_backbone", "load_checkpoint", "load_explainable", "make_decoder",
    "mobilefacenet", "place_head", "planted_patch", "pool", "residuals", "saliency", "train", "write_picture",
    "write_reconstructions",
]  # fmt: skip
