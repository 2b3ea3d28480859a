"""PairStatistics: all that a linear map between two spaces needs to know about paired embeddings.

For pairs (x_i, y_i), x_i ∈ ℝ^p of the source and y_i ∈ ℝ^q of the target:

    n,  Σx (p,),  Σy (q,),  G = XᵀX (p, p),  C = XᵀY (p, q),  H = YᵀY (q, q),    all float64

They add: statistics of two disjoint sets of pairs are the sum of theirs, so shards are added and a cross-validation fold
is subtracted from the total. Memory does not depend on n.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special
from numpy.typing import ArrayLike, NDArray

from ..errors import DimensionError, InputError
from ..io import AnyKey, read_artefact, write_artefact

Doubles = NDArray[np.float64]
Spectrum = tuple[Doubles, Doubles]  # eigenvalues (d,), ascending, and eigenvectors (d, d), columns

STORAGES = ("float16", "int8")
_BLOCK = 16384  # rows converted to float64 at a time


@dataclass(frozen=True, eq=False)
class Moments:
    """One side of the statistics: count, sum and Gram matrix of n vectors of width d."""

    n: int
    total: Doubles  # (d,)
    gram: Doubles  # (d, d)
    plain: Moments | None = None  # of `stored`: without the noise, for its decomposition

    @property
    def dim(self) -> int:
        """Width d of the vectors."""
        return len(self.total)

    @property
    def mean(self) -> Doubles:
        """(d,) mean vector."""
        return self.total / max(self.n, 1)

    def scatter(self, center: bool) -> Doubles:
        """(d, d) Gram matrix, about the mean if `center`."""
        return self._centered if center else self.gram

    def spectrum(self, center: bool) -> tuple[Doubles, Doubles]:
        """Eigenvalues (d,), ascending and not negative, and eigenvectors (d, d, columns) of `scatter(center)`."""
        return self._spectrum_centered if center else self._spectrum_raw

    @cached_property
    def _centered(self) -> Doubles:
        return self.gram - np.outer(self.total, self.mean)

    # Kept, because every estimator and every target that the same source is mapped to needs the same decomposition.
    @cached_property
    def _spectrum_raw(self) -> tuple[Doubles, Doubles]:
        return self._decomposed(False)

    @cached_property
    def _spectrum_centered(self) -> tuple[Doubles, Doubles]:
        return self._decomposed(True)

    def _decomposed(self, center: bool) -> tuple[Doubles, Doubles]:
        if self.plain is None:
            return _eigen(self.scatter(center))
        values, directions = self.plain.spectrum(center)
        return values + self.n * storage_noise(self.dim), directions

    def variances(self) -> tuple[Doubles, Doubles]:
        """Eigenvalues and eigenvectors of the covariance, as `spectrum(center=True)`."""
        values, vectors = self.spectrum(center=True)
        return values / self.n, vectors

    def rank(self, center: bool) -> int:
        """Number of directions that the vectors determine (eigenvalues above rounding error)."""
        values = self.spectrum(center)[0]
        return int(np.count_nonzero(values > values[-1] * self.dim * np.finfo(np.float64).eps * 10))

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.n + other.n, self.total + other.total, self.gram + other.gram)

    def __sub__(self, other: Moments) -> Moments:
        return Moments(self.n - other.n, self.total - other.total, self.gram - other.gram)

    def about(self, origin: Doubles) -> Moments:
        """Moments of the same vectors less `origin` (d,)."""
        outer = np.outer(self.total, origin)
        gram = self.gram - outer - outer.T + self.n * np.outer(origin, origin)
        return Moments(self.n, self.total - self.n * origin, gram)

    def stored(self) -> Moments:
        """Moments of the same vectors as if stored in 8 bits: their noise of storage on the diagonal of the Gram matrix."""
        gram = self.gram + self.n * storage_noise(self.dim) * np.eye(self.dim)
        return Moments(self.n, self.total, gram, plain=self)

    @classmethod
    def of(cls, vectors: ArrayLike) -> Moments:
        """Moments of the rows of (n, d) `vectors`. Raises InputError on NaN or infinite values."""
        matrix = np.asarray(vectors)
        total, gram = np.zeros(matrix.shape[1]), np.zeros((matrix.shape[1],) * 2)
        for start in range(0, len(matrix), _BLOCK):
            block = matrix[start : start + _BLOCK].astype(np.float64, copy=False)
            total += block.sum(axis=0)
            gram += block.T @ block
        if not np.isfinite(np.trace(gram)):
            raise InputError("vectors with NaN or infinite values can't be added to statistics")
        return cls(len(matrix), total, gram)


@dataclass(frozen=True, eq=False)
class PairStatistics:
    """Sufficient statistics of paired embeddings; a monoid under `+` with `empty` as its zero.

    >>> import numpy as np
    >>> x, y = np.eye(4), np.eye(4)[:, :2]
    >>> whole = PairStatistics.of(x, y)
    >>> parts = PairStatistics.of(x[:1], y[:1]) + PairStatistics.of(x[1:], y[1:])
    >>> whole.n == parts.n and np.array_equal(whole.cross, parts.cross)
    True
    >>> whole
    PairStatistics(4 pairs, 4 → 2)
    """

    source: Moments
    target: Moments
    cross: Doubles  # C = XᵀY, (p, q)
    source_model: str = ""
    target_model: str = ""

    @property
    def n(self) -> int:
        """Number of pairs."""
        return self.source.n

    def __repr__(self) -> str:
        return f"PairStatistics({self.n:,} pairs, {self.source.dim} → {self.target.dim})"

    @classmethod
    def empty(cls, p: int, q: int, *, source_model: str = "", target_model: str = "") -> PairStatistics:
        """Statistics of no pairs between widths p and q."""
        return cls.of(np.empty((0, p)), np.empty((0, q)), source_model=source_model, target_model=target_model)

    @classmethod
    def of(cls, x: ArrayLike, y: ArrayLike, *, source_model: str = "", target_model: str = "") -> PairStatistics:
        """Statistics of the pairs (row i of x, row i of y); x is (n, p), y is (n, q)."""
        source, target = np.asarray(x), np.asarray(y)
        if source.ndim != 2 or target.ndim != 2 or len(source) != len(target):
            raise DimensionError(
                f"paired vectors must be two matrices of equal length; got shapes {source.shape} and {target.shape}",
                "Row i of both must belong to the same pair; EmbeddingSet.join brings two sets into one order.",
            )
        return cls(Moments.of(source), Moments.of(target), cross_gram(source, target), source_model, target_model)

    def update(self, x: ArrayLike, y: ArrayLike) -> PairStatistics:
        """These statistics with more pairs added (a new value; this one stays as it is)."""
        return self + PairStatistics.of(x, y, source_model=self.source_model, target_model=self.target_model)

    def _check(self, other: PairStatistics) -> None:
        mine, its = self.cross.shape, other.cross.shape
        if mine != its:
            raise DimensionError(f"can't combine statistics of widths {mine[0]} → {mine[1]} and {its[0]} → {its[1]}")
        for side in ("source_model", "target_model"):
            a, b = getattr(self, side), getattr(other, side)
            if a and b and a != b:
                raise InputError(f"can't combine statistics of different networks: {side.replace('_', ' ')} {a!r} and {b!r}")

    def __add__(self, other: PairStatistics) -> PairStatistics:
        self._check(other)
        return PairStatistics(
            self.source + other.source,
            self.target + other.target,
            self.cross + other.cross,
            self.source_model or other.source_model,
            self.target_model or other.target_model,
        )

    def __sub__(self, other: PairStatistics) -> PairStatistics:
        self._check(other)
        if other.n > self.n:
            raise InputError(f"can't take {other.n:,} pairs out of {self.n:,}", "Was the part added to this total?")
        return PairStatistics(
            self.source - other.source,
            self.target - other.target,
            self.cross - other.cross,
            self.source_model,
            self.target_model,
        )

    def swap(self) -> PairStatistics:
        """The same pairs with source and target exchanged."""
        return PairStatistics(self.target, self.source, self.cross.T, self.target_model, self.source_model)

    def about(self, source_origin: Doubles, target_origin: Doubles) -> PairStatistics:
        """Statistics of the same pairs less (p,) and (q,) origins, such as the means of galleries larger than the pairs."""
        moved = self.cross - np.outer(source_origin, self.target.total) - np.outer(self.source.total, target_origin)
        moved += self.n * np.outer(source_origin, target_origin)
        source, target = self.source.about(source_origin), self.target.about(target_origin)
        return PairStatistics(source, target, moved, self.source_model, self.target_model)

    def covariation(self, center: bool) -> Doubles:
        """(p, q) XᵀY, about both means if `center`."""
        return self.cross - np.outer(self.source.total, self.target.mean) if center else self.cross

    def stored(self) -> PairStatistics:
        """Statistics of the same pairs as if both sides were stored in 8 bits (`storage_noise`).

        A map fitted on them can't live on what storage takes away.
        """
        return PairStatistics(self.source.stored(), self.target.stored(), self.cross, self.source_model, self.target_model)

    # Kept, because several families start from them.
    @cached_property
    def _memory(self) -> dict[tuple[str, bool], Any]:
        return {}

    def rotated_cross(self, center: bool) -> Doubles:
        """(p, q) VᵀC: `covariation` in the coordinates of the source's eigenvectors."""
        key = ("rotated", center)
        if key not in self._memory:
            self._memory[key] = self.source.spectrum(center)[1].T @ self.covariation(center)
        result: Doubles = self._memory[key]
        return result

    def svd(self, center: bool) -> tuple[Doubles, Doubles, Doubles]:
        """U (p, r), singular values (r,) descending and Vᵀ (r, q) of `covariation`, r = min(p, q)."""
        key = ("svd", center)
        if key not in self._memory:
            self._memory[key] = svd(self.covariation(center))
        u, sigma, vt = self._memory[key]
        return u, sigma, vt

    def save(self, path: str | Path, *, key: AnyKey | None = None) -> Path:
        """Write to a .safetensors file, whole or not at all; encrypted by a `key` (of `EmbeddingSet.load`)."""
        arrays = {
            "source_sum": self.source.total,
            "target_sum": self.target.total,
            "source_gram": self.source.gram,
            "cross": self.cross,
            "target_gram": self.target.gram,
        }
        facts = {"n": self.n, "source_model": self.source_model, "target_model": self.target_model}
        return write_artefact(path, "statistics", arrays, facts, key=key)

    @classmethod
    def load(cls, path: str | Path, *, key: AnyKey | None = None) -> PairStatistics:
        """Read what `save` wrote; with a `key` nothing else. Raises FileFormatError, EncryptionError."""
        file = read_artefact(path, "statistics", key=key)
        if (n := file.fact("n", int)) < 0:
            raise file.error(f"is of {n} pairs")
        cross = file.array("cross", ("p", "q"), np.float64)
        source_sum, target_sum = file.array("source_sum", ("p",), np.float64), file.array("target_sum", ("q",), np.float64)
        source = Moments(n, source_sum, file.array("source_gram", ("p", "p"), np.float64))
        target = Moments(n, target_sum, file.array("target_gram", ("q", "q"), np.float64))
        return cls(source, target, cross, file.fact("source_model", str, ""), file.fact("target_model", str, ""))


def storage_noise(dim: int, storage: str = "int8") -> float:
    """Variance that storing a unit vector of width `dim` as one of STORAGES adds to each of its numbers.

    In 8 bits, with one scale a vector, the largest number at 127: rounding to steps of m/127 adds (m/127)²/12, and of d
    normal numbers with the sum of squares 1 the largest is about m = Φ⁻¹(1 − 1/(4d)) / √d. Half precision rounds a number in
    [2^e, 2^(e+1)) to steps of 2^(e−10), which adds a twelfth of the step's square: on average x² 2⁻²⁰ / 24 of numbers x.
    """
    if storage == "float16":
        return 2.0**-20 / 24 / dim
    return float(scipy.special.ndtri(1 - 0.25 / dim)) ** 2 / (dim * 12 * 127**2)


def cross_gram(x: NDArray[Any], y: NDArray[Any]) -> Doubles:
    """XᵀY in float64, a block of rows at a time: (n, p), (n, q) → (p, q)."""
    result = np.zeros((x.shape[1], y.shape[1]))
    for start in range(0, len(x), _BLOCK):
        left = x[start : start + _BLOCK].astype(np.float64, copy=False)
        result += left.T @ y[start : start + _BLOCK].astype(np.float64, copy=False)
    return result


def svd(matrix: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """U (p, r), singular values (r,), descending, and Vᵀ (r, q), with r = min(p, q).

    LAPACK's fast driver (divide and conquer) now and then does not converge on matrices that its slower one decomposes.
    """
    try:
        return np.linalg.svd(matrix, full_matrices=False)
    except np.linalg.LinAlgError:
        if not np.isfinite(matrix).all():
            raise
        u, values, vt = scipy.linalg.svd(matrix, full_matrices=False, lapack_driver="gesvd")
        return u, values, vt


def inverse_root(spectrum: Spectrum, regularization: float) -> Doubles:
    """(d, d) (C + ρ λ_max I)^{-1/2}, symmetric, from the spectrum of C."""
    values, vectors = spectrum
    floor = regularization * max(float(values[-1]), np.finfo(np.float64).tiny)
    root: Doubles = (vectors / np.sqrt(values + floor)) @ vectors.T
    return root


def _eigen(gram: Doubles) -> tuple[Doubles, Doubles]:
    values, vectors = np.linalg.eigh(gram)
    return np.maximum(values, 0.0), vectors
