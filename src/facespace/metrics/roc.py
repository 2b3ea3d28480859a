"""The receiver operating characteristic of a set of scores, and TAR at a given FAR.

FAR, the false accept rate, is the share of impostor scores that are accepted (ISO/IEC 19795-1: false match rate); TAR,
the true accept rate, the share of genuine ones. A score is accepted when it is ≥ the threshold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..results import fields

Doubles = NDArray[np.float64]

# Below this many false accepts at the wanted FAR, the threshold hangs on a handful of impostor scores (mapping.md).
FEW_FALSE_ACCEPTS = 10


@dataclass(frozen=True)
class TarAtFar:
    """One row of a TAR@FAR table.

    Attributes:
        far: the FAR asked for.
        tar: share of genuine scores accepted at `threshold`.
        threshold: accepted is score ≥ threshold.
        false_accepts: impostor scores accepted there; divided by their number never more than `far`.
        warning: "" or why this figure is not to be leant on.
        low, high: interval of `tar`, None where none was computed.
    """

    far: float
    tar: float
    threshold: float
    false_accepts: int
    warning: str = ""
    low: float | None = None
    high: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The row of a document's "tar"; warnings stand beside the table."""
        return fields(self, "far", "tar", "low", "high", "threshold", "false_accepts")


def few_nonmated(nonmated: int, fpirs: Sequence[float]) -> list[str]:
    """A warning for each FPIR whose threshold hangs on a handful of non-mated probes."""
    return [
        f"FNIR at FPIR {fpir:g} rests on {nonmated:,} non-mated probes: {fpir * nonmated:.3g} false alarms are expected "
        f"there, and fewer than {FEW_FALSE_ACCEPTS} are too few to place the threshold"
        for fpir in fpirs
        if fpir * nonmated < FEW_FALSE_ACCEPTS
    ]


class Roc:
    """The ROC of genuine and impostor scores; every distinct score is a threshold, so nothing is lost in ties.

    Attributes:
        thresholds: (m + 1,) float64, descending; the first is +∞ (nothing accepted).
        false_accepts, true_accepts: (m + 1,) int64, how many impostor and genuine scores are ≥ each threshold.
        n_genuine, n_impostor: how many there are of each.

    The same points as `sklearn.metrics.roc_curve(drop_intermediate=False)`.

    >>> roc = Roc([0.9, 0.6, 0.4], [0.5, 0.3, 0.2, 0.1])
    >>> roc.tar_at_far(0.25).tar, roc.tar_at_far(0.25).threshold
    (1.0, 0.4)
    >>> round(roc.auc, 4)
    0.9167
    """

    def __init__(self, genuine: ArrayLike, impostor: ArrayLike) -> None:
        g, i = _scores(genuine, "genuine"), _scores(impostor, "impostor")
        self.n_genuine, self.n_impostor = g.size, i.size
        distinct = np.unique(np.concatenate([g, i]))[::-1]
        self.thresholds: Doubles = np.concatenate([[np.inf], distinct])
        self.true_accepts = _at_least(np.sort(g), self.thresholds)
        self.false_accepts = _at_least(np.sort(i), self.thresholds)

    @classmethod
    def from_counts(cls, thresholds: ArrayLike, genuine: ArrayLike, impostor: ArrayLike) -> Roc:
        """The ROC of counted scores: (m,) descending thresholds, and how many scores of each class lie in [t_i, t_{i−1}).

        With the distinct scores as thresholds it is the ROC of the scores themselves.

        >>> Roc.from_counts([0.9, 0.5], [2, 1], [0, 4]).tar_at_far(0.1).tar
        0.6666666666666666
        """
        levels = np.asarray(thresholds, dtype=np.float64)
        counts = [np.concatenate([[0], np.cumsum(np.asarray(c, dtype=np.int64))]) for c in (genuine, impostor)]
        if levels.ndim != 1 or any(len(c) != len(levels) + 1 for c in counts) or (np.diff(levels) >= 0).any():
            raise InputError("counted scores need descending thresholds and one genuine and one impostor count for each")
        for total, what in zip(counts, ("genuine", "impostor"), strict=True):
            if total[-1] == 0:
                raise InputError(f"{what} scores must be a list of at least one number; none were counted")
        roc = cls.__new__(cls)
        roc.thresholds = np.concatenate([[np.inf], levels])
        roc.true_accepts, roc.false_accepts = counts
        roc.n_genuine, roc.n_impostor = int(counts[0][-1]), int(counts[1][-1])
        return roc

    def __repr__(self) -> str:
        return f"Roc({self.n_genuine:,} genuine, {self.n_impostor:,} impostor, auc={self.auc:.5f}, eer={self.eer:.5f})"

    @cached_property
    def far(self) -> Doubles:
        """(m + 1,) share of impostor scores accepted at each threshold, ascending from 0 to 1."""
        return self.false_accepts / self.n_impostor

    @cached_property
    def tar(self) -> Doubles:
        """(m + 1,) share of genuine scores accepted at each threshold, ascending from 0 to 1."""
        return self.true_accepts / self.n_genuine

    @cached_property
    def auc(self) -> float:
        """Area under the curve: the chance that a genuine score is above an impostor score, ties counting half."""
        # In whole numbers as far as possible: twice the area in units of one genuine times one impostor score.
        steps = np.diff(self.false_accepts) * (self.true_accepts[1:] + self.true_accepts[:-1])
        return float(steps.sum()) / (2.0 * self.n_genuine * self.n_impostor)

    @cached_property
    def eer(self) -> float:
        """Equal error rate: FAR where FAR = 1 − TAR, on the straight lines between neighbouring points."""
        gap = self.far + self.tar - 1.0  # rises from −1 to 1
        after = int(np.argmax(gap >= 0))
        share = -gap[after - 1] / (gap[after] - gap[after - 1])
        return float(self.far[after - 1] + share * (self.far[after] - self.far[after - 1]))

    def tar_at_far(self, far: float) -> TarAtFar:
        """TAR where FAR ≤ `far`: the threshold is the smallest score, genuine or impostor, whose FAR is not above it.

        Never the nearest point. Where no impostor may pass, the threshold is just above the largest impostor score, also
        where scores are float32. With fewer than 10 false accepts expected (far × impostor scores), the row has a warning
        with the counts.

        Raises InputError unless 0 ≤ far ≤ 1.
        """
        if not 0.0 <= far <= 1.0:
            raise InputError(f"a false accept rate is between 0 and 1, not {far:g}", "Write 1e-3 for 0.1 %.")
        last = int(np.searchsorted(self.false_accepts, allowed_accepts(far, self.n_impostor), side="right")) - 1
        accepts, threshold = int(self.false_accepts[last]), float(self.thresholds[last])
        if accepts == 0:
            first = int(np.searchsorted(self.false_accepts, 1))  # the largest impostor score
            threshold = min(_just_above(float(self.thresholds[first])), threshold)
        expected = far * self.n_impostor
        warning = ""
        if expected < FEW_FALSE_ACCEPTS:
            warning = (
                f"TAR at FAR {far:g} rests on {accepts} false accepts: of {self.n_impostor:,} impostor scores "
                f"{expected:.3g} are expected there, and fewer than {FEW_FALSE_ACCEPTS} are too few to place the threshold"
            )
        return TarAtFar(far, float(self.tar[last]), threshold, accepts, warning)

    def tar_at_nearest_far(self, far: float) -> TarAtFar:
        """TAR at the point of the curve whose FAR is nearest to `far`, as published scripts read it: it may be above it.

        As insightface's eval_ijbc.py: `roc_curve` of scikit-learn with its default `drop_intermediate=True`, flipped, and
        the first point of smallest |FAR − far|. For comparison with published tables only: the point depends on which
        others were dropped, and the FAR may exceed the one asked for; `tar_at_far` is what holds a promise.
        """
        kept = np.ones(len(self.thresholds), dtype=np.bool_)
        if len(kept) > 3:  # scikit-learn looks for corners among the scores alone, and then puts +∞ before them
            kept[2:-1] = (np.diff(self.false_accepts[1:], 2) != 0) | (np.diff(self.true_accepts[1:], 2) != 0)
        places = np.flatnonzero(kept)[::-1]
        place = int(places[np.argmin(np.abs(self.far[places] - far))])
        note = f"read at the nearest FAR, {self.far[place]:.3g}"
        return TarAtFar(far, float(self.tar[place]), float(self.thresholds[place]), int(self.false_accepts[place]), note)


def allowed_accepts(far: float, n_impostor: int) -> int:
    """The largest count c with c / n ≤ far in floating point, which is how the share is compared everywhere else.

    `far * n` may round either way: 0.29 * 100 is 28.999…96, but 29 / 100 is 0.29.

    >>> allowed_accepts(0.29, 100), allowed_accepts(1e-3, 3000), allowed_accepts(1e-4, 3000)
    (29, 3, 0)
    """
    count = math.floor(far * n_impostor)
    if count / n_impostor > far:
        return count - 1
    return count + 1 if count < n_impostor and (count + 1) / n_impostor <= far else count


def _just_above(score: float) -> float:
    """The next number that float32 holds: a threshold stays above the score where scores are compared in float32."""
    near = np.float32(score)
    return float(near if near > score else np.nextafter(near, np.float32(np.inf)))


def _at_least(ascending: Doubles, thresholds: Doubles) -> NDArray[np.int64]:
    return len(ascending) - np.searchsorted(ascending, thresholds, side="left").astype(np.int64)


def _scores(values: ArrayLike, what: str) -> Doubles:
    scores = np.asarray(values, dtype=np.float64)
    if scores.ndim != 1 or scores.size == 0:
        raise InputError(f"{what} scores must be a list of at least one number; got shape {scores.shape}")
    if not np.isfinite(scores).all():
        raise InputError(f"{int((~np.isfinite(scores)).sum()):,} {what} scores are NaN or infinite")
    return scores
