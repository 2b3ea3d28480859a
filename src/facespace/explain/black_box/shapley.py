"""Shapley values of a face's parts: what each is worth, over all orders in which they may come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Coalitions:
    """Which parts are shown together.

    Attributes:
        shown: (n, parts) 0 or 1; neither none nor all. weights: (n,) of the regression. exact: are these all there are?
    """

    shown: Doubles
    weights: Doubles
    exact: bool

    def halves(self) -> Iterator[tuple[Coalitions, NDArray[np.intp]]]:
        """Two halves, each with its rows; a coalition and its complement lie in one half."""
        # Rows 2i and 2i + 1 are complements.
        pair = np.arange(len(self.shown)) // 2
        for side in (0, 1):
            rows = np.flatnonzero(pair % 2 == side)
            yield Coalitions(self.shown[rows], self.weights[rows], False), rows


def coalitions_of(parts: int, count: int, rng: np.random.Generator) -> Coalitions:
    """All 2^parts − 2 coalitions where `count` allows, with KernelSHAP's weights; else as many drawn by these weights.

    The weight of a coalition of k of R parts is (R − 1) / (C(R, k) k (R − k)); Lundberg and Lee 2017, theorem 2. Drawn ones
    come with their complements, which halves the variance of most values (Covert and Lee 2021); they weigh alike.

    Raises InputError for fewer than 2 parts, or fewer draws than twice the parts.
    """
    if parts < 2:
        raise InputError(f"{parts} part of a face leaves nothing to share out", "Are the landmarks inside the crop?")
    if count < 2 * parts:
        raise InputError(
            f"{count + 1} passes are too few for {parts} parts", f"Give {2 * parts + 1} or more; {2**parts - 1} is exact."
        )
    if count >= 2**parts - 2:
        numbers = rng.permutation(np.arange(1, 2 ** (parts - 1)))
        first = ((numbers[:, None] >> np.arange(parts)) & 1).astype(np.float64)
    else:
        sizes = np.arange(1, parts)
        mass = 1 / (sizes * (parts - sizes))
        drawn = rng.choice(sizes, count // 2, p=mass / mass.sum())
        first = np.stack([rng.permutation(np.arange(parts) < k) for k in drawn]).astype(np.float64)
    shown = np.stack([first, 1 - first], 1).reshape(-1, parts)
    exact = count >= 2**parts - 2
    sizes = shown.sum(1).astype(int)
    kernel = np.array([(parts - 1) / (comb(parts, k) * k * (parts - k)) for k in sizes])
    return Coalitions(shown, kernel if exact else np.ones(len(shown)), exact)


def shapley(coalitions: Coalitions, worth: Doubles, whole: float, nothing: float) -> Doubles:
    """(parts,) Shapley values; they sum to `whole` − `nothing`.

    Minimises Σ w (v − nothing − shown @ φ)² under that constraint: over all coalitions with the kernel's weights φ are the
    Shapley values themselves, over drawn ones their estimate (KernelSHAP).

    Args:
        worth: (n,) the score with each coalition shown. whole: with all parts. nothing: with none.

    >>> every = coalitions_of(3, 6, np.random.default_rng(0))
    >>> shapley(every, every.shown @ [1.0, 2.0, 3.0] + every.shown[:, 0] * every.shown[:, 1], 7.0, 0.0).round(6).tolist()
    [1.5, 2.5, 3.0]
    """
    shown, total = coalitions.shown, whole - nothing
    # The last value is what the others leave: the constraint holds by construction.
    left = shown[:, :-1] - shown[:, -1:]
    target = worth - nothing - shown[:, -1] * total
    root = np.sqrt(coalitions.weights)
    found = np.linalg.lstsq(left * root[:, None], target * root, rcond=None)[0]
    return np.append(found, total - found.sum())
