"""The reconstruction decoder: from a convolutional map back to the face.

Paper: Xu, Lu, Ebrahimi, Discriminative Deep Feature Visualization for Explainable Face Recognition (2023), section III-C:
four transposed convolutions. Each doubles height and width (kernel 4, stride 2, padding 1), so a map of 7 × 6 becomes a
face of 112 × 96. Without normalisation layers and with pointwise activations it is local: a cell of the map moves a
window of 46 × 46 pixels and nothing else, which is what `residuals` uses.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..models import torch_or_error

if TYPE_CHECKING:
    from torch import nn

WIDTHS = (128, 64, 32)
_POINTWISE = ("ReLU", "LeakyReLU", "PReLU", "ELU", "SiLU", "GELU", "Tanh", "Sigmoid", "Identity", "Hardswish", "Softplus")


def make_decoder(channels: int, widths: tuple[int, ...] = WIDTHS, *, seed: int = 0) -> nn.Module:
    """A decoder from (n, channels, h, w) to (n, 3, 2ᵏ h, 2ᵏ w), k = len(widths) + 1 transposed convolutions.

    Its output is the picture in the range of 0 to 1 (not clipped). Weights are random, drawn by `seed`.

    Raises InputError for widths that are not positive.
    """
    if channels < 1 or any(width < 1 for width in widths):
        raise InputError(f"a decoder from {channels} channels through {widths} can't be made", "Give positive numbers.")
    torch = torch_or_error()
    nn = torch.nn
    layers: list[tuple[str, Any]] = []
    sizes = [channels, *widths, 3]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for i, (inner, outer) in enumerate(itertools.pairwise(sizes)):
            layers.append((f"up{i}", nn.ConvTranspose2d(inner, outer, 4, 2, 1)))
            if i < len(widths):
                layers.append((f"act{i}", nn.LeakyReLU(0.1)))
        decoder = nn.Sequential(OrderedDict(layers))
        torch.nn.init.constant_(decoder[-1].bias, 0.5)
    return decoder.eval()  # type: ignore[no-any-return]


@dataclass(frozen=True)
class LocalLayer:
    """One transposed convolution and the activation behind it (None for none)."""

    weight: Any  # (inner, outer, k, k)
    bias: Any | None
    stride: int
    padding: int
    activation: Any | None


def local_layers(decoder: nn.Module) -> list[LocalLayer] | None:
    """The layers of a decoder that is local, None of one that is not.

    Local is an nn.Sequential of transposed convolutions (square kernel, one group, no dilation), pointwise activations,
    and batch normalisation in evaluation mode directly behind a convolution, which is folded into it.
    """
    nn = torch_or_error().nn
    if not isinstance(decoder, nn.Sequential):
        return None
    layers: list[LocalLayer] = []
    for layer in decoder:
        if isinstance(layer, nn.ConvTranspose2d):
            plain = layer.groups == 1 and tuple(layer.dilation) == (1, 1) and layer.padding_mode == "zeros"
            square = all(len(set(pair)) == 1 for pair in (layer.kernel_size, layer.stride, layer.padding))
            if not (plain and square and tuple(layer.output_padding) == (0, 0)):
                return None
            bias = None if layer.bias is None else layer.bias.detach()
            layers.append(LocalLayer(layer.weight.detach(), bias, layer.stride[0], layer.padding[0], None))
        elif isinstance(layer, nn.BatchNorm2d):
            if layer.training or not layers or layers[-1].activation is not None or layer.running_var is None:
                return None
            layers[-1] = _folded(layers[-1], layer)
        elif type(layer).__name__ in _POINTWISE:
            if not layers or layers[-1].activation is not None:
                return None
            layers[-1] = replace(layers[-1], activation=layer)
        else:
            return None
    return layers or None


def _folded(layer: LocalLayer, norm: Any) -> LocalLayer:
    torch = torch_or_error()
    one = torch.ones_like(norm.running_var)
    gain = (norm.weight.detach() if norm.affine else one) / torch.sqrt(norm.running_var + norm.eps)
    shift = (norm.bias.detach() if norm.affine else 0 * one) - norm.running_mean * gain
    bias = shift if layer.bias is None else layer.bias * gain + shift
    return LocalLayer(layer.weight * gain[None, :, None, None], bias, layer.stride, layer.padding, None)
