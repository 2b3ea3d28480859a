"""What is hidden of a face: soft patches in a grid, or random masks; and what is put in its place."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...images import Crops

Floats = NDArray[np.float32]

SIDE = 112  # the crop that the sizes below are given for; they grow with the longer side of other crops
PATCH, STRIDE = 24.0, 16.0
BLUR = 0.16  # of the longer side; .08 found fewer planted patches, on pairs drawn for this choice


def soft_patches(shape: tuple[int, int], passes: int = 49, shift: tuple[float, float] = (0.0, 0.0)) -> Floats:
    """Masks (n, height, width) of patches in a grid, 1 where all is hidden, with edges that fall off as a line.

    On a crop of 112 × 112 with 49 passes: 24 px at stride 16, flat over 8 px, edges of 8 px; the masks then sum to 1 in
    every pixel, so that each is hidden equally often. Sizes grow with the crop; more passes make the stride smaller and
    leave the patch, fewer make both larger. n is the whole grid that comes closest: 42 on 112 × 96. `shift` moves the grid
    down and right, in strides, at most half of one; its outer patches still end at the border.

    Raises InputError for fewer than 9 passes.

    >>> soft_patches((112, 96)).shape
    (42, 112, 96)
    >>> float(abs(soft_patches((112, 112)).sum(0) - 1).max()) < 1e-6
    True
    """
    if passes < 9:
        raise InputError(f"{passes} passes are too few for a map", "A grid needs 9 or more; 49 is usual (--passes).")
    unit = max(shape) / SIDE
    stride = STRIDE * unit * (49 / passes) ** 0.5
    width = max(PATCH * unit, stride * PATCH / STRIDE)
    rows, columns = (_profiles(n, stride, width, move) for n, move in zip(shape, shift, strict=True))
    return np.asarray(np.einsum("iy,jx->ijyx", rows, columns).reshape(-1, *shape), dtype=np.float32)


def _profiles(length: int, stride: float, width: float, shift: float) -> NDArray[np.float64]:
    """(n, length): trapezia of `width` between the middles of their edges and a third, centred at even distances."""
    count = max(round(length / stride), 1)
    centres = (np.arange(count) + 0.5 + shift) * length / count
    width *= length / count / stride  # the grid is whole, so its stride is a little more or less than wanted
    edge = width / 3
    away = np.abs(np.arange(length) + 0.5 - centres[:, None])
    falling = np.clip((width / 2 - away) / edge, 0, 1)
    # Half an edge of a patch at the border would hide the border less than all else.
    falling[0, : int(centres[0])] = falling[-1, int(np.ceil(centres[-1])) :] = 1
    return np.asarray(falling)


def random_masks(shape: tuple[int, int], count: int, rng: np.random.Generator, *, hidden: float = 0.5) -> Floats:
    """RISE's masks (count, height, width), 1 where all is hidden: coarse cells hidden by chance, enlarged and shifted.

    Cells of `STRIDE`, each hidden with probability `hidden`, bilinearly enlarged, and cropped at a random shift.
    Source: Petsiuk, Das, Saenko, RISE, BMVC 2018, section 3.2.

    >>> random_masks((112, 96), 3, np.random.default_rng(0)).shape
    (3, 112, 96)
    """
    stride = STRIDE * max(shape) / SIDE
    height, width = shape
    rows, columns = round(height / stride) + 1, round(width / stride) + 1
    tall, wide = round(rows * stride), round(columns * stride)
    masks = np.empty((count, height, width), np.float32)
    for mask in masks:
        cells = (rng.random((rows + 1, columns + 1)) < hidden).astype(np.float32)
        y, x = rng.integers(0, tall - height + 1), rng.integers(0, wide - width + 1)
        mask[:] = cv2.resize(cells, (wide, tall), interpolation=cv2.INTER_LINEAR)[y : y + height, x : x + width]
    return masks


def blurred(crop: Crops, blur: float = BLUR) -> Floats:
    """What is shown where a crop, (height, width, 3), is hidden: itself under a Gaussian of `blur` of its longer side."""
    sigma = blur * max(crop.shape[:2])
    return np.asarray(cv2.GaussianBlur(crop.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101))


def hide(crop: Crops, masks: Floats, fill: Floats) -> Crops:
    """(n, height, width, 3) uint8: the crop with `fill` where each mask hides it."""
    shown = (fill - crop) * masks[..., None]
    shown += crop
    return np.asarray(np.rint(shown, out=shown), dtype=np.uint8)
