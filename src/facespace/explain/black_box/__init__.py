"""Explanations of any network by forward passes alone: parts of a face are hidden, and the score tells what they carried.

Needs no torch: the network runs as `embed` runs it.
"""

from .budget import Budget
from .explain import BLACK_BOX, PairMap, explain_black_box
from .hiding import blurred, random_masks, soft_patches
from .maps import BlackBoxMap, Explainer, MaskedFace, black_box_map, explainer, masked_face, unit_rows
from .planted import PlantedPatchResult, PlantedRank, planted_patch, planted_ranks

__all__ = [
    "BLACK_BOX", "BlackBoxMap", "Budget", "Explainer", "MaskedFace", "PairMap", "PlantedPatchResult", "PlantedRank",
    "black_box_map", "blurred", "explain_black_box", "explainer", "masked_face", "planted_patch", "planted_ranks",
    "random_masks", "soft_patches", "unit_rows",
]  # fmt: skip
