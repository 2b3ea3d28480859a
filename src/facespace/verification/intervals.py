"""Confidence intervals that respect people: whole persons are drawn, not pairs.

Two pairs that share a person have scores that depend on each other, so drawing pairs makes intervals too narrow. Each
resample draws P of the P people with replacement. A genuine pair of person p then counts m_p times, an impostor pair of
p and q counts m_p m_q times, where m is how often each was drawn. Interval: percentiles of the statistic over resamples.

Source: Bolle, Ratha, Pankanti, Error analysis of pattern recognition systems: the subsets bootstrap, CVIU 93, 2004; for
the product weights of impostor pairs Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1, 2007. Product
weights err on the wide side where most people are in one impostor pair only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..datasets import PairProtocol
from ..embeddings import EmbeddingSet, Strings

Doubles = NDArray[np.float64]
_BLOCK = 200_000  # weights worked on at once (resamples × pairs): they stay near the processor


@dataclass(frozen=True)
class Intervals:
    """`accuracy` and one `tar` per FAR, each (low, high)."""

    accuracy: tuple[float, float]
    tar: tuple[tuple[float, float], ...]


def subjects_of(
    protocol: PairProtocol, left_set: EmbeddingSet | None = None, right_set: EmbeddingSet | None = None
) -> tuple[Strings, Strings] | None:
    """The person in each pair's left and right image, (n,) and (n,), or None where that can't be known.

    Taken from the sets' `subject` columns; else from the ids, which name the person in their folder (`Zico/Zico_0001`)
    or before their last number (`Zico_1`). Any of these is believed only when it agrees with the protocol: genuine pairs
    show one person, impostor pairs two.
    """
    candidates: list[tuple[Strings, Strings]] = []
    if left_set is not None and right_set is not None and left_set.subject is not None and right_set.subject is not None:
        candidates.append(
            (left_set.subject[left_set.rows(protocol.left)], right_set.subject[right_set.rows(protocol.right)])
        )
    for separator in ("/", "_"):
        parts = [np.strings.rpartition(ids, separator) for ids in (protocol.left, protocol.right)]
        if separator == "_" and not all(np.strings.isdigit(part[2]).all() for part in parts):
            continue
        candidates.append((parts[0][0], parts[1][0]))
    for left, right in candidates:
        if np.array_equal(left == right, protocol.same) and (left != "").all() and (right != "").all():
            return left, right
    return None


def subject_intervals(
    scores: ArrayLike,
    same: ArrayLike,
    correct: ArrayLike,
    people: tuple[Strings, Strings] | None,
    fars: Sequence[float],
    *,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Intervals:
    """Percentile intervals of the accuracy and of TAR at each of `fars`.

    `scores` (n,) float, `same` (n,) bool, `people` the persons left and right, (n,) each; None draws pairs as if they
    were independent. TAR has its threshold found anew in every resample, by the rule of `Roc.tar_at_far` on weighted
    counts. The accuracy's thresholds stay as they are: `correct` (n,) says which decisions were right, and genuine and
    impostor pairs keep their shares of the whole. A resample without genuine or without impostor pairs is left out.
    """
    s, truth = np.asarray(scores, dtype=np.float64), np.asarray(same, dtype=np.bool_)
    right_ones = np.asarray(correct, dtype=np.bool_)
    if people is None:
        drawn, one, two = len(s), np.arange(len(s)), None
    else:
        names, index = np.unique(np.concatenate(people), return_inverse=True)
        drawn, one, two = len(names), index[: len(s)], index[len(s) :]

    down = np.argsort(-s[~truth], kind="stable")
    i_one, impostor = one[~truth][down], s[~truth][down]
    i_two = None if two is None else two[~truth][down]
    i_right = right_ones[~truth][down]
    up = np.argsort(-s[truth], kind="stable")
    g_one, genuine, g_right = one[truth][up], s[truth][up], right_ones[truth][up]

    # Impostors by descending score; a threshold can only lie where a run of equal scores ends.
    ends = np.flatnonzero(np.append(impostor[1:] != impostor[:-1], True))
    above = np.searchsorted(-genuine, -impostor[ends], side="left")  # genuine scores above each run

    share = float(truth.mean())
    exact: type[np.floating[Any]] = np.float32 if len(s) < 1_000_000 else np.float64  # sums of whole numbers stay below 2²⁴
    rng = np.random.default_rng(seed)
    accuracy = np.empty(resamples)
    tar = np.empty((resamples, len(fars)))
    block = max(1, _BLOCK // len(s))
    for start in range(0, resamples, block):
        stop = min(start + block, resamples)
        m = _multiplicities(rng, stop - start, drawn)
        g, i = m[:, g_one], m[:, i_one]
        if i_two is not None:
            i = i * m[:, i_two]
        g_sum, i_sum = np.cumsum(g, axis=1, dtype=exact), np.cumsum(i, axis=1, dtype=exact)
        g_all, i_all = (_nan_zero(total[:, -1].astype(np.float64)) for total in (g_sum, i_sum))
        accuracy[start:stop] = share * (g @ g_right) / g_all + (1 - share) * (i @ i_right) / i_all
        i_ends = i_sum[:, ends]
        for column, far in enumerate(fars):
            passed = (i_ends <= far * i_all[:, None] * (1 + 1e-12)).sum(axis=1)  # runs that may be accepted
            count = np.append(above, g.shape[1])[passed]  # accepted is all above the first run that may not
            accepted = np.where(count > 0, np.take_along_axis(g_sum, np.maximum(count - 1, 0)[:, None], axis=1)[:, 0], 0)
            tar[start:stop, column] = np.where(np.isnan(i_all), np.nan, accepted / g_all)
    tails = [50 * (1 - level), 100 - 50 * (1 - level)]
    low, high = np.nanpercentile(accuracy, tails)
    rows = np.nanpercentile(tar, tails, axis=0)
    return Intervals((float(low), float(high)), tuple((float(a), float(b)) for a, b in rows.T))


def _multiplicities(rng: np.random.Generator, resamples: int, people: int) -> NDArray[np.float32]:
    """(resamples, people): how often each person is drawn, in as many draws as there are people."""
    drawn = rng.integers(0, people, size=(resamples, people))
    flat = (drawn + np.arange(resamples)[:, None] * people).ravel()
    return np.bincount(flat, minlength=resamples * people).reshape(resamples, people).astype(np.float32)


def _nan_zero(total: Doubles) -> Doubles:
    return np.where(total > 0, total, np.nan)
