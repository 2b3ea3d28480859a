"""Signed maps of one face by gradients of the cosine s(x) with its partner, x the network's input.

    gradient-input        Σ_colours x · ∂s/∂x; x = 0 is about a mid grey.
    smoothgrad            the same with the mean gradient of copies under noise, a tenth of the input's range.
    integrated-gradients  Σ_colours (x − x') · the mean of ∂s/∂x on the way from x', the face blurred, to x (midpoints); its
                          sum is s(x) − s(x'). The steps are doubled until it is within 1 %, or MOST are reached.
    fggb                  Σ_k (w_k − τ/d) |∂f_k/∂x| / Σ|∂f_k/∂x|, with w_k = f̂_k ĝ_k the part of channel k of the embedding
                          in the cosine: each channel's gradient is made of one size before the channels are weighed.

Integrated gradients: Sundararajan, Taly, Yan, ICML 2017. SmoothGrad: Smilkov and others 2017. fggb: Lu and Ebrahimi,
Explainable face verification via feature-guided gradient backpropagation, FG 2024 (arXiv 2403.04549): S = Σ_k G̃_k (w_k −
threshold/N), positive part for similarity, negative for dissimilarity. This reading takes G̃_k as the channel's absolute
gradient, summed over the colours, at a sum of 1, as this library reads Algorithm 1: the sign is then the channel's alone,
and the map's sum is s − τ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...errors import ModelError, unknown_name
from ...images import Crops
from ...models import torch_or_error
from ..black_box import blurred, unit_rows
from .network import TorchNetwork

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

WHITE_BOX = ("gradient-input", "smoothgrad", "integrated-gradients", "fggb")
COPIES, NOISE = 16, 0.1
FIRST, MOST, TOLERANCE = 16, 256, 0.01
_BATCH = 16


@dataclass(frozen=True, eq=False)
class WhiteBoxMap:
    """One face's map.

    Attributes:
        signed: H, (height, width) of the crop.
        passes: forward passes, a backward one counted as two.
        completeness_error: of integrated gradients |ΣH − (s − s')| as a share of |s − s'|, of fggb |ΣH − (s − τ)|; None for
            others. complete: is it within 1 %? None for others.
    """

    signed: Floats
    passes: int
    completeness_error: float | None = None
    complete: bool | None = None


def white_box_map(
    crop: Crops,
    partner: NDArray[np.floating],
    network: TorchNetwork,
    *,
    method: str = "integrated-gradients",
    threshold: float = 0.0,
    passes: int | None = None,
    seed: int = 0,
) -> WhiteBoxMap:
    """The signed map of one face against a partner's vector.

    Args:
        crop: (height, width, 3) uint8. partner: (d,), of any length but zero.
        method: one of WHITE_BOX. threshold: τ of fggb. seed: of smoothgrad's noise.
        passes: smoothgrad's copies (16), or the most steps of integrated gradients (256).

    Raises UnknownNameError for another method, ModelError for a vector without direction.
    """
    if method not in WHITE_BOX:
        raise unknown_name("white-box method", method, WHITE_BOX)
    direction = unit_rows(np.asarray(partner)[None])[0]
    x = _input(network, crop)
    if method == "fggb":
        return _feature_guided(network, x, direction, threshold, crop.shape)
    if method == "integrated-gradients":
        return _integrated(network, x, _input(network, blurred(crop)), direction, crop.shape, passes or MOST)
    inputs = x
    if method == "smoothgrad":
        copies, rng = passes or COPIES, np.random.default_rng(seed)
        noise = rng.normal(0, NOISE * float(np.ptp(x)), (copies, *x.shape[1:])).astype(np.float32)
        inputs = x + noise
    mean = _gradients(network, inputs, direction).mean(0)
    return WhiteBoxMap(_to_crop((x[0] * mean).sum(0), crop.shape), 3 * len(inputs))


def _integrated(
    network: TorchNetwork, x: Floats, base: Floats, direction: Doubles, shape: tuple[int, ...], most: int
) -> WhiteBoxMap:
    clean, hidden = (_cosines(network, each, direction)[0] for each in (x, base))
    total, steps, passes = clean - hidden, min(FIRST, most), 2
    while True:
        at = ((np.arange(steps) + 0.5) / steps).astype(np.float32)[:, None, None, None]
        mean = _gradients(network, base + at * (x - base), direction).mean(0)
        passes += 3 * steps
        found = ((x[0] - base[0]).astype(np.float64) * mean).sum(0)
        error = abs(float(found.sum()) - total) / max(abs(total), 1e-12)
        if error <= TOLERANCE or steps * 2 > most:
            return WhiteBoxMap(_to_crop(found, shape), passes, error, error <= TOLERANCE)
        steps *= 2


def _feature_guided(
    network: TorchNetwork, x: Floats, direction: Doubles, threshold: float, shape: tuple[int, ...]
) -> WhiteBoxMap:
    torch = torch_or_error()
    with torch.enable_grad():
        start = torch.from_numpy(x).requires_grad_(True)
        f = network.module(start)[0]
        d, maps = len(f), []
        for first in range(0, d, _BATCH):
            rows = torch.eye(d)[first : first + _BATCH]
            (g,) = torch.autograd.grad(f, start, rows, retain_graph=True, is_grads_batched=True)
            maps.append(g[:, 0].abs().sum(1).numpy())
    absolute = np.concatenate(maps).astype(np.float64)
    mass = absolute.sum((1, 2), keepdims=True)
    shares = np.divide(absolute, mass, out=np.zeros_like(absolute), where=mass > 0)
    unit = unit_rows(f.detach().numpy()[None])[0]
    weights = unit * direction
    found = np.tensordot(weights - threshold / d, shares, axes=1)
    error = abs(float(found.sum()) - (float(weights.sum()) - threshold))
    return WhiteBoxMap(_to_crop(found, shape), 1 + 2 * d, error, error <= TOLERANCE)


def _input(network: TorchNetwork, crop: NDArray[Any]) -> Floats:
    """(1, 3, h, w), of a crop that need not be uint8."""
    whole = np.rint(crop).astype(np.uint8)
    return np.asarray(network.input_of(whole[None]).detach().numpy(), dtype=np.float32)


def _cosines(network: TorchNetwork, inputs: Floats, direction: Doubles) -> Doubles:
    torch = torch_or_error()
    with torch.no_grad():
        return unit_rows(network.module(torch.from_numpy(inputs)).numpy()) @ direction


def _gradients(network: TorchNetwork, inputs: Floats, direction: Doubles) -> Doubles:
    """∂s/∂x of each input, (n, 3, h, w)."""
    torch = torch_or_error()
    toward = torch.from_numpy(direction.astype(np.float32))
    found = []
    for i in range(0, len(inputs), _BATCH):
        x = torch.from_numpy(np.ascontiguousarray(inputs[i : i + _BATCH])).requires_grad_(True)
        with torch.enable_grad():
            e = network.module(x)
            if e.ndim != 2 or e.shape[1] != len(toward):
                raise ModelError(
                    f"the module of {network.name} gives shape {tuple(e.shape)}, and the partner's vector has {len(toward)} "
                    "numbers",
                    "The module must end in embeddings (n, d), and the partner's be one of them.",
                )
            cosine = (e @ toward) / e.norm(dim=1)
            (gradient,) = torch.autograd.grad(cosine.sum(), x)
        found.append(gradient.numpy())
    return np.concatenate(found).astype(np.float64)


def _to_crop(found: NDArray[Any], shape: tuple[int, ...]) -> Floats:
    """At the crop's size, where the input has another; its sum is kept."""
    if found.shape == shape[:2]:
        return np.asarray(found, dtype=np.float32)
    sized = cv2.resize(found.astype(np.float64), (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(sized * (found.size / sized.size), dtype=np.float32)
