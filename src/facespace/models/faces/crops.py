"""Aligned crops of image files, as a network takes them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import GuessWarning, InputError, shorten
from ...images import Crops, Image, ImageFile
from ..card import ModelCard
from .aligners import Noted, Skipped, Taken, choose_aligner, make_crops

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LocatedFace:
    """One picture's face, as a network takes it and as it was found.

    Attributes:
        crop: (height, width, 3) uint8, aligned. landmarks: (5, 2) in the picture; None of a crop that came aligned.
        faces: how many the picture shows. picture: (height, width) of it, in pixels.
        box: (4,) left, top, right, bottom in the picture; None where none is known.
        degrees: clockwise turn (0, 90, 180, 270) by which the face stands upright.
    """

    crop: Image
    landmarks: Floats | None
    faces: int
    picture: tuple[int, int]
    box: Floats | None = None
    degrees: int = 0

    @classmethod
    def of(cls, taken: Taken) -> LocatedFace:
        """What `make_crops` gave."""
        return cls(taken.crop, taken.landmarks, taken.faces, taken.picture, taken.box, taken.degrees)


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

    The face is found as `embed` finds it: ready crops, given landmarks, or a detector. A GuessWarning says which images were
    turned, and which of several faces was taken.

    Raises InputError when no image gives a crop.
    """
    aligner = choose_aligner(landmarks, aligned, detector, weights)
    crops, ids, skipped, noted = [], [], [], []
    for number, file in enumerate(files, 1):
        made = make_crops(file, aligner, card.template)
        if isinstance(made, Skipped):
            skipped.append(made)
        else:
            crops.append(made[0].crop)
            ids.append(file.id)
            noted += [made[0].noted] if made[0].noted else []
        if progress:
            progress(number, len(files))
    if not crops:
        first = skipped[0]
        raise InputError(
            f"none of the {len(files):,} images gave a face; {first.file}: {first.reason} ({first.detail})",
            "Face crops need --aligned; other images landmarks or a detector.",
        )
    for told in warnings_of(noted):
        warnings.warn(told, GuessWarning, stacklevel=2)
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

    A GuessWarning says which images were turned, and which of several faces was taken.
    """
    aligner = choose_aligner(landmarks, aligned, detector, weights)
    found: list[LocatedFace | Skipped] = []
    noted: list[Noted] = []
    for file, card in zip(files, cards, strict=True):
        made = make_crops(file, aligner, card.template)
        if isinstance(made, Skipped):
            found.append(made)
        else:
            first = made[0]
            found.append(LocatedFace.of(first))
            noted += [first.noted] if first.noted else []
    for told in warnings_of(noted):
        warnings.warn(told, GuessWarning, stacklevel=2)
    return found


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
    if aligned and landmarks is not None:
        raise InputError("aligned images need no landmarks", "Give either --aligned or --landmarks.")
    aligner = choose_aligner(landmarks, aligned, detector, weights)
    for file in files:
        made = make_crops(file, aligner, card.template, every=True)
        yield made if isinstance(made, Skipped) else [LocatedFace.of(taken) for taken in made]


def warnings_of(noted: Sequence[Noted]) -> list[str]:
    """What to tell of images that were turned, and of those with several faces: which of them was taken."""
    turned = [f"{one.file} by {one.degrees}°" for one in noted if one.degrees]
    several = [
        f"{one.file} shows {one.faces} faces; the one from ({one.left:.0f}, {one.top:.0f}) to ({one.right:.0f}, "
        f"{one.bottom:.0f}) was taken"
        for one in noted
        if one.faces > 1
    ]
    return [f"turned upright: {shorten(turned, 3)}"] * bool(turned) + [shorten(several, 3)] * bool(several)
