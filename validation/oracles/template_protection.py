"""Plain transcriptions for templates: PolyProtect of Hahn and Marcel (2022), unlinkability of Gomez-Barrero and others.

Written from the papers' text, number by number, and slow.
"""

from __future__ import annotations

import numpy as np


def polyprotect(embedding, coefficients, exponents, overlap):
    """Equation 1: p_i = c_1 v_1^e_1 + … + c_m v_m^e_m over consecutive sets of m numbers that share `overlap`."""
    m = len(coefficients)
    start, protected = 0, []
    values = list(embedding)
    while True:
        chosen = values[start : start + m]
        chosen = chosen + [0.0] * (m - len(chosen))
        protected.append(sum(c * v**e for c, v, e in zip(coefficients, chosen, exponents, strict=True)))
        if start + m >= len(values):
            return protected
        start += m - overlap


def unlinkability(mated, nonmated, omega=1.0):
    """(D_sys, bin edges, D↔ of each bin); equations 7 and 8 on histograms of min(mated / 10, 100) bins."""
    bins = min(len(mated) // 10, 100)
    low, high = min(*mated, *nonmated), max(*mated, *nonmated)
    edges = [low + (high - low) * i / bins for i in range(bins + 1)]

    def density(scores, i):
        last = i == bins - 1
        inside = [s for s in scores if edges[i] <= s < edges[i + 1] or (last and s == edges[i + 1])]
        return len(inside) / len(scores) / (edges[i + 1] - edges[i])

    local, d_sys = [], 0.0
    for i in range(bins):
        p, q = density(mated, i), density(nonmated, i)
        if q == 0:
            d = 1.0 if p > 0 else 0.0
        elif omega * p / q <= 1:
            d = 0.0
        else:
            ratio = omega * p / q
            d = 2 * ratio / (1 + ratio) - 1
        local.append(d)
        d_sys += p * d * (edges[i + 1] - edges[i])
    return d_sys, np.array(edges), np.array(local)
