"""Aligned crops of image files, as a network takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..images import Crops, ImageFile
from ._crops import Skipped, choose_aligner, make_crop
from .card import ModelCard


def aligned_faces(
    files: Sequence[ImageFile],
    card: ModelCard,
    *,
    landmarks: str | Path | None = None,
    aligned: bool = False,
    detector: str = "auto",
    weights: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Crops, list[str], list[Skipped]]:
    """`(crops, ids, skipped)`: (n, height, width, 3) uint8 of the images that show a face, their ids, and the others.

    The face is found as `embed` finds it: ready crops, given landmarks, or a detector.

    Raises InputError when no image gives a crop.
    """
    aligner = choose_aligner(landmarks, aligned, detector, weights)
    crops, ids, skipped = [], [], []
    for number, file in enumerate(files, 1):
        made = make_crop(file, aligner, card.template)
        if isinstance(made, Skipped):
            skipped.append(made)
        else:
            crops.append(made[0])
            ids.append(file.id)
        if progress:
            progress(number, len(files))
    if not crops:
        first = skipped[0]
        raise InputError(
            f"none of the {len(files):,} images gave a face; {first.file}: {first.reason} ({first.detail})",
            "Face crops need --aligned; other images landmarks or a detector.",
        )
    return np.stack(crops), ids, skipped
