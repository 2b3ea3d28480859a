"""No protection: the embedding itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from ...embeddings import Floats, normalize
from .protocol import Templates


@dataclass(frozen=True)
class Plain:
    """The L2-normalised embedding is the template: what everything else is measured beside."""

    name: ClassVar[str] = "plain"
    keyed: ClassVar[bool] = False
    comparison: ClassVar[str] = "cosine"

    @property
    def parameters(self) -> dict[str, Any]:
        """None."""
        return {}

    def fit(self, vectors: NDArray[Any]) -> Self:
        """Nothing is learnt."""
        return self

    def protect(self, vectors: NDArray[Any], secret: int) -> Templates:
        """(n, d) → (n, d) of unit length; there is no secret."""
        return normalize(vectors)

    def compared(self, templates: Templates, secret: int) -> Floats:
        """As they are."""
        return templates

    def seen(self, templates: Templates) -> Floats:
        """As they are."""
        return templates
