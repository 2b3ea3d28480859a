"""ExplainableNetwork: a network with an open map, a pooling that keeps places, and perhaps a decoder.

    crops ──module──▶ C (c, h, w) ──pooling──▶ F (c) ──head──▶ embedding
                      └──decoder──▶ the face again

With global max pooling every feature comes from one cell of the map, so it has a place in the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, ModelError
from ..images import Crops
from ..models import InputFormat, as_input, torch_or_error
from ._frozen import frozen as frozen
from .saliency import Affine

if TYPE_CHECKING:
    from torch import nn

Floats = NDArray[np.float32]
Pooling = Literal["max", "avg"]
_BATCH = 8  # small batches stay in the processor's cache: twice as fast as 32 on two cores


@dataclass(frozen=True, eq=False)
class ExplainableNetwork:
    """A PyTorch network that can be explained.

    Attributes:
        name: for signatures and pictures.
        module: from (n, 3, height, width) to the convolutional map (n, c, h, w); see `layer_map`.
        shape: (height, width) of the crops.
        input: how crops become the module's input.
        pooling: "max" (each feature has a place) or "avg".
        head: pooled features to the embedding that is compared; None compares the features themselves.
        to_original: pooled features to an estimate of the original network's embedding, for maps fitted on that.
        decoder: from the map to the face, see `make_decoder`; Algorithm 1 needs one.
        threshold: the operating threshold of its cosines, if known.
        runner: a faster form of `module` for where no gradient is needed, see `compiled`; None is `module` itself.
    """

    name: str
    module: nn.Module
    shape: tuple[int, int]
    input: InputFormat
    pooling: Pooling = "max"
    head: Affine | None = None
    to_original: Affine | None = None
    decoder: nn.Module | None = None
    threshold: float | None = None
    runner: Callable[[Any], Any] | None = None

    def __post_init__(self) -> None:
        if self.pooling not in ("max", "avg"):
            raise InputError(f"unknown pooling {self.pooling!r}", "Known: avg, max.")

    def compiled(self) -> ExplainableNetwork:
        """The same network with a faster `runner`, its weights frozen as they are now; gradients still use `module`.

        Takes seconds, which pay from a few hundred crops on. The network as it is where it has a runner already, or where
        no faster form agrees with the module on made-up crops within 1e-4 of the largest value.
        """
        if self.runner is not None:
            return self
        noise = np.random.default_rng(0).integers(0, 256, (_BATCH, *self.shape, 3), dtype=np.uint8)
        runner = frozen(self.module, [self.prepare(noise), self.prepare(noise[: _BATCH // 2 - 1])])
        return self if runner is None else replace(self, runner=runner)

    def prepare(self, crops: Crops) -> Any:
        """Crops as the module takes them: a float tensor (n, 3, height, width).

        Raises DimensionError for crops of another size.
        """
        return as_input(crops, self.name, self.shape, self.input)

    def maps(self, crops: Crops) -> Floats:
        """The convolutional maps (n, c, h, w) of (n, height, width, 3) uint8 crops."""
        return np.concatenate([m.numpy() for m in self._batches(crops)])

    def features(self, crops: Crops, progress: Callable[[int], None] | None = None) -> Floats:
        """Pooled features (n, c) of crops; `progress` is told how many are done."""
        parts = []
        for m in self._batches(crops):
            parts.append(pool(m.numpy(), self.pooling))
            if progress:
                progress(min(len(parts) * _BATCH, len(crops)))
        return np.concatenate(parts)

    def embed(self, crops: Crops) -> NDArray[np.float64]:
        """What is compared: the features, or the head's embedding of them; (n, d)."""
        return self.embeddings(self.features(crops))

    def embeddings(self, features: Floats) -> NDArray[np.float64]:
        """As `embed`, from features."""
        return np.asarray(features, dtype=np.float64) if self.head is None else self.head(features)

    def _batches(self, crops: Crops) -> Any:
        torch = torch_or_error()
        if len(crops) == 0:
            raise InputError("no crops to look at")
        run = self.module if self.runner is None else self.runner
        with torch.inference_mode():
            for i in range(0, len(crops), _BATCH):
                m = run(self.prepare(crops[i : i + _BATCH]))
                if m.ndim != 4:
                    raise ModelError(
                        f"the module of {self.name} gives shape {tuple(m.shape)}, not a map (n, c, h, w)",
                        "Open it at its last convolutional layer with layer_map(module, layer).",
                    )
                yield m

    def reconstruct(self, maps: Floats) -> Crops:
        """The decoder's faces (n, height, width, 3) uint8 from maps. Raises ModelError without a decoder."""
        torch = torch_or_error()
        if self.decoder is None:
            raise ModelError(f"{self.name} has no decoder", "Train one: facespace explain train --mode decoder-only.")
        with torch.inference_mode():
            pictures = [self.decoder(torch.from_numpy(maps[i : i + 32])).numpy() for i in range(0, len(maps), 32)]
        bright = np.clip(np.concatenate(pictures), 0, 1).transpose(0, 2, 3, 1)
        return np.asarray(np.rint(255 * bright), dtype=np.uint8)


def pool(maps: Floats, pooling: str = "max") -> Floats:
    """(n, c, h, w) maps pooled to (n, c) features.

    >>> pool(np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2), "avg")
    array([[1.5]], dtype=float32)
    """
    return np.asarray(maps.max((2, 3)) if pooling == "max" else maps.mean((2, 3)), dtype=np.float32)
