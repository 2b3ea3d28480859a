"""What an attacker does with templates: each attack brings the stolen ones and his own gallery where cosines compare them.

He has n stolen templates, which he reads as numbers T (n, p) (`Protection.seen`), without names; a gallery of his own
embeddings Y (m, q) with names; and of L images, of other people, both. No attack is told who is in a stolen template.

    own templates    he protects his own gallery by the public scheme (nothing secret), or by a stolen secret
    about the means  numbers that lie where the network put them: T − mean T against Y − mean Y
    moments          L = 0: principal directions of T turned to those of Y, their signs by skewness
    anchored         the project's map for few pairs (`AnchoredMap`), with how both whole collections spread
    from identity    the same, sharpening the identity, where numbers lie where the network put them
    orthogonal       Procrustes on the L pairs
    kernel ridge     ridge regression of Y on T with a Gaussian kernel, strength and width by leave-one-out error
    refined          `refine_map` of the anchored map on T and Y
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...embeddings import EmbeddingSet, Floats, normalize
from ...engine import LocalEngine
from ...errors import FacespaceError
from ...mapping import LinearMap, fit_map, moments_of, pair_statistics, refine_map

_STRENGTHS = np.geomspace(1e-6, 1e1, 8)
_WIDTHS = (0.5, 1.0, 2.0, 4.0)  # of the median squared distance


@dataclass(frozen=True, eq=False)
class Loot:
    """What one attacker holds.

    Attributes:
        stolen: (n, p) templates as he reads them. gallery: (m, q) his own embeddings with names.
        pairs: (L, p) and (L, q) of the leaked images.
        aligned: the templates' numbers lie where the network put them, and the gallery is in that network's space.
    """

    stolen: Floats
    gallery: Floats
    pairs: tuple[Floats, Floats]
    aligned: bool = False

    @property
    def square(self) -> bool:
        """Templates have as many numbers as his embeddings."""
        return bool(self.stolen.shape[1] == self.gallery.shape[1])

    @property
    def sets(self) -> tuple[EmbeddingSet, EmbeddingSet]:
        """The pairs as sets that share ids, and nothing that names anybody."""
        return _set(self.pairs[0], "templates", "p"), _set(self.pairs[1], "own", "p")

    @property
    def collections(self) -> tuple[EmbeddingSet, EmbeddingSet]:
        """All stolen templates, and the gallery."""
        return _set(self.stolen, "templates", "t"), _set(self.gallery, "own", "g")


Compared = tuple[Floats, Floats]


def about_means(loot: Loot) -> Compared:
    """T − mean T, Y − mean Y."""
    return loot.stolen - loot.stolen.mean(axis=0), loot.gallery - loot.gallery.mean(axis=0)


def by_moments(loot: Loot) -> Compared:
    """Principal directions of both turned into each other, strongest to strongest; a third moment tells their ends apart."""
    sides = []
    for vectors in (loot.stolen, loot.gallery):
        x = normalize(vectors)
        x = x - x.mean(axis=0)
        along = x @ np.linalg.eigh(np.cov(x.T))[1].astype(np.float32)
        sides.append(along * np.sign((along**3).mean(axis=0)))
    return sides[0], sides[1]


def by_kernel(loot: Loot) -> Compared:
    """Kernel ridge regression on the pairs, about the gallery's mean; leave-one-out errors are those of the closed form."""
    x, y = normalize(loot.pairs[0]).astype(np.float64), normalize(loot.pairs[1]).astype(np.float64)
    gallery = normalize(loot.gallery)
    mean = gallery.mean(axis=0)
    y = y - mean
    square = _squares(x, x)
    middle = float(np.median(square[~np.eye(len(x), dtype=np.bool_)])) or 1.0
    best = np.inf, np.zeros_like(y), 1.0
    for width in _WIDTHS:
        values, vectors = np.linalg.eigh(np.exp(-square / (width * middle)))
        along = vectors.T @ y
        for strength in _STRENGTHS * len(x):
            shrink = 1 / (np.maximum(values, 0) + strength)
            dual = vectors @ (along * shrink[:, None])
            error = float(np.sum((dual / ((vectors * vectors) @ shrink)[:, None]) ** 2))
            if error < best[0]:
                best = error, dual, width
    _, dual, width = best
    kernel = np.exp(-_squares(normalize(loot.stolen).astype(np.float64), x) / (width * middle))
    found: Floats = (kernel @ dual).astype(np.float32)
    return found, gallery - mean


def by_map(loot: Loot, method: str, start: LinearMap | None = None) -> LinearMap:
    """The project's map from templates to his own space, from the pairs and how both collections spread."""
    engine = LocalEngine(1)
    beside = tuple(moments_of(one, engine) for one in loot.collections)
    return fit_map(
        *loot.sets, method, judge=False, provenance=False, beside=(beside[0], beside[1]), start=start, engine=engine
    )


def refined(loot: Loot, start: LinearMap) -> LinearMap | str:
    """The refined map, or why refining refused."""
    try:
        better: LinearMap = refine_map(start, *loot.collections, statistics=pair_statistics(*loot.sets)).map
    except FacespaceError as error:
        return error.message
    return better


def compared_by(fitted: LinearMap, loot: Loot) -> Compared:
    """Both sides where the map compares them."""
    return fitted.probe(loot.stolen), fitted.reference(loot.gallery)


def attacks(loot: Loot, keyed: bool) -> dict[str, Callable[[], Compared]]:
    """What can be tried on this loot without refining, by name."""
    found: dict[str, Callable[[], Compared]] = {}
    some = len(loot.pairs[0]) > 0
    if loot.aligned and loot.square:  # what pairs can add is a correction
        found["about the means"] = lambda: about_means(loot)
        if some:
            found["from identity"] = lambda: compared_by(by_map(loot, "anchored", _identity(loot)), loot)
        return found
    if not some:
        if keyed and loot.square:
            found["moments"] = lambda: by_moments(loot)
        return found
    found["anchored"] = lambda: compared_by(by_map(loot, "anchored"), loot)
    found["kernel ridge"] = lambda: by_kernel(loot)
    if loot.square and keyed:
        found["orthogonal"] = lambda: compared_by(by_map(loot, "orthogonal"), loot)
    return found


def _identity(loot: Loot) -> LinearMap:
    d = loot.gallery.shape[1]
    mean, own = normalize(loot.stolen).mean(axis=0).astype(float), normalize(loot.gallery).mean(axis=0).astype(float)
    domain = np.zeros(d), np.eye(d)
    names = "templates", "own"
    return LinearMap.of(np.eye(d), own - mean, own, mean, domain, names, {"method": "identity", "pairs": 0})


def _squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    square: np.ndarray = np.maximum(np.vecdot(a, a)[:, None] + np.vecdot(b, b) - 2 * a @ b.T, 0)
    return square


def _set(vectors: Floats, model: str, letter: str) -> EmbeddingSet:
    return EmbeddingSet(vectors, [f"{letter}{i}" for i in range(len(vectors))], model=model)
