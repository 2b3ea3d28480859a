"""A PyTorch module whose last convolutional map lies open.

An explanation needs the map itself, not the embedding alone, so an ONNX file is no use. `layer_map` opens any module at a
layer you name; the built-in networks that are there as modules come from models/pytorch.py.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from ..errors import ModelError, unknown_name
from ..models import torch_or_error

if TYPE_CHECKING:
    from torch import nn


def layer_map(module: nn.Module, layer: str) -> nn.Module:
    """A module that runs `module` and gives the output of its layer `layer` (a name of `named_modules`), (n, c, h, w).

    For a plain nn.Sequential, whose layers run one after another, what lies behind the layer is not computed at all.
    Raises UnknownNameError for a layer that is not there.
    """
    torch = torch_or_error()
    nn = torch.nn
    names = dict(module.named_modules())
    if not layer or layer not in names:
        raise unknown_name("layer", layer, [name for name in names if name])
    children = dict(module.named_children())
    if type(module) is nn.Sequential and layer in children:
        kept = list(children)[: list(children).index(layer) + 1]
        return nn.Sequential(OrderedDict([(name, children[name]) for name in kept])).eval()
    return _hooked_class()(module, layer).eval()  # type: ignore[no-any-return]


@functools.cache
def _hooked_class() -> Any:
    nn = torch_or_error().nn

    class LayerOutput(nn.Module):  # type: ignore[misc,name-defined]
        """Runs a module and gives what one of its layers put out."""

        def __init__(self, module: Any, layer: str) -> None:
            super().__init__()
            self.module, self.layer = module, layer

        def forward(self, x: Any) -> Any:
            seen: list[Any] = []
            handle = self.module.get_submodule(self.layer).register_forward_hook(lambda *given: seen.append(given[2]))
            try:
                self.module(x)
            finally:
                handle.remove()
            if not seen or getattr(seen[-1], "ndim", 0) != 4:
                raise ModelError(
                    f"layer {self.layer!r} gives no map of shape (n, c, h, w)",
                    "Name the last convolutional layer (or the activation behind it).",
                )
            return seen[-1]

    return LayerOutput
