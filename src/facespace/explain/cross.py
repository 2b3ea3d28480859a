"""A match across two networks: the score through a linear map, taken apart by the channels of either side.

With a map the score is the cosine of probe(x) = x̂ W + b − o and reference(y) = ŷ − o (LinearMap). x and y are estimates of
the original embeddings, affine in the pooled features (`to_original`); their lengths are held at their values, so both
sides are affine in the features and `decompose` shares the score out exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DimensionError, InputError, ModelError
from ..mapping import LinearMap
from ..models import EXPLAINERS
from .network import ExplainableNetwork
from .saliency import Affine


def _original(network: ExplainableNetwork, features: NDArray[Any], width: int) -> Affine:
    """The features' unit-length estimate of the original embedding, its length held fixed."""
    if network.to_original is None:
        raise ModelError(
            f"{network.name} has no way back to the embedding that maps are fitted on",
            "Train its head: facespace explain train --mode distil.",
        )
    if len(network.to_original.shift) != width:
        raise DimensionError(
            f"the map takes embeddings of {width} numbers, {network.name} gives {len(network.to_original.shift)}",
            "Give the map between the networks of A and B, in this direction.",
        )
    length = float(np.linalg.norm(network.to_original(features)))
    return Affine(network.to_original.matrix / length, network.to_original.shift / length)


def probe_head(mapping: LinearMap, network: ExplainableNetwork, features: NDArray[Any]) -> Affine:
    """(c,) features of an image of the map's source network, to where the map compares."""
    shift = mapping.bias.astype(np.float64) - mapping.origin
    return _original(network, features, len(mapping.weight)).then(mapping.weight.T, shift)


def reference_head(mapping: LinearMap, network: ExplainableNetwork, features: NDArray[Any]) -> Affine:
    """(c,) features of an image of the map's target network, to where the map compares."""
    width = len(mapping.origin)
    return _original(network, features, width).then(np.eye(width), -mapping.origin.astype(np.float64))


def explainable(name: str) -> bool:
    """Is `name` a checkpoint's file, or a network whose checkpoint ships with facespace?"""
    return name.endswith(".safetensors") or (EXPLAINERS / f"{name}.safetensors").exists()


def check_ends(mapping: LinearMap, model: str, other: str | None = None) -> str:
    """The network that the map leads to: `other`, a card or a checkpoint's file, or by default the one the map names.

    Raises InputError where the map was fitted between other networks than these. A checkpoint may hold a network that was
    trained further, under any name; only a card's name must be the map's.
    """
    from ..models import load_card

    target = other or mapping.target_model
    if not target:
        raise InputError("the map does not say which network it leads to", "Name it (--other-model).")
    for given, named, way in ((model, mapping.source_model, "from"), (target, mapping.target_model, "to")):
        if named and not given.endswith(".safetensors") and load_card(given).name != named:
            raise InputError(
                f"the map leads {way} {named}, not {way} {given}", "Give a map from --model's embeddings to --other-model's."
            )
    return target
