"""Algorithm 1: which parts of two faces the network found alike, and which different.

Paper: Xu, Lu, Ebrahimi, Discriminative Deep Feature Visualization for Explainable Face Recognition (2023), Algorithm 1.
With pooled features F, f̂ = F/‖F‖ and the residuals r_k of image A:

    w_k = f̂_A,k f̂_B,k − T,   H = Σ_k w_k r_k,   S = |H|,   S⁺ = max(H, 0),   S⁻ = max(−H, 0).

T is not given in the paper. Here T = τ/c with the operating threshold τ, so that Σ_k w_k = s − τ: with residuals that sum
to 1 the map's signed mass is the margin of the decision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DimensionError, InputError
from .residuals import Residuals

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Affine:
    """An embedding e = matrix @ F + shift of pooled features F: a linear head, a map to another network, or both.

    Attributes:
        matrix: (d, c).
        shift: (d,).
    """

    matrix: Doubles
    shift: Doubles

    def __call__(self, features: ArrayLike) -> Doubles:
        """(n, c) or (c,) features as embeddings (n, d) or (d,)."""
        return np.asarray(np.asarray(features, dtype=np.float64) @ self.matrix.T + self.shift)

    def then(self, matrix: ArrayLike, shift: ArrayLike) -> Affine:
        """This, followed by x ↦ matrix @ x + shift."""
        m = np.asarray(matrix, dtype=np.float64)
        return Affine(m @ self.matrix, m @ self.shift + np.asarray(shift, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class CosineDecomposition:
    """The cosine of two images, taken apart by the channels of the first.

    Attributes:
        score: s, the cosine.
        weights: (c,) each channel's part of s; `constant` + Σ weights = s.
        constant: the part of a head's shift, 0 without one.
        live: (c,) ∂s/∂F_A.
        detached: (c,) the same with the norms held fixed: f̂_B/‖F_A‖.
    """

    score: float
    weights: Doubles
    constant: float
    live: Doubles
    detached: Doubles


def decompose(
    features: ArrayLike, other: ArrayLike, head: Affine | None = None, other_head: Affine | None = None
) -> CosineDecomposition:
    """Take the cosine of (c,) `features` and (c',) `other` apart by the channels of the first.

    Without heads w_k = f̂_A,k f̂_B,k. With a head e = M F + b, w_k = F_A,k (Mᵀ ê_B)_k / ‖e_A‖; across networks the two
    heads lead into one space.

    Raises DimensionError when both sides do not end in vectors of one width, InputError for a zero vector.

    >>> decompose([3, 4], [4, 3]).weights
    array([0.48, 0.48])
    """
    a, b = np.asarray(features, dtype=np.float64), np.asarray(other, dtype=np.float64)
    e_a, e_b = (a if head is None else head(a)), (b if other_head is None else other_head(b))
    if e_a.shape != e_b.shape or a.ndim != 1:
        raise DimensionError(
            f"vectors of shape {e_a.shape} and {e_b.shape} can't be compared",
            "Both images must come from one network, or be led into one space by a map.",
        )
    norm_a, norm_b = float(np.linalg.norm(e_a)), float(np.linalg.norm(e_b))
    if not (norm_a > 0 and norm_b > 0):
        raise InputError("a zero vector has no direction to compare")
    u_a, u_b = e_a / norm_a, e_b / norm_b
    score = float(u_a @ u_b)
    detached, live = u_b / norm_a, (u_b - score * u_a) / norm_a
    if head is not None:
        detached, live = head.matrix.T @ detached, head.matrix.T @ live
    constant = 0.0 if head is None else float(head.shift @ u_b / norm_a)
    return CosineDecomposition(score, a * detached, constant, live, detached)


@dataclass(frozen=True, eq=False)
class Saliency:
    """Algorithm 1's maps of one image against another.

    Attributes:
        signed: H, (height, width); S, S⁺ and S⁻ are its absolute value, positive and negative part.
        score, threshold: s and τ.
        completeness_error: |ΣH − (s − τ)|; 0 up to rounding with l1 residuals, none of them dead.
    """

    signed: NDArray[np.float32]
    score: float
    threshold: float
    completeness_error: float

    @property
    def discriminative(self) -> NDArray[np.float32]:
        """S = |H|: what counts either way."""
        return np.abs(self.signed)

    @property
    def similar(self) -> NDArray[np.float32]:
        """S⁺ = max(H, 0): what speaks for one person."""
        return np.maximum(self.signed, 0)

    @property
    def dissimilar(self) -> NDArray[np.float32]:
        """S⁻ = max(−H, 0): what speaks against."""
        return np.maximum(-self.signed, 0)


def saliency(
    residuals: Residuals, cosine: CosineDecomposition, threshold: float, *, channel_threshold: float | None = None
) -> Saliency:
    """Algorithm 1 from an image's residuals and its cosine with another image, decomposed.

    `channel_threshold` is the algorithm's T; by default (τ − constant)/c, so that Σ_k w_k = s − τ.

    Raises DimensionError when residuals and decomposition have another number of channels.
    """
    c = len(cosine.weights)
    if len(residuals.maps) != c:
        raise DimensionError(
            f"residuals of {len(residuals.maps)} channels, but a cosine decomposed by {c}",
            "Take the residuals of the image that the cosine's channels belong to: the first.",
        )
    t = (threshold - cosine.constant) / c if channel_threshold is None else channel_threshold
    weights = (cosine.weights - t).astype(np.float32)
    signed = (weights @ residuals.maps.reshape(c, -1)).reshape(residuals.maps.shape[1:])
    error = abs(float(signed.sum(dtype=np.float64)) - (cosine.score - threshold))
    return Saliency(signed, cosine.score, float(threshold), error)
