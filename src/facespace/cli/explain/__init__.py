"""facespace explain: why did two faces match? And the training and judging of such explanations."""

from .evaluate import evaluate
from .group import explain
from .pair import pair
from .training import train

__all__ = ["evaluate", "explain", "pair", "train"]
