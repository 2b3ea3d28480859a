"""Pairs held out of a fit, people kept together: what `auto` and `joint` choose by, and whether the pairs correspond at all.

A map fitted without a fold scores the fold's pairs, and beside them impostors: one side of a pair against another person's.
Pairs that don't correspond (rows shuffled, ids of another list) look like impostors, and half of these lie below the
impostors' median, where hardly a genuine pair does. So twice the share of pairs below it estimates how many don't
correspond: on LFW with 5 % (25 %) of 200 pairs exchanged it says 2–8 % (21–31 %), with none at most 2 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from threadpoolctl import threadpool_limits

from ..embeddings import Floats
from ..errors import InputError
from ..metrics import Roc, subject_intervals
from ..row_index import mixed
from .pairs import PARTS, Division, PairSums
from .selection import Comparer, JudgedPairs, Selection, sample_pairs, select
from .statistics import PairStatistics

FEWEST_PEOPLE = 2 * PARTS  # that they take
_FEWEST_UNNAMED = 10 * FEWEST_PEOPLE  # pairs to choose by where nobody is known: at ten photos a person, as many people
CHANCE_LIMIT = 0.75  # of the AUC: below it a map is hardly better than none
MISMATCH_LIMIT = 0.03  # of the share of pairs that look like impostors', beyond what the genuine scores' spread explains

_SPREAD = 1e-10  # of squares, that is rounding
_JUDGED = 10_000  # pairs looked at, and impostors at least

C = TypeVar("C", bound=Comparer)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Statistics of PARTS folds, and a sample of their pairs to judge maps by.

    Attributes:
        parts: statistics of each fold, of the pairs whose people are known, or of all where nobody is.
        x, y: (m, p), (m, q) L2-normalised vectors of the sample's pairs; subjects, part: (m,) their people and folds.
        people: how many people all the pairs are of. labelled: is anybody known? Else every pair is its own person.
    """

    parts: tuple[PairStatistics, ...]
    x: Floats
    y: Floats
    subjects: NDArray[np.intp]
    part: NDArray[np.intp]
    people: int
    labelled: bool
    seed: int

    @classmethod
    def of(cls, sums: PairSums, division: Division, seed: int) -> HeldOut:
        """From one pass over the pairs."""
        x, y, unit, key, part = (np.concatenate(pieces) for pieces in zip(*sums.sample, strict=True))
        order = np.argsort(mixed(key), kind="stable")  # whatever order they lay in
        subjects = np.unique(unit[order], return_inverse=True)[1]
        parts = sums.parts[:PARTS]
        return cls(
            parts, x[order], y[order], subjects, part[order].astype(np.intp), division.people, division.labelled, seed
        )

    @property
    def too_few(self) -> str:
        """What a choice by cross-validation needs that these pairs don't have; "" if nothing."""
        if self.people >= (FEWEST_PEOPLE if self.labelled else _FEWEST_UNNAMED):
            return ""
        if self.labelled:
            return f"needs at least {FEWEST_PEOPLE} people; these pairs have {self.people}"
        unnamed = f"{_FEWEST_UNNAMED} pairs where nobody is known; these are {self.people}"
        return f"needs at least {FEWEST_PEOPLE} people, or {unnamed}"

    @cached_property
    def training(self) -> list[PairStatistics]:
        """The statistics without each fold."""
        total = self.parts[0]
        for statistics in self.parts[1:]:
            total = total + statistics
        return [total - statistics for statistics in self.parts]

    def choose(self, options: Mapping[str, Comparer]) -> tuple[Selection, int]:
        """The option of least verification error, and the number of pairs that it was judged on.

        Fitted as if the vectors had been stored in 8 bits: what lives on digits that storage takes away is not chosen.
        """
        left, right, same = sample_pairs(self.subjects, self.part, genuine=20_000, per_person=8, seed=self.seed)
        rows = [np.flatnonzero(self.part[left] == i) for i in range(PARTS)]
        one, other = self.subjects[left], self.subjects[right]
        judged = [JudgedPairs.gather(self.x, self.y, left[r], right[r], same[r], (one[r], other[r])) for r in rows]
        with threadpool_limits(1):
            return select(options, [training.stored() for training in self.training], judged), len(same)

    def agreement(self, estimator: Comparer) -> tuple[dict[str, Any], list[str]]:
        """Do the pairs agree under a map that did not see them? The numbers, and what speaks against the pairs."""
        if self.people < FEWEST_PEOPLE:
            why = f"that takes {FEWEST_PEOPLE} people: here are {self.people}"
            return {"pairs": 0}, [f"whether the pairs correspond could not be measured: {why}"]
        rng = np.random.default_rng([self.seed, 1])
        scored: list[tuple[Floats, NDArray[np.bool_], NDArray[np.intp], NDArray[np.intp]]] = []
        for number, training in enumerate(self.training):
            members = np.flatnonzero(self.part == number)
            rows = rng.permutation(members)[: _JUDGED // PARTS]
            left = np.tile(rows, min(-(-_JUDGED // len(self.x)), 20))
            right = rng.choice(members, len(left))
            other = self.subjects[left] != self.subjects[right]
            left, right = np.concatenate([rows, left[other]]), np.concatenate([rows, right[other]])
            same = np.arange(len(left)) < len(rows)
            with threadpool_limits(1):
                fitted = estimator.fit_statistics(training)
                scores = JudgedPairs.gather(self.x, self.y, left, right, same).scores(fitted)
            scored.append((scores, same, self.subjects[left], self.subjects[right]))
        scores, same, one, two = (np.concatenate(pieces) for pieces in zip(*scored, strict=True))
        facts, warnings = _judge(scores[same], scores[~same])
        curve = subject_intervals(scores, same, None, (one, two), ()).curve
        return {**facts, "auc_low": curve.auc_low, "auc_high": curve.auc_high}, warnings


def _judge(genuine: Floats, impostor: Floats) -> tuple[dict[str, Any], list[str]]:
    auc, median, n = Roc(genuine, impostor).auc, np.median(impostor), len(genuine)
    below = float(np.mean(genuine <= median))
    # The upper half of the genuine scores has (nearly) no pair that doesn't correspond; a normal law tells the lower one.
    middle, high = np.quantile(genuine, [0.5, 0.8413])
    expected = float(ndtr((median - middle) / max(high - middle, 1e-9)))
    excess = 2 * (below - expected)
    facts = {"auc": auc, "impostor_like": min(1.0, 2 * below), "pairs": n, "parts": PARTS}
    if auc < CHANCE_LIMIT:
        told = f"their scores by maps that did not see them are near chance (AUC {auc:.2f} against impostors)"
        return facts, [f"the pairs do not seem to correspond: {told}; are both sets' ids of the same images?"]
    if excess > max(MISMATCH_LIMIT, 4 * np.sqrt(below / n)) and below * n > 2:
        told = f"about {100 * excess:.0f} % of the pairs score like pairs of different people"
        remedy = "check_pairs (--disagreeing) lists them, robust (--robust) leaves them out"
        return facts, [f"part of the pairs do not seem to correspond: {told} by maps that did not see them; {remedy}"]
    return facts, []


def check_spread(statistics: PairStatistics, means: tuple[Floats, Floats] | None) -> None:
    """InputError where all vectors of a side are one: about their mean, or about the `means`, nothing is left of them."""
    for side, about, mean in zip(("source", "target"), (statistics.source, statistics.target), means or (0, 0), strict=True):
        left = float(np.trace(about.scatter(center=means is None)))
        whole = float(np.trace(about.gram)) + about.n * float(np.sum(np.asarray(mean, np.float64) ** 2))
        if left <= _SPREAD * whole:
            what = "the one pair has" if about.n == 1 else f"all {about.n:,} pairs have"
            raise InputError(
                f"{what} one and the same {side} vector, so there is nothing about the mean to fit a map on",
                "Give pairs of several images. Are the vectors those that the network gave?",
            )
