"""DeepMDS: a network that unfolds the space of embeddings into ℝ^m, keeping distances.

f: ℝ^d → ℝ^m minimises over pairs (i, j) of images

    Σ [d_H(x_i, x_j) − ‖f(x_i) − f(x_j)‖₂]² + λ‖θ‖²,     d_H = 1 − cos(x_i, x_j)

(Gong, Boddeti, Jain, On the capacity of face representation, 2019, eq. 1 and 2). As in the paper: Adam and cosine annealing.
Unlike it: errors count in relation to the distance (`power`), each step uses all pairs of a batch of images instead of 256
pairs, and the network, one residual module, starts from principal components; the latter two make training short enough
for a processor. No labels are used.

All of it runs in one thread, also what comes before the training: sums of several threads differ in their last digits with
the number of threads, and hundreds of steps make a few percent of the capacity of that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from ...embeddings import check_width, normalize
from ...errors import InputError
from ._network import Floats, ResidualModule, from_principal_axes, train

_NEAREST = 0.05  # smaller distances weigh no more than this one
_LEAST = 1e-6  # a squared distance; its root has no gradient at 0


@dataclass(eq=False, repr=False)
class DeepMDS:
    """The projection, in the manner of scikit-learn: `fit(vectors)`, then `transform(vectors)`.

    Args:
        dim: m, the width of the output.
        hidden: units of the hidden layer.
        power: of 1 / d_H in a pair's weight. 0 is the paper's loss, in which pairs of one person, one in thousands, say
            nothing; 2 counts errors in relation to the distance and keeps near neighbours nearer to where they belong.
        steps, batch: training steps, and images in each (all their pairs count).
        rate: Adam's rate at the start.
        decay: λ, relative to the rate.
        seed: of the batches and the first weights.

    Attributes:
        stress_: Kruskal's stress-1 on pairs of the vectors fitted on: √(Σ (d_H − d)² / Σ d_H²).

    >>> import numpy as np
    >>> faces = np.random.default_rng(0).normal(size=(200, 12))
    >>> DeepMDS(4, steps=50).fit(faces).transform(faces).shape
    (200, 4)
    """

    dim: int
    _: KW_ONLY
    hidden: int = 256
    power: float = 2.0
    steps: int = 1500
    batch: int = 256
    rate: float = 2e-3
    decay: float = 1e-2
    seed: int = 0

    def fit(self, vectors: ArrayLike, progress: Callable[[int, int], None] | None = None) -> DeepMDS:
        """Train on `vectors` (n, d); their lengths do not matter. InputError unless 1 ≤ dim ≤ d and n > dim."""
        unit = normalize(np.asarray(vectors))
        n, d = unit.shape
        if not 1 <= self.dim <= min(d, n - 1):
            raise InputError(f"{n:,} vectors of width {d} can't be projected to {self.dim} dimensions")
        with threadpool_limits(1):
            return self._fit(unit, progress)

    def _fit(self, unit: Floats, progress: Callable[[int, int], None] | None) -> DeepMDS:
        rng, n = np.random.default_rng(self.seed), len(unit)
        self.mean_: Floats = unit.mean(axis=0, dtype=np.float64).astype(np.float32)
        x = unit - self.mean_
        module = from_principal_axes(x, self.dim, self.hidden, rng)
        module.W *= np.float32(_best_scale(unit, x, module, rng))

        def step(_: int) -> list[Floats]:
            rows = rng.integers(0, n, self.batch)
            h = module.hidden(x[rows])
            y = module.output(h)
            return module.gradient(x[rows], h, None, _stress_gradient(1 - unit[rows] @ unit[rows].T, y, self.power))

        train(module, step, steps=self.steps, rate=self.rate, decay=self.decay, progress=progress)
        self.module_: ResidualModule = module
        self.stress_ = self._stress(unit, x, rng)
        return self

    def transform(self, vectors: ArrayLike) -> Floats:
        """(n, m) float32 from (n, d)."""
        with threadpool_limits(1):
            return self.module_(self.centred(vectors))

    def centred(self, vectors: ArrayLike) -> Floats:
        """What the network sees: unit vectors less the mean of those it was fitted on; (n, d)."""
        array = np.asarray(vectors)
        check_width(array, len(self.mean_), "this projection")
        return normalize(array) - self.mean_

    def _stress(self, unit: Floats, x: Floats, rng: np.random.Generator, pairs: int = 20_000) -> float:
        i, j = rng.integers(0, len(x), (2, pairs))
        wanted = 1 - np.vecdot(unit[i], unit[j])
        got = np.linalg.norm(self.module_(x[i]) - self.module_(x[j]), axis=1)
        return float(np.sqrt(np.sum((wanted - got) ** 2) / np.sum(wanted**2)))


def _best_scale(unit: Floats, x: Floats, module: ResidualModule, rng: np.random.Generator) -> float:
    """The factor that brings distances of the first projection nearest to d_H, by least squares."""
    rows = rng.integers(0, len(x), 512)
    wanted = 1 - unit[rows] @ unit[rows].T
    got = np.sqrt(_squared_distances(module(x[rows])))
    return float(np.sum(wanted * got) / np.sum(got * got))


def _squared_distances(y: Floats) -> Floats:
    square = np.vecdot(y, y)
    return np.asarray(np.maximum(square[:, None] + square - 2 * (y @ y.T), _LEAST), dtype=np.float32)


def _stress_gradient(wanted: Floats, y: Floats, power: float) -> Floats:
    """Gradient by y of the mean of w (wanted − d)² over all pairs of rows, w = wanted^−power: by row i, per pair,
    2 Σ_j w_ij (1 − wanted_ij / d_ij) (y_i − y_j)."""
    pull = np.asarray(1 - wanted / np.sqrt(_squared_distances(y)), dtype=np.float32)
    if power:
        pull *= np.maximum(wanted, _NEAREST) ** np.float32(-power)
    np.fill_diagonal(pull, 0)
    per_pair = 4 / (len(y) * (len(y) - 1))
    return np.asarray((pull.sum(axis=1)[:, None] * y - pull @ y) * per_pair, dtype=np.float32)
