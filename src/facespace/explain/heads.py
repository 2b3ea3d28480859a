"""The layers between a backbone's map and the pooling: what `distil` trains so that max pooling costs little.

Features of a network that was trained with another pooling are poor under global max pooling. `place_head` puts fresh layers
in between: a bottleneck of 1 × 1, depthwise 3 × 3 and 1 × 1 convolutions beside the identity, then a 1 × 1 convolution, a
shift of its own for every place (a mouth belongs below) and LeakyReLU(0.2). They keep the map's size, so every feature
still has its cell; what is below zero counts little, so that a maximum means something was there.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ..models import torch_or_error

if TYPE_CHECKING:
    from torch import nn


@functools.cache
def _place_head_class() -> Any:
    torch = torch_or_error()
    nn, functional = torch.nn, torch.nn.functional

    class PlaceHead(nn.Module):  # type: ignore[misc,name-defined]
        """LeakyReLU(0.2)(mix · A'(x) + shift(x)) in every cell x, A' = A + bottleneck(A)."""

        def __init__(self, channels: int, height: int, width: int) -> None:
            super().__init__()
            half = channels // 2
            self.down = nn.Linear(channels, half)
            self.near = nn.Conv2d(half, half, 3, 1, 1, groups=half)
            self.first, self.second = nn.PReLU(half), nn.PReLU(half)
            self.up = nn.Linear(half, channels, bias=False)
            nn.init.normal_(self.up.weight, std=0.01)
            self.mix = nn.Parameter(torch.eye(channels) + 0.005 * torch.randn(channels, channels))
            self.shift = nn.Parameter(torch.zeros(channels, height, width))

        def forward(self, a: Any) -> Any:
            n, c, h, w = a.shape
            cells = a.flatten(2).transpose(1, 2)  # products of matrices: as convolutions they take twice as long
            wide = self.down(cells).transpose(1, 2).reshape(n, -1, h, w)
            wide = self.second(self.near(self.first(wide)))
            cells = cells + self.up(wide.flatten(2).transpose(1, 2))
            z = (cells @ self.mix.T).transpose(1, 2).reshape(n, c, h, w)
            return functional.leaky_relu(z + self.shift, 0.2)

    return PlaceHead


def place_head(channels: int, height: int, width: int, *, seed: int = 0) -> nn.Module:
    """A fresh head for maps (n, channels, height, width), near the identity."""
    torch = torch_or_error()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _place_head_class()(channels, height, width)  # type: ignore[no-any-return]
