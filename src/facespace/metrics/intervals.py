"""Confidence intervals that respect people, for lists of any length.

Two pairs that share a person have scores that depend on each other, so that taking pairs for independent makes intervals
too narrow. Here the people are what was sampled. Nothing is drawn: variances come from sums over people and over pairs
of people (`_dyads.py`), in one pass, so 15.7 million pairs take seconds.

TAR at a FAR errs in two ways. (1) Which share of the genuine scores lies above a threshold: Wilson's limits with an
effective number of pairs (`_limits.genuine_limits`). (2) Where the threshold lies: the false accepts at the rate f are
worth k = f² / Var independent ones, so the FAR of the empirical threshold is f·Γ(k)/k, and TAR is read off at the quantiles
of that, in the manner of Woodruff, Confidence intervals for medians, JASA 47, 1952. Both join as in Zou, Donner 2008 with
the correlation of their errors. Beyond the largest impostor score the tail is continued as an exponential one, whose mean
excess is that of the 20 largest scores.

scripts/interval_coverage.py checks by simulation that 95 % intervals hold the truth in 92 to 98 % of the trials; up to 99 %
where fewer than ten false accepts are expected, and of a difference nearly always where two systems err on a handful of
pairs only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ..errors import InputError
from ._dyads import Deviations, Dyads, Mask
from ._limits import genuine_limits, mover_half_width, wilson
from .curve_limits import CurveLimits, auc_limits, eer_limits
from .kfold import fold_weights
from .roc import FEW_FALSE_ACCEPTS, Roc, allowed_accepts

_TAIL = 20  # largest impostor scores that say how the tail goes on
UNBOUNDED = 3.7  # with fewer, chance alone leaves no false accept in more than 2.5 % of all samples: e^−3.7

People = tuple[NDArray[Any], NDArray[Any]]


@dataclass(frozen=True)
class Intervals:
    """`accuracy`, `balanced` and one `tar` per FAR, each (low, high); `curve`: of AUC and EER.

    `warnings`: which TARs' intervals are worth little.
    """

    accuracy: tuple[float, float]
    tar: tuple[tuple[float, float], ...]
    curve: CurveLimits
    warnings: tuple[str, ...] = ()
    balanced: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True, eq=False)
class TarLimits:
    """TAR at one FAR with its limits, and what its error consists of.

    `effective_accepts`: the effective number of false accepts behind the threshold, that of independent ones. `genuine`:
    deviations of the TAR where the threshold stays. `rows`: accepted impostor pairs. `slope`: dTAR/dFAR over the range in
    which the threshold may lie.
    """

    far: float
    tar: float
    low: float
    high: float
    effective_accepts: float
    accepted: Mask
    genuine: Deviations
    rows: NDArray[np.intp]
    slope: float


def subject_intervals(
    scores: ArrayLike,
    same: ArrayLike,
    correct: ArrayLike | None,
    people: People | None,
    fars: Sequence[float],
    *,
    fold: ArrayLike | None = None,
    eer: float | None = None,
    level: float = 0.95,
) -> Intervals:
    """Intervals of the accuracy, of TAR at each of `fars`, of the area under the curve and of the equal error rate.

    `scores` (n,) float, `same` (n,) bool, `people` the persons left and right, (n,) each, names or whole numbers from 0;
    None takes pairs as independent. TAR's threshold is that of `Roc.tar_at_far`. The accuracy's thresholds stay as they
    are: `correct` (n,) says which decisions were right (None: no accuracy, its interval is (0, 1)), and genuine and impostor
    pairs keep their shares of the whole. With `fold` (n,) it is the accuracy of `kfold_accuracy`, the mean over folds, of
    whatever sizes; the balanced one is always of all pairs. `eer` is that of `Roc`, where the caller has it.

    Raises InputError for lengths that don't match and lists without genuine or without impostor pairs.
    """
    s, truth, dyads = problem(scores, same, people)
    genuine, impostor = s[truth], s[~truth]
    down = np.sort(impostor)[::-1]
    found = [tar_limits(dyads, genuine, impostor, down, far, level) for far in fars]
    accuracy = balanced = (0.0, 1.0)
    if correct is not None:
        right = np.asarray(correct, dtype=np.bool_)
        balanced = accuracy_limits(dyads, right[truth], right[~truth], level, 0.5)
        weighed, share, _ = in_folds(dyads, truth, people, fold)
        accuracy = accuracy_limits(weighed, right[truth], right[~truth], level, share)
    tar = tuple((row.low, row.high) for row in found)
    auc = auc_limits(dyads, genuine, impostor, down, level)

    def limits(far: float) -> tuple[float, float]:
        row = tar_limits(dyads, genuine, impostor, down, far, level)
        return row.low, row.high

    equal = eer_limits(Roc(genuine, impostor).eer if eer is None else eer, limits)
    return Intervals(accuracy, tar, CurveLimits(*auc, *equal), few_accepts_warnings(found, dyads.n_impostor), balanced)


def problem(scores: ArrayLike, same: ArrayLike, people: People | None) -> tuple[NDArray[np.floating], Mask, Dyads]:
    """The arguments as arrays (float32 scores stay so) and the people of the pairs; InputError if they don't match."""
    s, truth = as_scores(scores), np.asarray(same, dtype=np.bool_)
    left, right = _codes(people, len(s))
    shapes = {s.shape, truth.shape, *(side.shape for side in (left, right) if side is not None)}
    if len(shapes) > 1 or s.ndim != 1:
        raise InputError(f"scores, same and people are lists of one length; got shapes {sorted(shapes)}")
    if not 0 < int(truth.sum()) < len(truth):
        raise InputError(f"{int(truth.sum()):,} of {len(truth):,} pairs are genuine", "Intervals need both kinds of pairs.")
    return s, truth, Dyads(truth, left, right)


def _codes(people: People | None, n: int) -> tuple[NDArray[Any], NDArray[Any]] | tuple[None, None]:
    """Both sides' people as whole numbers from 0, for n pairs."""
    if people is None:
        return None, None
    left, right = (np.asarray(side) for side in people)
    codes = np.issubdtype(left.dtype, np.integer) and np.issubdtype(right.dtype, np.integer)
    if not codes or min(left.min(), right.min()) < 0 or max(left.max(), right.max()) > n:
        _, index = np.unique(np.concatenate([left, right]), return_inverse=True)
        left, right = index[: len(left)], index[len(left) :]
    return left, right


def in_folds(
    dyads: Dyads, truth: Mask, people: People | None, fold: ArrayLike | None
) -> tuple[Dyads, float, NDArray[np.float64] | None]:
    """`dyads`, how much the genuine pairs weigh, and the weights (n,) of pairs, None where folds don't differ in size."""
    weights = None if fold is None else fold_weights(fold)
    if weights is None:
        return dyads, dyads.n_genuine / len(truth), None
    left, right = _codes(people, len(truth))
    return Dyads(truth, left, right, weights), float(weights[truth].sum() / weights.sum()), weights


def as_scores(scores: ArrayLike) -> NDArray[np.floating]:
    """`scores` as float32 if they are, else float64; InputError if some are NaN."""
    s = np.asarray(scores)
    if s.dtype != np.float32:
        s = s.astype(np.float64)
    if np.isnan(s).any():
        raise InputError(f"{int(np.isnan(s).sum()):,} scores are NaN")
    return s


def tar_limits(
    dyads: Dyads,
    genuine: NDArray[np.floating],
    impostor: NDArray[np.floating],
    down: NDArray[np.floating],
    far: float,
    level: float,
) -> TarLimits:
    """TAR at `far`; `genuine` and `impostor` scores in the list's order, `down` the latter descending."""
    n = len(down)
    rows = np.flatnonzero(impostor > _at(down, far))
    accepted = genuine > _at(down, far)
    deviations, low, high = genuine_limits(dyads, accepted, level)
    tar = deviations.mean
    false = dyads.of_impostors(rows)
    effective = far * n
    if false.variance > 0:  # the variance there, carried in proportion to the rate asked for
        effective = min(far * false.mean / false.variance, effective)
    if far >= 1 or effective == 0:
        return TarLimits(far, tar, 0.0 if effective == 0 else low, high, effective, accepted, deviations, rows, 0.0)
    tail = (1 - level) / 2
    less, more = stats.gamma.ppf([tail, 1 - tail], max(effective, 1e-9)) / effective  # below 1e-5 both are 0
    lower, upper = (float(np.mean(genuine > _at(down, far * times, beyond=True))) for times in (less, more))
    correlation = 0.0
    if false.variance > 0 and deviations.variance > 0:
        correlation = -dyads.covariance(deviations, false) / math.sqrt(deviations.variance * false.variance)
        correlation = min(max(correlation, -1.0), 1.0)
    return TarLimits(
        far,
        tar,
        max(tar - mover_half_width(tar - min(lower, tar), tar - low, correlation), 0.0),
        min(tar + mover_half_width(max(upper, tar) - tar, high - tar, correlation), 1.0),
        effective,
        accepted,
        deviations,
        rows,
        (upper - lower) / span if (span := far * float(more - less)) > 0 else 0.0,
    )


def few_accepts_warnings(rows: Sequence[TarLimits], n_impostor: int) -> tuple[str, ...]:
    """What a reader must know of the intervals: thresholds that few people place, or nobody."""
    shared = [r for r in rows if r.effective_accepts < FEW_FALSE_ACCEPTS <= r.far * n_impostor]
    open_ended = [r for r in rows if 0 < r.effective_accepts < UNBOUNDED]
    found = [
        f"the {len(r.rows):,} false accepts at FAR {r.far:g} share people, so that they are worth "
        f"{r.effective_accepts:.2g} independent ones, and fewer than {FEW_FALSE_ACCEPTS} are too few to place the threshold"
        for r in shared
    ]
    if open_ended:
        found.append(
            f"the lower end of the interval at FAR {', '.join(f'{r.far:g}' for r in open_ended)} is extrapolated: so few "
            "false accepts do not bound the threshold from above, and the impostor scores are taken to end in an "
            "exponential tail"
        )
    return tuple(found)


def _at(down: NDArray[np.floating], far: float, *, beyond: bool = False) -> float:
    """Accepted is what lies above this score, by the rule of `Roc.tar_at_far`; `beyond` continues the tail."""
    n = len(down)
    if far >= 1:
        return -math.inf
    if beyond and far * n < 1:
        top = down[: _TAIL + 1].astype(np.float64)
        if not far * n > 0 or len(top) == 1:  # a quantile has underflown, or one score: no tail bounds it
            return math.inf
        return float(top[0] + (top[:-1].mean() - top[-1]) * -math.log(far * n))
    return float(down[allowed_accepts(far, n)])


def accuracy_limits(
    dyads: Dyads, genuine: Mask, impostor: Mask, level: float, share: float | None = None
) -> tuple[float, float]:
    """Limits of the share of right decisions, from those on genuine and on impostor pairs; `share`: weight of the former."""
    accepted, low, high = genuine_limits(dyads, genuine, level)
    wrong = dyads.of_impostors(np.flatnonzero(~impostor))
    n, rate = dyads.n_impostor, wrong.mean
    trials, correlation = float(n), 0.0
    if wrong.variance > 0:
        trials = min(rate * (1 - rate) / wrong.variance, n)
        if accepted.variance > 0:
            correlation = -dyads.covariance(accepted, wrong) / math.sqrt(accepted.variance * wrong.variance)
    if rate in (0, 1):  # nothing says how far people err together: as many trials as there are people, at most
        trials = min(trials, dyads.people)
    best, worst = wilson(rate, trials, stats.norm.ppf((1 + level) / 2))
    share = dyads.n_genuine / (n + dyads.n_genuine) if share is None else share
    mean = share * accepted.mean + (1 - share) * (1 - rate)
    below = mover_half_width(share * (accepted.mean - low), (1 - share) * (worst - rate), correlation)
    above = mover_half_width(share * (high - accepted.mean), (1 - share) * (rate - best), correlation)
    return max(mean - below, 0.0), min(mean + above, 1.0)
