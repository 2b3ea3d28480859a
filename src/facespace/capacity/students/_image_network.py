"""The image student's network in PyTorch: a backbone with dropout behind its convolutions, then the projection."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...models import torch_or_error
from ._network import ResidualModule


@functools.cache
def student_module() -> Any:
    """The class; made once, when it is needed."""
    torch = torch_or_error()
    nn, functional = torch.nn, torch.nn.functional

    class Student(nn.Module):  # type: ignore[misc,name-defined]
        """Faces to (n, 2m): means, then log variances; dropout is on unless asked for `clean`."""

        def __init__(self, backbone: Any, dropout: float, hidden_dropout: float) -> None:
            super().__init__()
            # Evaluation mode throughout: normalisation keeps the statistics of the network's own, larger training.
            self.backbone, self.dropping = backbone.eval(), True
            self.p, self.hidden_p = dropout, hidden_dropout
            for layer in backbone.modules():
                if isinstance(layer, nn.Conv2d):
                    layer.register_forward_hook(self._drop)

        def _drop(self, _layer: Any, _given: Any, out: Any) -> Any:
            return functional.dropout(out, self.p) if self.dropping else out

        def start(self, module: ResidualModule) -> None:
            for key, value in zip("AaWVb", module.weights, strict=True):
                device = next(self.backbone.parameters()).device
                self.register_parameter(key, nn.Parameter(torch.tensor(value, device=device)))

        def clean(self, x: Any) -> Any:
            self.dropping = False
            try:
                return self(x)
            finally:
                self.dropping = True

        def unit(self, x: Any) -> Any:
            self.dropping = False
            try:
                return functional.normalize(self.backbone(x))
            finally:
                self.dropping = True

        def forward(self, x: Any) -> Any:
            h = functional.normalize(self.backbone(x)) @ self.A + self.a
            if self.dropping:
                h = functional.dropout(h, self.hidden_p)
            return h @ self.W + functional.relu(h) @ self.V + self.b

    return Student


@contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """Draws of torch from `seed` within; behind it the generators stand where they stood."""
    torch = torch_or_error()
    with torch.random.fork_rng(devices=[] if device == "cpu" else [device]):
        torch.manual_seed(seed)
        yield
