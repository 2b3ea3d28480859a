"""What a protection of templates is: a secret and embeddings in, templates out, and how these are compared.

The terms are those of ISO/IEC 24745: a protected template is renewable (a new secret makes a new one of the same face),
and should be irreversible and unlinkable. Whether it is, `audit_protections` measures.
"""

from __future__ import annotations

from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ...embeddings import Floats

Templates = NDArray[Any]


class Protection(Protocol):
    """A way to protect embeddings.

    Attributes:
        name: by which it is asked for and reported.
        keyed: whether there is a secret at all; without one everybody can make templates.
        comparison: how templates are compared: "cosine", "Hamming", or "decrypted" (cosine, by who has the key).
    """

    @property
    def name(self) -> str:
        """See the class."""
        ...

    @property
    def keyed(self) -> bool:
        """See the class."""
        ...

    @property
    def comparison(self) -> str:
        """See the class."""
        ...

    @property
    def parameters(self) -> dict[str, Any]:
        """What else there is to know of it, in plain JSON types."""
        ...

    def fit(self, vectors: NDArray[Any], /) -> Self:
        """This protection with its public parameters (ranges, codebooks, means) from (n, d) embeddings of other people."""
        ...

    def protect(self, vectors: NDArray[Any], secret: int, /) -> Templates:
        """(n, d) embeddings of any length → (n, k) templates. The same secret gives the same templates."""
        ...

    def compared(self, templates: Templates, secret: int, /) -> Floats:
        """(n, k) templates → (n, r) vectors whose cosines are the scores of the system, which has the secret.

        Of bits as ±1 the cosine is 1 − 2 h/k, with the Hamming distance h.
        """
        ...

    def seen(self, templates: Templates, /) -> Floats:
        """(n, k) templates → (n, r) numbers as somebody without the secret reads them."""
        ...


def generator(secret: int, purpose: str) -> np.random.Generator:
    """The random numbers that a secret stands for.

    >>> bool(generator(1, "a").random() == generator(1, "a").random() != generator(2, "a").random())
    True
    """
    return np.random.default_rng([secret, *purpose.encode()])


def random_rotation(dim: int, rng: np.random.Generator) -> Floats:
    """(d, d) orthogonal, uniform over all of them: QR of a Gaussian matrix with the signs of R's diagonal taken out.

    F. Mezzadri, How to generate random matrices from the classical compact groups, Notices of the AMS 54, 2007.
    """
    q, r = np.linalg.qr(rng.normal(size=(dim, dim)))
    return (q * np.sign(np.diag(r))).astype(np.float32)


def protect_each(protection: Protection, vectors: NDArray[Any], secrets: NDArray[np.intp]) -> Templates:
    """Templates of (n, d) vectors, each under its own one of `secrets` (n,)."""
    found, place = np.unique(secrets, return_inverse=True)
    parts = [(rows := np.flatnonzero(place == i), protection.protect(vectors[rows], int(s))) for i, s in enumerate(found)]
    made = np.empty((len(vectors), parts[0][1].shape[1]), dtype=parts[0][1].dtype)
    for rows, templates in parts:
        made[rows] = templates
    return made
