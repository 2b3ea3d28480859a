"""What the linear estimators share: scikit-learn's conventions, the intercept, and fitting from statistics.

An estimator implements `_solve(statistics)`: from (possibly centred) moments to a weight W (p, q) and facts about it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ...embeddings import Floats
from ...errors import InputError
from ..statistics import Doubles, PairStatistics


@dataclass(frozen=True)
class Solution:
    """W (p, q) and what a reader should know about how it came about (chosen α or rank, notes)."""

    weight: Doubles
    facts: dict[str, Any] = field(default_factory=dict)


class LinearEstimator(TransformerMixin, ClassNamePrefixFeaturesOutMixin, BaseEstimator):  # type: ignore[misc]
    """Base of the families: y ≈ x W + b.

    Fitted attributes: `weight_` (p, q), `bias_` (q,), `mean_` (p,) and `target_mean_` (q,) of the pairs, `n_pairs_`,
    `facts_` (what the solver chose and what it could not determine).
    """

    center: bool

    def _solve(self, statistics: PairStatistics) -> Solution:
        raise TypeError(f"{type(self).__name__} is a base class; use one of the families in facespace.mapping")

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit on pairs: X (n, p) of the source, y (n, q) of the target."""
        source, target = validate_data(self, X, y, multi_output=True, y_numeric=True, dtype=np.float64)
        return self._fit(PairStatistics.of(source, np.reshape(target, (len(source), -1))))

    def fit_statistics(self, statistics: PairStatistics) -> Self:
        """Fit on PairStatistics; the same result as `fit` on the pairs they were made of."""
        self.n_features_in_ = statistics.source.dim
        return self._fit(statistics)

    def _fit(self, statistics: PairStatistics) -> Self:
        if statistics.n < 1:
            raise InputError("a map can't be fitted on no pairs", "Join two sets that share ids, or add pairs first.")
        try:
            solution = self._solve(statistics)
        except np.linalg.LinAlgError as error:
            raise InputError(
                f"{type(self).__name__} can't be fitted on these pairs: {error}", "Are some numbers enormous?"
            ) from None
        source, target = statistics.source, statistics.target
        self.weight_ = solution.weight
        self.mean_, self.target_mean_ = source.mean, target.mean
        self.bias_ = target.mean - source.mean @ self.weight_ if self.center else np.zeros(target.dim)
        self.n_pairs_ = statistics.n
        self.facts_ = solution.facts | _undetermined(statistics, self.center)
        self._n_features_out = target.dim
        return self

    def transform(self, X: ArrayLike) -> Doubles:
        """(n, p) source vectors → (n, q) predicted target vectors x W + b."""
        check_is_fitted(self)
        source: Doubles = validate_data(self, X, reset=False, dtype=np.float64)
        mapped: Doubles = source @ self.weight_ + self.bias_
        return mapped

    def score(self, X: ArrayLike, y: ArrayLike) -> float:
        """The mean cosine of predicted and true target vectors about the target's mean at fitting: 1 at best, 0 for a guess.

        What `cross_val_score` and `GridSearchCV` maximise, on rows that were held out. About zero a large mean, which many
        networks have, would make every map look good; so `center` changes nothing of how a map is scored. A row that is
        mapped to that mean counts 0. How well people are told apart is not in it: that is `facespace.verify`.
        """
        mapped = self.transform(X) - self.target_mean_
        wanted = np.reshape(np.asarray(y, dtype=np.float64), (len(mapped), -1))
        if wanted.shape != mapped.shape:
            raise ValueError(f"the targets have shape {wanted.shape}, but this map predicts {mapped.shape}")
        wanted = wanted - self.target_mean_
        lengths = np.linalg.norm(mapped, axis=1) * np.linalg.norm(wanted, axis=1)
        products = np.vecdot(mapped, wanted)
        return float(np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0).mean())

    def weigh(self, x: Floats) -> Floats:
        """(n, p) float32 → (n, q) x W in float32, without b and without checks: the inner step of scoring many pairs."""
        return x @ self.weight_.astype(np.float32)

    def probe(self, x: Floats) -> Floats:
        """(n, p) L2-normalised source vectors → (n, q) whose cosines with `reference` are the scores."""
        mapped = self.weigh(x)
        if self.center:
            mapped += (self.bias_ - self.target_mean_).astype(np.float32)
        return mapped

    def reference(self, y: Floats) -> Floats:
        """(n, q) L2-normalised target vectors → (n, q), about their mean if this map is centred."""
        return y - self.target_mean_.astype(np.float32) if self.center else y

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.target_tags.two_d_labels = True
        return tags


def _undetermined(statistics: PairStatistics, center: bool) -> dict[str, Any]:
    """With fewer pairs than dimensions: how many source directions no pair says anything about."""
    source = statistics.source
    if statistics.n > source.dim:
        return {}
    rank = source.rank(center)
    return {"source_rank": rank, "undetermined_directions": source.dim - rank}
