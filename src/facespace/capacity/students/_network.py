"""One residual module of fully connected layers, its gradient, and Adam with cosine annealing; float32 numpy.

Two small networks are trained here (DeepMDS and the student), so that the capacity of a set of embeddings needs no deep
learning library. The module maps rows x of width d to rows of width m:

    h = z ∘ (x A + a),   y = h W + relu(h) V + b

with h of width `hidden`, the skip path W, and z the dropout mask (each entry 0 with probability p, else 1 / (1 − p);
all ones without dropout). Since z ≥ 0, relu(z ∘ u) = z ∘ relu(u), so y is linear in z: see `student.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Floats = NDArray[np.float32]
_BETAS, _EPSILON = (0.9, 0.999), 1e-8


@dataclass
class ResidualModule:
    """Weights: A (d, hidden), a (hidden,), W and V (hidden, m), b (m,)."""

    A: Floats
    a: Floats
    W: Floats
    V: Floats
    b: Floats

    @property
    def weights(self) -> list[Floats]:
        return [self.A, self.a, self.W, self.V, self.b]

    def hidden(self, x: Floats) -> Floats:
        """x A + a, before dropout."""
        return np.asarray(x @ self.A + self.a, dtype=np.float32)

    def output(self, h: Floats) -> Floats:
        """(…, m) from hidden rows (…, hidden), after dropout."""
        return np.asarray(h @ self.W + np.maximum(h, 0) @ self.V + self.b, dtype=np.float32)

    def __call__(self, x: Floats) -> Floats:
        return self.output(self.hidden(x))

    def gradient(self, x: Floats, h: Floats, mask: Floats | None, back: Floats) -> list[Floats]:
        """Of a loss by each of `weights`; `back` (n, m) is its gradient by y, `h` the hidden rows after `mask`."""
        positive = np.maximum(h, 0)
        inner = back @ self.W.T
        inner += (back @ self.V.T) * (h > 0)
        if mask is not None:
            inner *= mask
        return [x.T @ inner, inner.sum(axis=0), h.T @ back, positive.T @ back, back.sum(axis=0)]


def train(
    module: ResidualModule,
    step: Callable[[int], list[Floats]],
    *,
    steps: int,
    rate: float,
    decay: float,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Adam on `module.weights`, in place. `step(i)` gives the gradients; the rate falls from `rate` to 0 by half a cosine.

    `decay` is λ of the penalty λ‖θ‖² on the matrices, decoupled from the gradient's scale (AdamW), as a share of the rate.
    """
    first = [np.zeros_like(w) for w in module.weights]
    second = [np.zeros_like(w) for w in module.weights]
    beta, gamma = _BETAS
    with threadpool_limits(1):  # matrices of this size gain nothing from threads, and lose much on a busy machine
        for i in range(steps):
            gradients = step(i)
            now = rate * 0.5 * (1 + np.cos(np.pi * i / steps))
            scale = now * np.sqrt(1 - gamma ** (i + 1)) / (1 - beta ** (i + 1))
            for w, g, m, v in zip(module.weights, gradients, first, second, strict=True):
                m += (1 - beta) * (g - m)
                g *= g
                v += (1 - gamma) * (g - v)
                np.sqrt(v, out=g)
                g += _EPSILON
                np.divide(m, g, out=g)
                g *= np.float32(scale)
                if w.ndim == 2:
                    w *= np.float32(1 - now * decay)
                w -= g
            if progress is not None:
                progress(i + 1, steps)


def from_principal_axes(x: Floats, width: int, hidden: int, rng: np.random.Generator) -> ResidualModule:
    """A module that starts as the principal component projection of centred rows `x` (n, d) to `width` dimensions.

    The hidden layer holds the leading principal components, turned by a random rotation: so no unit carries a component by
    itself, and dropout spares all of them alike. V starts at zero.
    """
    spectrum, axes = np.linalg.eigh(x.T.astype(np.float64) @ x)
    axes = axes[:, np.argsort(-spectrum)][:, :hidden]
    turn = np.linalg.qr(rng.normal(size=(hidden, axes.shape[1])))[0].T  # orthonormal rows
    return ResidualModule(
        A=(axes @ turn).astype(np.float32),
        a=np.zeros(hidden, np.float32),
        W=np.ascontiguousarray(turn.T[:, :width], dtype=np.float32),
        V=np.zeros((hidden, width), np.float32),
        b=np.zeros(width, np.float32),
    )
