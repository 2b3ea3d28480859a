"""dlib's face recognition ResNet (extra `dlib`)."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import ModelError, missing_extra
from ...images import Crops
from ..card import ModelCard
from ._base import Floats, Network


class DlibNetwork(Network):
    def __init__(self, card: ModelCard, paths: Sequence[Path]) -> None:
        super().__init__(card)
        try:
            import dlib
        except ImportError:
            raise missing_extra("dlib-bin", "dlib", f"the model {card.name}") from None
        try:
            self._net: Any = dlib.face_recognition_model_v1(str(paths[0]))
        except RuntimeError as error:
            raise ModelError(f"{paths[0]} can't be loaded by dlib: {error}", "Is the file whole? Get it again.") from None
        self._lock = threading.Lock()  # the network keeps its layers' outputs, so calls must not overlap

    def prepare(self, crops: Crops) -> Any:
        return [np.ascontiguousarray(crop) for crop in crops]  # dlib normalises the pixels itself

    def compute(self, batch: Any) -> Floats:
        with self._lock:
            return np.array(self._net.compute_face_descriptor(batch), dtype=np.float32)
