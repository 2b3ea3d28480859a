"""From an image file to the crop a network takes, in one of three ways: ready crops, given landmarks, a detector."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import FacespaceError, InputError, shorten, unknown_name
from ...images import (
    CHOICES,
    Faces,
    FaceSearch,
    Image,
    ImageFaces,
    Picture,
    Template,
    align,
    decode_image,
    no_faces,
    read_faces,
)
from ...images import realign as realign_crop
from ..weights import checksum
from .detectors import choose_detector, ranked

LandmarkSource = str | Path | Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Skipped:
    """An image that got no embedding, and why: unreadable, no face, no landmarks, other size, not a face crop, no vector."""

    id: str
    file: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Noted:
    """What should be looked at in an image that got an embedding: it was turned, or shows several faces.

    Attributes:
        id, file: of the image. faces: how many were seen. left, top, right, bottom: the box of the one that was taken.
        degrees: clockwise turn by which it stands upright. score: the detector's.
    """

    id: str
    file: str
    faces: int
    left: float
    top: float
    right: float
    bottom: float
    degrees: int
    score: float


class Taken(NamedTuple):
    """A face of an image.

    Attributes:
        crop: as the network takes it. picture: (height, width) of the image. number: from 1. score: the detector's, NaN
            where none looked. faces: in the image. noted: of the first, what is. landmarks: (5, 2) in the image; None of an
            image that is a crop. box: (4,) left, top, right, bottom; None where none is known. degrees: as in Noted.
    """

    crop: Image
    picture: tuple[int, int]
    number: int = 1
    score: float = float("nan")
    faces: int = 1
    noted: Noted | None = None
    landmarks: NDArray[np.float64] | None = None
    box: NDArray[np.float64] | None = None
    degrees: int = 0


class Aligner(Protocol):
    """One way of finding faces; `facts` goes into the set's metadata. May be called from several threads."""

    facts: dict[str, Any]
    missing: str  # the reason when there is no crop

    def find(self, name: str, image: Image) -> ImageFaces | None:
        """The faces, the one that is meant first; None where the image is a crop."""


class ReadyCrops:
    """The images are aligned already."""

    missing = "not a face crop"

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {"faces": "aligned images"}

    def find(self, name: str, image: Image) -> ImageFaces | None:
        """See Aligner."""
        return None


class GivenLandmarks:
    """Faces come from a file or landmarks from a mapping of ids."""

    missing = "no landmarks"

    def __init__(self, given: Mapping[str, ImageFaces], path: Path | None, rule: str, facts: Mapping[str, Any]) -> None:
        self._given, self._path, self._rule, self._sure = given, path, rule, float(facts.get("sure", 0.0))
        self.facts: dict[str, Any] = {"faces": "given landmarks"}
        if path is not None:
            self.facts |= {"landmarks": path.name, "landmarks_sha256": checksum(path)}
        if facts:
            self.facts |= {"faces": f"detector {facts.get('detector', '')}", "detected": dict(facts)}
        if rule != CHOICES[0]:
            self.facts["taken"] = rule

    def find(self, name: str, image: Image) -> ImageFaces:
        """See Aligner."""
        found = self._given.get(name)
        if found is None:
            return no_faces(self.missing)
        if any(found.shape) and found.shape != image.shape[:2]:
            sizes = [f"{shape[1]} × {shape[0]}" for shape in (found.shape, image.shape)]
            return no_faces("other size", f"faces were detected in an image of {sizes[0]} pixels, this has {sizes[1]}")
        return ranked(found, image, self._rule, self._sure)

    def check(self, ids: Sequence[str]) -> None:
        """Raise InputError where no image has landmarks."""
        if not any(name in self._given for name in ids):
            raise InputError(
                f"none of the {len(ids):,} images has landmarks in {self._path or 'those given'}",
                f"Images: {shorten(ids, 2)}; landmarks: {shorten(list(self._given), 2)}. "
                "Start from the folder that the names in the landmarks file are relative to.",
            )


def choose_aligner(
    landmarks: LandmarkSource | None,
    aligned: bool,
    detector: str,
    weights: str | Path | None,
    how: FaceSearch | None = None,
    rule: str = CHOICES[0],
) -> Aligner:
    """Ready crops, given landmarks, or a detector; of several faces `rule` says which (`images.rank_faces`), or all."""
    if rule not in CHOICES:
        raise unknown_name("choice of faces", rule, CHOICES)
    if aligned:
        return ReadyCrops()
    if landmarks is None:
        return choose_detector(detector, weights, how, rule)
    if isinstance(landmarks, str | Path):
        given, facts = read_faces(landmarks)
        return GivenLandmarks(given, Path(landmarks), rule, facts)
    unknown = np.full((1, 4), np.nan), np.full(1, np.nan)
    faces = {name: Faces(unknown[0], np.asarray(points)[None], unknown[1]) for name, points in landmarks.items()}
    return GivenLandmarks({name: ImageFaces(one) for name, one in faces.items()}, None, rule, {})


def make_crops(
    image: Picture,
    aligner: Aligner,
    template: Template,
    decode: Callable[[bytes, str], Image] = decode_image,
    every: bool = False,
) -> list[Taken] | Skipped:
    """The crop of the face that is meant, with `every` of all faces, or why there is none."""
    path = str(image.path)
    try:
        picture = decode(image.read_bytes(), path)
    except FacespaceError as error:
        return Skipped(image.id, path, "unreadable", error.message)
    height, width = picture.shape[:2]
    found = aligner.find(image.id, picture)
    if found is None:
        crop = realign_crop(picture, template)
        return (
            [Taken(crop, (height, width))]
            if crop is not None
            else Skipped(image.id, path, aligner.missing, _pixels(width, height))
        )
    count = len(found.faces)
    if not count:
        return Skipped(image.id, path, found.reason or aligner.missing, found.detail or _pixels(width, height))
    try:
        crops = [align(picture, points, template) for points in found.faces.landmarks[: count if every else 1]]
    except InputError as error:  # landmarks that coincide
        return Skipped(image.id, path, aligner.missing, error.message)
    noted = None
    if count > 1 or found.degrees:
        left, top, right, bottom = found.faces.boxes[0].round(1).tolist()
        score = round(float(found.faces.scores[0]), 4)
        noted = Noted(image.id, path, count, left, top, right, bottom, found.degrees, score)
    scores, boxes = found.faces.scores.tolist(), [None if np.isnan(box).any() else box for box in found.faces.boxes]
    return [
        Taken(
            crop,
            (height, width),
            i + 1,
            scores[i],
            count,
            None if i else noted,
            found.faces.landmarks[i],
            boxes[i],
            found.degrees,
        )
        for i, crop in enumerate(crops)
    ]


def _pixels(width: int, height: int) -> str:
    return f"image of {width} × {height} pixels"


def drop_bad_vectors(
    rows: Sequence[tuple[str, str]], vectors: NDArray[np.float32]
) -> tuple[NDArray[np.bool_], list[Skipped]]:
    """Which rows, (id, file) each, have finite vectors that are not zero, and the others as skipped."""
    squared = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    good = np.isfinite(squared) & (squared > 0)
    detail = "the network gave NaN, infinite values or a zero vector"
    return good, [Skipped(*row, "no vector", detail) for row, ok in zip(rows, good.tolist(), strict=True) if not ok]
