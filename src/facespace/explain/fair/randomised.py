"""Networks of shuffled weights: a map that stays as it is does not explain the network.

Adebayo and others, Sanity checks for saliency maps, NeurIPS 2018. The values of every tensor of weights are shuffled, which
keeps their distribution.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import missing_extra
from ...models import torch_or_error

if TYPE_CHECKING:
    from torch import nn


def randomise_onnx(path: Path, out: Path, seed: int = 0) -> Path:
    """Write the network of the ONNX file `path` to `out`, the values of each tensor of weights shuffled.

    Raises MissingExtraError where the package onnx is missing.
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError:
        raise missing_extra("onnx", "onnx", "a network with random weights") from None
    model: Any = onnx.load(str(path))
    rng = np.random.default_rng(seed)
    constants = [a.t for node in model.graph.node if node.op_type == "Constant" for a in node.attribute if a.name == "value"]
    for tensor in [*model.graph.initializer, *constants]:  # some exporters keep the weights in nodes
        array = numpy_helper.to_array(tensor)
        if array.dtype.kind == "f" and array.size > 1:
            tensor.CopyFrom(numpy_helper.from_array(rng.permuted(array.ravel()).reshape(array.shape), tensor.name))
    onnx.save(model, str(out))
    return out


def randomise_module(module: nn.Module, seed: int = 0) -> nn.Module:
    """A copy of a PyTorch module, the values of each parameter shuffled."""
    torch = torch_or_error()
    found = copy.deepcopy(module)
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter in found.parameters():
            values = parameter.detach().numpy()
            parameter.copy_(torch.from_numpy(rng.permuted(values.ravel()).reshape(values.shape)))
    return found
