"""Product quantisation: a byte for every few numbers. It saves space; there is no secret in it."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...embeddings import Floats, normalize
from ...errors import InputError
from .protocol import Templates


@dataclass(frozen=True, eq=False)
class ProductQuantised:
    """The vector is cut into parts of `width` numbers, each replaced by the nearest of 256 centres of its part.

    H. Jégou, M. Douze, C. Schmid, Product quantization for nearest neighbor search, IEEE TPAMI 33, 2011. Codes stand for
    their centres, which are public. k-means is FAISS's where that is installed, else scikit-learn's; `parameters` say which.

    Attributes:
        width: numbers a part; the last part may be shorter.
        centres: one (256, w) array a part, from `fit`; of fewer than 512 embeddings half as many centres.
    """

    name: ClassVar[str] = "product"
    keyed: ClassVar[bool] = False
    comparison: ClassVar[str] = "cosine"

    width: int = 8
    centres: tuple[Floats, ...] | None = None
    trained_by: str = ""

    @property
    def parameters(self) -> dict[str, Any]:
        """The width of a part, and whose k-means."""
        return {"width": self.width, "trained_by": self.trained_by}

    def fit(self, vectors: NDArray[Any]) -> Self:
        """Centres of (n, d) embeddings; InputError for fewer than 4."""
        x = normalize(vectors)
        if len(x) < 4:
            raise InputError(f"centres can't be fitted on {len(x):,} embeddings")
        count = min(256, len(x) // 2)
        by = "faiss" if importlib.util.find_spec("faiss") else "scikit-learn"
        centres = tuple(_centres(np.ascontiguousarray(part), count, by) for part in self._parts(x))
        return replace(self, centres=centres, trained_by=by)

    def protect(self, vectors: NDArray[Any], secret: int) -> Templates:
        """(n, d) → (n, ⌈d / width⌉) uint8 codes; there is no secret."""
        codes = []
        for part, centres in zip(self._parts(normalize(vectors)), self._fitted(), strict=True):
            nearest = np.argmin(np.vecdot(centres, centres) - 2 * part @ centres.T, axis=1)
            codes.append(nearest.astype(np.uint8))
        return np.stack(codes, axis=1)

    def compared(self, templates: Templates, secret: int) -> Floats:
        """The centres that codes stand for, side by side: (n, d)."""
        return self.seen(templates)

    def seen(self, templates: Templates) -> Floats:
        """The same: centres are public."""
        columns = zip(self._fitted(), templates.T, strict=True)
        return np.concatenate([centres[codes] for centres, codes in columns], axis=1)

    def _parts(self, x: Floats) -> list[Floats]:
        return [x[:, start : start + self.width] for start in range(0, x.shape[1], self.width)]

    def _fitted(self) -> tuple[Floats, ...]:
        if self.centres is None:
            raise InputError("the centres of the codes are not known", "Call fit with embeddings of other people first.")
        return self.centres


def _centres(part: Floats, count: int, by: str) -> Floats:
    if by == "faiss":
        import faiss

        means = faiss.Kmeans(part.shape[1], count, niter=25, seed=1, min_points_per_centroid=1)
        means.train(part)
        return np.array(means.centroids, dtype=np.float32).reshape(count, -1)
    from sklearn.cluster import KMeans

    found: Floats = KMeans(count, n_init=1, max_iter=25, random_state=1).fit(part).cluster_centers_.astype(np.float32)
    return found
