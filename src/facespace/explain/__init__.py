"""Why did these two faces match? Saliency maps of a pair through reconstruction, and the hiding game that judges them.

Needs the extra torch.
"""

from ..models import load_backbone, mobilefacenet
from .backbone import layer_map
from .checkpoint import Checkpoint, load_checkpoint, load_explainable
from .cross import check_ends, explainable
from .decoder import make_decoder
from .game import GameCurve, GameDifference, HidingGameResult, hiding_game
from .heads import place_head
from .methods import COMPARED, CONTROLS, METHODS
from .network import ExplainableNetwork, pool
from .pair import ExplainedFace, PairExplanation, explain_pair
from .picture import write_picture, write_reconstructions
from .residuals import Residuals, residuals
from .saliency import Affine, CosineDecomposition, Saliency, decompose, saliency
from .training import TrainProgress, TrainSettings, train

__all__ = [
    "COMPARED", "CONTROLS", "METHODS", "Affine", "Checkpoint", "CosineDecomposition", "ExplainableNetwork",
    "ExplainedFace", "GameCurve", "GameDifference", "HidingGameResult", "PairExplanation", "Residuals", "Saliency",
    "TrainProgress", "TrainSettings", "check_ends", "decompose", "explain_pair", "explainable", "hiding_game",
    "layer_map", "load_backbone", "load_checkpoint", "load_explainable", "make_decoder", "mobilefacenet", "place_head",
    "pool", "residuals", "saliency", "train", "write_picture", "write_reconstructions",
]  # fmt: skip
