"""The capacity: how many class ellipsoids have together the volume of the population's (eq. 10 to 12)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from ..errors import InputError

Doubles = NDArray[np.float64]
ENCLOSED = 0.99  # of the population that lies inside its ellipsoid, as in the paper


def log_capacity(population: ArrayLike, person: ArrayLike, dim: int, q: ArrayLike) -> Doubles:
    """Natural logarithm of C(q) = √(|Σ_pop| / |Σ_c|) · (r_pop / r_q)^m, with r_pop² = χ²_m⁻¹(0.99), r_q² = χ²_m⁻¹(1 − q).

    (Gong and others 2019, eq. 10 and 12.) `population` and `person` are log volumes by `log_volumes` at radius 1, `dim` is
    m; all broadcast against each other.

    q is the mass of a person's Gaussian outside their own ellipsoid. The paper calls it the false accept rate. Taken as a
    decision rule, it is the share of a person's own images that is rejected, so a smaller q makes the class larger and the
    capacity smaller. It counts what fits by volume, which is an upper bound: ellipsoids can't be packed without gaps.

    >>> import numpy as np
    >>> round(float(np.exp(log_capacity(np.log(50.0), 0.0, 4, 0.01))), 6)  # at q = 1 % both radii are the same
    50.0
    """
    shares = np.asarray(q, dtype=np.float64)
    if (wrong := shares[(shares <= 0) | (shares >= 1)]).size:
        raise InputError(f"q must be above 0 and below 1, not {wrong[0]:g}")
    radii = dim / 2 * (np.log(chi2.ppf(ENCLOSED, dim)) - np.log(chi2.isf(shares, dim)))
    return np.asarray(np.subtract(population, person) + radii, dtype=np.float64)
