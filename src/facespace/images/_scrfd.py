"""SCRFD (Guo et al. 2021) through ONNX Runtime: two square anchors at every place of the strides 8, 16 and 32.

A place's box is its centre less and plus four distances, its landmarks the centre plus five offsets, all in strides.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .faces import Faces
from .read import Image

STRIDES = (8, 16, 32)
ANCHORS = 2


class Scrfd:
    name = "scrfd"
    sure = upright = 0.8  # 300 upright faces of LFW score 0.70 to 0.89, turned ones up to 0.80
    better = 0.08  # upright profiles score 0.62 to 0.79, and in one of 50 0.02 less than turned
    steady = False

    def __init__(self, weights: Path, threshold: float = 0.5, overlap: float = 0.4) -> None:
        from ._session import onnx_session

        self.threshold, self.overlap = threshold, overlap
        self._session = onnx_session(weights, threads=1)
        self._input = self._session.get_inputs()[0].name
        self._outputs = [f"{kind}_{stride}" for kind in ("score", "bbox", "kps") for stride in STRIDES]
        missing = sorted(set(self._outputs) - {o.name for o in self._session.get_outputs()})
        if missing:
            raise ModelError(f"{weights} is not an SCRFD with landmarks: no output {missing[0]!r}")

    def __call__(self, image: Image) -> Faces:
        height, width = (-(-side // 32) * 32 for side in image.shape[:2])
        padded = np.zeros((height, width, 3), np.uint8)
        padded[: image.shape[0], : image.shape[1]] = image
        blob = cv2.dnn.blobFromImage(padded, 1 / 128, (width, height), (127.5, 127.5, 127.5))
        found: dict[str, Any] = dict(zip(self._outputs, self._session.run(self._outputs, {self._input: blob}), strict=True))
        boxes, points, scores = [], [], []
        for stride in STRIDES:
            score = found[f"score_{stride}"].reshape(-1)
            keep = np.flatnonzero(score >= self.threshold)
            centres = _centres(height // stride, width // stride)[keep]
            distance = found[f"bbox_{stride}"].reshape(-1, 2, 2)[keep]
            corners = np.stack([centres - distance[:, 0], centres + distance[:, 1]], 1)
            offsets = found[f"kps_{stride}"].reshape(-1, 5, 2)[keep]
            boxes.append(corners.reshape(-1, 4) * stride)
            points.append((centres[:, None] + offsets) * stride)
            scores.append(score[keep])
        box, landmarks, confidence = np.concatenate(boxes), np.concatenate(points), np.concatenate(scores)
        kept = suppress(box, confidence, self.overlap)
        return Faces(box[kept], landmarks[kept], confidence[kept].astype(np.float64))


def _centres(rows: int, columns: int) -> NDArray[np.float64]:
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2)
    return np.repeat(grid, ANCHORS, axis=0).astype(np.float64)


def suppress(boxes: NDArray[np.float64], scores: NDArray[np.floating[Any]], overlap: float) -> NDArray[np.intp]:
    """Non-maximum suppression: rows by falling score, without those that overlap a better one by more (IoU).

    >>> suppress(np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10.]]), np.array([0.8, 0.9, 0.7]), 0.4)
    array([1, 2])
    """
    corners_and_sizes = np.hstack([boxes[:, :2], np.maximum(boxes[:, 2:] - boxes[:, :2], 0)])
    return np.asarray(cv2.dnn.NMSBoxes(corners_and_sizes.tolist(), scores.tolist(), 0.0, overlap), dtype=np.intp)
