"""What a loaded network is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DimensionError, ModelError
from ...images import Crops
from ..card import ModelCard

Floats = NDArray[np.float32]

STEP = 4  # images computed at a time: with more of them what passes between layers leaves the processor's cache


class Network(ABC):
    """A network with its weights: `network(crops)` gives embeddings. May be called from several threads at once.

    The runtimes are its subclasses; each computes a batch that is prepared already.
    """

    def __init__(self, card: ModelCard) -> None:
        self.card = card
        self._scale = (1.0 / np.array(card.input.std)).astype(np.float32)
        self._shift = (-np.array(card.input.mean) / np.array(card.input.std)).astype(np.float32)

    @property
    def dim(self) -> int:
        """Width of the embeddings."""
        return self.card.dim

    def __call__(self, crops: Crops) -> Floats:
        """Embeddings (n, d) float32, as the network gives them, of (n, height, width, 3) uint8 RGB crops.

        Raises DimensionError when the crops have another size than the network takes, ModelError when the network gives
        another width than its card says.
        """
        if crops.ndim != 4 or crops.shape[1:] != (*self.card.shape, 3):
            raise DimensionError(
                f"{self.card.name} takes crops of {self.card.shape[0]} × {self.card.shape[1]} × 3, not {crops.shape[1:]}",
                "Align the images to the card's template first (facespace.images.align).",
            )
        if len(crops) == 0:
            return np.empty((0, self.dim), np.float32)
        step = self.card.input.batch or STEP
        stretched = self.card.input.stretched
        parts = [self.compute(self.prepare(stretched(crops[i : i + step]))) for i in range(0, len(crops), step)]
        return self._checked(parts[0] if len(parts) == 1 else np.concatenate(parts), len(crops))

    def prepare(self, crops: Crops) -> Any:
        """The crops as the network is fed: colour order, (x - mean) / std, layout; float32."""
        if self.card.input.colour == "BGR":
            crops = crops[..., ::-1]
        if self.card.input.layout == "NHWC":
            batch = crops * self._scale
            batch += self._shift
            return batch
        batch = np.empty((len(crops), 3, *crops.shape[1:3]), np.float32)
        for channel in range(3):  # one pass each, straight into its plane: no transposed copy
            np.multiply(crops[..., channel], self._scale[channel], out=batch[:, channel])
            if self._shift[channel]:
                batch[:, channel] += self._shift[channel]
        return batch

    @abstractmethod
    def compute(self, batch: Any) -> Floats:
        """The network's output for a prepared batch, any shape that starts with n."""

    def _checked(self, output: Floats, count: int) -> Floats:
        output = np.asarray(output, dtype=np.float32).reshape(count, -1)
        if output.shape[1] != self.dim:
            raise self._wrong_width(output.shape[1])
        return output

    def _wrong_width(self, width: int) -> ModelError:
        return ModelError(
            f"{self.card.name} gives vectors of width {width}, but its card says {self.dim}",
            "Correct `dim` in the card, or name the right output with `output`.",
        )
