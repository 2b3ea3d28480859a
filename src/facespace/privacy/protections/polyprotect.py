"""PolyProtect: secret polynomials of a few numbers each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...embeddings import Floats, normalize
from ...errors import InputError
from .protocol import Templates, generator


@dataclass(frozen=True)
class PolyProtect:
    """pᵢ = c₁ v₁^e₁ + c₂ v₂^e₂ + … + c_m v_m^e_m of the i-th m numbers of v, of which consecutive ones share `overlap`.

    C is m different whole numbers in [−`largest`, `largest`] without 0, E a permutation of 1 … m; both are the secret, which
    is meant to be one a person. The last m numbers are filled up with zeros. V. K. Hahn, S. Marcel, Towards protecting face
    embeddings in mobile face verification scenarios, IEEE TBIOM 4, 2022: m = 5, |c| ≤ 50, overlaps 0 to 4, cosine distance.

    The numbers of a unit vector are small, so that powers from 2 on nearly vanish and v ↦ p is nearly linear: `length` is
    what vectors are scaled to before; about √d makes all powers count.
    """

    keyed: ClassVar[bool] = True
    comparison: ClassVar[str] = "cosine"

    overlap: int = 4
    m: int = 5
    largest: int = 50
    length: float = 1.0

    @property
    def name(self) -> str:
        """With what differs from the default."""
        changed = f" length {self.length:g}" if self.length != 1 else ""
        return f"polyprotect overlap {self.overlap}{changed}"

    @property
    def parameters(self) -> dict[str, Any]:
        """The overlap, m, the largest coefficient, and the length."""
        return {"overlap": self.overlap, "m": self.m, "largest": self.largest, "length": self.length}

    def fit(self, vectors: NDArray[Any]) -> Self:
        """Nothing is learnt. Raises InputError for parameters that make no polynomials."""
        if not 0 <= self.overlap < self.m or self.largest < self.m / 2:
            raise InputError(f"polynomials of m = {self.m} numbers can't share {self.overlap} or have |c| ≤ {self.largest}")
        return self

    def coefficients(self, secret: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """C (m,) and E (m,)."""
        rng = generator(secret, "polyprotect")
        choices = np.concatenate([np.arange(-self.largest, 0), np.arange(1, self.largest + 1)])
        return rng.choice(choices, self.m, replace=False), rng.permutation(self.m) + 1

    def protect(self, vectors: NDArray[Any], secret: int) -> Templates:
        """(n, d) → (n, ⌈(d − m) / (m − overlap)⌉ + 1) float32.

        >>> PolyProtect(overlap=0).protect(np.ones((2, 12)), 1).shape
        (2, 3)
        """
        v = normalize(vectors).astype(np.float64) * self.length
        step = self.m - self.overlap
        count = max(-(-(v.shape[1] - self.m) // step), 0) + 1
        padded = np.pad(v, [(0, 0), (0, (count - 1) * step + self.m - v.shape[1])])
        c, e = self.coefficients(secret)
        made = np.zeros((len(v), count))
        for j in range(self.m):
            made += c[j] * padded[:, j : j + (count - 1) * step + 1 : step] ** e[j]
        return made.astype(np.float32)

    def compared(self, templates: Templates, secret: int) -> Floats:
        """As they are."""
        return templates

    def seen(self, templates: Templates) -> Floats:
        """As they are."""
        return templates
