"""The student: a network that predicts the projected embedding with its uncertainty, for every image.

Given the teacher's projected embedding y ∈ ℝ^m of an image, it predicts μ ∈ ℝ^m and log variances s ∈ ℝ^m and minimises

    ½ Σ_j s_j + ½ Σ_j (y_j − μ_j)² exp(−s_j) + λ_g ½ Σ_j (μ_j − μ_gj)² / σ_gj²  + weight decay

(Gong and others 2019, eq. 3 to 5; μ_g and σ_g² are the mean and variances of all y). Dropout of its hidden layer stays on
when it is used: each of T passes samples one network, and over the passes

    μ̂ = mean μ_t,   Σ̂ = cov(μ_t) [epistemic] + mean diag(exp s_t) [aleatoric]          (eq. 6 and 7)

This student reads the embedding, for sets without images. It has one hidden layer with dropout, so its output is linear in
the mask (`_network.py`) and the moments over all masks have a closed form: `moments` is the limit T → ∞, at the price of a
few passes. `sampled_moments` is the sampling itself, batched.

Because y is a function of the embedding, the aleatoric part is here what the student can't reproduce, not the noise of
images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from ._network import Floats, ResidualModule, train
from .projection import DeepMDS

PRIOR = 0.01  # λ_g
LOG_VARIANCES = (-12.0, 6.0)
_BLOCK = 64  # passes at once


@dataclass(frozen=True, eq=False)
class ProbabilisticEmbeddings:
    """A Gaussian of each of n images (Shi, Jain 2019): μ̂ (n, m) and Σ̂ (n, m, m), float32."""

    mean: Floats
    covariance: Floats


class Student(Protocol):
    """What the estimate needs of a student, whatever it looks at: its teacher's projection, a name, and its moments."""

    @property
    def projection(self) -> DeepMDS:
        """The teacher's, fitted."""
        ...

    @property
    def label(self) -> str:
        """For signatures."""
        ...

    def moments(self, inputs: ArrayLike) -> ProbabilisticEmbeddings:
        """μ̂ and Σ̂ of n inputs."""
        ...


@dataclass(eq=False, repr=False)
class EmbeddingStudent:
    """The student on stored embeddings: `fit(vectors)`, then `moments(vectors)`.

    It starts from the weights of the projection it imitates.

    Args:
        projection: the fitted teacher.
        dropout: probability that a hidden unit is left out.
        steps, batch, rate, decay, seed: of the training, as in DeepMDS.
    """

    projection: DeepMDS
    _: KW_ONLY
    dropout: float = 0.2
    steps: int = 1500
    batch: int = 256
    rate: float = 1e-3
    decay: float = 1e-2
    seed: int = 0

    @property
    def label(self) -> str:
        """For signatures."""
        return f"embedding-dropout{self.dropout:g}-exact"

    def fit(self, vectors: ArrayLike, progress: Callable[[int, int], None] | None = None) -> EmbeddingStudent:
        """Train on `vectors` (n, d), whose projections are the answers."""
        rng = np.random.default_rng([self.seed, 1])
        x = self.projection.centred(vectors)
        with threadpool_limits(1):  # as in projection.py: what the training starts from has to be the same to the last digit
            y = self.projection.module_(x)
        mu, var = y.mean(axis=0), y.var(axis=0)
        m = y.shape[1]
        module = with_variances(self.projection.module_, np.log(0.1 * var))
        prior = np.float32(PRIOR) / var

        def step(_: int) -> list[Floats]:
            rows = rng.integers(0, len(x), self.batch)
            mask = self._mask(rng, (self.batch, module.A.shape[1]))
            h = module.hidden(x[rows]) * mask
            out = module.output(h)
            precision = np.exp(-np.clip(out[:, m:], *LOG_VARIANCES))
            gap = out[:, :m] - y[rows]
            back = np.hstack([gap * precision + prior * (out[:, :m] - mu), 0.5 * (1 - gap * gap * precision)])
            return module.gradient(x[rows], h, mask, (back / self.batch).astype(np.float32))

        train(module, step, steps=self.steps, rate=self.rate, decay=self.decay, progress=progress)
        self.module_: ResidualModule = module
        return self

    def moments(self, inputs: ArrayLike) -> ProbabilisticEmbeddings:
        """μ̂ and Σ̂ over all dropout masks, exactly (the aleatoric part takes s for Gaussian over the masks).

        With κ = p / (1 − p), hidden row h and its unit k's contribution a_k = h_k W_k + relu(h_k) V_k to the output:
        mean = Σ_k a_k + b, cov = κ Σ_k a_k a_kᵀ.
        """
        with threadpool_limits(1):
            return self._moments(inputs)

    def _moments(self, inputs: ArrayLike) -> ProbabilisticEmbeddings:
        module, kappa = self.module_, self.dropout / (1 - self.dropout)
        h = module.hidden(self.projection.centred(inputs))
        out = module.output(h)
        n, m = len(h), out.shape[1] // 2
        # a_k is h_k (W_k + V_k) where h_k > 0 and h_k W_k elsewhere: two sums of squares, weighted.
        up, down = np.square(np.maximum(h, 0)), np.square(np.minimum(h, 0))
        rising, falling = module.W + module.V, module.W
        covariance = up @ _outer(rising[:, :m]) + down @ _outer(falling[:, :m])
        spread = up @ np.square(rising[:, m:]) + down @ np.square(falling[:, m:])
        aleatoric = np.exp(np.clip(out[:, m:] + 0.5 * kappa * spread, *LOG_VARIANCES))
        total = (kappa * covariance).reshape(n, m, m)
        total[:, np.arange(m), np.arange(m)] += aleatoric
        return ProbabilisticEmbeddings(np.ascontiguousarray(out[:, :m]), total.astype(np.float32, copy=False))

    def sampled_moments(self, inputs: ArrayLike, passes: int, *, seed: int = 0) -> ProbabilisticEmbeddings:
        """μ̂ and Σ̂ from T = `passes` ≥ 2 sampled networks; each is the same network for all inputs, as in eq. 6."""
        rng = np.random.default_rng([seed, 2])
        h = self.module_.hidden(self.projection.centred(inputs))
        n, m = len(h), self.module_.W.shape[1] // 2
        first, noise = np.zeros((n, m)), np.zeros((n, m))
        second = np.zeros((n, m, m))
        centre = self.module_.output(h)[:, :m]  # against cancellation in the second moments
        for out in self._passes(h, passes, rng):
            gap = out[:, :, :m] - centre[:, None]
            first += gap.sum(axis=1)
            second += np.swapaxes(gap, 1, 2) @ gap
            noise += np.exp(np.clip(out[:, :, m:], *LOG_VARIANCES)).sum(axis=1)
        mean = first / passes
        covariance = (second - passes * mean[:, :, None] * mean[:, None, :]) / (passes - 1)
        covariance[:, np.arange(m), np.arange(m)] += noise / passes
        return ProbabilisticEmbeddings((centre + mean).astype(np.float32), covariance.astype(np.float32))

    def _passes(self, h: Floats, passes: int, rng: np.random.Generator) -> Iterator[Floats]:
        """(n, t, 2m) outputs of t networks at a time: one product with the weights of all t beside each other."""
        module, width = self.module_, self.module_.W.shape[1]
        positive = np.maximum(h, 0)
        for start in range(0, passes, _BLOCK):
            t = min(_BLOCK, passes - start)
            mask = self._mask(rng, (t, h.shape[1])).T[:, :, None]
            linear, bent = ((mask * w[:, None]).reshape(len(mask), t * width) for w in (module.W, module.V))
            out = h @ linear
            out += positive @ bent
            yield out.reshape(len(h), t, width) + module.b

    def _mask(self, rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
        kept = rng.random(shape, dtype=np.float32) >= self.dropout
        return kept.astype(np.float32) / np.float32(1 - self.dropout)


def _outer(rows: Floats) -> Floats:
    """(hidden, m²): the outer product of each row with itself."""
    products: Floats = (rows[:, :, None] * rows[:, None, :]).reshape(len(rows), -1)
    return products


def with_variances(teacher: ResidualModule, log_variances: Floats) -> ResidualModule:
    """The teacher's module with m further outputs, which start at `log_variances`."""

    def wide(w: Floats) -> Floats:
        return np.hstack([w, np.zeros_like(w)])

    b = np.concatenate([teacher.b, log_variances]).astype(np.float32)
    return ResidualModule(teacher.A.copy(), teacher.a.copy(), wide(teacher.W), wide(teacher.V), b)
