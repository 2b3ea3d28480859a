"""Ratios by isotonic regression, and the cost of calibration.

    Cllr = ½ [mean over genuine of log₂(1 + 1/LR) + mean over impostor of log₂(1 + LR)]

0: every ratio points hard and rightly; 1: as useful as no score at all. Its least value over all rising functions of the
score, Cllr_min, is that of isotonic regression (PAV) on the judged scores themselves; Cllr − Cllr_min is the loss by
calibration. Source: Brümmer, du Preez, Application-independent evaluation of speaker detection, Computer Speech & Language
20, 2006.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError

Doubles = NDArray[np.float64]


def cllr(ratios: ArrayLike, genuine: ArrayLike, impostor: ArrayLike) -> float:
    """Cllr of scores in bins: `ratios` (m,) are what is claimed of a score in each, `genuine` and `impostor` (m,) weights.

    Of single scores the bins are the scores, and the weights 0 and 1. Raises InputError where a kind has no weight.

    >>> cllr([1.0, 1.0], [3, 1], [0, 2])
    1.0
    >>> round(cllr([9.0, 1 / 9], [9, 1], [1, 9]), 4)
    0.469
    """
    claimed, g, i = (np.asarray(each, dtype=np.float64) for each in (ratios, genuine, impostor))
    if not (g.sum() > 0 and i.sum() > 0):
        raise InputError("Cllr needs genuine and impostor scores", "One of the kinds has none.")
    with np.errstate(divide="ignore"):
        missed, believed = np.log2(1 + 1 / claimed), np.log2(1 + claimed)
    cost = np.where(g > 0, g, 0) @ np.where(g > 0, missed, 0) / g.sum()
    return float(cost + np.where(i > 0, i, 0) @ np.where(i > 0, believed, 0) / i.sum()) / 2


def pav_ratios(genuine: ArrayLike, impostor: ArrayLike, *, pseudo: tuple[float, float] = (0.0, 0.0)) -> Doubles:
    """(m,) likelihood ratios that rise with the score, of weights (m,) in bins of rising score; 0 and ∞ may be among them.

    Isotonic regression of the share of genuine pairs, both kinds weighing the same in all. `pseudo`: a genuine weight that
    is added to the lowest bin, and an impostor weight added to the highest: with one pair each, Laplace's rule, no ratio is
    larger than what the number of pairs supports. Bins without weight have the ratio of the bin below them.

    >>> pav_ratios([0, 1, 3], [3, 1, 0], pseudo=(1, 1)).round(3).tolist()
    [0.333, 1.0, 3.0]
    """
    from scipy.optimize import isotonic_regression

    g, i = np.array(genuine, dtype=np.float64), np.array(impostor, dtype=np.float64)
    n_genuine, n_impostor = g.sum(), i.sum()
    if not (n_genuine > 0 and n_impostor > 0):
        raise InputError("ratios need genuine and impostor scores", "One of the kinds has none.")
    g[0] += pseudo[0]
    i[-1] += pseudo[1]
    g, i = g / n_genuine, i / n_impostor
    used = np.flatnonzero(g + i > 0)
    weight = (g + i)[used]
    share = isotonic_regression(g[used] / weight, weights=weight).x
    with np.errstate(divide="ignore"):
        ratios = share / (1 - share)
    place = np.searchsorted(used, np.arange(len(g)), side="right") - 1
    return np.asarray(ratios[np.maximum(place, 0)])
