"""How a method enters the tests: told a face, it gives what explains that face against any partner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...images import Crops
from ..black_box import Explainer, masked_face
from ..network import ExplainableNetwork
from ..pair import explain_pair
from ..residuals import Residuals
from ..white_box import TorchNetwork, white_box_map

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
#: From the partner's crop to the signed map (height, width) of the face.
Against = Callable[[Crops], Floats]
_KEPT = 4
CELL = 8  # pixels of a crop of 112: all maps are compared, and hide, at this resolution


@dataclass(frozen=True)
class Method:
    """A way to explain.

    Attributes:
        prepare: from a face's crop to what explains it against any partner; what does not hang on the partner is done once.
        passes: forward passes for one map on the mean, a backward pass counted as two; NaN where not known.
    """

    prepare: Callable[[Crops], Against]
    passes: Callable[[], float] = lambda: float("nan")


def method_of(explain: Explainer) -> Method:
    """A function of face and partner as a `Method`."""
    return Method(lambda face: lambda partner: explain(face, partner))


def black_box_method(network: Any, name: str, *, passes: int | None = None, seed: int = 0) -> Method:
    """A black-box method of a loaded network, or of anything that gives vectors and has a `card` with a template.

    A face's passes serve all its partners.
    """
    template = network.card.template

    def prepare(face: Crops) -> Against:
        seen = masked_face(face, network, method=name, passes=passes, seed=seed, landmarks=template)
        return lambda partner: seen.signed(network(partner[None])[0])

    nothing = masked_face(
        np.zeros((*network.card.shape, 3), np.uint8),
        lambda crops: np.ones((len(crops), 1)),
        method=name,
        passes=passes,
        landmarks=template,
    )
    return Method(prepare, lambda: len(nothing.hidden))


def white_box_method(network: TorchNetwork, name: str, *, passes: int | None = None, seed: int = 0) -> Method:
    """A white-box method of a differentiable network."""

    def explain(face: Crops, partner: Crops) -> Floats:
        found = white_box_map(face, network(partner[None])[0], network, method=name, passes=passes, seed=seed)
        spent.append(found.passes)
        return found.signed

    # Integrated gradients take as many steps as they need, so the passes are those of the maps made so far.
    spent: list[int] = []
    return Method(lambda face: lambda partner: explain(face, partner), lambda: sum(spent) / len(spent))


def paper_method(network: ExplainableNetwork, threshold: float | None = None) -> Method:
    """The paper's signed map H (Algorithm 1), by the network with an open map that `load_explainable` gives."""

    kept: dict[bytes, Residuals] = {}  # of the faces seen last: what takes long

    def prepare(face: Crops) -> Against:
        def explain(partner: Crops) -> Floats:
            keys = (face.tobytes(), partner.tobytes())
            known = (kept.get(keys[0]), kept.get(keys[1]))
            found = explain_pair(face, partner, network, threshold=threshold, kept=known)
            for key, side in zip(keys, found.faces, strict=True):
                if side.residuals is not None:
                    kept[key] = side.residuals
            while len(kept) > _KEPT:
                del kept[next(iter(kept))]
            return found.faces[0].importance

        return explain

    return Method(prepare)


def at_cells(signed: NDArray[Any]) -> Floats:
    """A map (height, width) at the common resolution: the means of its cells, 14 × 14 on a crop of 112 × 112.

    >>> at_cells(np.ones((112, 96))).shape
    (14, 12)
    """
    side = CELL * max(signed.shape) / 112
    rows, columns = (max(round(n / side), 1) for n in signed.shape)
    return np.asarray(cv2.resize(signed.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA))


def hiding_order(signed: NDArray[Any], rng: np.random.Generator) -> NDArray[np.intp]:
    """The pixels from least to most important, by the map at the common resolution, bilinear between the cells.

    Cells of one value come in a random order, whole, so that a map that is the same everywhere hides what a random map does.
    """
    cells = at_cells(signed).astype(np.float64)
    ranks = np.lexsort((rng.random(cells.size), cells.ravel()))
    place = np.empty(cells.size)
    place[ranks] = np.arange(cells.size)
    smooth = cv2.resize(place.reshape(cells.shape), signed.shape[::-1], interpolation=cv2.INTER_LINEAR).ravel()
    return np.asarray(np.lexsort((rng.random(smooth.size), smooth)))


def correlation(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Pearson's, over the cells of two maps; NaN where one is flat."""
    return float(correlations(np.stack([one, other]))[0, 1])


def correlations(maps: NDArray[Any]) -> Doubles:
    """(n, n) of (n, height, width) maps, over their cells; NaN where one is flat."""
    cells = np.stack([at_cells(m).ravel() for m in maps]).astype(np.float64)
    cells -= cells.mean(1, keepdims=True)
    lengths = np.linalg.norm(cells, axis=1, keepdims=True)
    cells = np.divide(cells, lengths, out=np.full_like(cells, np.nan), where=lengths > 1e-12)
    return np.asarray(cells @ cells.T)


__all__ = [
    "Against",
    "Method",
    "at_cells",
    "black_box_method",
    "correlation",
    "correlations",
    "hiding_order",
    "method_of",
    "paper_method",
    "white_box_method",
]
