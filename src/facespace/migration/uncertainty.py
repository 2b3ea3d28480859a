"""How far a mapped template is from what the new network would have given, told from the old one alone.

The distance of a pair is e = 1 − cos(M x, y). Ridge regression of log e on features of x: the unit vector itself, the length
of M x (a map shrinks what it can't say, so this length is a certainty), and how far x is from the map's domain (the
leverage x̃ᵀ (Σ + λ)⁻¹ x̃ with the spectrum that the map keeps). The penalty is chosen by cross-validation over people.

Half of the people calibrate an upper limit (conformal): e ≤ q · ê for the wanted share of templates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold

from ..embeddings import Floats, normalize
from .evidence import Direction, Evidence

Doubles = NDArray[np.float64]

_PENALTIES = tuple(10.0**k for k in range(-4, 5))
_PARTS = 5


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Predicts the error of mapped templates.

    Attributes:
        direction: whose map. model: of log e on features. mean, scale: of the features. penalty: chosen.
        predicted: (n,) error of each image of the evidence, by models that saw no image of its person.
        error: (n,) what it is truly.
        spearman, low, high: rank correlation of both, with its interval over people.
        factor: the error of 95 % of templates is below `factor` times the prediction (conformal, over people).
    """

    direction: Direction
    model: Ridge
    mean: Doubles
    scale: Doubles
    penalty: float
    predicted: Doubles
    error: Doubles
    spearman: float
    low: float
    high: float
    factor: float

    def predict(self, old: NDArray[np.floating]) -> Doubles:
        """(n,) predicted 1 − cosine of templates (n, p) of the old network."""
        features = (features_of(self.direction, old) - self.mean) / self.scale
        found: Doubles = np.exp(self.model.predict(features))
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
    raw = features_of(direction, evidence.old)
    mean, scale = raw.mean(axis=0), np.maximum(raw.std(axis=0), 1e-9)
    x, error = (raw - mean) / scale, errors_of(direction, evidence.old, evidence.new)
    wanted = np.log(error)
    folds = list(GroupKFold(min(_PARTS, evidence.people)).split(x, groups=evidence.person))
    outside = {penalty: _outside(x, wanted, folds, penalty) for penalty in _PENALTIES}
    penalty = min(_PENALTIES, key=lambda one: float(((outside[one] - wanted) ** 2).mean()))
    predicted = np.exp(outside[penalty])
    rank, low, high = _rank_correlation(predicted, error, evidence.person, level)
    ratio = _worst_of_people(error / predicted, evidence.person)
    place = min(math.ceil((len(ratio) + 1) * level), len(ratio)) - 1
    model = Ridge(alpha=penalty).fit(x, wanted)
    return Uncertainty(
        direction, model, mean, scale, penalty, predicted, error, rank, low, high, float(np.sort(ratio)[place])
    )


def _outside(x: Doubles, y: Doubles, folds: list[tuple[NDArray[np.intp], NDArray[np.intp]]], penalty: float) -> Doubles:
    """(n,) predictions of models that saw the other folds."""
    found = np.empty(len(y))
    for rest, fold in folds:
        found[fold] = Ridge(alpha=penalty).fit(x[rest], y[rest]).predict(x[fold])
    return found


def _rank_correlation(first: Doubles, second: Doubles, person: NDArray[np.intp], level: float) -> tuple[float, float, float]:
    """Spearman's, with Fisher's interval for as many independent values as there are people."""
    rank = float(stats.spearmanr(first, second).statistic)
    people = len(np.unique(person))
    half = float(stats.norm.ppf((1 + level) / 2)) * 1.06 / math.sqrt(max(people - 3, 1))  # 1.06: Fieller et al. 1957
    middle = math.atanh(min(max(rank, -0.999999), 0.999999))
    return rank, math.tanh(middle - half), math.tanh(middle + half)


def _worst_of_people(ratio: Doubles, person: NDArray[np.intp]) -> Doubles:
    """One value a person, by chance the first: people are what is exchangeable."""
    return ratio[np.unique(person, return_index=True)[1]]
