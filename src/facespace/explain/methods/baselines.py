"""The methods that Algorithm 1 is compared with: GradCAM, GradCAM++, Gradient, gradient × input, Stylianou (avg, max).

All explain the cosine s of image A and image B in A's picture. A^k is channel k of A's map, N its number of cells, g =
∂s/∂F_A. Pooling makes the gradient at the map known in closed form: g_k/N in every cell for the average, g_k in the first
cell of the maximum, 0 elsewhere. Only the two gradients at the picture need a backward pass.

Sources: Selvaraju and others, Grad-CAM, ICCV 2017; Chattopadhay and others, Grad-CAM++, WACV 2018; Simonyan and others 2013;
Stylianou, Souvenir, Pless, Visualizing deep similarity networks, WACV 2019.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...errors import unknown_name
from ...images import Crops
from ...models import torch_or_error
from ..network import ExplainableNetwork
from ..saliency import CosineDecomposition

Floats = NDArray[np.float32]
NORMS = ("live", "detached")


def peaks_of(convolutional_map: Floats) -> NDArray[np.intp]:
    """(c,) cell of each channel's maximum, the first row by row where several are equal."""
    return np.asarray(convolutional_map.reshape(len(convolutional_map), -1).argmax(1))


def grad_cam(convolutional_map: Floats, cosine: CosineDecomposition, *, norms: str = "live") -> Floats:
    """GradCAM on the (c, h, w) map: max(Σ_k α_k A^k, 0), α_k = (1/N) Σ over the cells of ∂s/∂A^k = g_k/N; (h, w).

    Either pooling hands on g_k in all, so α_k is g_k/N for both. `norms="detached"` holds ‖F‖ fixed in the gradient; with
    average pooling the map before the ReLU is then Stylianou's, divided by N.
    """
    return np.maximum(grad_cam_signed(convolutional_map, cosine, norms=norms), 0)


def grad_cam_signed(convolutional_map: Floats, cosine: CosineDecomposition, *, norms: str = "live") -> Floats:
    """Σ_k α_k A^k of `grad_cam`, before the ReLU."""
    cells = convolutional_map[0].size
    alpha = (_gradient(cosine, norms) / cells).astype(np.float32)
    return np.asarray(np.tensordot(alpha, convolutional_map, axes=1))


def grad_cam_plus_plus_signed(
    convolutional_map: Floats, cosine: CosineDecomposition, *, pooling: str = "max", norms: str = "live"
) -> Floats:
    """GradCAM++ on the map before its ReLU: Σ_k w_k A^k, w_k = Σ over the cells of α · max(∂s/∂A^k, 0); (h, w).

    See `plus_plus_weights`.
    """
    weights = plus_plus_weights(convolutional_map, _gradient(cosine, norms), pooling).astype(np.float32)
    return np.asarray(np.tensordot(weights, convolutional_map, axes=1))


def plus_plus_weights(convolutional_map: Floats, gradient: NDArray[np.float64], pooling: str = "max") -> NDArray[np.float64]:
    """(c,) weights of GradCAM++, from ∂s/∂F (c,).

    In the paper α = G²/(2G² + G³ ΣA) with the gradient G of a cell, which is 1/(2 + G ΣA) where G ≠ 0 and 0 elsewhere.
    Code that follows the fraction adds an epsilon to its denominator; 1e-6 is of the size of G² for a cosine, and the
    weights are then no longer the formula's. A denominator that is not positive (channels that are mostly negative) gives
    0: the formula has a pole there.
    """
    cells = convolutional_map[0].size
    g = gradient / cells if pooling == "avg" else gradient
    below = 2 + convolutional_map.sum((1, 2), dtype=np.float64) * g
    alpha = np.divide(1, below, out=np.zeros_like(below), where=(below > 0) & (g != 0))
    return np.asarray(alpha * np.maximum(g, 0) * (cells if pooling == "avg" else 1))


def stylianou_avg(convolutional_map: Floats, cosine: CosineDecomposition) -> Floats:
    """S_A(x) = ⟨A(x), f̂_B⟩ / (N ‖F_A‖); (h, w). With average pooling it sums to s."""
    cells = convolutional_map[0].size
    return np.asarray(np.tensordot(cosine.detached.astype(np.float32), convolutional_map, axes=1) / np.float32(cells))


def stylianou_max(convolutional_map: Floats, cosine: CosineDecomposition) -> Floats:
    """S_A(x) = Σ of f̂_A,k f̂_B,k over the channels with their maximum at x; (h, w). With max pooling it sums to s."""
    shape = convolutional_map.shape[1:]
    total = np.bincount(peaks_of(convolutional_map), cosine.weights, minlength=shape[0] * shape[1])
    return total.reshape(shape).astype(np.float32)


def upsample(coarse: Floats, shape: tuple[int, int]) -> Floats:
    """A map of cells as a map of pixels, bilinear between the centres of the cells."""
    return np.asarray(cv2.resize(coarse.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR))


def picture_gradient(
    network: ExplainableNetwork, crops: Crops, cosines: list[CosineDecomposition]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """∂s/∂I and the input I, as the module takes it; each (n, 3, height, width).

    One backward pass for n images, each with its own partner: the gradient of Σ_i g_i · F(I_i), g_i being the cosine's
    live gradient, is ∂s_i/∂I_i in row i.
    """
    torch = torch_or_error()
    x: Any = network.prepare(crops).requires_grad_(True)
    g = torch.from_numpy(np.stack([c.live for c in cosines]).astype(np.float32))
    with torch.enable_grad():
        m = network.module(x)
        # The first of equal maxima gets the whole gradient, as p_k is the first; amax would share it out.
        f = m.flatten(2).max(2).values if network.pooling == "max" else m.mean((2, 3))
        (gradient,) = torch.autograd.grad((f * g).sum(), x)
    pixels, gradient = x.detach().numpy(), gradient.numpy()
    if network.input.layout == "NHWC":
        pixels, gradient = pixels.transpose(0, 3, 1, 2), gradient.transpose(0, 3, 1, 2)
    return gradient, pixels


def gradient_map(gradient: Floats) -> Floats:
    """The largest |∂s/∂I| over the colours; (n, height, width)."""
    return np.asarray(np.abs(gradient).max(1))


def gradient_times_input(gradient: Floats, pixels: Floats) -> Floats:
    """|Σ over the colours of I · ∂s/∂I|; (n, height, width). `pixels` as the network takes them, about 0."""
    return np.asarray(np.abs((gradient * pixels).sum(1)))


def _gradient(cosine: CosineDecomposition, norms: str) -> NDArray[np.float64]:
    if norms not in NORMS:
        raise unknown_name("treatment of the norms", norms, NORMS)
    return cosine.live if norms == "live" else cosine.detached
