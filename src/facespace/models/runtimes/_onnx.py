"""ONNX Runtime, the core runtime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import ModelError, shorten, unknown_name
from ...images import onnx_session
from ..card import ModelCard
from ._base import Floats, Network


class OnnxNetwork(Network):
    def __init__(self, card: ModelCard, paths: Sequence[Path], threads: int) -> None:
        super().__init__(card)
        self._path = paths[0]
        self._session = onnx_session(self._path, threads)
        try:
            self._input = self._session.get_inputs()[0].name
            outputs = {o.name: o.shape for o in self._session.get_outputs()}
        except (UnicodeDecodeError, IndexError) as fault:
            raise ModelError(f"{self._path} is no network: {fault}", "Is the file whole?") from None
        self._output = card.output or next(iter(outputs))
        if self._output not in outputs:
            error = unknown_name("output", self._output, outputs)
            raise ModelError(f"{self._path}: {error.message}", error.hint)
        width = outputs[self._output][-1] if len(outputs[self._output]) == 2 else None
        if isinstance(width, int) and width != self.dim:
            raise self._wrong_width(width)

    def compute(self, batch: Any) -> Floats:
        try:
            return np.asarray(self._session.run([self._output], {self._input: batch})[0])
        except Exception as error:  # ONNX Runtime's error classes are private
            wanted = self._session.get_inputs()[0].shape
            raise ModelError(
                f"{self._path} fails on a batch of shape {batch.shape}: {(str(error).splitlines() or ['?'])[0]}",
                f"Its input {self._input!r} has the shape {shorten(wanted, 8)}; correct the card's layout, size or batch.",
            ) from None
