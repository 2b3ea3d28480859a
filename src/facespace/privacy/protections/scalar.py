"""Scalar quantisation: every number in a few bits. It saves space; there is no secret in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...embeddings import Floats, normalize
from ...errors import InputError
from .protocol import Templates

_WHOLE = 99.9  # per cent of the fitted numbers that lie within the range


@dataclass(frozen=True, eq=False)
class ScalarQuantised:
    """Codes c = ⌊(x − m + h) 2ᵇ / 2h⌋ of `bits` b a number, with the median m and half range h of each dimension.

    A code stands for the middle of its cell. With 1 bit the templates are compared by Hamming distance.

    Attributes:
        bits: 1 to 8.
        middle, half: (d,) m and h, from `fit`.
    """

    keyed: ClassVar[bool] = False

    bits: int = 8
    middle: Floats | None = None
    half: Floats | None = None

    @property
    def name(self) -> str:
        """Such as 4-bit."""
        return f"{self.bits}-bit"

    @property
    def comparison(self) -> str:
        """See Protection."""
        return "Hamming" if self.bits == 1 else "cosine"

    @property
    def parameters(self) -> dict[str, Any]:
        """The bits."""
        return {"bits": self.bits}

    def fit(self, vectors: NDArray[Any]) -> Self:
        """Medians and ranges of (n, d) embeddings. Raises InputError for bits outside 1 … 8."""
        if not 1 <= self.bits <= 8:
            raise InputError(f"a number is quantised to 1 to 8 bits, not {self.bits}")
        x = normalize(vectors)
        middle = np.median(x, axis=0).astype(np.float32)
        half = np.percentile(np.abs(x - middle), _WHOLE, axis=0).astype(np.float32)
        return replace(self, middle=middle, half=np.maximum(half, np.finfo(np.float32).tiny))

    def protect(self, vectors: NDArray[Any], secret: int) -> Templates:
        """(n, d) → (n, d) uint8 codes; there is no secret.

        >>> x = np.array([[-0.6, 0.8], [0.6, -0.8], [0.8, 0.6]])
        >>> ScalarQuantised(1).fit(x).protect(x, 0).tolist()
        [[0, 1], [1, 0], [1, 1]]
        """
        middle, half = self._fitted()
        levels = 1 << self.bits
        codes = np.floor((normalize(vectors) - middle + half) * (levels / 2) / half)
        clipped: Templates = np.clip(codes, 0, levels - 1).astype(np.uint8)
        return clipped

    def compared(self, templates: Templates, secret: int) -> Floats:
        """The numbers that codes stand for; with 1 bit ±1."""
        return self.seen(templates)

    def seen(self, templates: Templates) -> Floats:
        """The same: ranges are public."""
        middle, half = self._fitted()
        if self.bits == 1:
            return 2 * templates.astype(np.float32) - 1
        step = (2 * half / (1 << self.bits)).astype(np.float32)
        numbers: Floats = middle - half + (templates.astype(np.float32) + np.float32(0.5)) * step
        return numbers

    def _fitted(self) -> tuple[Floats, Floats]:
        if self.middle is None or self.half is None:
            raise InputError(f"the ranges of {self.name} are not known", "Call fit with embeddings of other people first.")
        return self.middle, self.half
