"""Is one system better than another? The difference of their TARs on the same pairs, with an interval.

Both systems see the same people, so their errors go together, and the difference is known better than either TAR. With
the deviations of `_dyads.py`, a person adds to the error of TAR_B − TAR_A,

    (g_B − g_A)  −  (R′_B a_B − R′_A a_A)

where g is what he adds to the TAR at a fixed threshold, a to the FAR there, and R′ = dTAR/dFAR turns the second into the
TAR that the shifted threshold gives. The interval is that of the normal distribution with the variance of this sum over
people and pairs of people. Two perfect systems are not known to be equal: one discordant pair of a person whose pairs all
fail together is added to the variance, fading with the number of discordant pairs there are (as Bonett, Price, Adjusted
Wald confidence interval for a difference of binomial proportions based on paired data, Journal of Educational and
Behavioral Statistics 37, 2012, add one each way). Where the false accepts of one system do not place its threshold, both
intervals are joined as if the systems were independent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ..errors import InputError
from ..results import fields, signature
from ..shown import Result
from ._dyads import Deviations, Doubles, Dyads, Mask
from ._limits import mover_half_width, open_end, quantile
from .intervals import (
    UNBOUNDED,
    People,
    TarLimits,
    accuracy_limits,
    as_scores,
    few_accepts_warnings,
    in_folds,
    problem,
    tar_limits,
)
from .kfold import chance_warning


@dataclass(frozen=True)
class Difference:
    """TAR of both systems at one FAR, or their accuracies (`far` None), with limits, and `difference` = second − first.

    `p`: how often two equal systems would differ at least as much (two-sided). `discordant`: genuine pairs that only one of
    the systems accepts; of the accuracy, pairs that only one decides rightly.
    """

    far: float | None
    first: float
    first_low: float
    first_high: float
    second: float
    second_low: float
    second_high: float
    difference: float
    low: float
    high: float
    p: float
    discordant: int

    @property
    def verdict(self) -> str:
        """`higher` or `lower`: the second system, where the interval leaves out zero; else `open`."""
        return "higher" if self.low > 0 else "lower" if self.high < 0 else "open"


@dataclass(frozen=True, repr=False)
class SystemComparison(Result):
    """Two systems on the same pairs; `tar` has a row for each FAR, `accuracy` is None where no decisions were given."""

    reported_by: ClassVar[str] = "verification.compare_report"

    first: str
    second: str
    pairs: int
    genuine: int
    impostor: int
    people: int | None
    tar: tuple[Difference, ...]
    accuracy: Difference | None
    level: float
    warnings: tuple[str, ...]
    signature: str

    def brief(self) -> str:
        """The headline and its counts in a line."""
        rows = ([("accuracy", self.accuracy)] if self.accuracy else []) + [(f"TAR at {r.far:g}", r) for r in self.tar[:3]]
        told = (f"{name} {100 * r.difference:+.2f} [{100 * r.low:+.2f}, {100 * r.high:+.2f}]" for name, r in rows)
        return f"{self.second} less {self.first}, points: {'; '.join(told)}; {self.pairs:,} pairs"

    def to_dict(self) -> dict[str, Any]:
        """The `compare` document: rates between 0 and 1."""
        rows = [{**asdict(row), "verdict": row.verdict} for row in (*self.tar, *filter(None, [self.accuracy]))]
        return {
            **fields(self, "signature", "first", "second", "pairs", "genuine", "impostor", "people", "level"),
            "tar": rows[: len(self.tar)],
            "accuracy": None if self.accuracy is None else rows[-1],
            "warnings": list(self.warnings),
        }


def compare_scores(
    first: ArrayLike,
    second: ArrayLike,
    same: ArrayLike,
    people: People | None,
    fars: Sequence[float],
    *,
    correct: tuple[ArrayLike, ArrayLike] | None = None,
    fold: ArrayLike | None = None,
    level: float = 0.95,
    names: tuple[str, str] = ("first", "second"),
    protocol: str = "pairs",
    warnings: Sequence[str] = (),
) -> SystemComparison:
    """Compare TAR@FAR of two systems from their scores of the same n pairs.

    `first`, `second` (n,) scores, which may be of different scales; `same` (n,) bool; `people` the persons left and right,
    (n,) each, names or whole numbers from 0; None takes pairs as independent. `correct`: which of each system's
    decisions were right, (n,) bool each, for the difference of their accuracies, which are means over the folds `fold` (n,)
    where that is given. `warnings` go to the front of the result's.

    Raises InputError for lengths that don't match and lists without genuine or without impostor pairs.

    >>> same = np.arange(200) < 100
    >>> scores = np.where(same, 0.5, 0.1) + np.arange(200) % 7 / 10
    >>> row = compare_scores(scores, scores, same, None, [0.1]).tar[0]
    >>> row.difference, row.low, row.high
    (0.0, 0.0, 0.0)
    """
    one, truth, dyads = problem(first, same, people)
    two = as_scores(second)
    if two.shape != one.shape:
        raise InputError(f"the systems have {len(one):,} and {two.size:,} scores", "Score the same pairs, in one order.")
    equal = bool(np.array_equal(one, two))
    a_side = _sides(dyads, one, truth, fars, level)
    b_side = a_side if equal else _sides(dyads, two, truth, fars, level)
    rates = None if correct is None else _accuracy(in_folds(dyads, truth, people, fold), correct, truth, level, equal)
    known = None if people is None else len(np.unique(np.concatenate([dyads.genuine, dyads.one, dyads.two])))
    notes = [
        f"{name}: {text}"
        for name, side in zip(names, (a_side, b_side), strict=True)
        for text in few_accepts_warnings(side, dyads.n_impostor)
    ]
    if rates is not None:
        notes += chance_warning(rates.first, rates.first_low, truth, f"{names[0]}: ")
        notes += chance_warning(rates.second, rates.second_low, truth, f"{names[1]}: ")
    if people is None:
        notes.append("the people in the pairs are not known: pairs are taken as independent, and intervals are too narrow")
    return SystemComparison(
        first=names[0],
        second=names[1],
        pairs=len(truth),
        genuine=dyads.n_genuine,
        impostor=dyads.n_impostor,
        people=known,
        tar=tuple(_tar(dyads, a, b, level, equal) for a, b in zip(a_side, b_side, strict=True)),
        accuracy=rates,
        level=level,
        warnings=(*warnings, *notes),
        signature=signature(
            f"compare-{protocol}",
            first=names[0],
            second=names[1],
            pairs=len(truth),
            people=known,
            interval="pairs-independent" if people is None else "subjects-dyadic",
        ),
    )


def _sides(dyads: Dyads, scores: NDArray[np.floating], truth: Mask, fars: Sequence[float], level: float) -> list[TarLimits]:
    genuine, impostor = scores[truth], scores[~truth]
    down = np.sort(impostor)[::-1]
    return [tar_limits(dyads, genuine, impostor, down, far, level) for far in fars]


def _tar(dyads: Dyads, a: TarLimits, b: TarLimits, level: float, equal: bool) -> Difference:
    change = b.tar - a.tar
    differ = b.accepted.astype(np.int8) - a.accepted.astype(np.int8)
    if equal:
        below = above = 0.0
    elif min(a.effective_accepts, b.effective_accepts) < UNBOUNDED:
        below = mover_half_width(b.tar - b.low, a.high - a.tar, 0.0)
        above = mover_half_width(b.high - b.tar, a.tar - a.low, 0.0)
    else:
        shift = dyads.of_impostors(
            np.concatenate([a.rows, b.rows]),
            np.repeat([a.slope, -b.slope], [len(a.rows), len(b.rows)]),
        )
        below = above = quantile(level) * math.sqrt(
            _variance(dyads, dyads.of_genuine(differ.astype(np.float64)), shift, differ)
        )
    return _row(a.far, (a.tar, a.low, a.high), (b.tar, b.low, b.high), change, below, above, level, differ)


def _accuracy(
    weighed: tuple[Dyads, float, Doubles | None],
    correct: tuple[ArrayLike, ArrayLike],
    truth: Mask,
    level: float,
    equal: bool,
) -> Difference:
    a, b = (np.asarray(side, dtype=np.bool_) for side in correct)
    dyads, share, weights = weighed
    differ = b.astype(np.int8) - a.astype(np.int8)
    half = quantile(level) * _standard_error(dyads, share, differ, truth)
    if not equal and not differ.any():  # of other pairs they may decide some differently: as many trials as people, at most
        half = open_end(0.0, (0.0, 0.0), min(len(truth), dyads.people), level=level)[1]
    limits = [accuracy_limits(dyads, side[truth], side[~truth], level, share) for side in (a, b)]
    sides = [(float(np.average(side, weights=weights)), *ends) for side, ends in zip((a, b), limits, strict=True)]
    return _row(None, sides[0], sides[1], sides[1][0] - sides[0][0], half, half, level, differ)


def accuracy_error(
    first: ArrayLike, second: ArrayLike, same: ArrayLike, people: People | None, fold: ArrayLike | None = None
) -> float:
    """Standard error of the difference of two systems' accuracies.

    `first` and `second` (n,): which pairs each decides rightly, or of several systems what share does; `same` (n,): which
    are genuine; `people`: both sides' names or codes (n,), None if nobody is known: then pairs count as if they shared
    nobody. With `fold` (n,) accuracies are means over folds.
    """
    a, b = (np.asarray(side, dtype=np.float64) for side in (first, second))
    _, truth, dyads = problem(np.zeros(len(a)), same, people)
    weighed, share, _ = in_folds(dyads, truth, people, fold)
    return _standard_error(weighed, share, b - a, truth)


def _standard_error(dyads: Dyads, share: float, differ: NDArray[np.number], truth: Mask) -> float:
    if not differ.any():
        return 0.0
    genuine = dyads.of_genuine(share * differ[truth].astype(np.float64))
    rows = np.flatnonzero(differ[~truth])
    impostor = dyads.of_impostors(rows, (1 - share) * differ[~truth][rows].astype(np.float64))
    return math.sqrt(_variance(dyads, genuine, impostor, share * differ[truth]))


def _variance(dyads: Dyads, genuine: Deviations, impostor: Deviations, differ: NDArray[np.number]) -> float:
    """Of the sum of both means; `differ` (genuine pairs,) is what the first is the mean of."""
    n, size = dyads.n_genuine, float(np.abs(differ).max(initial=0)) or 1.0
    weight = float(dyads.by_genuine_person(differ != 0).sum())
    deff = (genuine.variance * (n / size) ** 2 + dyads.cluster) / (weight + 1)
    added = (size * max(deff, 1.0) / n) ** 2 / (1 + np.count_nonzero(differ))
    return max(genuine.variance + impostor.variance + 2 * dyads.covariance(genuine, impostor), 0.0) + added


def _row(
    far: float | None,
    first: tuple[float, float, float],
    second: tuple[float, float, float],
    change: float,
    below: float,
    above: float,
    level: float,
    differ: NDArray[np.number],
) -> Difference:
    half = below if change > 0 else above
    p = 2 * float(stats.norm.sf(abs(change) / half * quantile(level))) if half > 0 else 1.0
    low, high = max(change - below, -1.0), min(change + above, 1.0)
    return Difference(far, *first, *second, change, low, high, p, int(np.count_nonzero(differ)))
