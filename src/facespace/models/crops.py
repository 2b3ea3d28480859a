"""Aligned crops of image files, as a network takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FacespaceError, InputError
from ..images import Crops, Image, ImageFile, align, read_image, realign
from ._crops import Skipped, choose_aligner, detector_at_hand, make_crop
from .card import ModelCard

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LocatedFace:
    """One picture's face, as a network takes it and as it was found.

    Attributes:
        crop: (height, width, 3) uint8, aligned. landmarks: (5, 2) in the picture; None of a crop that came aligned.
        faces: how many the picture shows. picture: (height, width) of it, in pixels.
    """

    crop: Image
    landmarks: Floats | None
    faces: int
    picture: tuple[int, int]


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


def located_faces(
    files: Sequence[ImageFile],
    cards: Sequence[ModelCard],
    *,
    landmarks: str | Path | None = None,
    aligned: bool = False,
    detector: str = "auto",
    weights: str | Path | None = None,
) -> list[LocatedFace | Skipped]:
    """The face of each file as its card's network takes it, with where and among how many it was found.

    With no detector on this machine, "auto" fetches SCRFD by pip, as `detector="scrfd"` does.
    """
    if detector == "auto" and landmarks is None and not aligned and not detector_at_hand(weights):
        detector = "scrfd"
    aligner = choose_aligner(landmarks, aligned, detector, weights)
    found: list[LocatedFace | Skipped] = []
    for file, card in zip(files, cards, strict=True):
        try:
            picture = read_image(file.path)
        except FacespaceError as error:
            found.append(Skipped(file.id, str(file.path), "unreadable", error.message))
            continue
        points, faces = aligner.points(file.id, picture)
        crop = realign(picture, card.template) if aligned else None
        if points is not None:
            crop = align(picture, points, card.template)
        size = picture.shape[0], picture.shape[1]
        if crop is None:
            detail = f"image of {size[1]} × {size[0]} pixels"
            found.append(Skipped(file.id, str(file.path), aligner.missing, detail))
        else:
            found.append(LocatedFace(crop, points, faces, size))
    return found
