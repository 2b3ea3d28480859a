"""The layers between a backbone's map and the pooling: what `distil` trains so that max pooling costs nothing.

Features of a network that was trained with another pooling are poor under global max pooling. `place_head` puts one layer
in between: a 1 × 1 convolution, a shift of its own for every place (a mouth belongs below), and PReLU. It starts near the
identity and keeps the map's size, so every feature still has its cell.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from .backbone import torch_or_error

if TYPE_CHECKING:
    from torch import nn


@functools.cache
def _place_head_class() -> Any:
    torch = torch_or_error()
    nn, functional = torch.nn, torch.nn.functional

    class PlaceHead(nn.Module):  # type: ignore[misc,name-defined]
        """PReLU(mix · A(x) + shift(x)) in every cell x."""

        def __init__(self, channels: int, height: int, width: int) -> None:
            super().__init__()
            self.mix = nn.Parameter(torch.eye(channels) + 0.005 * torch.randn(channels, channels))
            self.shift = nn.Parameter(torch.zeros(channels, height, width))
            self.slope = nn.Parameter(torch.full((channels,), 0.25))

        def forward(self, a: Any) -> Any:
            # One product of matrices; as a convolution it takes twice as long.
            n, c, h, w = a.shape
            z = (a.flatten(2).transpose(1, 2).reshape(-1, c) @ self.mix.T).reshape(n, h * w, c).transpose(1, 2)
            return functional.prelu(z.reshape(n, c, h, w) + self.shift, self.slope)

    return PlaceHead


def place_head(channels: int, height: int, width: int, *, seed: int = 0) -> nn.Module:
    """A fresh head for maps (n, channels, height, width), near the identity."""
    torch = torch_or_error()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _place_head_class()(channels, height, width)  # type: ignore[no-any-return]
