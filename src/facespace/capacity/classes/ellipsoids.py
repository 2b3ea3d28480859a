"""Volumes of ellipsoids in log space, for three assumptions on the shape of a covariance.

The ellipsoid {x : (x − μ)ᵀ Σ⁻¹ (x − μ) ≤ r²} in ℝ^m has the volume V_m r^m |Σ|^½, V_m the volume of the unit ball. A shape
replaces Σ before: `full` leaves it, `axis` keeps its diagonal, `sphere` has one variance, the mean of the diagonal
(Gong and others 2019, table V). Volumes of many dimensions overflow, so everything is a logarithm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp

from ...errors import unknown_name

Doubles = NDArray[np.float64]

SHAPES = ("full", "axis", "sphere")
CLASSES = ("max", "median", "mean", "min")


def log_volumes(covariance: Doubles, shape: str = "full", radius: float = 1.0) -> Doubles:
    """(…) natural logarithms of volumes, of covariances (…, m, m); −inf where a covariance is singular.

    >>> import numpy as np
    >>> round(float(np.exp(log_volumes(np.diag([4.0, 1.0]), radius=3.0)) / np.pi), 6)  # an ellipse of semi-axes 6 and 3
    18.0
    """
    m = covariance.shape[-1]
    variances = np.diagonal(covariance, axis1=-2, axis2=-1)
    with np.errstate(divide="ignore"):
        if shape == "full":
            determinant = np.linalg.slogdet(covariance)[1]
        elif shape == "axis":
            determinant = np.log(variances).sum(axis=-1)
        elif shape == "sphere":
            determinant = m * np.log(variances.mean(axis=-1))
        else:
            raise unknown_name("shape", shape, SHAPES)
    ball = m / 2 * np.log(np.pi) - gammaln(m / 2 + 1)
    volumes: Doubles = ball + m * np.log(radius) + determinant / 2
    return volumes


def canonical(volumes: Doubles, person_class: str) -> Doubles:
    """The log volume of the class that stands for all (table IV), over the last axis of `volumes` (…, classes).

    `max` is the paper's choice. `mean` is the class of mean volume, not of mean log volume.
    """
    if person_class == "mean":
        mean: Doubles = logsumexp(volumes, axis=-1) - np.log(volumes.shape[-1])
        return mean
    if person_class == "max":
        return np.asarray(volumes.max(axis=-1))
    if person_class == "min":
        return np.asarray(volumes.min(axis=-1))
    if person_class == "median":
        return np.asarray(np.median(volumes, axis=-1))
    raise unknown_name("class", person_class, CLASSES)
