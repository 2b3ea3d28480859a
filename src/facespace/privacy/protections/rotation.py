"""A secret rotation: "distance-preserving encryption"."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from ...embeddings import Floats, normalize
from .protocol import Templates, generator, random_rotation


@dataclass(frozen=True)
class SecretRotation:
    """t = x Q with a secret orthogonal Q (d, d): every cosine between templates of one secret stays what it was.

    That is why it costs no accuracy, and why d pairs of an embedding and its template give Q away to whoever solves d linear
    equations; fewer are enough to name people [2021, section 5].
    """

    name: ClassVar[str] = "rotation"
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
        """(n, d) → (n, d) of unit length.

        >>> import numpy as np
        >>> x = np.array([[3.0, 4.0], [1.0, 0.0]])
        >>> t = SecretRotation().protect(x, 7)
        >>> round(float(t[0] @ t[1]), 5)
        0.6
        """
        x = normalize(vectors)
        return x @ _turn(x.shape[1], secret)

    def compared(self, templates: Templates, secret: int) -> Floats:
        """As they are."""
        return templates

    def seen(self, templates: Templates) -> Floats:
        """As they are."""
        return templates


@lru_cache(maxsize=4)
def _turn(dim: int, secret: int) -> Floats:
    return random_rotation(dim, generator(secret, "rotation"))
