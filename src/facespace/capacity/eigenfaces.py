"""Eigenfaces (Turk, Pentland, CVPR 1991): principal components of pixels, the lower extreme of face representations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..embeddings import EmbeddingSet
from ..errors import InputError


def eigenfaces(
    crops: ArrayLike, ids: Sequence[str], *, dim: int = 128, subject: Sequence[str] | None = None
) -> EmbeddingSet:
    """The set of coefficients of aligned `crops` (n, height, width[, channels]) on their `dim` leading principal components.

    y = (x − mean) E, with x the pixels of an image in a row and E (pixels, dim) the leading eigenvectors of their
    covariance. The components are those of these images themselves. Its capacity beside a network's shows how far a number
    is from nothing. InputError unless 1 ≤ dim < n and dim ≤ pixels.

    >>> import numpy as np
    >>> crops = np.random.default_rng(0).integers(0, 255, (40, 8, 8))
    >>> eigenfaces(crops, [f"ann/{i}" for i in range(40)], dim=5)
    EmbeddingSet(40 × 5, model='eigenfaces')
    """
    array = np.asarray(crops, dtype=np.float32)
    if array.ndim < 3:
        raise InputError(f"eigenfaces need crops (n, height, width) or with channels; these have shape {array.shape}")
    x = array.reshape(len(array), -1)
    n, pixels = x.shape
    if not 1 <= dim <= min(n - 1, pixels):
        raise InputError(f"{n:,} crops of {pixels:,} pixels have no {dim} principal components")
    x = x - x.mean(axis=0)
    # The smaller of the two Gram matrices has the same components.
    if pixels <= n:
        axes = np.linalg.eigh((x.T @ x).astype(np.float64))[1][:, : -dim - 1 : -1]
        return EmbeddingSet(x @ axes.astype(np.float32), ids, model="eigenfaces", subject=subject)
    values, vectors = np.linalg.eigh((x @ x.T).astype(np.float64))
    coefficients = vectors[:, : -dim - 1 : -1] * np.sqrt(np.maximum(values[: -dim - 1 : -1], 0))
    return EmbeddingSet(coefficients, ids, model="eigenfaces", subject=subject)
