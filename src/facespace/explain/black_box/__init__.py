"""Explanations of any network by forward passes alone: parts of a face are hidden, and the score tells what they carried.

Needs no torch: the network runs as `embed` runs it.
"""

from .explain import BLACK_BOX, PairMap, explain_black_box
from .hiding import blurred, random_masks, soft_patches
from .maps import Explainer, black_box_map, explainer, unit_rows
from .planted import PlantedPatchResult, PlantedRank, planted_patch

__all__ = [
    "BLACK_BOX", "Explainer", "PairMap", "PlantedPatchResult", "PlantedRank", "black_box_map", "blurred",
    "explain_black_box", "explainer", "planted_patch", "random_masks", "soft_patches", "unit_rows",
]  # fmt: skip
