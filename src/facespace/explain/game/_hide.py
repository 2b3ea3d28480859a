"""Hiding pixels: the order in which they go, and what stands in their place."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ...images import Crops
from ..residuals import Floats


def blurred(crops: Crops, share: float = 0.04) -> Crops:
    """(n, height, width, 3) crops under a Gaussian of σ = share · max(height, width), edges reflected, four σ wide."""
    sigma = share * max(crops.shape[1:3])
    size = 2 * math.ceil(4 * sigma) + 1
    soft = [cv2.GaussianBlur(c, (size, size), sigma, borderType=cv2.BORDER_REFLECT) for c in crops]
    return np.asarray(np.stack(soft), dtype=np.uint8)


def hiding_order(importance: Floats, rng: np.random.Generator) -> tuple[NDArray[np.intp], float]:
    """The pixels of a (height, width) map, least important first, and the share of them tied with another.

    Exact: by value, equal ones in a random order.
    """
    flat = importance.ravel()
    order = rng.permutation(flat.size)
    order = order[np.argsort(flat[order], kind="stable")]
    ranked = flat[order]
    same = ranked[1:] == ranked[:-1]
    tied = np.zeros(flat.size, np.bool_)
    tied[1:] |= same
    tied[:-1] |= same
    return order, float(tied.mean())


def hide(crop: Crops, soft: Crops, order: NDArray[np.intp], levels: NDArray[np.float64]) -> Crops:
    """(k, height, width, 3): the crop with the first share `levels` (k,) of the pixels in `order` taken from `soft`."""
    height, width = crop.shape[:2]
    out = np.repeat(crop.reshape(1, -1, 3), len(levels), axis=0)
    flat = soft.reshape(-1, 3)
    for row, level in zip(out, levels, strict=True):
        hidden = order[: round(level * len(order))]
        row[hidden] = flat[hidden]
    return out.reshape(len(levels), height, width, 3)
