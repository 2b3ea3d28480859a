"""Face detectors: each gives boxes and five landmarks, and `pick_face` says which face of a picture is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from ..errors import unknown_name
from ._scrfd import suppress
from .align import Points
from .faces import Faces
from .read import Image

DETECTORS = ("yunet", "scrfd", "dlib")
LONG_SIDE = 640  # larger pictures are shrunk to this for detection; the landmarks are scaled back
TILE, OVERLAP = 1280, 256  # of larger ones; a face that no overlap holds was seen in the shrunk picture


class Detector(Protocol):
    """Finds faces in an RGB image of any size. Instances belong to one thread: make one for each."""

    name: str

    def __call__(self, image: Image) -> Faces:
        """All faces, in pixels of the image."""


def make_detector(name: str, weights: Path) -> Detector:
    """The detector `name` (yunet, scrfd or dlib) with its weights file.

    For dlib the file is the 68-point landmark predictor; its detector has no file.
    """
    if name == "yunet":
        from ._yunet import YuNet

        return YuNet(weights)
    if name == "scrfd":
        from ._scrfd import Scrfd

        return Scrfd(weights)
    if name == "dlib":
        from ._dlib_faces import DlibFaces

        return DlibFaces(weights)
    raise unknown_name("detector", name, DETECTORS)


def find_faces(detector: Detector, image: Image, size: int = LONG_SIDE) -> Faces:
    """The faces in an image of any size, in its own pixels.

    The picture is shrunk to `size` pixels on its long side first. When nothing is found it is tried again with a border of
    half its size on every side, because detectors miss faces that fill the whole picture; then, for small faces in large
    pictures, at twice the size and so on up to its own, in overlapping tiles.
    """
    small = _shrunk(image, size)
    faces = detector(small)
    if not len(faces):
        top, left = small.shape[0] // 2, small.shape[1] // 2
        framed = cv2.copyMakeBorder(small, top, top, left, left, cv2.BORDER_CONSTANT)
        faces = _moved(detector(np.asarray(framed, dtype=np.uint8)), (-left, -top))
    while not len(faces) and size < max(image.shape[:2]):
        size *= 2
        small = _shrunk(image, size)
        faces = _in_tiles(detector, small)
    return _moved(faces, (0, 0), (image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]))


def _shrunk(image: Image, long_side: int) -> Image:
    shrink = long_side / max(image.shape[:2])
    if shrink >= 1:
        return image
    size = (max(1, round(image.shape[1] * shrink)), max(1, round(image.shape[0] * shrink)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _moved(faces: Faces, shift: tuple[int, int], scale: tuple[float, float] = (1.0, 1.0)) -> Faces:
    boxes = (faces.boxes.reshape(-1, 2, 2) + shift) * np.array(scale)
    return Faces(boxes.reshape(-1, 4), (faces.landmarks + shift) * np.array(scale), faces.scores)


def _in_tiles(detector: Detector, image: Image) -> Faces:
    """The faces of all tiles; one that two of them show counts once."""
    corners = [(left, top) for top in _starts(image.shape[0]) for left in _starts(image.shape[1])]
    parts = [
        _moved(detector(np.ascontiguousarray(image[top : top + TILE, left : left + TILE])), (left, top))
        for left, top in corners
    ]
    boxes, landmarks, scores = (np.concatenate([getattr(p, k) for p in parts]) for k in ("boxes", "landmarks", "scores"))
    kept = suppress(boxes, scores, 0.4)
    return Faces(boxes[kept], landmarks[kept], scores[kept])


def _starts(side: int) -> list[int]:
    count = max(1, -(-(side - OVERLAP) // (TILE - OVERLAP)))
    return [int(start) for start in np.linspace(0, max(0, side - TILE), count)]


def pick_face(faces: Faces, image: Image) -> Points | None:
    """Landmarks (5, 2) of the face the picture is of, the first of `rank_faces`; None when there is none."""
    return rank_faces(faces, image)[0] if len(faces) else None


def rank_faces(faces: Faces, image: Image) -> Points:
    """Landmarks (n, 5, 2) of all faces, the one that the picture is of first.

    It is the face with the largest area less twice the squared distance of its centre from the centre of the picture
    (pixels; insightface's rule): a large face wins, among similar ones the central one, which is the person that an LFW
    image is named for.
    """
    corners = faces.boxes.reshape(-1, 2, 2)
    area = np.prod(corners[:, 1] - corners[:, 0], axis=1)
    middle = np.array([image.shape[1], image.shape[0]]) / 2
    distance = ((corners.mean(1) - middle) ** 2).sum(1)
    return np.asarray(faces.landmarks[np.argsort(2 * distance - area, kind="stable")], dtype=np.float64)
