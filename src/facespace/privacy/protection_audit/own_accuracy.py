"""What a protection costs its owner, whether its templates can be linked, and be renewed: on one list of pairs.

Common secret: all templates of a system share one. Secret a person: each person has his own; both images of a genuine pair
then share one, and those of an impostor pair don't, which makes impostors easier to tell, but only as long as nobody has
another's secret. Whoever steals it meets the common secret's accuracy. A key of encryption is the system's, not a person's:
an impostor is compared with what it decrypts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...datasets import PairProtocol, contiguous_folds
from ...embeddings import EmbeddingSet, Floats
from ...errors import InputError
from ...metrics import Roc, accuracy_error, compare_scores, kfold_accuracy, open_end, subject_intervals
from ...people import People
from ..protections import Protection, protect_each
from .result import OwnAccuracy, Renewal, Unlinkability
from .unlinkability import floor_of, linkability, linkability_limits

SECRETS = 97  # stand for one a person where everybody's own would take long: no impostor pair shares one
_FAR = 1e-2
_MOST = 3000  # drawn pairs of either kind
_FEWEST = 50  # pairs of either kind
_EACH = 10  # of them of one person at most


@dataclass(frozen=True, eq=False)
class JudgedPairs:
    """Pairs (n,) of rows of `vectors` (images, d); `person` (images,) codes; `same`, `fold` (n,)."""

    vectors: Floats
    person: NDArray[np.intp]
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    same: NDArray[np.bool_]
    fold: NDArray[np.int64]

    @property
    def people(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Codes of both sides."""
        return self.person[self.left], self.person[self.right]


def judged_pairs(
    faces: EmbeddingSet, people: People, spare: NDArray[np.bool_], protocol: PairProtocol | None, seed: int
) -> tuple[JudgedPairs, int]:
    """The pairs of a list, or drawn ones, of people outside `spare` (images,); and how many of the list were left out.

    Drawn are up to 3,000 genuine pairs, 10 of a person at most, and as many impostor pairs. Raises InputError where too few
    are left.
    """
    codes = people.codes
    if protocol is None:
        left, right, same = _drawn(codes, np.flatnonzero(~spare & people.known), seed)
        whole = len(same)
        fold = np.random.default_rng([seed, 8]).permutation(whole).astype(np.int64) % 10
    else:
        left, right, same, whole = faces.rows(protocol.left), faces.rows(protocol.right), protocol.same, len(protocol)
        given = contiguous_folds(whole) if protocol.fold is None else protocol.fold
        fold = np.arange(whole) % 10 if given is None else given
        kept = ~spare[left] & ~spare[right] & people.known[left] & people.known[right]
        left, right, same, fold = left[kept], right[kept], same[kept], fold[kept]
    if min(int(same.sum()), int((~same).sum())) < _FEWEST:
        raise InputError(
            f"only {int(same.sum()):,} genuine and {int((~same).sum()):,} impostor pairs are left of people that nothing "
            "was fitted on",
            f"Accuracy and linkability need {_FEWEST} of each; give a larger set or list.",
        )
    rows, place = np.unique(np.concatenate([left, right]), return_inverse=True)
    n = len(left)
    vectors = faces.normalized()[rows]
    return JudgedPairs(vectors, codes[rows], place[:n], place[n:], same, fold), whole - n


def _drawn(codes: NDArray[np.intp], rows: NDArray[np.intp], seed: int) -> tuple[Any, Any, NDArray[np.bool_]]:
    rng = np.random.default_rng([seed, 9])
    rows = rng.permutation(rows)
    rows = rows[np.argsort(codes[rows], kind="stable")]
    pairs = []
    for own in np.split(rows, np.flatnonzero(np.diff(codes[rows])) + 1):
        one, two = np.triu_indices(min(len(own), 6), 1)
        some = rng.permutation(len(one))[:_EACH]
        pairs.append(np.stack([own[one[some]], own[two[some]]], axis=1))
    genuine = rng.permutation(np.concatenate(pairs))[:_MOST]
    others = rng.choice(rows, (4 * len(genuine), 2))
    others = others[codes[others[:, 0]] != codes[others[:, 1]]][: len(genuine)]
    every = np.concatenate([genuine, others])
    return every[:, 0], every[:, 1], np.arange(len(every)) < len(genuine)


def own_accuracy(protection: Protection, pairs: JudgedPairs, keys: str, secret: int) -> OwnAccuracy:
    """Accuracy and EER of templates beside those of the embeddings, on the same pairs."""
    plain = np.vecdot(pairs.vectors[pairs.left], pairs.vectors[pairs.right]).astype(np.float64)
    scores = system_scores(protection, pairs, keys, secret)
    if equal := np.allclose(scores, plain, atol=1e-5):  # but for rounding: a rotation takes nothing from anybody
        scores = plain
    right = [_decided(s, pairs) for s in (plain, scores)]
    found = compare_scores(plain, scores, pairs.same, pairs.people, [_FAR], correct=(right[0], right[1]))
    assert found.accuracy is not None
    one, two = (_at_eer(s, pairs.same) for s in (plain, scores))
    half = 1.96 * accuracy_error(one[1], two[1], pairs.same, pairs.people)
    if half == 0 and not equal:
        half = open_end(0.0, (0.0, 0.0), len(np.unique(pairs.person)))[1]
    lost = two[0] - one[0]
    curve = subject_intervals(scores, pairs.same, None, pairs.people, (), eer=two[0]).curve
    assert curve.eer_low is not None
    assert curve.eer_high is not None
    return OwnAccuracy(
        protection.name,
        keys,
        found.accuracy.second,
        found.accuracy.second_low,
        found.accuracy.second_high,
        0.0 - found.accuracy.difference,
        0.0 - found.accuracy.high,
        0.0 - found.accuracy.low,
        two[0],
        curve.eer_low,
        curve.eer_high,
        lost,
        lost - half,
        lost + half,
        found.tar[0].second,
        found.tar[0].second_low,
        found.tar[0].second_high,
        0.0 - found.tar[0].difference,
        0.0 - found.tar[0].high,
        0.0 - found.tar[0].low,
    )


def system_scores(protection: Protection, pairs: JudgedPairs, keys: str, secret: int) -> NDArray[np.float64]:
    """Scores of the system that has the secret, or the person's."""
    if keys == "common":
        compared = protection.compared(protection.protect(pairs.vectors, secret), secret)
        return _cosines(compared[pairs.left], compared[pairs.right])
    one = secret + 1 + pairs.people[0] % SECRETS
    two = secret + 1 + pairs.people[1] % SECRETS
    two = np.where((one == two) & ~pairs.same, secret + 1 + SECRETS, two)
    left = protect_each(protection, pairs.vectors[pairs.left], one)
    right = protect_each(protection, pairs.vectors[pairs.right], two)
    return _cosines(protection.compared(left, secret), protection.compared(right, secret))


def unlinkability(protection: Protection, pairs: JudgedPairs, secret: int, *, resamples: int, seed: int) -> Unlinkability:
    """Between two systems with a common secret each: images of one person, and of two, by what is seen of templates."""
    one, two = (protection.seen(protection.protect(pairs.vectors, s)) for s in (secret, secret + 1))
    scores = _cosines(one[pairs.left], two[pairs.right])
    mated, nonmated = scores[pairs.same], scores[~pairs.same]
    found = linkability(mated, nonmated)
    left, right = pairs.people
    people = left[pairs.same], left[~pairs.same], right[~pairs.same]
    low, high = linkability_limits(mated, nonmated, people, resamples=resamples, seed=seed)
    floor = floor_of(mated, nonmated, seed)
    return Unlinkability(
        protection.name, found.d_sys, low, high, floor, len(mated), len(nonmated),
        tuple(found.edges.tolist()), tuple(found.local.tolist()),
    )  # fmt: skip


def renewal(protection: Protection, pairs: JudgedPairs, secret: int, *, resamples: int, seed: int) -> Renewal:
    """A revoked template against its image's new one, at the threshold of FAR 1 % of the system, beside impostors."""
    impostors = system_scores(protection, pairs, "common", secret)[~pairs.same]
    threshold = Roc(np.array([0.0]), impostors).tar_at_far(_FAR).threshold
    one, two = (protection.seen(protection.protect(pairs.vectors, s)) for s in (secret, secret + 1))
    scores = _cosines(one, two)
    passed = scores >= threshold
    count = int(pairs.person.max()) + 1
    rng = np.random.default_rng([seed, 10])
    passes = np.bincount(pairs.person, weights=passed, minlength=count)
    images = np.bincount(pairs.person, minlength=count)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=resamples)
    ends = np.percentile((drawn @ passes) / np.maximum(drawn @ images, 1), [2.5, 97.5])
    low, high = open_end(float(passed.mean()), ends, images)
    return Renewal(
        protection.name, float(scores.mean()), float(scores.std()), float(impostors.mean()), float(impostors.std()),
        float(threshold), float(passed.mean()), low, high, len(scores),
    )  # fmt: skip


def _decided(scores: NDArray[np.float64], pairs: JudgedPairs) -> NDArray[np.bool_]:
    place = np.unique(pairs.fold, return_inverse=True)[1]
    thresholds = kfold_accuracy(scores, pairs.same, pairs.fold).thresholds
    right: NDArray[np.bool_] = (scores >= thresholds[place]) == pairs.same
    return right


def _at_eer(scores: NDArray[np.float64], same: NDArray[np.bool_]) -> tuple[float, NDArray[np.bool_]]:
    roc = Roc(scores[same], scores[~same])
    threshold = float(roc.thresholds[int(np.argmin(np.abs(roc.far + roc.tar - 1)))])
    return roc.eer, (scores >= threshold) == same


def _cosines(a: Floats, b: Floats) -> NDArray[np.float64]:
    lengths = np.linalg.norm(a, axis=1).astype(np.float64) * np.linalg.norm(b, axis=1)
    scores: NDArray[np.float64] = np.vecdot(a.astype(np.float64), b.astype(np.float64)) / np.maximum(lengths, 1e-30)
    return scores
