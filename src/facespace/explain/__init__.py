"""Why did these two faces match? Saliency maps of a pair through reconstruction, and the hiding game that judges them.

Needs the extra torch.
"""

from .backbone import layer_map, load_backbone, mobilefacenet
from .decoder import make_decoder
from .network import ExplainableNetwork, pool
from .residuals import Residuals, residuals
from .saliency import Affine, Comparison, Saliency, compare, saliency

__all__ = [
    "Affine",
    "Comparison",
    "ExplainableNetwork",
    "Residuals",
    "Saliency",
    "compare",
    "layer_map",
    "load_backbone",
    "make_decoder",
    "mobilefacenet",
    "pool",
    "residuals",
    "saliency",
]
