"""Where on an aligned face its parts lie: brows, eyes, nose, mouth, cheeks, forehead, chin, and the rest.

Five landmarks place them. A pixel is brought to the frame of the ArcFace template by the similarity that moves the landmarks
there; in it eyes, brows, nose and mouth lie about their own landmarks, as ellipses and a trapezium. So
crops of any size and alignment have the same parts: those of a network's card have the landmarks of its template.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import DimensionError, InputError
from ..images import ARCFACE, Template, similarity_transform

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: The parts, in the order of tables. "contour" is what lies outside the face: hair, ears, neck, background.
REGIONS = ("brows", "eyes", "nose", "mouth", "cheeks", "forehead", "chin", "contour")
# In pixels of the ArcFace template, about its landmarks; looked at on mean faces of LFW in each card's alignment.
_EYE = (12.0, 7.5)  # half axes
_BROW, _ABOVE = (15.0, 6.5), 13.0
_MOUTH = (6.0, 10.5)  # beyond the corners, and half the height
_BRIDGE, _WINGS, _UNDER = 5.0, 12.5, 6.0  # half widths at the eyes and at the tip, and how far below the tip it ends
_FACE = (56.0, 61.0, 42.0, 56.0)  # centre x and y, half axes


def face_regions(shape: tuple[int, int], landmarks: NDArray[Any] | Template, *, soften: float = 0.0) -> dict[str, Floats]:
    """Masks (height, width) of the parts of a face by name, in the order of REGIONS; they sum to 1 in every pixel.

    Args:
        shape: (height, width) of the crop.
        landmarks: (5, 2) pixels in it, x then y: left eye, right eye, nose, left and right corner of the mouth, as seen in
            the image; or the template that the crop is aligned to, as `card.template`.
        soften: standard deviation of the Gaussian that the edges are smoothed with, in pixels of a 112 × 112 ArcFace crop;
            0 gives masks of 0 and 1.

    A part that lies outside the crop has an empty mask. Raises DimensionError for other than five points, InputError where
    they coincide or are not finite.

    >>> parts = face_regions((112, 112), ARCFACE)
    >>> {name: int(mask.sum()) for name, mask in parts.items()}
    {'brows': 602, 'eyes': 565, 'nose': 568, 'mouth': 678, 'cheeks': 2462, 'forehead': 1764, 'chin': 590, 'contour': 5315}
    """
    points: Doubles = np.asarray(landmarks.kept_points if isinstance(landmarks, Template) else landmarks, np.float64)
    if points.shape != (5, 2):
        raise DimensionError(f"landmarks of shape {points.shape}", "Give five points of x and y, (5, 2).")
    if soften < 0:
        raise InputError(f"edges can't be softened by {soften:g} pixels", "0 leaves them hard; 2 is soft.")
    matrix = similarity_transform(points, ARCFACE.points)
    height, width = shape
    pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float64)
    labels = _labels(pixels @ matrix[:, :2].T + matrix[:, 2], points @ matrix[:, :2].T + matrix[:, 2])
    masks = np.stack([labels == i for i in range(len(REGIONS))]).astype(np.float32)
    if soften:
        sigma = soften / float(np.hypot(*matrix[:, 0]))
        masks = np.stack([cv2.GaussianBlur(m, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101) for m in masks])
        masks /= masks.sum(0)
    return dict(zip(REGIONS, masks, strict=True))


def _labels(at: Doubles, landmarks: Doubles) -> NDArray[np.intp]:
    """The part's number of every pixel; `at` (height, width, 2) and `landmarks` (5, 2) in the template's frame."""
    left, right, nose, one, two = landmarks
    eyes, mouth = (left + right) / 2, (one + two) / 2

    def within(centre: Doubles, half: tuple[float, float]) -> NDArray[np.bool_]:
        return np.asarray((((at - centre) / half) ** 2).sum(-1) <= 1)

    down = np.clip((at[..., 1] - eyes[1]) / max(nose[1] - eyes[1], 1.0), 0, 1)  # 0 at the eyes, 1 at the tip
    ridge = eyes[0] + down * (nose[0] - eyes[0])
    half = _BRIDGE + down * (_WINGS - _BRIDGE)
    above_tip = (at[..., 1] >= eyes[1] - _EYE[1]) & (at[..., 1] <= nose[1] + _UNDER)
    up = np.array([0.0, _ABOVE])
    found = {
        "eyes": within(left, _EYE) | within(right, _EYE),
        "brows": within(left - up, _BROW) | within(right - up, _BROW),
        "mouth": within(mouth, (abs(two[0] - one[0]) / 2 + _MOUTH[0], _MOUTH[1])),
        "nose": above_tip & (np.abs(at[..., 0] - ridge) <= half),
    }
    x, y, wide, high = _FACE
    shift = (eyes + mouth - ARCFACE.points[[0, 1]].mean(0) - ARCFACE.points[[3, 4]].mean(0)) / 2
    face = within(np.array([x, y]) + shift, (wide, high))
    found["forehead"] = face & (at[..., 1] < eyes[1] - _ABOVE / 2)
    found["chin"] = face & (at[..., 1] > mouth[1] + _MOUTH[1] / 2)
    found["cheeks"] = face
    labels = np.full(at.shape[:2], REGIONS.index("contour"), dtype=np.intp)
    for name, where in reversed(found.items()):  # the first of those that claim a pixel has it
        labels[where] = REGIONS.index(name)
    return labels
