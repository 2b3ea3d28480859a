"""How much of what speaks for, and of what speaks against, lies in each part of the face."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from ...results import fields
from ..regions import Floats

Interval = tuple[float, float] | None


@dataclass(frozen=True)
class RegionShare:
    """One part of one face.

    Attributes:
        face: "A" or "B". region: its name. area: share of the crop.
        similar, dissimilar: share of all that counts, Σ|H|, that lies here and speaks for one person, and against.
        similar_interval, dissimilar_interval: 95 % over repeats; None of a map made once.
        hidden: the score with the part hidden; None where that was not tried.
    """

    face: str
    region: str
    area: float
    similar: float
    similar_interval: Interval
    dissimilar: float
    dissimilar_interval: Interval
    hidden: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The row of a document's "regions"."""
        about = fields(self, "face", "region", "area", "similar", "dissimilar", "hidden")
        ends = {name: getattr(self, f"{name}_interval") for name in ("similar", "dissimilar")}
        return {**about, **{f"{name}_interval": None if e is None else list(e) for name, e in ends.items()}}


def region_shares(
    maps: Floats, regions: Mapping[str, Floats], *, face: str = "A", hidden: Mapping[str, float] | None = None
) -> tuple[RegionShare, ...]:
    """The shares of each region, in the regions' order; those of both signs and all regions sum to 1.

    Args:
        maps: (repeats, height, width), signed, of one pair's face, each made anew.
        regions: masks (height, width) by name, which sum to 1 in every pixel.
        hidden: the score with each region hidden.

    The interval is Student's over the repeats: what another place of the grid, or another seed, would change. It holds
    neither what another photograph would change nor what another way of hiding would.

    >>> left = np.arange(4) < 2
    >>> parts = {"left": left[None].astype(np.float32), "right": ~left[None].astype(bool)}
    >>> [(s.region, s.similar, s.dissimilar) for s in region_shares(np.array([[[3, 0, -1, 0]]]), parts)]
    [('left', 0.75, 0.0), ('right', 0.0, 0.25)]
    """
    total = np.maximum(np.abs(maps).sum((1, 2), dtype=np.float64), 1e-30)
    found = []
    for name, mask in regions.items():
        ends: list[tuple[float, Interval]] = []
        for signed in (maps, -maps):
            values = (np.maximum(signed, 0) * mask).sum((1, 2), dtype=np.float64) / total
            ends.append((float(values.mean()), _interval(values)))
        (one, over), (two, under) = ends
        found.append(RegionShare(face, name, float(np.mean(mask)), one, over, two, under, (hidden or {}).get(name)))
    return tuple(found)


def _interval(values: np.ndarray[Any, np.dtype[np.float64]]) -> Interval:
    if len(values) < 2:
        return None
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))
    mean = float(values.mean())
    return max(mean - float(half), 0.0), min(mean + float(half), 1.0)
