"""Planted parts: does a map tell that a stranger's eyes, mouth or half a face were pasted into a genuine partner?

The place is the same in every pair, so habits of place must not count: a pair's planted map is ranked, in that place, among
the maps of the other pairs without anything planted. A map that says the same of everybody gets .5, the chance level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ...images import Crops, Template
from ..regions import face_regions
from .method import Doubles, Floats, Method


def planted_masks(shape: tuple[int, int], landmarks: NDArray[np.floating] | Template) -> dict[str, Floats]:
    """Masks (height, width) of what is planted: "eyes" with the brows, "mouth", and "half", the left one of the picture."""
    parts = face_regions(shape, landmarks, soften=1.0)
    half = np.zeros(shape, np.float32)
    half[:, : shape[1] // 2] = 1
    return {"eyes": parts["eyes"] + parts["brows"], "mouth": parts["mouth"], "half": half}


def region_ranks(
    left: Crops,
    right: Crops,
    strangers: Crops,
    methods: Mapping[str, Method],
    masks: Mapping[str, Floats],
    progress: Callable[[int, int], None] | None = None,
) -> dict[tuple[str, str], Doubles]:
    """{(mask, method): (n,) ranks from 0 to 1} of the planted place in what speaks against.

    A map's value in a place is the mean of −H inside less that outside, over its standard deviation; the rank is the share
    of the other pairs' clean maps with a lower value, ties by half. Arguments as `planted_patch`; `masks` (height, width).
    """
    n = len(left)
    values = {(mask, method): np.empty((2, n)) for mask in masks for method in methods}
    for i in range(n):
        for method, found in methods.items():
            clean = found.prepare(right[i])(left[i])
            for name, mask in masks.items():
                m = mask[..., None]
                planted = np.rint(right[i] * (1 - m) + strangers[i] * m).astype(np.uint8)
                values[name, method][:, i] = _inside(-found.prepare(planted)(left[i]), mask), _inside(-clean, mask)
        if progress:
            progress(i + 1, n)
    return {key: _ranks(*both) for key, both in values.items()}


def _inside(against: Floats, mask: Floats) -> float:
    a, spread = against.astype(np.float64), float(against.std())
    difference = np.average(a, weights=mask) - np.average(a, weights=1 - mask)
    return float(difference / spread) if spread else 0.0


def _ranks(planted: Doubles, clean: Doubles) -> Doubles:
    above = (planted[:, None] > clean) + (planted[:, None] == clean) / 2
    np.fill_diagonal(above, 0)
    return np.asarray(above.sum(1) / (len(clean) - 1))
