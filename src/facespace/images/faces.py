"""What a detector gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Faces:
    """The faces found in one image.

    Attributes:
        boxes: (n, 4) left, top, right, bottom in pixels.
        landmarks: (n, 5, 2) left eye, right eye, nose, left and right corner of the mouth, as seen in the image.
        scores: (n,) the detector's confidence; not comparable between detectors.
    """

    boxes: NDArray[np.float64]
    landmarks: NDArray[np.float64]
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, rows: NDArray[np.intp]) -> Faces:
        """The faces of these rows, in that order."""
        return Faces(self.boxes[rows], self.landmarks[rows], self.scores[rows])
