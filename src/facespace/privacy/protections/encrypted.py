"""Encryption at rest: who has no key has no score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...embeddings import Floats, normalize
from ...errors import missing_extra
from .protocol import Templates, generator

_TAG = 16


@dataclass(frozen=True)
class Encrypted:
    """AES-SIV (RFC 5297) of each embedding's 32-bit numbers, by the library cryptography; compared after decryption.

    It is here to be attacked like the others: the secret is a seed, good for an audit and not for keeping anything. Being
    deterministic it gives away which templates are equal in every bit, and nothing else.
    """

    name: ClassVar[str] = "encrypted"
    keyed: ClassVar[bool] = True
    comparison: ClassVar[str] = "decrypted"

    @property
    def parameters(self) -> dict[str, Any]:
        """The cipher."""
        return {"cipher": "AES-SIV-256"}

    def fit(self, vectors: NDArray[Any]) -> Self:
        """Nothing is learnt."""
        return self

    def protect(self, vectors: NDArray[Any], secret: int) -> Templates:
        """(n, d) → (n, 16 + 4 d) bytes, of which the first 16 authenticate the rest. Raises MissingExtraError."""
        cipher = _cipher(secret)
        rows = [cipher.encrypt(row.astype("<f4").tobytes(), None) for row in normalize(vectors)]
        return np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), _TAG + 4 * vectors.shape[1])

    def compared(self, templates: Templates, secret: int) -> Floats:
        """(n, d) decrypted embeddings; cryptography's InvalidTag for another secret's."""
        cipher = _cipher(secret)
        rows = [cipher.decrypt(row.tobytes(), None) for row in np.ascontiguousarray(templates)]
        return np.frombuffer(b"".join(rows), dtype="<f4").reshape(len(rows), (templates.shape[1] - _TAG) // 4)

    def seen(self, templates: Templates) -> Floats:
        """(n, d): of each number the byte that had its sign and exponent, about zero."""
        return templates[:, _TAG + 3 :: 4].astype(np.float32) - np.float32(127.5)


def _cipher(secret: int) -> Any:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV
    except ImportError as error:
        raise missing_extra("cryptography", "crypto", "encrypting templates") from error
    return AESSIV(generator(secret, "encrypted").bytes(32))
