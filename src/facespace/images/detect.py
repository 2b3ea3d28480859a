"""Face detectors: each gives boxes and five landmarks, and `pick_face` says which face of a picture is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from ..errors import unknown_name
from .align import Points
from .faces import Faces
from .read import Image

DETECTORS = ("yunet", "scrfd", "dlib")
LONG_SIDE = 640  # larger pictures are shrunk to this for detection; the landmarks are scaled back


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


def find_faces(detector: Detector, image: Image) -> Faces:
    """The faces in an image of any size, in its own pixels.

    The picture is shrunk to 640 pixels on its long side first. When nothing is found it is tried again with a border of
    half its size on every side, because detectors miss faces that fill the whole picture.
    """
    shrink = min(1.0, LONG_SIDE / max(image.shape[:2]))
    small = image
    if shrink < 1:
        size = (max(1, round(image.shape[1] * shrink)), max(1, round(image.shape[0] * shrink)))
        small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    faces, left, top = detector(small), 0, 0
    if not len(faces):
        top, left = small.shape[0] // 2, small.shape[1] // 2
        framed = cv2.copyMakeBorder(small, top, top, left, left, cv2.BORDER_CONSTANT)
        faces = detector(np.asarray(framed, dtype=np.uint8))
    back = np.array([image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]])
    shift = np.array([left, top])
    boxes = (faces.boxes.reshape(-1, 2, 2) - shift) * back
    return Faces(boxes.reshape(-1, 4), (faces.landmarks - shift) * back, faces.scores)


def pick_face(faces: Faces, image: Image) -> Points | None:
    """Landmarks (5, 2) of the face the picture is of; None when there is none.

    It is the face with the largest area less twice the squared distance of its centre from the centre of the picture
    (pixels; insightface's rule): a large face wins, among similar ones the central one, which is the person that an LFW
    image is named for.
    """
    if not len(faces):
        return None
    corners = faces.boxes.reshape(-1, 2, 2)
    area = np.prod(corners[:, 1] - corners[:, 0], axis=1)
    middle = np.array([image.shape[1], image.shape[0]]) / 2
    distance = ((corners.mean(1) - middle) ** 2).sum(1)
    best: Any = np.argmax(area - 2 * distance)
    return np.asarray(faces.landmarks[best], dtype=np.float64)
