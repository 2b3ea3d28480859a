"""`gallery_size`: how many people the gallery may hold, from embeddings of people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import InputError, shorten
from ...given import FACES, TEXTS, SetLike, as_set, takes
from ...people import people_of
from ...results import signature
from ..left_out import leave_out
from ..person_pairs import different_images
from .asked import Asked, enough
from .confusion import confused_people
from .curve import Answer, measured, size_curve
from .evidence import impostors
from .result import GallerySize
from .sample import Sample
from .searches import Searches
from .shape import FEW_PEOPLE
from .suspects import SuspectPair, suspicious

_MOST_GENUINE = 1_000_000  # people with pairs: who would have to collect more should change the network


@takes(faces=FACES, exclude=TEXTS)
def gallery_size(
    faces: SetLike,
    *,
    fpir: float = 0.01,
    fnir: float = 0.05,
    exclude: Sequence[str] = (),
    resamples: int = 300,
    seed: int = 0,
) -> GallerySize:
    """How many people may the gallery hold, before a share `fpir` of strangers is falsely identified at FNIR `fnir`?

    N*(α, β) = r ((1 − α)^(−1/r) − 1) / FMR(τ_β): the threshold τ_β rejects a share β of the genuine pairs, FMR beyond
    the scores that this set has is a generalised Pareto tail (`tail.py`), r says how false matches crowd on some people
    (`model.py`). The set must be of the people that the system will see: N* changes with ages, cameras and who is alike.

    Args:
        faces: (n, d) embeddings whose people are known (`facespace.people`). One random image a person (8,000 people at
        most)
            makes the impostor pairs; all images make the genuine ones, 20 a person at most, in which each person counts
            once.
        fpir, fnir: α and β, between 0 and 1.
        exclude: ids to leave out, such as wrongly labelled ones.
        resamples: draws of people behind the intervals (95 %, percentiles).

    Raises:
        InputError: a rate outside 0 … 1; ids that the set lacks; no people named; fewer than 30 people, or fewer than one
            below τ_β.

    Pairs of two names that score like one person (`suspects`) are told and not counted; `with_suspects` has N* with them.
    """
    faces = as_set(faces)
    check_rates(fpir, fnir)
    faces = faces.take(leave_out(faces, exclude))
    people = people_of(faces).needed(faces.ids, "the set")
    rows, notes = different_images(faces, people)
    faces, person = faces.take(rows), people.codes[rows]
    unit = faces.normalized()
    sample = Sample.of(person, seed)
    count, own = len(sample.one), sample.own
    enough(count, own, fnir)
    genuine = sample.genuine(unit)
    scores, two = sample.impostor_scores(unit)
    flagged = suspicious(scores, two, count, genuine)
    found = impostors(scores, two, count, flagged)
    asked = Asked(fpir, fnir, resamples, sample.whole, seed)
    answer = asked.of(found, genuine)
    ids = faces.ids[sample.one]
    x = faces.vectors[sample.one]
    strangers = two[0][flagged], two[1][flagged]
    suspects = tuple(
        SuspectPair(str(ids[a]), str(ids[b]), float(score), bool(np.array_equal(x[a], x[b])))
        for a, b, score in zip(*strangers, scores[flagged], strict=True)
    )
    with_them = None
    if suspects:
        with_them = asked.of(impostors(scores, two, count, flagged[:0]), genuine).people
    # Of the middle two thirds, since a few draws whose tail ends early would make up all of a plain variance.
    middle = [np.percentile(asked.logs(found, genuine, of), [16, 84]) for of in ("genuine", "impostors")]
    parts = [float(high - low) ** 2 / 4 for low, high in middle]
    more = _halving(parts, own)
    counts = {
        "images": len(faces),
        "excluded": len(exclude),
        "people": count,
        "impostor_pairs": found.pairs,
        "tail_pairs": len(found.scores),
        "genuine_pairs": len(sample.pairs),
        "genuine_people": own,
        "searches": len(sample.probes),
        "halving_people": more,
        "halving_pairs": round(more * len(sample.pairs) / own),
    }
    model = answer.model
    return GallerySize(
        model=faces.model or "this set",
        fpir=fpir,
        fnir=fnir,
        people=answer.people,
        measured=measured(found, answer, fpir),
        with_suspects=with_them,
        threshold=answer.threshold,
        far=answer.far,
        shape=model.tail.shape,
        scale=model.tail.scale,
        start=model.tail.start,
        share=model.tail.share,
        theta=model.theta(fpir),
        shape_own=answer.shape.own,
        shape_error=answer.shape.error,
        shape_weight=answer.shape.weight,
        targets=asked.targets(answer, own),
        confused=confused_people(found, answer, ids, seed),
        curve=size_curve(found, Searches.of(unit, sample, strangers), answer, fpir),
        suspects=suspects,
        genuine_part=parts[0] / max(sum(parts), 1e-300),
        counts=counts,
        warnings=(*people.left_out("the set"), *notes, *_warnings(suspects, answer, count, own, fnir)),
        signature=signature(
            "gallery-size",
            model=faces.model or None,
            images=len(faces),
            people=count,
            people_by=people.source,
            excluded=len(exclude) or None,
            fpir=f"{fpir:g}",
            fnir=f"{fnir:g}",
            tail=f"pareto-{len(found.scores)}",
            interval=f"people-bootstrap-{resamples}",
            seed=seed,
        ),
    )


def check_rates(fpir: float, fnir: float) -> None:
    """InputError where one is not above 0 and below 1."""
    for name, rate in (("fpir", fpir), ("fnir", fnir)):
        if not 0 < rate < 1:
            raise InputError(f"{name} must be above 0 and below 1, not {rate:g}", "0.01 is 1 %.")


def _halving(parts: list[float], own: int) -> int:
    """People with pairs for half the interval, if nothing else changes: variances fall as 1/people; 0 if none would do."""
    genuine, rest = parts
    left = (genuine + rest) / 4 - rest
    if left <= 0 or own * genuine / left > _MOST_GENUINE:
        return 0
    return int(np.ceil(own * genuine / left))


def _warnings(suspects: tuple[SuspectPair, ...], answer: Answer, people: int, own: int, fnir: float) -> list[str]:
    found = []
    if suspects:
        named = shorten([f"{pair.left} = {pair.right} ({pair.score:.3f})" for pair in suspects])
        many = len(suspects) > 1
        said = (
            "pairs of two names score like one person and were"
            if many
            else "pair of two names scores like one person and was"
        )
        found.append(
            f"{len(suspects):,} {said} not counted: one person under two names, twins, one photo? {named}. Leave one image "
            f"of {'each' if many else 'it'} out with --exclude FILE if so"
        )
    if answer.threshold.value < answer.model.tail.start:
        found.append(
            f"at FNIR {fnir:g} more than {answer.model.tail.share:.2g} of the strangers' scores reach the threshold: no "
            "gallery of any use holds at these rates"
        )
    if people < FEW_PEOPLE:
        found.append(
            f"{people:,} people are too few to tell the shape of the tail: it is taken from other networks, and the "
            f"interval has how these differ, and what these people say ({100 * answer.shape.weight:.0f} %); from "
            f"{FEW_PEOPLE:,} people it is this network's own"
        )
    if fnir * own < 10:
        found.append(
            f"the threshold at FNIR {fnir:g} rests on {fnir * own:.1f} of {own:,} people with two images or more: give "
            f"more genuine pairs"
        )
    return found
