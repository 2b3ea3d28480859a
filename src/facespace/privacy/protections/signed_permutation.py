"""A secret rotation, then a secret permutation with secret signs: more secrets of the same kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...embeddings import Floats
from .protocol import Templates, generator
from .rotation import SecretRotation


@dataclass(frozen=True)
class SignedPermutation:
    """t = x Q P S: rotation, permutation, and diagonal signs. The product is one orthogonal matrix again."""

    name: ClassVar[str] = "rotation+permutation+sign"
    keyed: ClassVar[bool] = True
    comparison: ClassVar[str] = "cosine"

    @property
    def parameters(self) -> dict[str, Any]:
        """None."""
        return {}

    def fit(self, vectors: NDArray[Any]) -> Self:
        """Nothing is learnt."""
        return self

    def protect(self, vectors: NDArray[Any], secret: int) -> Templates:
        """(n, d) → (n, d) of unit length."""
        turned = SecretRotation().protect(vectors, secret)
        rng = generator(secret, "permutation and sign")
        order = rng.permutation(turned.shape[1])
        signs = rng.choice(np.array([-1, 1], dtype=np.float32), turned.shape[1])
        made: Templates = turned[:, order] * signs
        return made

    def compared(self, templates: Templates, secret: int) -> Floats:
        """As they are."""
        return templates

    def seen(self, templates: Templates) -> Floats:
        """As they are."""
        return templates
