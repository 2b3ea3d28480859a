"""Similarity alignment: five landmarks of a face moved onto a network's template, by rotation, scale and shift.

The least-squares similarity (Umeyama 1991, without reflection) has a closed form in the plane: with points as complex
numbers and both sets centred, a = Σ conj(z) w / Σ |z|² minimises Σ |a z − w|²; |a| is the scale, arg a the angle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .read import Image

Points = NDArray[np.float64]  # (5, 2): left eye, right eye, nose, left and right corner of the mouth, as seen in the image


@dataclass(frozen=True, eq=False)
class Template:
    """Where the five landmarks belong in a crop.

    Attributes:
        points: (5, 2) pixels, x then y, in the whole crop.
        size: (height, width) of the whole crop.
        columns: (first, last + 1) of the columns that are kept; None keeps all.
    """

    points: Points
    size: tuple[int, int]
    columns: tuple[int, int] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of what `align` returns."""
        if self.columns is None:
            return self.size
        return self.size[0], self.columns[1] - self.columns[0]

    @property
    def kept_points(self) -> Points:
        """The landmarks' places in what `align` returns."""
        left = self.columns[0] if self.columns else 0
        return np.asarray(self.points - np.array([left, 0.0]))


#: The template of ArcFace and most networks since, for crops of 112 × 112.
ARCFACE = Template(
    np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]),
    (112, 112),
)


def similarity_transform(source: ArrayLike, target: ArrayLike) -> NDArray[np.float64]:
    """The similarity without reflection that moves `source` closest to `target` in the least-squares sense.

    Args:
        source: (k, 2), or (n, k, 2) for n faces at once.
        target: (k, 2), or the same shape as `source`.

    Returns (2, 3) or (n, 2, 3): x' = M[:, :2] @ x + M[:, 2]. Raises InputError when all points of a source coincide.

    >>> similarity_transform([[0, 0], [1, 0], [0, 1]], [[1, 1], [1, 3], [-1, 1]]).round(6) + 0.0
    array([[ 0., -2.,  1.],
           [ 2.,  0.,  1.]])
    """
    z, w = _complex(source), _complex(target)
    z_mean, w_mean = z.mean(-1, keepdims=True), w.mean(-1, keepdims=True)
    centred = z - z_mean
    spread = (centred.real**2 + centred.imag**2).sum(-1)
    if not (np.all(spread > 0) and np.all(np.isfinite(spread))):
        raise InputError("landmarks that coincide or are not finite can't be aligned", "Detect this face again.")
    a = (centred.conj() * (w - w_mean)).sum(-1) / spread
    b = w_mean[..., 0] - a * z_mean[..., 0]
    matrix = np.empty((*np.shape(a), 2, 3))
    matrix[..., 0, 0] = matrix[..., 1, 1] = a.real
    matrix[..., 1, 0] = a.imag
    matrix[..., 0, 1] = -a.imag
    matrix[..., 0, 2], matrix[..., 1, 2] = b.real, b.imag
    return matrix


def _complex(points: ArrayLike) -> NDArray[np.complex128]:
    return np.ascontiguousarray(points, dtype=np.float64).view(np.complex128)[..., 0]


def align(image: Image, landmarks: ArrayLike, template: Template) -> Image:
    """The face with its (5, 2) `landmarks` on the template: (height, width, 3), bilinear, black outside the image.

    Large faces are not smoothed before they are shrunk, because the networks were trained on crops made like this.
    """
    return warp(image, similarity_transform(landmarks, template.points), template)


def warp(image: Image, matrix: NDArray[Any], template: Template) -> Image:
    """`image` moved by a (2, 3) matrix of `similarity_transform` into the template's crop."""
    height, width = template.size
    crop = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR)
    if template.columns is not None:
        crop = crop[:, template.columns[0] : template.columns[1]]
    return np.asarray(crop, dtype=np.uint8)


def realign(crop: Image, template: Template) -> Image | None:
    """A crop that is aligned already, as `template` needs it; None when its proportions are no aligned crop's.

    A crop of exactly the template's own size is taken as it is. Any other is understood as aligned to the ArcFace template
    at any scale: square, or 96 wide per 112 high (columns 8 to 104 of the square one). The ArcFace points are then its
    landmarks and it is warped like an image with landmarks.

    >>> realign(np.zeros((160, 160, 3), np.uint8), ARCFACE).shape
    (112, 112, 3)
    """
    height, width = crop.shape[:2]
    if (height, width) == template.shape:
        return crop
    scale = height / 112
    left = (112 - width / scale) / 2  # columns cut off on each side, in pixels of the 112 × 112 crop
    if not (abs(left) < 0.5 or abs(left - 8) < 0.5):
        return None
    # The centres of pixels scale about the corner of the picture, not about the centre of its first pixel.
    points = (ARCFACE.points - [left, 0] + 0.5) * scale - 0.5
    matrix = similarity_transform(points, template.points)
    shrink = float(np.hypot(*matrix[:, 0]))
    if shrink < 0.5:  # bilinear interpolation would skip pixels: average them first
        size = (round(width * shrink), round(height * shrink))
        crop = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        points = (points + 0.5) * (np.array(size) / [width, height]) - 0.5
        matrix = similarity_transform(points, template.points)
    return warp(crop, matrix, template)
