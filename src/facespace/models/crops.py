"""Aligned crops of image files, as a network takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FacespaceError, InputError
from ..images import Crops, Image, ImageFile, align, read_image, realign
from ._crops import Aligner, Skipped, choose_aligner, detectors_at_hand, make_crop
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
    aligner = _aligner(landmarks, aligned, detector, weights)
    found = (_located(file, card, aligner, 1) for file, card in zip(files, cards, strict=True))
    return [faces if isinstance(faces, Skipped) else faces[0] for faces in found]


def every_face(
    files: Sequence[ImageFile],
    card: ModelCard,
    *,
    landmarks: str | Path | None = None,
    aligned: bool = False,
    detector: str = "auto",
    weights: str | Path | None = None,
) -> Iterator[list[LocatedFace] | Skipped]:
    """All faces of each file, one file after the other, that of `located_faces` first."""
    aligner = _aligner(landmarks, aligned, detector, weights)
    return (_located(file, card, aligner) for file in files)


def _aligner(landmarks: str | Path | None, aligned: bool, detector: str, weights: str | Path | None) -> Aligner:
    if aligned and landmarks is not None:
        raise InputError("aligned images need no landmarks", "Give either --aligned or --landmarks.")
    if detector == "auto" and landmarks is None and not aligned and not detectors_at_hand(weights):
        detector = "scrfd"
    return choose_aligner(landmarks, aligned, detector, weights)


def _located(file: ImageFile, card: ModelCard, aligner: Aligner, most: int | None = None) -> list[LocatedFace] | Skipped:
    """The first `most` faces of a file."""
    try:
        picture = read_image(file.path)
    except FacespaceError as error:
        return Skipped(file.id, str(file.path), "unreadable", error.message)
    size = picture.shape[0], picture.shape[1]
    every, detail = aligner.every(file.id, picture), f"image of {size[1]} × {size[0]} pixels"
    found = []
    for points in every[:most]:
        try:
            crop = realign(picture, card.template) if points is None else align(picture, points, card.template)
        except InputError as error:  # landmarks that coincide
            detail = error.message
            continue
        if crop is not None:
            found.append(LocatedFace(crop, points, len(every), size))
    return found or Skipped(file.id, str(file.path), aligner.missing, detail)
