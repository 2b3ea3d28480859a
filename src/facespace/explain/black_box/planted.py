"""The planted patch: does a map find what is a stranger's in a face?

A patch of a stranger's face is pasted into the same place of a genuine partner, and the map of what speaks against is
asked where it is: the rank of the patch's window among all windows of its size, from 0 to 1, chance .5. The place is drawn
anew for each pair, so that a habit, such as looking at the middle, gains what a bell in the middle gains: the control tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...errors import DimensionError, InputError
from ...images import Crops
from ...metrics import open_end
from ...results import fields, signature
from ...shown import Result
from ..methods import centre_map, random_map
from .hiding import SIDE, Floats
from .maps import Explainer

Doubles = NDArray[np.float64]
_SIZE, _STEP = 32, 8  # on a crop of 112
_DRAWS = 2000


@dataclass(frozen=True)
class PlantedRank:
    """How high one map ranks the patch.

    Attributes:
        mean, low, high: over the pairs, with the 95 % interval (bootstrap over pairs).
        above_centre, above_low, above_high: the same of the paired difference to the bell in the middle.
    """

    name: str
    mean: float
    low: float
    high: float
    above_centre: float
    above_low: float
    above_high: float


@dataclass(frozen=True, repr=False)
class PlantedPatchResult(Result):
    """The ranks of all maps on the same pairs and patches.

    Attributes:
        pairs: how many. size: of the patch, in pixels. windows: how many places there are.
        ranks: by map: each explainer, the same less the mean map of the other pairs, that over their standard
            deviation (a tenth of its mean added, against places that never count), its ceiling (less the map of the very
            pair before the patch was pasted), then the controls "centre" and "random".
    """

    pairs: int
    size: int
    windows: int
    ranks: tuple[PlantedRank, ...]
    signature: str

    def brief(self) -> str:
        """The headline and its counts in a line."""
        best = max(self.ranks, key=lambda rank: rank.mean)
        return f"{best.name} ranks the patch best, {best.mean:.3f} [{best.low:.3f}, {best.high:.3f}]; {self.pairs:,} pairs"

    def to_dict(self) -> dict[str, Any]:
        """The document: all fields."""
        return fields(self, "signature", "pairs", "size", "windows", "ranks")


def planted_patch(
    left: Crops,
    right: Crops,
    strangers: Crops,
    explainers: Mapping[str, Explainer],
    *,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> PlantedPatchResult:
    """Rank pasted patches by the maps of what speaks against.

    Args:
        left, right: (n, height, width, 3) uint8, genuine pairs; a patch is pasted into each `right`.
        strangers: (n, height, width, 3), another person's face for each pair.
        explainers: signed maps by name, such as `explainer(network)`; each is asked twice a pair.
        seed: of places, random maps and the bootstrap.

    Raises InputError for fewer than 2 pairs, DimensionError where the faces are not of one number and size.

    >>> faces = np.zeros((9, 112, 112, 3), np.uint8)
    >>> looks = {"looks": lambda face, partner: -(face != partner).mean(2)}
    >>> planted_patch(faces, faces, faces + 200, looks).ranks[0].mean
    1.0
    """
    rng = np.random.default_rng(seed)
    ranks, size, windows = planted_ranks(left, right, strangers, explainers, rng=rng, progress=progress)
    drawn = rng.integers(0, len(left), (_DRAWS, len(left)))
    centre = np.array(ranks["centre"])
    rows_of = []
    for name, values in ranks.items():
        v = np.array(values)
        low, high = open_end(float(v.mean()), np.quantile(v[drawn].mean(1), (0.025, 0.975)), len(v))
        above = np.quantile((v - centre)[drawn].mean(1), (0.025, 0.975))
        rows_of.append(PlantedRank(name, *map(float, (v.mean(), low, high, (v - centre).mean(), *above))))
    line = signature("planted patch", pairs=len(left), size=size, windows=windows, seed=seed)
    return PlantedPatchResult(len(left), size, windows, tuple(rows_of), line)


def planted_ranks(
    left: Crops,
    right: Crops,
    strangers: Crops,
    explainers: Mapping[str, Explainer],
    *,
    rng: np.random.Generator,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[dict[str, list[float]], int, int]:
    """The ranks of `planted_patch` pair by pair, by map; the patch's size, and the number of windows."""
    if not left.shape == right.shape == strangers.shape:
        raise DimensionError(
            f"faces of shapes {left.shape}, {right.shape} and {strangers.shape} are no pairs with strangers",
            "Give as many of each, aligned for one network.",
        )
    if len(left) < 2:
        raise InputError("the planted patch needs 2 pairs or more", "From 150 on the interval is about ± .05.")
    shape = left.shape[1:3]
    size, step = (max(round(n * max(shape) / SIDE), 1) for n in (_SIZE, _STEP))
    rows, columns = (np.arange(0, n - size + 1, step) for n in shape)
    ranks: dict[str, list[float]] = {}
    found: dict[str, list[tuple[Floats, Floats]]] = {name: [] for name in explainers}
    places = [int(p) for p in rng.integers(0, len(rows) * len(columns), len(left))]

    def rank(name: str, against: NDArray[Any], place: int) -> None:
        means = cv2.blur(against.astype(np.float64), (size, size), anchor=(0, 0))[np.ix_(rows, columns)].ravel()
        others = np.delete(means, place)
        value = (others < means[place]).mean() + (others == means[place]).mean() / 2
        ranks.setdefault(name, []).append(float(value))

    for i, place in enumerate(places):
        y, x = rows[place // len(columns)], columns[place % len(columns)]
        planted = right[i].copy()
        planted[y : y + size, x : x + size] = strangers[i, y : y + size, x : x + size]
        for name, explain in explainers.items():
            found[name].append((-explain(planted, left[i]), -explain(right[i], left[i])))
        if progress:
            progress(i + 1, len(left))
    for name, maps in found.items():
        n = len(maps) - 1
        cleans = np.stack([clean for _, clean in maps]).astype(np.float64)
        whole, squares = cleans.sum(0), (cleans**2).sum(0)
        for (against, clean), place in zip(maps, places, strict=True):
            rank(name, against, place)
            mean = (whole - clean) / n
            spread = np.sqrt(np.maximum((squares - clean.astype(np.float64) ** 2) / n - mean**2, 0))
            rank(f"{name} − mean of others", against - mean, place)
            # Never 0 in a place that counts for nobody; 1 for a map that is the same for all.
            spread += 0.1 * spread.mean() or 1
            rank(f"{name} − mean of others, over their sd", (against - mean) / spread, place)
            rank(f"{name} − itself unharmed (ceiling)", against - clean, place)
    for place in places:
        rank("centre", centre_map(shape), place)
        rank("random", random_map(shape, rng), place)
    return ranks, size, len(rows) * len(columns)
