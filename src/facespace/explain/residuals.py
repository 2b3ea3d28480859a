"""Residuals: where the reconstructed face changes when one channel of the map loses its maximum.

Algorithm 1 of Xu, Lu, Ebrahimi 2023: r_k = normalise(mean over colours |R(C) − R(C with cell p_k of channel k set to 0)|).

Done literally that is one full decoding per channel. A local decoder (decoder.local_layers) needs less: the change of one
cell stays in a window that grows from layer to layer, so only Δz is carried on, with Δa = act(z + Δz) − act(z) inside the
window. All channels run as one batch of small windows. This is exact up to rounding; full decoding is the test oracle, and
what decoders that are not local get.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, unknown_name
from ..models import torch_or_error
from .decoder import LocalLayer, local_layers

if TYPE_CHECKING:
    from torch import nn

Floats = NDArray[np.float32]
NORMALIZATIONS = ("l1", "l2", "max")
_BLOCK = 256  # channels decoded at once where the decoder is not local
_SPARSE_BLOCK = 64  # channels whose windows are propagated at once


@dataclass(frozen=True, eq=False)
class Residuals:
    """The normalised residuals of one image: what is kept to explain it against any number of others.

    Attributes:
        maps: (c, H, W) float32; channel k's map is ≥ 0 and has norm 1 (or is zero where it is dead).
        peaks: (c,) cell of each channel's maximum, row by row (the first, where several are equal).
        dead: (c,) bool, the picture did not change at all.
        negative: (c,) bool, the channel's maximum was below zero, so that setting it to 0 raised it.
        normalization: "l1", "l2" or "max".
    """

    maps: Floats
    peaks: NDArray[np.intp]
    dead: NDArray[np.bool_]
    negative: NDArray[np.bool_]
    normalization: str

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
    normalization: str = "l1",
    cumulative: bool = False,
    sparse: bool = True,
) -> Residuals:
    """Residuals of one image from its (c, h, w) map.

    Args:
        convolutional_map: (c, h, w), the map that the decoder takes.
        decoder: from (n, c, h, w) to (n, 3, H, W).
        normalization: what each residual is divided by: its sum ("l1"), its Euclidean norm ("l2") or its maximum.
        cumulative: the paper's algorithm read literally: channels stay masked, one after another.
        sparse: carry only the change, where the decoder allows it; False decodes in full.

    Raises InputError for a map of another shape, UnknownNameError for another normalization.
    """
    if normalization not in NORMALIZATIONS:
        raise unknown_name("normalization", normalization, NORMALIZATIONS)
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
    sums = {"l1": raw.sum((1, 2)), "l2": np.sqrt(np.einsum("kij,kij->k", raw, raw)), "max": raw.max((1, 2))}[normalization]
    dead = ~(sums > 0)
    raw /= np.where(dead, 1, sums).astype(np.float32)[:, None, None]
    return Residuals(raw, peaks, dead, tops < 0, normalization)


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
    change = torch.zeros((len(a), *whole.shape[2:]))
    shapes = [tuple(z.shape[2:]) for z in before]
    windows = {int(cell): _windows(int(cell), a.shape[1:], layers, shapes) for cell in np.unique(peaks)}
    # Cells whose windows are cut off alike by the picture's border run as one batch, ordered by cell.
    groups: dict[tuple[Any, ...], list[int]] = {}
    for k in np.argsort(peaks, kind="stable"):
        groups.setdefault(tuple(w[2:] for w in windows[int(peaks[k])]), []).append(int(k))
    weight = torch.from_numpy(-tops)[:, None, None, None]

    def propagate(channels: list[int]) -> None:
        cells = peaks[channels]
        starts = np.flatnonzero(np.append(True, cells[1:] != cells[:-1])).tolist()
        runs = list(zip(starts, [*starts[1:], len(cells)], strict=True))  # of one cell
        delta = None
        for number, (layer, z, old) in enumerate(zip(layers, before, after, strict=True)):
            # The change of one cell by −top is its kernel, scaled.
            delta = layer.weight[channels] * weight[channels] if delta is None else _spread(delta, layer)
            _, _, top, left, height, width = windows[int(cells[0])][number]
            delta = delta[:, :, top : top + height, left : left + width].contiguous()
            if layer.activation is None:
                continue
            for first, last in runs:
                y, x = windows[int(cells[first])][number][:2]
                place = (slice(None), slice(None), slice(y, y + height), slice(x, x + width))
                part = delta[first:last]
                part.add_(z[place])
                part.copy_(layer.activation(part)).sub_(old[place])
        assert delta is not None
        pictures = delta.abs_().mean(1)
        for first, last in runs:
            y, x = windows[int(cells[first])][-1][:2]
            change[channels[first:last], y : y + height, x : x + width] = pictures[first:last]

    def in_thread(channels: list[int]) -> None:
        with torch.inference_mode():  # every thread has a mode of its own
            propagate(channels)

    blocks = [g[start : start + _SPARSE_BLOCK] for g in groups.values() for start in range(0, len(g), _SPARSE_BLOCK)]
    # Threads inside such small operations wait for each other more than they work, so every thread has blocks of its own.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(in_thread, blocks))
    finally:
        torch.set_num_threads(threads)
    return np.asarray(change.numpy())


def _windows(
    cell: int, shape: tuple[int, ...], layers: list[LocalLayer], shapes: list[tuple[int, ...]]
) -> list[tuple[int, int, int, int, int, int]]:
    """Where a cell's change lies behind each layer: (y, x, top, left, height, width).

    y and x are the corner in the layer's output; top and left say how much of the window hangs over the border there: that
    is no pixel and carries nothing on.
    """
    found, (y, x), (height, width) = [], divmod(cell, shape[1]), (1, 1)
    for layer, (rows, columns) in zip(layers, shapes, strict=True):
        kernel = layer.weight.shape[2]
        y, x = layer.stride * y - layer.padding, layer.stride * x - layer.padding
        height, width = (layer.stride * (n - 1) + kernel for n in (height, width))
        top, left = max(-y, 0), max(-x, 0)
        y, x, height, width = y + top, x + left, height - top, width - left
        height, width = min(height, rows - y), min(width, columns - x)
        found.append((y, x, top, left, height, width))
    return found


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
