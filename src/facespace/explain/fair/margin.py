"""Margin area: how fast the margin of a decision goes as what a map calls important is hidden, or comes as it is shown.

With d = 1 for a genuine pair and −1 for an impostor pair, the margin with a share p hidden is m(p) = d (s(p) − τ). Its area
over p needs far fewer pairs than accuracies do, since every pair says more than right or wrong:

    area = (∫ m(p) dp − m(1)) / (m(0) − m(1)),

1 where nothing is lost, 0 where all is lost at once. τ cancels in it. What counts for the decision is d · H: in the
insertion game the least of it is hidden first (read from the other end, the most is shown first; a good map has a large
area), in the deletion game the most (a good map has a small one). gain = insertion − deletion; a map turned round has −gain.

Blurring both faces hides nothing: two blurs are alike, and most networks call them one person. So what stands in the hidden
place must turn the decision, and each kind of pair has two such fills, told in `FILLS`. A pair whose margin moves by less
than `LEAST` when all is hidden is not normalised but left out, and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...images import Crops
from ..black_box import blurred
from .method import Doubles, hiding_order

#: Shares of hidden pixels, 0 and 1 among them.
LEVELS = (0.0, 0.1, 0.25, 0.45, 0.7, 1.0)
#: What is put in place of hidden pixels, of genuine (True) and impostor pairs.
FILLS = {
    True: {
        "blur": "one face at a time, by a blur of itself (σ = .16 of its side), the other whole",
        "strangers": "both at once, each by another stranger",
    },
    False: {
        "partner": "one face at a time, by its partner's pixels, the other whole",
        "one stranger": "both at once, by one and the same stranger",
    },
}
LEAST = 0.1
Embedder = Callable[[Crops], NDArray[np.floating]]


def margin_area(levels: ArrayLike, scores: ArrayLike, same: bool, threshold: float = 0.0) -> tuple[float, float]:
    """(the area ∫ d(s − τ) dp, the same normalised by nothing and everything hidden).

    `levels` (k,) ascend from 0 to 1, `scores` (k,) are the scores there. The second is NaN where hiding all moves the margin
    by less than LEAST, or the wrong way.

    >>> area = margin_area([0, 0.5, 1], [0.9, 0.9, 0.1], True, 0.3)
    >>> round(area[0], 3), round(area[1], 3)
    (0.4, 0.75)
    """
    p, s = np.asarray(levels, np.float64), np.asarray(scores, np.float64)
    margins = (s - threshold) if same else (threshold - s)
    area = float(np.trapezoid(margins, p))
    fall = float(margins[0] - margins[-1])
    return area, (area - float(margins[-1])) / fall if fall >= LEAST else float("nan")


class MarginGame:
    """One pair, ready to be hidden by any maps of its two faces.

    Args:
        faces: (2, height, width, 3), the pair. strangers: the same of two other people. same: is it genuine?
        embed: the network. levels: as LEVELS.
    """

    def __init__(
        self, faces: Crops, strangers: Crops, same: bool, embed: Embedder, levels: Sequence[float] = LEVELS, seed: Any = 0
    ) -> None:
        self.faces, self.same, self.embed, self.seed = faces, same, embed, seed
        self.levels = np.asarray(levels, np.float64)
        if same:
            soft = np.stack([np.rint(blurred(face)) for face in faces]).astype(np.uint8)
            self._fills = {"blur": (soft, False), "strangers": (strangers, True)}
        else:
            self._fills = {"partner": (faces[::-1], False), "one stranger": (strangers[[0, 0]], True)}
        ends = _unit(embed(np.concatenate([faces, *(fill for fill, _ in self._fills.values())])))
        self.clean = ends[:2]
        self._last = dict(zip(self._fills, (ends[2 + 2 * i : 4 + 2 * i] for i in range(len(self._fills))), strict=True))

    def play(self, maps: Sequence[NDArray[Any]]) -> dict[tuple[str, str], float]:
        """{(game, fill): normalised area} under the signed maps of the two faces; "insertion", "deletion" and "gain"."""
        inner = self.levels[1:-1]
        orders = []
        for k, signed in enumerate(maps):
            # A tie falls the same way in every method.
            order = hiding_order(signed if self.same else -signed, np.random.default_rng([*np.atleast_1d(self.seed), k]))
            orders.append({"insertion": order, "deletion": order[::-1]})
        plan = [(game, fill) for game in ("insertion", "deletion") for fill in self._fills]
        shown = [
            _hide(self.faces[k], self._fills[fill][0][k], orders[k][game], inner) for game, fill in plan for k in (0, 1)
        ]
        seen = _unit(self.embed(np.concatenate(shown))).reshape(len(plan), 2, len(inner), -1)
        found: dict[tuple[str, str], float] = {}
        for (game, fill), vectors in zip(plan, seen, strict=True):
            both = np.concatenate([self.clean[:, None], vectors, self._last[fill][:, None]], axis=1)
            if self._fills[fill][1]:
                scores = (both[0] * both[1]).sum(1)
            else:
                scores = np.mean([both[0] @ self.clean[1], both[1] @ self.clean[0]], axis=0)
            found[game, fill] = margin_area(self.levels, scores, self.same)[1]
        for fill in self._fills:
            found["gain", fill] = found["insertion", fill] - found["deletion", fill]
        return found


def _hide(face: Crops, fill: Crops, order: NDArray[np.intp], levels: Doubles) -> Crops:
    """(k, height, width, 3): the face with the first share of the pixels in `order` taken from `fill`."""
    out = np.repeat(face.reshape(1, -1, 3), len(levels), axis=0)
    flat = fill.reshape(-1, 3)
    for row, level in zip(out, levels, strict=True):
        hidden = order[: round(level * len(order))]
        row[hidden] = flat[hidden]
    return out.reshape(len(levels), *face.shape)


def _unit(vectors: NDArray[np.floating]) -> Doubles:
    v = np.asarray(vectors, np.float64)
    return np.asarray(v / np.linalg.norm(v, axis=1, keepdims=True))
