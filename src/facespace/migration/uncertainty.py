"""How far a mapped template is from what the new network would have given, told from the old one alone.

The distance of a pair is e = 1 − cos(M x, y). Ridge regression of log e on features of x: the unit vector itself, the length
of M x (a map shrinks what it can't say, so this length is a certainty), and how far x is from the map's domain (the
leverage x̃ᵀ (Σ + λ)⁻¹ x̃ with the spectrum that the map keeps). The penalty is chosen by generalised cross-validation on what
a model is fitted on alone, so that no figure is of people whom it, its penalty or its scales have seen.

Half of the people calibrate an upper limit (conformal): e ≤ q · ê for the wanted share of templates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from ..embeddings import Floats, normalize
from .evidence import Direction, Evidence

Doubles = NDArray[np.float64]

_PENALTIES = tuple(10.0**k for k in range(-4, 5))
_PARTS = 5


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Predicts the error of mapped templates.

    Attributes:
        direction: whose map. model: of log e on features.
        predicted: (n,) error of each image of the evidence, by models that saw no image of its person.
        error: (n,) what it is truly.
        spearman, low, high: rank correlation of both, with its interval over people.
        factor: the error of 95 % of templates is below `factor` times the prediction (conformal, over people).
    """

    direction: Direction
    model: Pipeline
    predicted: Doubles
    error: Doubles
    spearman: float
    low: float
    high: float
    factor: float

    def predict(self, old: NDArray[np.floating]) -> Doubles:
        """(n,) predicted 1 − cosine of templates (n, p) of the old network."""
        found: Doubles = np.exp(self.model.predict(features_of(self.direction, old)))
        return found


def errors_of(direction: Direction, old: Floats, new: Floats) -> Doubles:
    """(n,) 1 − cosine of mapped templates with the new network's own."""
    found: Doubles = 1.0 - np.vecdot(direction.template(old), direction.query(new)).astype(np.float64)
    return np.maximum(found, 1e-6)


def features_of(direction: Direction, old: NDArray[np.floating]) -> Doubles:
    """(n, p + 2): unit vectors, the logarithm of the mapped length, and of the leverage."""
    way = direction.templates
    assert way is not None  # a gallery that stays as it is has no error
    unit = normalize(old)
    lengths = np.linalg.norm(way.transform(unit).astype(np.float64), axis=1)
    values = way.source_values.astype(np.float64)
    ridge = max(float(values.mean()), 1e-12)
    parts = (unit.astype(np.float64) - way.source_mean) @ way.source_vectors
    leverage = (parts**2 / (values + ridge)).sum(axis=1)
    return np.column_stack([unit, np.log(np.maximum(lengths, 1e-9)), np.log(np.maximum(leverage, 1e-12))])


def fit_uncertainty(evidence: Evidence, direction: Direction, level: float = 0.95) -> Uncertainty:
    """From images of people whom the map was not fitted on; every figure is of people whom the model did not see."""
    x, error = features_of(direction, evidence.old), errors_of(direction, evidence.old, evidence.new)
    wanted = np.log(error)
    model = make_pipeline(StandardScaler(), RidgeCV(_PENALTIES))
    folds = GroupKFold(min(_PARTS, evidence.people))
    predicted = np.exp(cross_val_predict(model, x, wanted, groups=evidence.person, cv=folds))
    rank, low, high = _rank_correlation(predicted, error, evidence.person, level)
    ratio = np.sort(_one_of_each(error / predicted, evidence.person))
    place = min(math.ceil((len(ratio) + 1) * level), len(ratio)) - 1
    return Uncertainty(direction, model.fit(x, wanted), predicted, error, rank, low, high, float(ratio[place]))


def _rank_correlation(first: Doubles, second: Doubles, person: NDArray[np.intp], level: float) -> tuple[float, float, float]:
    """Spearman's, with Fisher's interval for as many independent values as there are people."""
    rank = float(stats.spearmanr(first, second).statistic)
    people = len(np.unique(person))
    half = float(stats.norm.ppf((1 + level) / 2)) * 1.06 / math.sqrt(max(people - 3, 1))  # 1.06: Fieller et al. 1957
    middle = math.atanh(min(max(rank, -0.999999), 0.999999))
    return rank, math.tanh(middle - half), math.tanh(middle + half)


def _one_of_each(ratio: Doubles, person: NDArray[np.intp]) -> Doubles:
    """One value a person: people are what is exchangeable."""
    return ratio[np.unique(person, return_index=True)[1]]
