"""dlib's frontal face detector (HOG) with the 68-point predictor, reduced to the usual five points.

dlib's own five-point model marks the corners of the eyes and the base of the nose, which no other network's template
uses. The 68 points (iBUG 300-W numbering) hold what is needed: each eye is the mean of its six contour points, the nose
is its tip (30), the mouth its outer corners (48, 54). So every card's template works with this detector.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelError, missing_extra
from .faces import Faces
from .read import Image


class DlibFaces:
    name = "dlib"
    sure = upright = 0.5  # LFW's median is 1.5; turned faces are hardly found
    better = 0.02  # 0.1 turned no fewer of 575 standing faces of others, and righted fewer
    steady = True  # its predictor goes from the box to the landmarks in steps, each from the face as it is seen there

    def __init__(self, weights: Path) -> None:
        try:
            import dlib
        except ImportError:
            raise missing_extra("dlib-bin", "dlib", "the detector dlib") from None
        self._detector: Any = dlib.get_frontal_face_detector()
        try:
            self._predictor: Any = dlib.shape_predictor(str(weights))
        except RuntimeError as error:
            raise ModelError(f"{weights} can't be loaded as dlib's landmark predictor: {error}", "Get it again.") from None

    def __call__(self, image: Image) -> Faces:
        image = np.ascontiguousarray(image)
        # Faces under 80 pixels are found only in an enlarged picture.
        found, scores, _ = self._detector.run(image, 1 if max(image.shape[:2]) <= 320 else 0, 0.0)
        boxes = np.array([[r.left(), r.top(), r.right() + 1, r.bottom() + 1] for r in found], dtype=np.float64)
        landmarks = [
            five_of_68(np.array([[p.x, p.y] for p in self._predictor(image, r).parts()], dtype=np.float64)) for r in found
        ]
        return Faces(boxes.reshape(-1, 4), np.array(landmarks).reshape(-1, 5, 2), np.array(scores, dtype=np.float64))


def five_of_68(points: Any) -> Any:
    """(68, 2) iBUG landmarks as (5, 2)."""
    return np.stack([points[36:42].mean(0), points[42:48].mean(0), points[30], points[48], points[54]])
