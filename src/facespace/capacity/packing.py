"""How many people fit on the sphere of unit embeddings: an upper and a lower bound from angles at the threshold.

A cap of half-angle ω on the sphere S^m ⊂ ℝ^(m+1) has the share ½ I(sin² ω; m/2, ½) of its area (ω ≤ 90°; I the regularised
incomplete beta function). People fill a cap of half-angle Ω, and two score below the threshold τ if they stand δ = arccos τ
apart.

- **Cap ratio** (after Boddeti, Sreekumar, Ross, IJCB 2023): caps of half-angle δ/2 around people δ apart do not overlap, so
  no more than area(Ω) / area(δ/2) people fit (their caps within Ω). The paper takes Ω from the least cosine of all pairs;
  here it is half the angle that all but 1 % of the pairs stay below, which does not grow with the number of pairs.
- **Spherical code** (after Razeghi, arXiv 2604.10641, 2026): if each person's images lie within ρ of their centre and
  centres are δ + 2ρ apart, no two images of different people reach τ. As long as the caps of that half-angle do not cover Ω
  there is room for one more, so area(Ω) / area(δ + 2ρ) people can be placed. ρ holds a share 1 − q of the images.

m is the intrinsic dimension, not the width of the vectors: areas of caps in hundreds of dimensions that no face ever
reaches say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from ..embeddings import Floats, normalize
from .person_pairs import Rows, Scores

Doubles = NDArray[np.float64]
_OUTSIDE = 0.01  # of impostor pairs stand further apart than twice Ω


@dataclass(frozen=True)
class PackingPoint:
    """Bounds at one q.

    Attributes:
        far: q.
        threshold: τ, the cosine that a share q of the impostor pairs exceeds.
        spread: ρ in degrees.
        cap_ratio: no more people than this fit.
        code: at least this many people do; 1 where the condition can't be met.
    """

    far: float
    threshold: float
    spread: float
    cap_ratio: float
    code: float


def cap_share(angle: float | Doubles, dim: int) -> Doubles:
    """Share of the area of the sphere S^dim in a cap of half-angle `angle` (radians).

    >>> round(float(cap_share(np.pi / 3, 2)), 6)  # (1 − cos ω) / 2 on the ordinary sphere
    0.25
    """
    half = np.clip(np.asarray(angle, dtype=np.float64), 0, np.pi)
    share = 0.5 * betainc(dim / 2, 0.5, np.sin(half) ** 2)
    return np.asarray(np.where(half <= np.pi / 2, share, 1 - share))


def packing_point(far: float, scores: Scores, angles: Doubles, dim: int) -> PackingPoint | None:
    """Bounds at q = `far`; `angles` by `own_angles`. None where the set has too few pairs for the threshold."""
    threshold = scores.threshold(far)
    if threshold is None:
        return None
    apart = float(np.arccos(np.clip(threshold, -1, 1)))
    widest = float(np.arccos(np.clip(scores.impostor[int(_OUTSIDE * len(scores.impostor))], -1, 1)))
    population = float(cap_share(widest / 2, dim))
    spread = float(np.quantile(angles, 1 - far))
    code = population / float(cap_share(apart + 2 * spread, dim)) if apart + 2 * spread < widest else 1.0
    ratio = population / max(float(cap_share(apart / 2, dim)), np.finfo(float).tiny)
    return PackingPoint(far, threshold, float(np.degrees(spread)), max(ratio, 1.0), max(code, 1.0))


def own_angles(unit: Floats, person: Rows) -> Doubles:
    """Angles (radians) of images to the mean direction of the same person's other images, ascending."""
    total = np.zeros((int(person.max()) + 1, unit.shape[1]), dtype=np.float32)
    np.add.at(total, person, unit)
    several = np.bincount(person)[person] >= 2
    rest = total[person[several]] - unit[several]
    cosines = np.vecdot(normalize(rest + np.finfo(np.float32).tiny), unit[several])
    angles: Doubles = np.sort(np.arccos(np.clip(cosines.astype(np.float64), -1, 1)))
    return angles
