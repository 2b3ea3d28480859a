"""A match across two networks: the score through a linear map, taken apart by the channels of either side.

With a map the score is the cosine of probe(x) = x̂ W + b − o and reference(y) = ŷ − o (LinearMap). x and y are estimates of
the original embeddings, affine in the pooled features (`to_original`); their lengths are held at their values, so both
sides are affine in the features and `compare` shares the score out exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..mapping import LinearMap
from .network import ExplainableNetwork
from .saliency import Affine


def _original(network: ExplainableNetwork, features: NDArray[Any]) -> Affine:
    """The features' unit-length estimate of the original embedding, its length held fixed."""
    if network.to_original is None:
        raise ModelError(
            f"{network.name} has no way back to the embedding that maps are fitted on",
            "Train its head: facespace explain train --mode distil.",
        )
    length = float(np.linalg.norm(network.to_original(features)))
    return Affine(network.to_original.matrix / length, network.to_original.shift / length)


def probe_head(mapping: LinearMap, network: ExplainableNetwork, features: NDArray[Any]) -> Affine:
    """(c,) features of an image of the map's source network, to where the map compares."""
    shift = mapping.bias.astype(np.float64) - mapping.origin
    return _original(network, features).then(mapping.weight.T, shift)


def reference_head(mapping: LinearMap, network: ExplainableNetwork, features: NDArray[Any]) -> Affine:
    """(c,) features of an image of the map's target network, to where the map compares."""
    return _original(network, features).then(np.eye(len(mapping.origin)), -mapping.origin.astype(np.float64))
