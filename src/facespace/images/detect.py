"""Face detectors: each gives boxes and five landmarks, and `pick_face` says which face of a picture is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import unknown_name
from .align import Points
from .faces import Faces
from .read import Image

DETECTORS = ("yunet", "scrfd", "dlib")
LONG_SIDE = 640  # larger pictures are shrunk to this for detection; the landmarks are scaled back


class Detector(Protocol):
    """Finds faces in an RGB image of any size. Instances belong to one thread: make one for each.

    A face of a score of `sure` or more is one, and not lying on its side; from `upright` on it isn't upside down either.
    Below, a picture is turned if its face is surer then by `better`, so that upright ones stay (scripts/turned_photos.py).
    `steady`: landmarks hang little on where in the image a face is, and how large (scripts/small_faces.py).
    """

    name: str
    sure: float
    upright: float
    better: float
    steady: bool

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


_LIKELY = 0.8  # of the score that a detector is sure of: faces in profile reach it, and hardly anything that is no face
CHOICES = ("best", "largest", "all")


def rank_faces(faces: Faces, shape: tuple[int, ...], rule: str = "best", sure: float = 0.0) -> NDArray[np.intp]:
    """Rows of the faces in the order in which they are meant; `shape` (height, width, …) is the picture's.

    "best" is by the area of the box less twice the squared distance of its centre from the centre of the picture (pixels;
    insightface's rule): a large face wins, among similar ones the central one, which is the person that an LFW image is
    named for. "largest" is by the area alone. Faces that score far less than what the detector is `sure` of come last.
    """
    corners = faces.boxes.reshape(-1, 2, 2)
    worth = np.prod(corners[:, 1] - corners[:, 0], axis=1)
    if rule not in CHOICES:
        raise unknown_name("choice of faces", rule, CHOICES)
    if rule != "largest":
        middle = np.array([shape[1], shape[0]]) / 2
        worth = worth - 2 * ((corners.mean(1) - middle) ** 2).sum(1)
    return np.lexsort((-worth, faces.scores < _LIKELY * sure))


def pick_face(faces: Faces, image: Image) -> Points | None:
    """Landmarks (5, 2) of the face the picture is of, the first of `rank_faces`; None when there is none."""
    if not len(faces):
        return None
    return np.asarray(faces.landmarks[rank_faces(faces, image.shape)[0]], dtype=np.float64)
