"""How much of a direction is identity, and how far two networks agree about it, from different images of one person.

For a person with m ≥ 2 images and coordinates u_i (network A), v_i (network B) along one direction, about the mean over
people, all ordered pairs of different images give

    a = Σ_{i≠j} u_i u_j / m(m−1),   b = Σ_{i≠j} v_i v_j / m(m−1),   c = Σ_{i≠j} u_i v_j / m(m−1)

and s² = Σ u_i² / m, t² = Σ v_i² / m. With means over people, each of whom counts once however many images there are,

    ρ_A = ā / s̄²,   ρ_B = b̄ / t̄²,   ρ_AB = c̄ / √(s̄² t̄²),   κ = ρ_AB / √(ρ_A ρ_B)

ρ_A is the correlation of two images of one person, the reliability of u as a measure of identity; what the images have in
common besides (light, pose) is in neither, as no image is compared with itself. κ is the correlation that the two
identities would have if each were known without error: Spearman, The proof and measurement of association between two
things, American Journal of Psychology 15, 1904. Over several directions the sums of ρ_A, ρ_B and ρ_AB take their places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._images import Doubles, Rows

_TINY = 1e-30


@dataclass(frozen=True, eq=False)
class DirectionSums:
    """Sums over people for r directions, (1 + R, r) each: every person once, then R resamples. They add, over folds."""

    a: Doubles
    b: Doubles
    c: Doubles
    s: Doubles
    t: Doubles

    @classmethod
    def of(
        cls, u: NDArray[np.floating], v: NDArray[np.floating], person: Rows, weights: NDArray[np.integer]
    ) -> DirectionSums:
        """Of (n, r) centred coordinates; rows of one person lie together, `weights` (1 + R, P) are of these P people.

        >>> u = np.array([[1.0], [1.0], [-1.0], [-1.0]])
        >>> sums = DirectionSums.of(u, -u, np.array([0, 0, 1, 1]), np.ones((1, 2), dtype=int))
        >>> [float(rho[0, 0]) for rho in sums.reliabilities()]
        [1.0, 1.0, -1.0]
        """
        x, y = u.astype(np.float64, copy=False), v.astype(np.float64, copy=False)
        counts = np.bincount(person)
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        kept = counts > 1  # one image says nothing of reliability
        m = counts[kept, None].astype(np.float64)

        def total(values: Doubles) -> Doubles:
            summed: Doubles = np.add.reduceat(values, starts, axis=0)[kept]
            return summed

        sx, sy, xx, yy, xy = total(x), total(y), total(x * x), total(y * y), total(x * y)
        parts = (sx * sx - xx) / (m * (m - 1)), (sy * sy - yy) / (m * (m - 1)), (sx * sy - xy) / (m * (m - 1))
        w = weights[:, kept].astype(np.float64)
        return cls(*(w @ part for part in (*parts, xx / m, yy / m)))

    def __add__(self, other: DirectionSums) -> DirectionSums:
        return DirectionSums(*(getattr(self, n) + getattr(other, n) for n in ("a", "b", "c", "s", "t")))

    def reliabilities(self) -> tuple[Doubles, Doubles, Doubles]:
        """ρ_A, ρ_B, ρ_AB, (1 + R, r) each; 0 along a direction that has no variance."""
        s, t = np.maximum(self.s, _TINY), np.maximum(self.t, _TINY)
        return self.a / s, self.b / t, self.c / np.sqrt(s * t)


def disattenuated(first: Doubles, second: Doubles, cross: Doubles) -> Doubles:
    """κ of summed reliabilities, (1 + R,) each; NaN where one of them is not positive."""
    product = np.where((first > 0) & (second > 0), first * second, np.nan)
    found: Doubles = cross / np.sqrt(product)
    return found
