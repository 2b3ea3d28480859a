"""What the studies of one ordered pair of networks share: accuracy against a size, and where it becomes enough."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from ...embeddings import EmbeddingSet
from ...errors import InputError, shorten
from ...results import fields
from ...shown import Result
from ...verification import VerificationResult
from ..training_images import network_facts

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class CurvePoint:
    """One method at one size; `low`, `high` and `sd` are None where nothing was repeated."""

    method: str
    value: int
    accuracy: float
    low: float | None
    high: float | None
    sd: float | None
    loss_target: float  # the target's own accuracy − this
    loss_full: float  # this method at the last value − this


@dataclass(frozen=True)
class Needed:
    """Where a curve stays within the allowed loss from there on.

    `value` lies on the line (over log size) between `above`, the largest tried size that is not enough, and `at`, the
    smallest from which on all are; it is `at` when nothing smaller was tried, and None when the last is not enough.
    """

    value: int | None
    above: int | None
    at: int | None


def needed(values: Sequence[int], losses: Sequence[float], limit: float) -> Needed:
    """The smallest size from which on `losses` stay ≤ `limit`; `values` ascending.

    >>> needed([50, 100, 200], [0.03, 0.015, 0.005], 0.01)
    Needed(value=142, above=100, at=200)
    >>> needed([50, 100], [0.03, 0.015], 0.01)
    Needed(value=None, above=100, at=None)
    """
    failing = [i for i, loss in enumerate(losses) if not loss <= limit + 1e-14]
    if not failing:
        return Needed(values[0], None, values[0])
    last = failing[-1]
    if last == len(values) - 1:
        return Needed(None, values[last], None)
    share = (losses[last] - limit) / (losses[last] - losses[last + 1])
    logs = math.log(values[last]), math.log(values[last + 1])
    value = math.ceil(math.exp(logs[0] + share * (logs[1] - logs[0])) - 1e-9)
    return Needed(min(max(value, values[last] + 1), values[last + 1]), values[last], values[last + 1])


@dataclass(frozen=True, eq=False, repr=False)
class CurveResult(Result, ABC):
    """Accuracy of maps from `source` to `target` against a size; `accuracy` is (methods, values, repeats, folds)."""

    reported_by: ClassVar[str] = "studies.curves.curve_report"

    axis: ClassVar[str]

    signature: str
    source: str
    target: str
    dims: tuple[int, int]
    pairing: str
    native: tuple[VerificationResult, ...]  # of source and target
    methods: tuple[str, ...]
    values: tuple[int, ...]  # ascending; the last is the whole
    accuracy: Doubles
    loss: float  # what may be lost
    warnings: tuple[str, ...]
    cut: str  # which scores thresholds were chosen on

    @property
    def own(self) -> tuple[float, float]:
        """Accuracy of the source and of the target alone."""
        first, second = (r.accuracy.mean if r.accuracy is not None else float("nan") for r in self.native)
        return first, second

    @property
    def chance(self) -> float:
        """Accuracy of accepting all pairs, or none."""
        return self.native[1].chance

    @property
    def repeats(self) -> int:
        """How often each size was drawn."""
        return int(self.accuracy.shape[2])

    @cached_property
    def points(self) -> tuple[CurvePoint, ...]:
        """Every method at every value."""
        found = []
        for number, method in enumerate(self.methods):
            full = float(self.accuracy[number, -1].mean())
            for place, value in enumerate(self.values):
                cell = self.accuracy[number, place]
                mean = float(cell.mean())
                half, sd = self._spread(cell, self.accuracy[number, -1])
                low, high = (None, None) if half is None else (max(mean - half, 0.0), min(mean + half, 1.0))
                found.append(CurvePoint(method, value, mean, low, high, sd, self.own[1] - mean, full - mean))
        return tuple(found)

    @abstractmethod
    def _spread(self, cell: Doubles, full: Doubles) -> tuple[float | None, float | None]:
        """Half the 95 % interval of the mean, and the standard deviation behind it."""

    def curve(self, method: str) -> list[CurvePoint]:
        """The points of one method, ascending."""
        return [point for point in self.points if point.method == method]

    def needed(self, method: str, against: str = "target") -> Needed:
        """Where `method` loses at most `loss`: against the "target" alone, or its own "full" fit."""
        losses = [p.loss_target if against == "target" else p.loss_full for p in self.curve(method)]
        return needed(self.values, losses, self.loss)

    def brief(self) -> str:
        """The headline and its counts in a line."""
        last = [point for point in self.points if point.value == self.values[-1]]
        best = max(last, key=lambda point: point.accuracy)
        limits = "" if best.low is None or best.high is None else f" [{100 * best.low:.2f}, {100 * best.high:.2f}]"
        told = f"{best.method} {100 * best.accuracy:.2f} %{limits} at {best.value:,}"
        return f"{self.source} → {self.target}: {told}; {len(self.methods)} methods, {len(self.values)} {self.axis} values"

    def to_dict(self) -> dict[str, Any]:
        """The document; `needed` against the target's own accuracy, `needed_full` against the method's full fit."""
        own, full = ({m: self.needed(m, against) for m in self.methods} for against in ("target", "full"))
        return {
            "signature": self.signature,
            "models": network_facts((self.source, self.target), self.dims, self.native),
            **fields(self, "pairing", "cut", "chance", "repeats"),
            "folds": int(self.accuracy.shape[3]),
            "loss": self.loss,
            "full": self.values[-1],
            "points": [
                {
                    "method": p.method,
                    self.axis: p.value,
                    **fields(p, "accuracy", "low", "high", "sd", "loss_target", "loss_full"),
                }
                for p in self.points
            ],
            "needed": {m: n.value for m, n in own.items()},
            "needed_full": {m: n.value for m, n in full.items()},
            "between": {m: [n.above, n.at] for m, n in own.items()},
            "warnings": list(self.warnings),
        }


def half_width(variance: float, count: int, freedom: int) -> float:
    """Half the 95 % Student interval of a mean of `count` values of that variance."""
    return float(student.ppf(0.975, freedom)) * math.sqrt(variance / count)


def check_values(values: Sequence[int], smallest: int, what: str) -> tuple[int, ...]:
    """`values` ascending, each once; InputError naming those below `smallest`, or when there are none."""
    if not len(values):
        raise InputError(f"no {what} are given")
    if wrong := [v for v in values if v != int(v) or v < smallest]:
        raise InputError(f"{what} must be whole numbers from {smallest}; got {shorten(wrong)}")
    return tuple(sorted({int(v) for v in values}))


def check_loss(loss: float, *, positive: bool = False) -> None:
    """InputError unless `loss` is a fraction of less than one half, which is what chance loses."""
    if not 0 <= loss < 0.5 or (positive and loss == 0):
        least = "above 0" if positive else "from 0"
        raise InputError(f"a loss is a fraction {least} and below 0.5, 0.01 being one point; got {loss!r}")


def points(loss: float, spec: str = "g") -> str:
    """A loss for a person to read."""
    return f"{100 * loss:{spec}} point{'' if 100 * loss == 1 and spec == 'g' else 's'}"


def check_names(source: EmbeddingSet, target: EmbeddingSet) -> None:
    """Two sets of different networks, or InputError."""
    if not source.model or not target.model or source.model == target.model:
        raise InputError(
            f"source and target need two different model names; got {source.model or '(none)'}, {target.model or '(none)'}",
            "facespace embed writes it; for a file without, give EmbeddingSet(…, model=NAME).",
        )
