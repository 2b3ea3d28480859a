"""Which family suits these two spaces: cross-validation of the verification loss that keeps people together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ..embeddings import Floats
from ..errors import InputError
from ..metrics import accuracy_error, best_threshold, cohort_mean
from .statistics import PairStatistics

Rows = NDArray[np.intp]
People = tuple[NDArray[np.intp], NDArray[np.intp]]

FEW_GENUINE = 100  # with fewer pairs of different images, choosing by them alone would be chance

_BLOCK = 512  # pairs at a time, so that their vectors stay in the processor's cache


class Comparer(Protocol):
    """What can be selected: fitted from statistics, it brings both sides to where their cosines are the scores."""

    def fit_statistics(self, statistics: PairStatistics, /) -> Self:
        """Fit."""
        ...

    def probe(self, x: Floats, /) -> Floats:
        """(n, p) L2-normalised source vectors → (n, r)."""
        ...

    def reference(self, y: Floats, /) -> Floats:
        """(n, q) L2-normalised target vectors → (n, r)."""
        ...


@dataclass(frozen=True, eq=False)
class JudgedPairs:
    """Pairs to judge maps by: row left[i] of x, the source, against row i of y, the target; both L2-normalised.

    x (k, p) holds every source vector once, because mapping it is nearly all the work; left (m,), y (m, q), same (m,) bool.
    people: codes (m,) of both sides' persons, None if nobody is known.
    """

    x: Floats
    left: Rows
    y: Floats
    same: NDArray[np.bool_]
    people: People | None = None

    @classmethod
    def gather(
        cls, x: Floats, y: Floats, left: Rows, right: Rows, same: NDArray[np.bool_], people: People | None = None
    ) -> JudgedPairs:
        """Rows `left` of x against rows `right` of y."""
        distinct, place = np.unique(left, return_inverse=True)
        return cls(x[distinct], place, y[right], same, people)

    def scores(self, fitted: Comparer) -> NDArray[np.float32]:
        """(m,) cosines of `fitted.probe(x)` and `fitted.reference(y)`.

        A vector that the map sends to the origin has no direction; its score is 0.
        """
        return self._cosines(fitted, fitted.probe(self.x))

    def corrected_scores(self, fitted: Comparer, cohort: tuple[Floats, Floats]) -> NDArray[np.float32]:
        """(m,) those scores less how close each side is to a cohort; see `metrics.cohort`.

        `cohort` holds its L2-normalised embeddings of the source and of the target network, (k, p) and (l, q).
        """
        mapped = fitted.probe(self.x)
        sources, targets = fitted.probe(cohort[0]), fitted.reference(cohort[1])
        cosines = self._cosines(fitted, mapped)
        half = np.float32(0.5 * cohort_strength(fitted))
        cosines -= half * cohort_mean(mapped, targets)[self.left]
        cosines -= half * cohort_mean(fitted.reference(self.y), sources)
        return cosines

    def _cosines(self, fitted: Comparer, mapped: Floats) -> NDArray[np.float32]:
        cosines = np.empty(len(self.left), dtype=np.float32)
        lengths = np.sqrt(np.vecdot(mapped, mapped))[self.left]
        for start in range(0, len(cosines), _BLOCK):
            block = slice(start, start + _BLOCK)
            y = fitted.reference(self.y[block])
            lengths[block] *= np.sqrt(np.vecdot(y, y))
            np.vecdot(mapped[self.left[block]], y, out=cosines[block])
        cosines /= np.maximum(lengths, np.finfo(np.float32).tiny)
        return cosines


@dataclass(frozen=True)
class Selection:
    """The chosen label, and of every candidate the cross-validated verification error (share of wrong decisions).

    `best` is the candidate of the least error; `behind`: how much worse each is, in standard errors of the difference.
    """

    chosen: str
    losses: dict[str, float]
    best: str
    behind: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"chosen": self.chosen, "losses": self.losses, "best": self.best, "behind": self.behind}


def select(
    candidates: Mapping[str, Comparer], training: Sequence[PairStatistics], judged: Sequence[JudgedPairs]
) -> Selection:
    """Fit every candidate on `training[i]`, the statistics without part i, and score `judged[i]`, pairs of part i.

    The error is that of the best threshold on all parts' scores together, so a map whose scores drift from part to part
    pays for it. Chosen is not the least error, which is often luck, but the first of the candidates, which come in order of
    preference, that is worse by less than one standard error of the difference, people being what varies (the rule of
    Breiman and others, Classification and regression trees, 1984, section 3.4.3).

    Raises InputError without genuine or impostor pairs.
    """
    same = np.concatenate([pairs.same for pairs in judged])
    if not 0 < same.sum() < len(same):
        raise InputError("choosing a map needs genuine and impostor pairs to judge by")
    losses, separations, correct = {}, {}, {}
    for label, estimator in candidates.items():
        parts = zip(training, judged, strict=True)
        scores = np.concatenate([pairs.scores(estimator.fit_statistics(statistics)) for statistics, pairs in parts])
        threshold, accuracy = best_threshold(scores, same)
        losses[label], correct[label] = 1 - accuracy, (scores >= threshold) == same
        separations[label] = separation(scores, same)
    best = min(losses, key=lambda label: (losses[label], -separations[label]))
    known = [pairs.people for pairs in judged if pairs.people is not None]
    people = None
    if len(known) == len(judged):
        people = np.concatenate([left for left, _ in known]), np.concatenate([right for _, right in known])
    behind = {}
    for label, right in correct.items():
        error = accuracy_error(right, correct[best], same, people)
        behind[label] = (losses[label] - losses[best]) / error if losses[label] > losses[best] else 0.0
    chosen = next(label for label in losses if behind[label] < 1)
    return Selection(chosen, losses, best, behind)


def cohort_strength(fitted: object) -> float:
    """How much of a cohort's correction the scores of this map take: 1 of cosines; see `families/likelihood.py`."""
    return float(getattr(fitted, "cohort_strength", 1.0))


def separation(scores: NDArray[np.float32], same: NDArray[np.bool_]) -> float:
    """d′ = (mean genuine − mean impostor) / √((var genuine + var impostor) / 2)."""
    genuine, impostor = scores[same], scores[~same]
    return float((genuine.mean() - impostor.mean()) / np.sqrt((genuine.var() + impostor.var()) / 2 + 1e-12))


def sample_pairs(
    subjects: NDArray[Any], part: NDArray[np.intp], *, genuine: int, per_person: int, seed: int
) -> tuple[Rows, Rows, NDArray[np.bool_]]:
    """`(left, right, same)`, rows: up to `genuine` pairs of two rows of one person, and as many impostor pairs.

    Each row is in at most 2 × `per_person` genuine pairs; both rows of a pair are in the same part. Where fewer than
    FEW_GENUINE pairs of two rows can be had, each row is also its own genuine partner: the two networks' embeddings of one
    image.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(subjects))
    _, person = np.unique(subjects, return_inverse=True)
    order = order[np.argsort(person[order], kind="stable")]  # people together, their rows shuffled
    # Neighbours at distance 1, 2, … in that order are pairs of one person; short distances use every image first.
    left, right = [], []
    for distance in range(1, per_person + 1):
        a, b = order[:-distance], order[distance:]
        hit = person[a] == person[b]
        left.append(a[hit])
        right.append(b[hit])
    pairs = np.concatenate(left), np.concatenate(right)
    if len(pairs[0]) < FEW_GENUINE:
        rows = rng.permutation(len(subjects))[:genuine]
        pairs = np.concatenate([pairs[0], rows]), np.concatenate([pairs[1], rows])
    chosen = np.sort(rng.permutation(len(pairs[0]))[:genuine])
    left_rows, right_rows = pairs[0][chosen], pairs[1][chosen]
    others = []
    for number in range(int(part.max()) + 1):
        members = np.flatnonzero(part == number)
        wanted = int(np.count_nonzero(part[left_rows] == number))
        a, b = rng.choice(members, 2 * wanted + 16), rng.choice(members, 2 * wanted + 16)
        different = np.flatnonzero(person[a] != person[b])[:wanted]
        others.append((a[different], b[different]))
    a, b = (np.concatenate(side) for side in zip(*others, strict=True))
    same = np.repeat([True, False], [len(left_rows), len(a)])
    return np.concatenate([left_rows, a]), np.concatenate([right_rows, b]), same
