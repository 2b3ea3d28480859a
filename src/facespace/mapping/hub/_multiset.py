"""Canonical correlation analysis of several sets (MAXVAR), from the statistics of their pairs.

With the covariances C_ij of models i and j, G̃_i = C_ii + ρ λ_max(C_ii) I and T_i the map into the hub:

    R = [G̃_i^{-1/2} C_ij G̃_j^{-1/2}]_{i≠j} with zeros for i = j,    R V = V Λ,    V = (V_1; …; V_k)
    w = Λ / (k − 1)  the mean correlation between the models along each direction,    T_i = G̃_i^{-1/2} V_i w^e

For e = ½, T_i T_jᵀ is the best approximation of rank r to the canonical scores G̃_i⁻¹ C_ij G̃_j⁻¹ of all pairs at once; two
models give JointMap with its Σ shared between both sides. e = ¾ serves founding models as well, and those that join later
better. Source of MAXVAR: Kettenring, Canonical analysis of several sets of variables, Biometrika 58, 1971.

Measured on LFW, mean loss in points with 4 networks of 3 families / 5 that are nearer to each other: this 0.49 / 0.27 at
ρ = 0.05, direct two-sided maps 0.47 / 0.25, generalised Procrustes 0.99 / 0.35 (of whitened vectors – / 0.45); a model that
joined later 0.50 / 0.30.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg

from ...errors import DimensionError, InputError, shorten
from ..statistics import Doubles, PairStatistics, Spectrum, inverse_root

EXPONENT = 0.75  # e above
UNDONE = 0.5  # power of w by which a join undoes its shrinkage; 1 repeats solve() but amplifies noise where w is small


@dataclass(frozen=True, eq=False)
class Covariances:
    """Means and covariances of k models: `own[i]` (d_i, d_i), `cross[i, j]` (d_i, d_j) for every i ≠ j that is known."""

    models: tuple[str, ...]
    means: tuple[Doubles, ...]
    own: tuple[Doubles, ...]
    cross: Mapping[tuple[int, int], Doubles]
    pairs: Mapping[tuple[int, int], int]

    @classmethod
    def of(cls, statistics: Iterable[PairStatistics], models: Sequence[str] | None = None) -> Covariances:
        """Gathered from the statistics of pairs of models, in the order in which `models` (or they) name them.

        A model's mean and covariance are those of all its statistics together; each pair's are about its own means.
        Raises InputError without names, for a pair given twice or on fewer than 2 keys; DimensionError for two widths of
        one model.
        """
        given = list(statistics)
        names = list(models or dict.fromkeys(name for s in given for name in (s.source_model, s.target_model)))
        place = {name: i for i, name in enumerate(names)}
        sides: dict[str, list[tuple[int, Doubles, Doubles]]] = {name: [] for name in names}
        cross: dict[tuple[int, int], Doubles] = {}
        pairs: dict[tuple[int, int], int] = {}
        for s in given:
            a, b = s.source_model, s.target_model
            if not a or not b or a == b:
                raise InputError(
                    f"statistics of {a or '(no name)'!r} and {b or '(no name)'!r} can't be placed in a hub",
                    "Each must name two different models: PairStatistics.of(x, y, source_model=…, target_model=…).",
                )
            if s.n < 2:
                raise InputError(f"{a} and {b} share {s.n} keys; a hub needs at least 2, and hundreds to be of use")
            if (place[a], place[b]) in cross:
                raise InputError(f"the statistics of {a} and {b} are given twice", "Add them first: a + b.")
            covariation = s.covariation(True) / s.n
            cross[place[a], place[b]], cross[place[b], place[a]] = covariation, covariation.T
            pairs[place[a], place[b]] = s.n
            for name, side in ((a, s.source), (b, s.target)):
                sides[name].append((s.n, side.total, side.scatter(True)))
        means, own = [], []
        for name in names:
            widths = sorted({len(total) for _, total, _ in sides[name]})
            if len(widths) > 1:
                raise DimensionError(f"{name} has vectors of widths {shorten(widths)} in these statistics")
            count = sum(n for n, _, _ in sides[name])
            means.append(np.sum([total for _, total, _ in sides[name]], axis=0) / count)
            own.append(np.sum([scatter for _, _, scatter in sides[name]], axis=0) / count)
        return cls(tuple(names), tuple(means), tuple(own), cross, pairs)

    @cached_property
    def spectra(self) -> list[Spectrum]:
        """Eigenvalues (d_i,), ascending and not negative, and eigenvectors (d_i, d_i) of every `own`."""
        return [spectrum(own) for own in self.own]

    def check_complete(self) -> None:
        """Raise InputError unless every two models have their statistics."""
        if len(self.models) < 2:
            raise InputError("a hub needs at least two models", "Give a set of each network, of the same images.")
        missing = [
            f"{self.models[i]} with {self.models[j]}"
            for i, j in itertools.combinations(range(len(self.models)), 2)
            if (i, j) not in self.cross
        ]
        if missing:
            raise InputError(
                f"a hub needs the statistics of every two models; missing: {shorten(missing)}",
                "Fit the hub on models that share keys with each other, then join the rest.",
            )


def solve(covariances: Covariances, dim: int | None, regularization: float) -> tuple[list[Doubles], Doubles]:
    """`(T, w)`: the maps (d_i, r) into the hub and the mean correlations (r,), descending, r ≤ `dim`.

    Only directions with w > 0 are kept. The hub vectors of all models together have mean squared length 1.
    """
    covariances.check_complete()
    roots = [inverse_root(pair, regularization) for pair in covariances.spectra]
    ends = np.cumsum([0, *(len(root) for root in roots)])
    whole = np.zeros((ends[-1], ends[-1]))
    for (i, j), cross in covariances.cross.items():
        whole[ends[i] : ends[i + 1], ends[j] : ends[j + 1]] = roots[i] @ cross @ roots[j]
    wanted = min(dim or max(len(root) for root in roots), len(whole))
    values, vectors = scipy.linalg.eigh(whole, subset_by_index=(len(whole) - wanted, len(whole) - 1), overwrite_a=True)
    keep = np.flatnonzero(values > 1e-9 * max(float(values[-1]), 1e-9))[::-1]
    if len(keep) == 0:
        raise InputError("these models' vectors have nothing in common", "Do the ids of the sets name the same images?")
    w = values[keep] / (len(roots) - 1)
    into = [root @ (vectors[ends[i] : ends[i + 1], keep] * w**EXPONENT) for i, root in enumerate(roots)]
    length = np.sqrt(np.trace(pooled(into, covariances.own)))
    return [t / length for t in into], w


def solve_join(covariances: Covariances, into: Sequence[Doubles], w: Doubles, regularization: float) -> Doubles:
    """(d, r) the map T of a new model, the first of `covariances`; `into` are the maps T_j of the others.

    The ridge regression of the others' hub vectors on the new model's, with part of each direction's shrinkage undone:
    T = G̃⁻¹ mean_j(C_j T_j) / √w. Divided by w it is `solve`'s own equation for one block, with the T_j held.
    """
    root = inverse_root(covariances.spectra[0], regularization)
    mean = np.mean([covariances.cross[0, j] @ t for j, t in enumerate(into, 1)], axis=0)
    result: Doubles = root @ (root @ mean) / w**UNDONE
    return result


def solve_out(covariances: Covariances, into: Sequence[Doubles], hub: Spectrum, target: int, penalty: float) -> Doubles:
    """(r, d) the map from the hub to model `target`: ridge regression of its vectors on the hub vectors of all models.

    `hub` is the spectrum of `pooled(into, …)`, the penalty relative to its largest eigenvalue.
    """
    own, cross = covariances.own, covariances.cross
    mean = np.mean([t.T @ (own[j] if j == target else cross[j, target]) for j, t in enumerate(into)], axis=0)
    values, vectors = hub
    result: Doubles = vectors @ ((vectors.T @ mean) / (values + penalty * values[-1])[:, None])
    return result


def pooled(into: Sequence[Doubles], own: Sequence[Doubles]) -> Doubles:
    """(r, r) covariance of the hub vectors of all models together."""
    result: Doubles = np.mean([t.T @ c @ t for t, c in zip(into, own, strict=True)], axis=0)
    return result


def spectrum(covariance: Doubles) -> Spectrum:
    """Eigenvalues, ascending and not negative, and eigenvectors."""
    values, vectors = np.linalg.eigh(covariance)
    return np.maximum(values, 0.0), vectors
