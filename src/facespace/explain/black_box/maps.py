"""Signed maps of one face by forward passes: occlusion, RISE for pairs, MinPlus, and Shapley values of its parts.

With s the score of the face against its partner, m_i the masks (1 hides) and s_i the score with mask i:

    occlusion  H(x) = Σ_i m_i(x) (s − s_i) / Σ_i m_i(x): the mean loss over the patches that cover x,
    minplus    the mean of that and of what each patch alone brings to a hidden face, s(1 − m_i) − s(1), at one spread,
    rise       H(x) = Pearson correlation over the masks i of 1 − m_i(x) and s_i,
    shap       H(x) = Σ_r φ_r m_r(x) / Σ m_r, φ_r the Shapley value of part r of the face: ΣH = s − s(1).

H > 0: what lies there speaks for one person; H < 0: against. Occlusion after Zeiler and Fergus 2014; RISE for pairs, with
the correlation and both signs, is CorrRISE: Lu, Xu, Ebrahimi, Towards visual saliency explanations of face verification,
WACV 2024. MinPlus after Mery, True black-box explanation in facial analysis, CVPR workshops 2022, in the variant of one
step: a patch is removed, or added, by itself (his searches that go on from the best patch are left out, since they depend
on the partner), and both maps are averaged. Shapley values after Lundberg and Lee, NeurIPS 2017: see `shapley`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, ModelError, unknown_name
from ...images import Crops, Template
from ..regions import face_regions
from .hiding import SIDE, STRIDE, Floats, blurred, hide, random_masks, soft_patches
from .shapley import Coalitions, coalitions_of, shapley

Doubles = NDArray[np.float64]
#: Crops (n, height, width, 3) uint8 to vectors (n, d): a `Network`, or anything like it.
Embedder = Callable[[Crops], NDArray[np.floating]]
#: `(image, partner)` crops to the signed map of the first, (height, width).
Explainer = Callable[[Crops, Crops], Floats]
Landmarks = NDArray[Any] | Template

BLACK_BOX = ("occlusion", "rise", "minplus", "shap")
PASSES = {"occlusion": 49, "rise": 256, "minplus": 99, "shap": 255}
EDGE = 2.0  # how softly the parts of a face end, in pixels of a crop of 112
BATCH = 8  # masks that pass together
LEAST = 16  # masks of rise


@dataclass(frozen=True, eq=False)
class BlackBoxMap:
    """One face's map.

    Attributes:
        signed: H, (height, width).
        passes: forward passes with something hidden.
        convergence: Pearson correlation, over pixels, of the maps of two halves of the masks: occlusion's grid as a chess
            board, RISE's masks by turns. 1: half of the passes would have done; near 0: the map is noise, or finer than the
            grid. NaN where a half is flat. Of shap the correlation of the parts' values by two halves of the coalitions.
        parts: of shap, the Shapley value of each part by name; they sum to the score less that of the hidden face.
        error: of rise, the standard error of the map by `rise_error`, in its own unit. None of the others, which draw
            nothing, but for shap with fewer passes than there are coalitions.
    """

    signed: Floats
    passes: int
    convergence: float
    parts: dict[str, float] = field(default_factory=dict)
    error: float | None = None


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


@dataclass(frozen=True, eq=False)
class MaskedFace:
    """A face with parts hidden, as the network sees it: its map against any partner is then a few products.

    Attributes:
        method: one of BLACK_BOX. masks: (n, height, width), 1 hides; of shap the parts of the face instead.
        clean: (d,) unit vector of the whole face. hidden: (passes, d) unit vectors under the masks.
        coalitions: of shap, which parts each pass shows; names: of the parts.
    """

    method: str
    masks: Floats
    clean: Doubles
    hidden: Doubles
    coalitions: Coalitions | None = None
    names: tuple[str, ...] = ()

    def against(self, partner: NDArray[np.floating]) -> BlackBoxMap:
        """The map against a partner's vector (d,), of any length but zero."""
        scores, clean = self.scores(partner)
        if self.coalitions is not None:
            worth, nothing = scores[:-1], float(scores[-1])
            values = shapley(self.coalitions, worth, clean, nothing)
            one, two = (shapley(half, worth[rows], clean, nothing) for half, rows in self.coalitions.halves())
            parts = dict(zip(self.names, values.tolist(), strict=True))
            return BlackBoxMap(self._spread_out(values), len(scores), _agreement(one, two), parts)
        if self.method == "rise":
            halves = [_correlation(self.masks[k::2], scores[k::2]) for k in (0, 1)]
        else:
            boards = [_chess_board(self.masks, kind) for kind in self._losses(scores, clean)]
            halves = [_at_one_spread([board[k] for board in boards]) for k in (0, 1)]
        error = rise_error(self.masks, scores) if self.method == "rise" else None
        return BlackBoxMap(self.signed(partner), len(scores), _agreement(*halves), error=error)

    def signed(self, partner: NDArray[np.floating]) -> Floats:
        """The map alone, as `against` has it: without the convergence, which takes longer than the map."""
        scores, clean = self.scores(partner)
        if self.coalitions is not None:
            return self._spread_out(shapley(self.coalitions, scores[:-1], clean, float(scores[-1])))
        if self.method == "rise":
            return _correlation(self.masks, scores)
        return _at_one_spread([_mean_loss(self.masks, kind) for kind in self._losses(scores, clean)])

    def scores(self, partner: NDArray[np.floating]) -> tuple[Doubles, float]:
        """(passes,) the score under each mask, and that of the whole face."""
        direction = unit_rows(np.asarray(partner)[None])[0]
        return self.hidden @ direction, float(self.clean @ direction)

    def _losses(self, scores: Doubles, clean: float) -> list[Doubles]:
        """What each patch takes away; of minplus also what it brings."""
        n = len(self.masks)
        return [clean - scores[:n], *([scores[n:-1] - scores[-1]] if self.method == "minplus" else [])]

    def _spread_out(self, values: Doubles) -> Floats:
        density = values / self.masks.sum((1, 2), dtype=np.float64)
        return np.asarray(np.tensordot(density, self.masks, axes=1), dtype=np.float32)


def masked_face(
    crop: Crops,
    embed: Embedder,
    *,
    method: str = "occlusion",
    passes: int | None = None,
    seed: int = 0,
    landmarks: Landmarks | None = None,
    progress: Callable[[int], None] | None = None,
) -> MaskedFace:
    """The forward passes of a face's maps, which are the same whomever it is compared with; see `black_box_map`."""
    if method not in BLACK_BOX:
        raise unknown_name("black-box method", method, BLACK_BOX)
    wanted, shape = passes or PASSES[method], crop.shape[:2]
    coalitions: Coalitions | None = None
    names: tuple[str, ...] = ()
    if method == "shap":
        parts = {name: m for name, m in _parts(shape, landmarks).items() if m.any()}
        names, kept = tuple(parts), np.stack(list(parts.values()))
        coalitions = coalitions_of(len(kept), wanted - 1, np.random.default_rng(seed))
        hiding = np.tensordot(1.0 - coalitions.shown, kept, axes=1).astype(np.float32)
        masks = np.concatenate([hiding, np.ones((1, *shape), np.float32)])
    elif method == "rise":
        if wanted < LEAST:
            raise InputError(
                f"{wanted} passes are too few for a correlation over masks", "256 is usual, 16 the least (--passes)."
            )
        masks = kept = random_masks(shape, wanted, np.random.default_rng(seed))
    elif method == "minplus":
        kept = soft_patches(shape, wanted // 2)
        masks = np.concatenate([kept, 1 - kept, np.ones((1, *shape), np.float32)])
    else:
        masks = kept = soft_patches(shape, wanted)
    fill, hidden = blurred(crop), []
    clean = unit_rows(embed(crop[None]))[0]
    for i in range(0, len(masks), BATCH):
        hidden.append(unit_rows(embed(hide(crop, masks[i : i + BATCH], fill))))
        if progress:
            progress(min(i + BATCH, len(masks)))
    return MaskedFace(method, kept, clean, np.concatenate(hidden), coalitions, names)


def black_box_map(
    crop: Crops,
    partner: NDArray[np.floating],
    embed: Embedder,
    *,
    method: str = "occlusion",
    passes: int | None = None,
    seed: int = 0,
    landmarks: Landmarks | None = None,
    progress: Callable[[int], None] | None = None,
) -> BlackBoxMap:
    """The signed map of one face against a partner's vector.

    Args:
        crop: (height, width, 3) uint8, as the network takes it. partner: (d,), of any length but zero.
        embed: the network; across networks, followed by the map to where the score is a cosine.
        method: one of BLACK_BOX. passes: by default PASSES' of the method; shap is exact from 2^parts − 1 on, 255 for eight.
        seed: of random masks and coalitions.
        landmarks: where the parts of the face lie, as `face_regions` takes them: (5, 2) pixels or the card's template;
            for shap alone.
        progress: told how many passes of this face are done.

    Raises UnknownNameError for another method, InputError for too few passes and for shap without landmarks, ModelError for
    a vector without direction.

    >>> face = np.zeros((112, 112, 3), np.uint8)
    >>> face[::2, :28] = 255  # stripes on the left, which are all that this network sees
    >>> h = black_box_map(face, np.ones(2), lambda crops: np.stack([[c[:, :28].std(), 50] for c in crops])).signed
    >>> float(abs(h[:, :16]).min()) > 0.001, float(abs(h[:, 48:]).max()) < 1e-12  # 0, but for a sum's rounding
    (True, True)
    """
    masked = masked_face(crop, embed, method=method, passes=passes, seed=seed, landmarks=landmarks, progress=progress)
    return masked.against(partner)


def explainer(
    embed: Embedder,
    method: str = "occlusion",
    *,
    passes: int | None = None,
    seed: int = 0,
    landmarks: Landmarks | None = None,
) -> Explainer:
    """`black_box_map` of one network as a function of two crops, for tests of maps such as `planted_patch`."""

    def explain(crop: Crops, partner: Crops) -> Floats:
        seen = masked_face(crop, embed, method=method, passes=passes, seed=seed, landmarks=landmarks)
        return seen.signed(embed(partner[None])[0])

    return explain


def _parts(shape: tuple[int, int], landmarks: Landmarks | None) -> dict[str, Floats]:
    if landmarks is None:
        raise InputError(
            "shap asks what parts of the face are worth, and nothing says where they lie",
            "Give the landmarks of the crop, or its card's template (landmarks=card.template).",
        )
    return face_regions(shape, landmarks, soften=EDGE)


def _mean_loss(masks: Floats, losses: Doubles) -> Floats:
    covered = masks.sum(0, dtype=np.float64)
    total = np.tensordot(losses, masks, axes=1)
    return np.asarray(np.divide(total, covered, out=np.zeros_like(total), where=covered > 0), dtype=np.float32)


def _at_one_spread(maps: list[Floats]) -> Floats:
    """The mean of maps brought to the spread of the first."""
    spread = [float(np.sqrt((m.astype(np.float64) ** 2).mean())) for m in maps]
    brought = [m * np.float32(spread[0] / s) if s else m for m, s in zip(maps, spread, strict=True)]
    return np.asarray(np.mean(brought, axis=0), dtype=np.float32)


def _chess_board(masks: Floats, losses: Doubles) -> list[Floats]:
    """Maps by the grid's white and by its black patches, each spread by a stride so that both halves cover the face."""
    sigma = STRIDE * max(masks.shape[1:]) / SIDE
    wide = np.stack([cv2.GaussianBlur(m, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101) for m in masks])
    places = np.array([np.unravel_index(m.argmax(), m.shape) for m in masks])
    row, column = (np.unique(places[:, k], return_inverse=True)[1] for k in (0, 1))
    white = (row + column) % 2 == 0
    return [_mean_loss(wide[side], losses[side]) for side in (white, ~white)]


def _correlation(masks: Floats, scores: Doubles) -> Floats:
    """Over the masks, of what each pixel shows and the score; 0 in pixels that never change and for a score that doesn't."""
    shown = -(masks - masks.mean(0))
    s = scores - scores.mean()
    below = np.sqrt((shown**2).sum(0, dtype=np.float64) * (s @ s))
    above = np.tensordot(s, shown, axes=1)
    return np.asarray(np.divide(above, below, out=np.zeros_like(above), where=below > 1e-12), dtype=np.float32)


def rise_error(masks: Floats, scores: Doubles) -> float:
    """The standard error of rise's map by these masks: the root of its mean square over the pixels.

    By the infinitesimal jackknife of a correlation r of n masks, Var r = Σ (z t − r (z² + t²) / 2)² / n², with z and t the
    mask's pixel and the score at mean 0 and variance 1. Source: Efron, The jackknife, the bootstrap and other resampling
    plans, 1982, chapter 6. NaN for a score that no mask changes.

    Args:
        masks: (n, height, width). scores: (n,).
    """
    n = len(scores)
    s = scores - scores.mean()
    shown = -(masks - masks.mean(0)).reshape(n, -1)
    spread = np.sqrt((shown**2).mean(0))
    if not s.std() > 0 or not (used := spread > 1e-6).any():
        return float("nan")
    t, z = (s / s.std()).astype(np.float32), shown[:, used] / spread[used]
    r = t @ z / n
    square = 0.0
    for mask, score in zip(z, t, strict=True):  # a pass over the masks, for the memory of one
        square = square + (score * mask - r * (mask**2 + score**2) / 2) ** 2
    return float(np.sqrt(np.mean(square) / n**2))


def _agreement(one: NDArray[Any], other: NDArray[Any]) -> float:
    if one.std() == 0 or other.std() == 0:
        return float("nan")
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])
