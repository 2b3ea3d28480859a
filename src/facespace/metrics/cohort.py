"""Scores corrected by a cohort: how much is a score, given how close each side is to just anybody?

    s'(x, y) = s(x, y) − ½ (m(x) + m(y)),    m = mean of the K highest cosines with the cohort's embeddings of the other side

A vector near many others (a hub; bland, blurred or badly mapped faces are) scores high with everyone. Between networks that
share few directions there are many of those, and the correction takes back part of what a linear map loses.

Source: adaptive symmetric score normalisation without its division (Karam, Campbell and Dehak, Towards reduced false-alarms
using cohorts, ICASSP 2011; Matějka and others, Analysis of score normalization in multilingual speaker recognition,
Interspeech 2017); for maps between spaces Conneau and others, Word translation without parallel data, ICLR 2018 (CSLS).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import normalize
from ..errors import DimensionError, InputError

NEAREST = 50
_BLOCK = 1024


def cohort_mean(vectors: NDArray[Any], cohort: NDArray[Any], nearest: int = NEAREST) -> NDArray[np.float32]:
    """m, (n,): mean cosine of each row of `vectors` (n, r) with its `nearest` closest rows of `cohort` (k, r).

    Rows may have any length; one of zeros has no direction, its cosines are 0. With k < `nearest` all of them count.

    Raises DimensionError when the widths differ, InputError for an empty cohort or a `nearest` below 1.

    >>> cohort_mean(np.array([[2.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 3.0], [-1.0, 0.0]]), nearest=2).tolist()
    [0.5]
    """
    x, others = np.asarray(vectors, dtype=np.float32), np.asarray(cohort, dtype=np.float32)
    if x.ndim != 2 or others.ndim != 2 or x.shape[1] != others.shape[1]:
        raise DimensionError(f"vectors of shape {x.shape} can't be compared with a cohort of shape {others.shape}")
    if len(others) == 0 or nearest < 1:
        raise InputError(f"a cohort of {len(others)} embeddings and {nearest} nearest of them: both must be at least 1")
    kept = min(nearest, len(others))
    directions = normalize(others).T
    result = np.empty(len(x), dtype=np.float32)
    for start in range(0, len(x), _BLOCK):
        cosines = normalize(x[start : start + _BLOCK]) @ directions
        cosines.partition(len(others) - kept, axis=1)
        result[start : start + _BLOCK] = cosines[:, len(others) - kept :].mean(axis=1)
    return result
