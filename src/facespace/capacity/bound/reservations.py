"""What speaks against an estimate: what the projection and the student lose, and what the set is too small for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...embeddings import Floats
from ...errors import InputError
from ...metrics import Roc
from ..intrinsic_dimension import IntrinsicDimension
from ..person_pairs import Scores
from ..result import Preservation
from ..students import ProbabilisticEmbeddings, Student

_KEPT = (1e-2, 1e-3)
_FEW_CLASSES = 30


def check_student(student: Student | None, moments: ProbabilisticEmbeddings | None, dim: int | None, images: int) -> None:
    """InputError where the student, its moments, the dimension and the set do not belong together."""
    if moments is not None and (student is None or len(moments.mean) != images):
        missing = " and no student" if student is None else ""
        raise InputError(
            f"moments of {len(moments.mean):,} images{missing}, for a set of {images:,} images",
            "Give student= and moments=student.moments(inputs), with inputs in the set's order.",
        )
    if student is not None and dim not in (None, student.projection.dim):
        raise InputError(f"dimension {dim}, but the student predicts {student.projection.dim}", "Leave it out.")


def preservation(unit: Floats, y: Floats, mean: Floats, scores: Scores, seed: int) -> tuple[Preservation, ...]:
    """TAR on genuine pairs and a million random pairs of different people, before and after the projection, and by μ̂."""
    rng = np.random.default_rng([seed, 6])
    one, two = rng.choice(scores.rows, (2, 1_000_000))
    one, two = one[one != two], two[one != two]
    left, right = scores.pairs.T
    # The cosines of as many pairs of the same people: gathering a million pairs of vectors would take gigabytes.
    before = Roc(np.vecdot(unit[left], unit[right]), rng.choice(scores.impostor, len(one)))
    after, student = (
        Roc(-np.linalg.norm(v[left] - v[right], axis=1), -np.linalg.norm(v[one] - v[two], axis=1)) for v in (y, mean)
    )
    return tuple(Preservation(q, *(r.tar_at_far(q).tar for r in (before, after, student))) for q in _KEPT)


def warnings(
    counts: dict[str, int],
    m: int,
    dimensions: dict[str, IntrinsicDimension],
    preservation: Sequence[Preservation],
    scores: Scores,
    qs: Sequence[float],
) -> list[str]:
    """What a reader should know before the number."""
    found = []
    if counts["classes"] < _FEW_CLASSES:
        found.append(f"only {counts['classes']} people have enough images: the largest and the median class are uncertain")
    people = dimensions.get("people")
    if people is not None and "images" in dimensions and people.chosen > 1.5 * m:
        found.append(
            f"one image of each person varies in about {people.chosen} dimensions, all images together in "
            f"{dimensions['images'].chosen}, because there the nearest neighbour is mostly the same person; the capacity "
            "grows steeply with m (see the sensitivity)"
        )
    worst = preservation[-1]
    if worst.after < worst.before - 0.05:
        found.append(
            f"in {m} dimensions {100 * worst.after:.1f} % of the genuine pairs are accepted at FAR {worst.far:g}, in the "
            f"embedding itself {100 * worst.before:.1f} %: the estimate speaks for the projection"
        )
    if worst.student < worst.after - 0.05:
        found.append(
            f"by the student's means {100 * worst.student:.1f} % of the genuine pairs are accepted at FAR {worst.far:g}, by "
            f"the projection that it imitates {100 * worst.after:.1f} %: the estimate speaks for the student"
        )
    missing = [q for q in qs if scores.threshold(q) is None]
    if missing:
        listed = ", ".join(f"{q:g}" for q in missing)
        found.append(f"{len(scores.impostor):,} pairs of different people are too few for a threshold at q = {listed}")
    return found
