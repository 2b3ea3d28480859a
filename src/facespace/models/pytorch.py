"""Networks as PyTorch modules, for what an ONNX file can't do: open maps, gradients, further training.

PyTorch is optional (extra torch); `mobilefacenet` builds mobilefacenet-casia from its weights by layer name.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DimensionError, ModelError, missing_extra, shorten, unknown_name
from ..images import Crops
from ..io import existing_file, guarded
from .card import InputFormat, ModelCard, WeightFile
from .registry import load_card
from .weights import find_file

if TYPE_CHECKING:
    from torch import nn

Floats = NDArray[np.float32]

#: Weights by layer name, for PyTorch, of the built-in networks that are there as PyTorch modules.
STATE_FILES = {
    "mobilefacenet-casia": WeightFile(
        "mobilefacenet-casia-state.npz", "ade22d2540f299dd0f3dee214d8cb65472386f46ab70714759c146db28a635e5"
    ),
}
# (expansion, channels, repeats, stride) of MobileFaceNet's bottlenecks.
_BOTTLENECKS = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))


def torch_or_error() -> Any:
    """The package torch; MissingExtraError naming the extra where it is not installed."""
    try:
        import torch
    except ImportError:
        raise missing_extra("torch", "torch", "a network as a PyTorch module") from None
    return torch


@functools.cache
def _residual_class() -> Any:
    nn = torch_or_error().nn

    class Bottleneck(nn.Module):  # type: ignore[misc,name-defined]
        """1 × 1 expansion, 3 × 3 depthwise, 1 × 1 projection; its input is added where the shape stays."""

        def __init__(self, inner: int, outer: int, stride: int, expansion: int) -> None:
            super().__init__()
            wide = inner * expansion
            self.same = stride == 1 and inner == outer
            self.conv = nn.Sequential(
                *(nn.Conv2d(inner, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.PReLU(wide)),
                *(nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False), nn.BatchNorm2d(wide), nn.PReLU(wide)),
                *(nn.Conv2d(wide, outer, 1, bias=False), nn.BatchNorm2d(outer)),
            )

        def forward(self, x: Any) -> Any:
            return x + self.conv(x) if self.same else self.conv(x)

    return Bottleneck


def _block(inner: int, outer: int, kernel: Any, stride: int, padding: int, groups: int = 1, linear: bool = False) -> Any:
    nn = torch_or_error().nn
    layers = [
        ("conv", nn.Conv2d(inner, outer, kernel, stride, padding, groups=groups, bias=False)),
        ("bn", nn.BatchNorm2d(outer)),
    ]
    return nn.Sequential(OrderedDict([*layers] if linear else [*layers, ("prelu", nn.PReLU(outer))]))


def mobilefacenet(state: dict[str, Floats] | None = None) -> nn.Module:
    """MobileFaceNet (Chen and others 2018) for crops of 112 × 96; the map is `conv2`'s output, (n, 512, 7, 6).

    Called with (n, 3, 112, 96) it gives the (n, 128) embedding. `state` holds weights by layer name; without it they are
    random. In evaluation mode.
    """
    torch = torch_or_error()
    nn, bottleneck = torch.nn, _residual_class()
    blocks, inner = [], 64
    for expansion, outer, repeats, stride in _BOTTLENECKS:
        for i in range(repeats):
            blocks.append(bottleneck(inner, outer, stride if i == 0 else 1, expansion))
            inner = outer
    network = nn.Sequential(
        OrderedDict(
            [
                ("conv1", _block(3, 64, 3, 2, 1)),
                ("dw_conv1", _block(64, 64, 3, 1, 1, 64)),
                ("blocks", nn.Sequential(*blocks)),
                ("conv2", _block(128, 512, 1, 1, 0)),
                ("linear7", _block(512, 512, (7, 6), 1, 0, 512, linear=True)),
                ("linear1", _block(512, 128, 1, 1, 0, linear=True)),
                ("flat", nn.Flatten()),
            ]
        )
    )
    if state is not None:
        _load(network, state)
    return network.eval()  # type: ignore[no-any-return]


def load_backbone(name: str | Path | ModelCard, weights: str | Path | None = None) -> tuple[nn.Module, ModelCard]:
    """The whole network of a built-in card as a PyTorch module, with its card.

    Raises UnknownNameError for a network that is not there as a module, ModelError when its weights can't be had.
    """
    torch_or_error()
    card = name if isinstance(name, ModelCard) else load_card(name)
    if card.name not in STATE_FILES:
        error = unknown_name("network with an open map", card.name, STATE_FILES)
        raise type(error)(error.message, f"{error.hint} A module of your own: ExplainableNetwork(module, layer, card).")
    path = find_file(STATE_FILES[card.name], weights, card)
    with existing_file(path, "weights by layer name").open("rb") as file:
        state = guarded(path, "npz", lambda: dict(np.load(file)))
    return mobilefacenet(state), card


def prepare(crops: Crops, card: ModelCard) -> Any:
    """Crops as the card's network takes them: a float tensor (n, 3, height, width). Raises DimensionError as `as_input`."""
    return as_input(crops, card.name, card.shape, card.input)


def as_input(crops: Crops, name: str, shape: tuple[int, int], form: InputFormat) -> Any:
    """A float tensor of uint8 crops (n, height, width, 3): channels first unless `form` says otherwise, standardised.

    Raises DimensionError for crops that are not of `shape`, naming the network `name`.
    """
    if crops.ndim != 4 or crops.shape[1:] != (*shape, 3):
        raise DimensionError(
            f"{name} takes crops of {shape[0]} × {shape[1]} × 3, not {crops.shape[1:]}",
            "Align the images to the card's template first (facespace.images.align).",
        )
    crops = form.stretched(crops)
    mean, std = (np.array(v, np.float32) for v in (form.mean, form.std))
    ordered = crops[..., ::-1] if form.colour == "BGR" else crops
    pixels = (ordered.astype(np.float32) - mean) / std
    order = pixels if form.layout == "NHWC" else pixels.transpose(0, 3, 1, 2)
    return torch_or_error().from_numpy(np.ascontiguousarray(order))


def split_at(module: nn.Module, layer: str) -> tuple[nn.Module, nn.Module]:
    """`(before, rest)`: what runs before the layer `layer` (such as "blocks.6"), and the layer with all behind it.

    `rest(before(x)) == module(x)`, and both share the module's weights. The layer must lie in (nested) nn.Sequential.
    Raises UnknownNameError for a layer that does not.
    """
    nn = torch_or_error().nn
    name, _, inner = layer.partition(".")
    children = dict(module.named_children())
    if type(module) is not nn.Sequential or name not in children:
        raise unknown_name("layer", layer, list(children) if type(module) is nn.Sequential else [])
    place = list(children).index(name)
    before = [(key, children[key]) for key in list(children)[:place]]
    rest = [(key, children[key]) for key in list(children)[place:]]
    if inner:
        head, tail = split_at(children[name], inner)
        before, rest = [*before, (name, head)], [(name, tail), *rest[1:]]
    return nn.Sequential(OrderedDict(before)).eval(), nn.Sequential(OrderedDict(rest)).eval()


def _load(network: Any, state: dict[str, Floats]) -> None:
    torch = torch_or_error()
    wanted = network.state_dict()
    missing = [key for key in wanted if key not in state and not key.endswith("num_batches_tracked")]
    shapes = [key for key in wanted if key in state and tuple(wanted[key].shape) != state[key].shape]
    if missing or shapes:
        raise ModelError(
            f"these weights are not MobileFaceNet's: missing {shorten(missing)}; of another shape {shorten(shapes)}",
            "Is it the file of another network?",
        )
    network.load_state_dict({key: torch.as_tensor(np.array(state[key])) for key in wanted if key in state}, strict=False)
