"""`plan_capacity`: what other targets, two images a person, or a cohort of strangers do to the size of the gallery."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from ...embeddings import EmbeddingSet, Floats
from ...errors import InputError, shorten
from ...given import FACES, TEXTS, SetLike, as_set, takes
from ...metrics import cohort_mean
from ...people import people_of
from ...results import signature
from ..left_out import leave_out
from ..person_pairs import different_images
from ..sizing import (
    Answer,
    Asked,
    Doubles,
    Genuine,
    Sample,
    Triangles,
    check_rates,
    enough,
    evidence_of_all,
    ratio,
)
from .result import CapacityPlan, PlanRow
from .triples import Triples

WAYS = ("one", "pooled", "higher")


@takes(faces=FACES, cohort=FACES, exclude=TEXTS)
def plan_capacity(
    faces: SetLike,
    *,
    cohort: SetLike | None = None,
    fpir: float = 0.01,
    fnir: float = 0.05,
    exclude: Sequence[str] = (),
    resamples: int = 300,
    seed: int = 0,
) -> CapacityPlan:
    """What would make the gallery larger, at the same FPIR and FNIR or at others?

    N* (`gallery_size`) at other FPIR and FNIR. N* where two images of a person are enrolled, as their mean direction
    ("pooled") or each for itself, of which the higher score counts ("higher"), against one image of the same people. N*
    where scores are corrected by a cohort of strangers, s − ½ (m(x) + m(y)) (`metrics.cohort_mean`). Each against the
    plain system on the same draws of people.

    Args:
        faces: as for `gallery_size`. Two images enrolled and one searched with need people of three.
        cohort: embeddings of other people by the same network.
        fpir, fnir, exclude, resamples: as for `gallery_size`.

    Raises:
        InputError: as `gallery_size`; images that are in the cohort too.
        DimensionError: a cohort of another width.
    """
    faces, cohort = as_set(faces), as_set(cohort)
    check_rates(fpir, fnir)
    faces = faces.take(leave_out(faces, exclude))
    people = people_of(faces).needed(faces.ids, "the set")
    rows, notes = different_images(faces, people)
    faces, person = faces.take(rows), people.codes[rows]
    notes = [*people.left_out("the set"), *notes]
    unit = faces.normalized()
    sample = Sample.of(person, seed)
    enough(len(sample.one), sample.own, fnir)
    scored = [partial(sample.scored, unit)]
    if cohort is not None:
        _other_people(faces, cohort)
        scored.append(partial(_corrected, sample, unit, 0.5 * cohort_mean(unit, cohort.vectors)))
    evidence, _ = evidence_of_all(scored, len(sample.one))
    asked = Asked(fpir, fnir, resamples, sample.whole, seed)
    answers = [asked.of(*one) for one in evidence]
    rows_of_two, triples = _two_images(unit, person, asked, notes)
    counts = {"images": len(faces), "people": len(sample.one), "genuine_people": sample.own}
    counts |= {"template_people": triples.people, "template_searches": len(triples.person)}
    return CapacityPlan(
        model=faces.model or "this set",
        fpir=fpir,
        fnir=fnir,
        targets=asked.targets(answers[0], sample.own),
        templates=rows_of_two,
        cohort=_rows(("plain", "cohort"), answers) if cohort is not None else (),
        counts={**counts, "cohort": 0 if cohort is None else len(cohort)},
        warnings=tuple(notes),
        signature=signature(
            "capacity-plan",
            model=faces.model or None,
            images=len(faces),
            people=len(sample.one),
            people_by=people.source,
            excluded=len(exclude) or None,
            cohort=None if cohort is None else len(cohort),
            fpir=f"{fpir:g}",
            fnir=f"{fnir:g}",
            interval=f"people-bootstrap-{resamples}",
            seed=seed,
        ),
    )


def _two_images(unit: Floats, person: np.ndarray, asked: Asked, notes: list[str]) -> tuple[tuple[PlanRow, ...], Triples]:
    triples = Triples.of(person, asked.seed)
    try:
        enough(triples.people, triples.people, asked.fnir)
    except InputError as problem:
        notes.append(f"what two images a person do can't be told from people with three or more: {problem.args[0]}")
        return (), triples
    evidence, _ = evidence_of_all([partial(triples.scored, unit, way) for way in WAYS], triples.people)
    of_them = Asked(asked.fpir, asked.fnir, asked.resamples, triples.people, asked.seed)
    return _rows(WAYS, [of_them.of(*one) for one in evidence]), triples


def _rows(ways: Sequence[str], answers: Sequence[Answer]) -> tuple[PlanRow, ...]:
    """Against the first."""
    plain = answers[0]
    rows = [PlanRow(ways[0], plain.people, plain.threshold.value, None, None)]
    for way, answer in zip(ways[1:], answers[1:], strict=True):
        times, support = ratio(answer, plain)
        rows.append(PlanRow(way, answer.people, answer.threshold.value, times, support))
    return tuple(rows)


def _corrected(sample: Sample, unit: Floats, half: Floats) -> tuple[Doubles, Triangles, Genuine]:
    """As `Sample.scored`, less `half` (n,) of both images."""
    scores, two = sample.impostor_scores(unit)
    own = half[sample.one]
    one, other = sample.pairs.T
    genuine = np.vecdot(unit[one], unit[other]) - half[one] - half[other]
    return scores - own[two[0]] - own[two[1]], two, Genuine.of(genuine, sample.person)


def _other_people(faces: EmbeddingSet, cohort: EmbeddingSet) -> None:
    known = faces.ids[cohort.find(faces.ids) >= 0]
    if len(known):
        some = "1 image of the set is" if len(known) == 1 else f"{len(known):,} images of the set are"
        raise InputError(
            f"{some} in the cohort: {shorten(known.tolist())}",
            "A cohort is of other people than those compared; leave these out of it.",
        )
    if faces.model and cohort.model and faces.model != cohort.model:
        raise InputError(
            f"the set is of {faces.model}, the cohort of {cohort.model}", "Give a cohort by the network of the set."
        )
