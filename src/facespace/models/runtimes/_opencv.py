"""OpenCV's dnn module, a core dependency: reads TensorFlow's frozen graphs (.pb), Caffe's networks, TFLite and ONNX."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...errors import ModelError, unknown_name
from ..card import ModelCard
from ._base import Floats, Network


class OpenCvNetwork(Network):
    """A network that OpenCV computes, on as many threads as `cv2.getNumThreads` says.

    A loaded network keeps its layers' outputs, so each thread that calls has one of its own, read when it first calls.
    """

    def __init__(self, card: ModelCard, paths: Sequence[Path]) -> None:
        super().__init__(card)
        self._paths = [str(path) for path in paths]  # weights, and their description where it is a file of its own
        self._local = threading.local()
        net = self._net()  # a broken file is reported before the work begins
        if card.output and card.output not in (names := net.getLayerNames()):
            error = unknown_name("output", card.output, names)
            raise ModelError(f"{paths[0]}: {error.message}", error.hint)

    def _net(self) -> Any:
        if not hasattr(self._local, "net"):
            try:
                self._local.net = cv2.dnn.readNet(self._paths[0], "".join(self._paths[1:2]))
            except cv2.error as error:
                raise ModelError(
                    f"{self._paths[0]} can't be loaded by OpenCV: {_reason(error)}",
                    "Is the file whole, and does its suffix name its kind (.pb, .onnx, .tflite, .caffemodel)?",
                ) from None
        return self._local.net

    def compute(self, batch: Any) -> Floats:
        net = self._net()
        try:
            net.setInput(batch)
            output = net.forward(self.card.output) if self.card.output else net.forward()
        except cv2.error as error:
            raise ModelError(
                f"{self._paths[0]} fails on a batch of shape {batch.shape}: {_reason(error)}",
                "In OpenCV many networks take one image at a time: `batch = 1` below [input]; or correct layout or size.",
            ) from None
        return np.array(output, dtype=np.float32)  # a copy: the network reuses its memory


def _reason(error: cv2.error) -> str:
    return str(error).strip().partition("error: ")[2][:200] or "it is no network that OpenCV knows"
