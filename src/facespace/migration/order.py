"""Whom to photograph again first: those whose mapped templates are likely to be worst.

What it brings is measured on people whom neither the map nor the prediction saw: TAR against the share of templates that the
new network has made anew, in this order, at random, and in the order of the true error, each at its own threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..embeddings import Floats
from ..metrics import allowed_accepts
from .evidence import Direction, Evidence
from .uncertainty import Uncertainty

Doubles = NDArray[np.float64]

SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, eq=False)
class OrderCurve:
    """TAR at a FAR against the share of templates made anew.

    Attributes:
        far. shares: (s,). tar: (s,) by order: "predicted", "random", "true error".
        old: TAR of the old network alone.
        area, low, high: the mean over the shares of predicted less random, and its interval over people.
        spearman: rank correlation of predicted with true error, low, high.
        pays_from: the least share made anew, in the predicted order, whose TAR is that of the old network; None if none.
    """

    far: float
    shares: Doubles
    tar: dict[str, Doubles]
    old: float
    area: float
    low: float
    high: float
    spearman: tuple[float, float, float]
    pays_from: float | None

    @property
    def verdict(self) -> str:
        """A sentence: does the order beat chance?"""
        if self.low > 0:
            return "The order beats chance."
        return (
            "The order does not beat chance here: re-enrol as it comes."
            if self.high <= 0
            else ("Whether the order beats chance is not known from so few people.")
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON document."""
        return {
            "far": self.far,
            "shares": self.shares.tolist(),
            "tar": {name: tar.tolist() for name, tar in self.tar.items()},
            "old": self.old,
            "area": {"value": self.area, "low": self.low, "high": self.high},
            "spearman": dict(zip(("value", "low", "high"), self.spearman, strict=True)),
            "pays_from": self.pays_from,
            "verdict": self.verdict,
        }


def order_curve(
    evidence: Evidence, direction: Direction, uncertainty: Uncertainty, far: float, *, seed: int = 0, level: float = 0.95
) -> OrderCurve:
    """The curves of a direction in which the gallery is mapped."""
    trials = evidence.trials
    mapped, new = (evidence_side(evidence, direction, anew) for anew in (False, True))
    queries = direction.query(evidence.new)
    orders = {
        "predicted": np.argsort(-uncertainty.predicted, kind="stable"),
        "random": np.random.default_rng(seed).permutation(len(mapped)),
        "true error": np.argsort(-uncertainty.error, kind="stable"),
    }
    scores = [trials.scores(side, queries) for side in (mapped, new)]
    row = np.broadcast_to(trials.few[:, None], trials.apart.shape)[trials.apart]
    accepted = {name: np.empty((len(SHARES), len(trials.one)), dtype=np.bool_) for name in orders}
    for name, order in orders.items():
        place = np.empty(len(order), dtype=np.intp)
        place[order] = np.arange(len(order))
        for number, share in enumerate(SHARES):
            anew = place < round(share * len(order))
            genuine = np.where(anew[trials.one], scores[1][0], scores[0][0])
            impostor = np.where(anew[row], scores[1][1], scores[0][1])
            accepted[name][number] = genuine > _cut(impostor, far)
    tar = {name: found.mean(axis=1) for name, found in accepted.items()}
    gain = (accepted["predicted"].astype(np.float64) - accepted["random"]).mean(axis=0)
    area, half = _mean_over_people(gain, evidence.person[trials.one], level)
    before, apart = evidence.scores("old")
    old = float((before > _cut(apart, far)).mean())
    pays = np.flatnonzero(tar["predicted"] >= old)
    return OrderCurve(
        far,
        np.asarray(SHARES),
        tar,
        old,
        area,
        area - half,
        area + half,
        (uncertainty.spearman, uncertainty.low, uncertainty.high),
        float(SHARES[pays[0]]) if len(pays) else None,
    )


def evidence_side(evidence: Evidence, direction: Direction, anew: bool) -> Floats:
    """(n, r) templates as they lie in the gallery after the move: the mapped ones, or the new network's own."""
    return direction.query(evidence.new) if anew else direction.template(evidence.old)


def _cut(impostor: Floats, far: float) -> float:
    """Accepted is what lies above it."""
    place = len(impostor) - 1 - min(allowed_accepts(far, len(impostor)), len(impostor) - 1)
    return float(np.partition(impostor, place)[place])


def _mean_over_people(values: Doubles, person: NDArray[np.intp], level: float) -> tuple[float, float]:
    """Mean of a value per trial, and the half-width of its interval with people as what was sampled."""
    mean = float(values.mean())
    deviation = np.bincount(person, weights=values - mean)
    people = int((np.bincount(person) > 0).sum())
    spread = float(np.sqrt(deviation @ deviation * people / max(people - 1, 1))) / len(values)
    return mean, float(stats.t.ppf((1 + level) / 2, max(people - 1, 1))) * spread
