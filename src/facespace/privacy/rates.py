"""The identification rates of an attacker's answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import Floats
from ..metrics import allowed_accepts, open_end

Rows = NDArray[np.intp]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answers:
    """What searches of the same probes gave, one row per repeat.

    `named` (repeats, n): the best match is the probe's person, and nobody else's entry scores as much; `score` (repeats, n):
    its cosine.
    """

    named: NDArray[np.bool_]
    score: Floats


@dataclass(frozen=True)
class Rate:
    """A rate and its 95 % interval."""

    value: float
    low: float
    high: float


def fnir_facts(fnir: Mapping[float, Rate]) -> dict[str, Any]:
    """FNIR by FPIR as it stands in documents: the values, and the ends of their intervals."""
    return {
        "fnir_at_fpir": {f"{fpir:g}": rate.value for fpir, rate in fnir.items()},
        "fnir_intervals": {f"{fpir:g}": [rate.low, rate.high] for fpir, rate in fnir.items()},
    }


@dataclass(frozen=True, eq=False)
class Rates:
    """Rank-1 identification rate (also of each repeat), and FNIR at each FPIR."""

    rank1: Rate
    each: tuple[float, ...]
    fnir: dict[float, Rate]


def open_set_threshold(nonmated: Floats, fpir: float) -> float:
    """The smallest threshold that at most a share `fpir` of the non-mated probes' best scores reach.

    >>> open_set_threshold(np.array([0.1, 0.2, 0.3, 0.4]), 0.25) > 0.3
    True
    """
    allowed = allowed_accepts(fpir, len(nonmated))
    if allowed >= len(nonmated):
        return -np.inf
    return float(_just_above(np.sort(nonmated)[::-1][allowed]))


def rates(
    answers: Answers, person: Rows, mated: NDArray[np.bool_], fpirs: Sequence[float], *, resamples: int, seed: int
) -> Rates:
    """Rates over the probes, averaged over repeats; intervals from `resamples` draws of people and of repeats.

    `person` (n,) and `mated` (n,) describe the probes. FNIR: a mated probe is missed if its best match is another person
    or scores below the threshold, which every draw of people places anew. The gallery stays as it is.
    """
    repeats = len(answers.named)
    _, person = np.unique(person, return_inverse=True)
    rng = np.random.default_rng([seed, 2])
    people = int(person.max()) + 1
    drawn = rng.multinomial(people, np.full(people, 1 / people), size=resamples).astype(np.float32)
    which = rng.integers(0, repeats, (resamples, repeats))
    weight, nonmated_weight = drawn[:, person[mated]], drawn[:, person[~mated]]
    total = np.maximum(weight.sum(axis=1), 1)
    images = np.bincount(person[mated])
    named, score, nonmated = answers.named[:, mated], answers.score[:, mated], answers.score[:, ~mated]

    each = named.mean(axis=1)
    resampled = (weight @ named.T.astype(np.float32)) / total[:, None]
    fnir = {}
    for fpir in fpirs:
        misses, redrawn = np.empty(repeats), np.empty((resamples, repeats))
        for r in range(repeats):
            threshold = open_set_threshold(nonmated[r], fpir)
            misses[r] = 1 - np.mean(named[r] & (score[r] >= threshold))
            thresholds = _weighted_thresholds(nonmated[r], nonmated_weight, fpir)
            order = np.argsort(-score[r], kind="stable")
            hits = np.cumsum(weight[:, order] * named[r][order], axis=1)
            count = np.searchsorted(-score[r][order], -thresholds, side="right")
            above = np.where(count > 0, hits[np.arange(resamples), np.maximum(count - 1, 0)], 0)
            redrawn[:, r] = 1 - above / total
        fnir[fpir] = _rate(misses, redrawn, which, images)
    return Rates(_rate(each, resampled, which, images), tuple(each.tolist()), fnir)


def _weighted_thresholds(nonmated: Floats, weight: Floats, fpir: float) -> Floats:
    """`open_set_threshold` of every draw: (resamples,) from weights (resamples, n)."""
    order = np.argsort(-nonmated, kind="stable")
    above = np.cumsum(weight[:, order], axis=1)
    allowed = (above <= fpir * above[:, -1:] * (1 + 1e-6)).sum(axis=1)
    down = np.append(nonmated[order], np.float32(-np.inf))
    thresholds: Floats = _just_above(down[allowed])
    return thresholds


def _just_above(scores: NDArray[np.float32] | np.float32) -> Any:
    # In float32, as the scores: comparing with a Python number rounds that to float32 first.
    return np.nextafter(scores, np.float32(np.inf))


def _rate(each: Doubles, resampled: NDArray[np.floating], which: Rows, images: Rows) -> Rate:
    means = np.take_along_axis(resampled, which, axis=1).mean(axis=1)
    return Rate(float(each.mean()), *open_end(float(each.mean()), np.percentile(means, [2.5, 97.5]), images))
