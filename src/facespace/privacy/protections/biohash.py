"""BioHashing: a secret random projection, of which the signs are kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...embeddings import Floats, normalize
from ...errors import InputError
from .protocol import Templates, generator, random_rotation


@dataclass(frozen=True, eq=False)
class BioHash:
    """bᵢ = 1 where ⟨x − μ, rᵢ⟩ > 0, with secret orthonormal directions rᵢ, i = 1 … `bits` (by default d, the most).

    A. Teoh, D. Ngo, A. Goh, Biohashing: two factor authentication featuring fingerprint data and tokenised random number,
    Pattern Recognition 37, 2004. Its threshold 0 takes embeddings for centred; here μ is their mean, from `fit`, since the
    networks' mean may be most of the vector, and would set most bits.
    """

    name: ClassVar[str] = "biohash"
    keyed: ClassVar[bool] = True
    comparison: ClassVar[str] = "Hamming"

    bits: int | None = None
    mean: Floats | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """The bits, null for one a number."""
        return {"bits": self.bits}

    def fit(self, vectors: NDArray[Any]) -> Self:
        """μ of (n, d) embeddings."""
        return replace(self, mean=normalize(vectors).mean(axis=0))

    def protect(self, vectors: NDArray[Any], secret: int) -> Templates:
        """(n, d) → (n, bits) uint8 of 0 and 1. Raises InputError for more bits than numbers."""
        x = normalize(vectors)
        bits = self.bits or x.shape[1]
        if bits > x.shape[1]:
            raise InputError(f"{bits} orthogonal directions are more than the {x.shape[1]} numbers of an embedding")
        moved = x if self.mean is None else x - self.mean
        return (moved @ _directions(x.shape[1], secret)[:, :bits] > 0).astype(np.uint8)

    def compared(self, templates: Templates, secret: int) -> Floats:
        """±1."""
        return self.seen(templates)

    def seen(self, templates: Templates) -> Floats:
        """±1."""
        return 2 * templates.astype(np.float32) - 1


@lru_cache(maxsize=4)
def _directions(dim: int, secret: int) -> Floats:
    return random_rotation(dim, generator(secret, "biohash"))
