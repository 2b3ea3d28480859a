"""YuNet (Wu, Peng and Yu 2023) through OpenCV's own wrapper."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from ..errors import ModelError
from .faces import Faces
from .read import Image

_lock = threading.Lock()  # the level of OpenCV's log belongs to the whole process


@contextmanager
def _quiet_opencv() -> Iterator[None]:
    # OpenCV 5 warns that it ignores the target device, which nobody asked for.
    with _lock:
        level = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            yield
        finally:
            cv2.utils.logging.setLogLevel(level)


class YuNet:
    name = "yunet"
    # 600 upright faces of LFW score 0.902 to 0.95; on their side none reaches 0.9, upside down one in 28, and none 0.925.
    sure, upright, better = 0.9, 0.925, 0.02
    steady = False

    def __init__(self, weights: Path, threshold: float = 0.6) -> None:
        try:
            with _quiet_opencv():
                self._net = cv2.FaceDetectorYN.create(str(weights), "", (320, 320), threshold, 0.3, 100)
        except cv2.error as error:
            raise ModelError(
                f"{weights} can't be loaded as YuNet: {str(error).splitlines()[0]}", "Is the file whole? Get it again."
            ) from None

    def __call__(self, image: Image) -> Faces:
        self._net.setInputSize((image.shape[1], image.shape[0]))
        found = self._net.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
        table = np.zeros((0, 15)) if found is None else np.asarray(found, dtype=np.float64)
        # Columns: x, y, width, height, then right eye first - the person's right is the left of the picture - and score.
        boxes = np.concatenate([table[:, :2], table[:, :2] + table[:, 2:4]], axis=1)
        return Faces(boxes, table[:, 4:14].reshape(-1, 5, 2), table[:, 14])
