"""TorchNetwork: any PyTorch module that gives embeddings, with the way from crops to its input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DimensionError
from ...images import Crops
from ...models import ModelCard, as_input, list_cards, load_backbone, torch_or_error
from ..network import ExplainableNetwork, frozen

if TYPE_CHECKING:
    from torch import nn

Floats = NDArray[np.float32]
_BATCH = 8


@dataclass(frozen=True, eq=False)
class TorchNetwork:
    """A differentiable network. Called with crops it gives embeddings, so the black-box methods take it too.

    Attributes:
        name: for signatures.
        module: from what `preprocess` gives to embeddings (n, d); in evaluation mode.
        preprocess: from uint8 RGB crops (n, height, width, 3) to the module's input, a float tensor (n, 3, height, width).
        card: of a network that has one: where its crops' landmarks lie.
        runner: a faster form of `module` for where no gradient is needed, see `compiled`.

    A module of your own:

        mine = TorchNetwork("mine", module.eval(), lambda crops: (torch.tensor(crops).permute(0, 3, 1, 2) - 127.5) / 128)
        white_box_map(face, mine(partner[None])[0], mine, method="integrated-gradients").signed
    """

    name: str
    module: nn.Module
    preprocess: Callable[[Crops], Any]
    card: ModelCard | None = None
    runner: Callable[[Any], Any] | None = None

    def __call__(self, crops: Crops) -> Floats:
        """Embeddings (n, d) of (n, height, width, 3) uint8 crops."""
        torch = torch_or_error()
        run = self.module if self.runner is None else self.runner
        with torch.no_grad():  # not inference mode: what a module keeps of a call could then not be differentiated later
            parts = [run(self.input_of(crops[i : i + _BATCH])).numpy() for i in range(0, len(crops), _BATCH)]
        return np.asarray(np.concatenate(parts))

    def input_of(self, crops: Crops) -> Any:
        """What the module is fed. Raises DimensionError where it is no (n, 3, height, width)."""
        x = self.preprocess(crops)
        if x.ndim != 4 or x.shape[1] != 3:
            raise DimensionError(
                f"the input of {self.name} has the shape {tuple(x.shape)}, not (n, 3, height, width)",
                "Let `preprocess` put the colours first.",
            )
        return x

    def compiled(self) -> TorchNetwork:
        """The same with a faster `runner`, its weights frozen as they are; itself where there is none that agrees."""
        if self.card is None or self.runner is not None:
            return self
        noise = np.random.default_rng(0).integers(0, 256, (_BATCH, *self.card.shape, 3), dtype=np.uint8)
        runner = frozen(self.module, [self.input_of(noise), self.input_of(noise[:3])])
        return self if runner is None else replace(self, runner=runner)


def open_network(network: str | ExplainableNetwork, weights: str | Path | None = None) -> TorchNetwork:
    """A network that the project can open, whole and differentiable.

    A card's name gives the network as it is deployed, whose vectors are those of `embed`; an `ExplainableNetwork`
    (`load_explainable`) the max-pool network, with its head where it has one.

    Raises UnknownNameError for a name that is not there as a module, ModelError when its weights can't be had.
    """
    if isinstance(network, ExplainableNetwork):
        shape, form, name = network.shape, network.input, network.name
        card = next((known for known in list_cards() if known.name == name), None)
        return TorchNetwork(name, _whole(network), partial(as_input, name=name, shape=shape, form=form), card)
    module, card = load_backbone(network, weights)
    return TorchNetwork(card.name, module, partial(as_input, name=card.name, shape=card.shape, form=card.input), card)


def _whole(network: ExplainableNetwork) -> nn.Module:
    """Map, pooling and head as one module."""
    torch = torch_or_error()

    class Whole(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.trunk = network.module

        def forward(self, x: Any) -> Any:
            m = self.trunk(x)
            f = m.flatten(2).max(2).values if network.pooling == "max" else m.mean((2, 3))
            if network.head is None:
                return f
            matrix, shift = (torch.from_numpy(np.asarray(a, np.float32)) for a in (network.head.matrix, network.head.shift))
            return f @ matrix.T + shift

    return Whole().eval()  # type: ignore[no-any-return]
