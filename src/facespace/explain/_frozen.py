"""A module as TorchScript with its weights frozen in: the same maps, computed faster where no gradient is needed.

torch.jit is deprecated since PyTorch 2.13, but its partners do worse here: torch.export runs at the module's own speed,
torch.compile wants a C++ compiler, and folding the batch norms by torch.fx gives about a sixth of the gain.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from ..models import torch_or_error

TOLERANCE = 1e-4  # of the largest value of the maps


def frozen(module: Any, batches: Sequence[Any]) -> Callable[[Any], Any] | None:
    """A faster form of `module`, or None where there is none that agrees on all of `batches`.

    The first batch is traced, so the others should differ in size: a trace that holds for one size only then shows.
    """
    torch = torch_or_error()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.filterwarnings("ignore", r"`torch\.jit\.", DeprecationWarning)
            # A value of this one input would be written into the trace as a constant: not to be trusted with others.
            warnings.filterwarnings("error", category=torch.jit.TracerWarning)
            traced = torch.jit.trace(module, batches[0], check_trace=False)
            quick = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
            agrees = all(_agree(torch, module(x), quick(x)) for x in batches)
    except Exception:  # anything may go wrong in tracing what somebody else wrote, and the module itself is still there
        return None
    return quick if agrees else None


def _agree(torch: Any, expected: Any, found: Any) -> bool:
    if expected.shape != found.shape:
        return False
    return bool((expected - found).abs().max() <= TOLERANCE * torch.clamp(expected.abs().max(), min=1e-12))
