"""Residuals: where the reconstructed face changes when one channel of the map loses its maximum.

Algorithm 1 of Xu, Lu, Ebrahimi 2023: r_k = normalise(mean over colours |R(C) − R(C with cell p_k of channel k set to 0)|).

Done literally that is one full decoding per channel. A local decoder (decoder.local_layers) needs less: the change of one
cell stays in a window that grows from layer to layer, so only Δz is carried on, with Δa = act(z + Δz) − act(z) inside the
window. All channels run as one batch of small windows. This is exact up to rounding; full decoding is the test oracle, and
what decoders that are not local get.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, unknown_name
from .backbone import torch_or_error
from .decoder import LocalLayer, local_layers

if TYPE_CHECKING:
    from torch import nn

Floats = NDArray[np.float32]
Normalisation = Literal["l1", "l2", "max"]
NORMALISATIONS = ("l1", "l2", "max")
_BLOCK = 256  # channels decoded at once where the decoder is not local


@dataclass(frozen=True, eq=False)
class Residuals:
    """The normalised residuals of one image: what is kept to explain it against any number of others.

    Attributes:
        maps: (c, H, W) float32; channel k's map is ≥ 0 and has norm 1 (or is zero where it is dead).
        peaks: (c,) cell of each channel's maximum, row by row (the first, where several are equal).
        dead: (c,) bool, the picture did not change at all.
        negative: (c,) bool, the channel's maximum was below zero, so that setting it to 0 raised it.
        normalisation: "l1", "l2" or "max".
    """

    maps: Floats
    peaks: NDArray[np.intp]
    dead: NDArray[np.bool_]
    negative: NDArray[np.bool_]
    normalisation: str

    @property
    def counts(self) -> dict[str, int]:
        """How many channels are dead or had a negative maximum."""
        return {
            "channels": len(self.dead),
            "dead_residuals": int(self.dead.sum()),
            "negative_maxima": int(self.negative.sum()),
        }


def residuals(
    convolutional_map: Floats,
    decoder: nn.Module,
    *,
    normalisation: str = "l1",
    cumulative: bool = False,
    sparse: bool = True,
) -> Residuals:
    """Residuals of one image from its (c, h, w) map.

    Args:
        convolutional_map: (c, h, w), the map that the decoder takes.
        decoder: from (n, c, h, w) to (n, 3, H, W).
        normalisation: what each residual is divided by: its sum ("l1"), its Euclidean norm ("l2") or its maximum.
        cumulative: the paper's algorithm read literally: channels stay masked, one after another.
        sparse: carry only the change, where the decoder allows it; False decodes in full.

    Raises InputError for a map of another shape, UnknownNameError for another normalisation.
    """
    if normalisation not in NORMALISATIONS:
        raise unknown_name("normalisation", normalisation, NORMALISATIONS)
    a = np.asarray(convolutional_map, dtype=np.float32)
    if a.ndim != 3:
        raise InputError(f"a convolutional map has the shape (c, h, w), not {a.shape}", "Give one image's map.")
    flat = a.reshape(len(a), -1)
    peaks = flat.argmax(1)
    tops = flat[np.arange(len(a)), peaks]
    layers = local_layers(decoder) if sparse and not cumulative else None
    torch = torch_or_error()
    with torch.inference_mode():
        raw = _full(a, peaks, decoder, cumulative) if layers is None else _sparse(a, peaks, tops, layers)
    sums = {"l1": raw.sum((1, 2)), "l2": np.sqrt(np.einsum("kij,kij->k", raw, raw)), "max": raw.max((1, 2))}[normalisation]
    dead = ~(sums > 0)
    raw /= np.where(dead, 1, sums).astype(np.float32)[:, None, None]
    return Residuals(raw, peaks, dead, tops < 0, normalisation)


def _full(a: Floats, peaks: NDArray[np.intp], decoder: Any, cumulative: bool) -> Floats:
    """|R(C) − R(C')| averaged over colours, by decoding every C'."""
    torch = torch_or_error()
    whole = torch.from_numpy(np.ascontiguousarray(a))
    picture = decoder(whole[None])
    rows, columns = np.unravel_index(peaks, a.shape[1:])
    parts, masked = [], whole.clone()
    for start in range(0, len(a), _BLOCK):
        chosen = range(start, min(start + _BLOCK, len(a)))
        batch = whole.expand(len(chosen), *whole.shape).clone()
        for i, k in enumerate(chosen):
            if cumulative:
                masked[k, rows[k], columns[k]] = 0
                batch[i] = masked
            else:
                batch[i, k, rows[k], columns[k]] = 0
        parts.append((decoder(batch) - picture).abs().mean(1).numpy())
    return np.concatenate(parts)


def _sparse(a: Floats, peaks: NDArray[np.intp], tops: Floats, layers: list[LocalLayer]) -> Floats:
    torch = torch_or_error()
    functional = torch.nn.functional
    whole = torch.from_numpy(np.ascontiguousarray(a))[None]
    before, after = [], []  # every layer's z and act(z) of the unchanged map
    for layer in layers:
        before.append(functional.conv_transpose2d(whole, layer.weight, layer.bias, layer.stride, layer.padding))
        # A copy, because an activation may work in place.
        whole = before[-1] if layer.activation is None else layer.activation(before[-1].clone())
        after.append(whole)
    height, width = whole.shape[2:]
    change = torch.zeros((len(a), height, width))
    weight = torch.from_numpy(-tops)[:, None, None, None]
    for cell in np.unique(peaks):  # channels that share a cell share the windows of z
        channels = torch.from_numpy(np.flatnonzero(peaks == cell))
        y, x = (int(v) for v in np.unravel_index(cell, a.shape[1:]))
        delta = None
        for layer, z, old in zip(layers, before, after, strict=True):
            # The change of one cell by −top is its kernel, scaled.
            delta = layer.weight[channels] * weight[channels] if delta is None else _spread(delta, layer)
            # The window's corner; what hangs over the border is no pixel and carries nothing on.
            y, x = layer.stride * y - layer.padding, layer.stride * x - layer.padding
            top, left = max(-y, 0), max(-x, 0)
            delta = delta[:, :, top : z.shape[2] - y, left : z.shape[3] - x]
            y, x = y + top, x + left
            if layer.activation is not None:
                place = (slice(None), slice(None), slice(y, y + delta.shape[2]), slice(x, x + delta.shape[3]))
                delta = layer.activation(delta + z[place]).sub_(old[place])
        assert delta is not None
        change[channels, y : y + delta.shape[2], x : x + delta.shape[3]] = delta.abs().mean(1)
    return np.asarray(change.numpy())


def _spread(delta: Any, layer: LocalLayer) -> Any:
    """The transposed convolution of small windows, without bias and padding."""
    functional = torch_or_error().nn.functional
    inner, outer, kernel = layer.weight.shape[:3]
    if outer > 4:
        return functional.conv_transpose2d(delta, layer.weight, None, layer.stride)
    # To a few colours a plain product is faster: the convolution pads them to a whole vector register.
    products = layer.weight.reshape(inner, -1).T @ delta.flatten(2)
    size = [layer.stride * (n - 1) + kernel for n in delta.shape[2:]]
    return functional.fold(products, size, kernel, stride=layer.stride)
