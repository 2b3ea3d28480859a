"""Signed maps of one face by forward passes: occlusion, and RISE for pairs.

With s the score of the face against its partner, m_i the masks (1 hides) and s_i the score with mask i:

    occlusion  H(x) = Σ_i m_i(x) (s − s_i) / Σ_i m_i(x): the mean loss over the patches that cover x,
    rise       H(x) = Pearson correlation over the masks i of 1 − m_i(x) and s_i.

H > 0: what lies there speaks for one person; H < 0: against. Occlusion after Zeiler and Fergus 2014; RISE for pairs, with
the correlation and both signs, is CorrRISE: Lu, Xu, Ebrahimi, Towards visual saliency explanations of face verification,
WACV 2024.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, ModelError, unknown_name
from ...images import Crops
from .hiding import SIDE, STRIDE, Floats, blurred, hide, random_masks, soft_patches

Doubles = NDArray[np.float64]
#: Crops (n, height, width, 3) uint8 to vectors (n, d): a `Network`, or anything like it.
Embedder = Callable[[Crops], NDArray[np.floating]]
#: `(image, partner)` crops to the signed map of the first, (height, width).
Explainer = Callable[[Crops, Crops], Floats]

BLACK_BOX = ("occlusion", "rise")
PASSES = {"occlusion": 49, "rise": 256}
_BATCH = 8


@dataclass(frozen=True, eq=False)
class BlackBoxMap:
    """One face's map.

    Attributes:
        signed: H, (height, width).
        passes: forward passes with something hidden.
        convergence: Pearson correlation, over pixels, of the maps of two halves of the masks: occlusion's grid as a chess
            board, RISE's masks by turns. 1: half of the passes would have done; near 0: the map is noise, or finer than the
            grid. NaN where a half is flat.
    """

    signed: Floats
    passes: int
    convergence: float


def unit_rows(vectors: NDArray[np.floating]) -> Doubles:
    """(n, d) vectors at length 1. Raises ModelError where one is zero or not finite.

    >>> unit_rows(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])
    """
    v = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(v, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and lengths.all()):
        raise ModelError(
            "the network gave a zero vector, NaN or infinite values, which have no direction to compare",
            "See whether the crops are faces, and the card's mean, std and colour are right: facespace models check.",
        )
    return np.asarray(v / lengths)


def black_box_map(
    crop: Crops,
    partner: NDArray[np.floating],
    embed: Embedder,
    *,
    method: str = "occlusion",
    passes: int | None = None,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> BlackBoxMap:
    """The signed map of one face against a partner's vector.

    Args:
        crop: (height, width, 3) uint8, as the network takes it. partner: (d,), of any length but zero.
        embed: the network; across networks, followed by the map to where the score is a cosine.
        method: one of BLACK_BOX. passes: by default PASSES' of the method.
        seed: of random masks. progress: told how many passes of this face are done.

    Raises UnknownNameError for another method, InputError for too few passes, ModelError for a vector without direction.

    >>> face = np.zeros((112, 112, 3), np.uint8)
    >>> face[::2, :28] = 255  # stripes on the left, which are all that this network sees
    >>> h = black_box_map(face, np.ones(2), lambda crops: np.stack([[c[:, :28].std(), 50] for c in crops])).signed
    >>> float(abs(h[:, :16]).min()) > 0.001, float(abs(h[:, 48:]).max())
    (True, 0.0)
    """
    if method not in BLACK_BOX:
        raise unknown_name("black-box method", method, BLACK_BOX)
    wanted, shape = passes or PASSES[method], crop.shape[:2]
    if method == "occlusion":
        masks = soft_patches(shape, wanted)
    elif wanted < 16:
        raise InputError(
            f"{wanted} passes are too few for a correlation over masks", "256 is usual, 16 the least (--passes)."
        )
    else:
        masks = random_masks(shape, wanted, np.random.default_rng(seed))
    direction, fill = unit_rows(partner[None])[0], blurred(crop)
    clean = float(unit_rows(embed(crop[None]))[0] @ direction)
    scores = np.empty(len(masks))
    for i in range(0, len(masks), _BATCH):
        scores[i : i + _BATCH] = unit_rows(embed(hide(crop, masks[i : i + _BATCH], fill))) @ direction
        if progress:
            progress(min(i + _BATCH, len(masks)))
    if method == "occlusion":
        return BlackBoxMap(_mean_loss(masks, clean - scores), len(masks), _chess_board(masks, clean - scores))
    halves = [_correlation(masks[k::2], scores[k::2]) for k in (0, 1)]
    return BlackBoxMap(_correlation(masks, scores), len(masks), _agreement(*halves))


def explainer(embed: Embedder, method: str = "occlusion", *, passes: int | None = None, seed: int = 0) -> Explainer:
    """`black_box_map` of one network as a function of two crops, for tests of maps such as `planted_patch`."""

    def explain(crop: Crops, partner: Crops) -> Floats:
        return black_box_map(crop, embed(partner[None])[0], embed, method=method, passes=passes, seed=seed).signed

    return explain


def _mean_loss(masks: Floats, losses: Doubles) -> Floats:
    covered = masks.sum(0, dtype=np.float64)
    total = np.tensordot(losses, masks, axes=1)
    return np.asarray(np.divide(total, covered, out=np.zeros_like(total), where=covered > 0), dtype=np.float32)


def _chess_board(masks: Floats, losses: Doubles) -> float:
    """Agreement of the grid's white and black patches, each spread by a stride so that both halves cover the face."""
    sigma = STRIDE * max(masks.shape[1:]) / SIDE
    wide = np.stack([cv2.GaussianBlur(m, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101) for m in masks])
    places = np.array([np.unravel_index(m.argmax(), m.shape) for m in masks])
    row, column = (np.unique(places[:, k], return_inverse=True)[1] for k in (0, 1))
    white = (row + column) % 2 == 0
    return _agreement(_mean_loss(wide[white], losses[white]), _mean_loss(wide[~white], losses[~white]))


def _correlation(masks: Floats, scores: Doubles) -> Floats:
    """Over the masks, of what each pixel shows and the score; 0 in pixels that never change and for a score that doesn't."""
    shown = -(masks - masks.mean(0))
    s = scores - scores.mean()
    below = np.sqrt((shown**2).sum(0, dtype=np.float64) * (s @ s))
    above = np.tensordot(s, shown, axes=1)
    return np.asarray(np.divide(above, below, out=np.zeros_like(above), where=below > 1e-12), dtype=np.float32)


def _agreement(one: Floats, other: Floats) -> float:
    if one.std() == 0 or other.std() == 0:
        return float("nan")
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])
