"""`gallery_size`: how many people the gallery may hold, from embeddings of people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...embeddings import EmbeddingSet
from ...errors import InputError, shorten
from ...given import FACES, takes
from ...people import people_of
from ...results import signature
from ..left_out import leave_out
from ..person_pairs import different_images, genuine_pairs, one_each
from .curve import ENDS, Answer, measured, size_curve
from .evidence import Genuine, Impostors, impostors, triangle
from .model import Model, draw, estimate
from .result import Estimated, GallerySize
from .suspects import SuspectPair, suspicious
from .tail import FEW_PEOPLE, Doubles

_ENTRIES = 8000  # people compared with each other at most
_LEAST_PEOPLE = 30
_MOST_GENUINE = 1_000_000  # people with pairs: who would have to collect more should change the network


@takes(faces=FACES)
def gallery_size(
    faces: EmbeddingSet,
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
    check_rates(fpir, fnir)
    faces = faces.take(leave_out(faces, exclude))
    people = people_of(faces).needed(faces.ids, "the set")
    rows, notes = different_images(faces, people)
    faces, person = faces.take(rows), people.codes[rows]
    rng = np.random.default_rng([seed, 7])
    pairs = genuine_pairs(person, rng)
    unit = faces.normalized()
    one = one_each(person, rng, _ENTRIES)
    count = len(one)
    own = len(np.unique(person[pairs[:, 0]]))
    _enough(count, own, fnir)
    # People with pairs beyond the entries that are compared keep their own weights, behind those of the entries.
    code = np.full(int(person.max()) + 1, -1)
    code[person[one]] = np.arange(count)
    code[code < 0] = np.arange(count, len(code))
    genuine = Genuine.of(np.vecdot(unit[pairs[:, 0]], unit[pairs[:, 1]]), code[person[pairs[:, 0]]])
    scores, two = triangle(unit[one])
    flagged = suspicious(scores, two, count, genuine)
    found = impostors(scores, two, count, flagged)
    asked = _Asked(fpir, fnir, own, resamples, len(code), seed)
    answer = asked.of(found, genuine)
    ids = faces.ids[one]
    suspects = tuple(
        SuspectPair(str(ids[two[0][i]]), str(ids[two[1][i]]), float(scores[i]), _copies(faces, one, two[0][i], two[1][i]))
        for i in flagged
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
        "genuine_pairs": len(pairs),
        "genuine_people": own,
        "halving_people": more,
        "halving_pairs": round(more * len(pairs) / own),
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
        shape_known=count >= FEW_PEOPLE,
        curve=size_curve(found, answer, fpir),
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


@dataclass(frozen=True, eq=False)
class _Asked:
    """What is asked for, of how much evidence."""

    fpir: float
    fnir: float
    own: int
    resamples: int
    whole: int
    seed: int

    def of(self, found: Impostors, genuine: Genuine) -> Answer:
        model = estimate(found, genuine)
        draws = self.draws(found, genuine, "both")
        at = model.threshold(self.fnir)
        taus = np.array([one.threshold(self.fnir) for one in draws])
        fmrs = np.array([float(one.tail.fmr(tau)) for one, tau in zip(draws, taus, strict=True)])
        sizes = np.array([one.size(self.fpir, tau) for one, tau in zip(draws, taus, strict=True)])
        return Answer(
            model,
            draws,
            _spread(model.size(self.fpir, at), sizes),
            _spread(at, taus),
            _spread(float(model.tail.fmr(at)), fmrs),
        )

    def draws(self, found: Impostors, genuine: Genuine, of: str) -> list[Model]:
        rng = np.random.default_rng([self.seed, 8])
        return [draw(found, genuine, rng, self.whole, of) for _ in range(self.resamples)]

    def logs(self, found: Impostors, genuine: Genuine, of: str) -> Doubles:
        """(resamples,) log N* where only one of both errors is drawn."""
        return np.log([one.size(self.fpir, one.threshold(self.fnir)) for one in self.draws(found, genuine, of)])


def _spread(value: float, draws: Doubles) -> Estimated:
    """The value with the percentiles of its draws."""
    low, high = np.percentile(draws, ENDS).tolist()
    return Estimated(value, min(low, value), max(high, value))


def _enough(people: int, own: int, fnir: float) -> None:
    if people < _LEAST_PEOPLE:
        raise InputError(
            f"{people} people are too few to say how large a gallery may be", f"Give at least {_LEAST_PEOPLE}, better 500."
        )
    if fnir * own < 1:
        raise InputError(
            f"a FNIR of {fnir:g} of {own:,} people with two different images is less than one person",
            f"Ask for {1 / own if own else 1:.2g} or more, or give two images of more people."
            if own
            else "Give two images or more of some people.",
        )


def check_rates(fpir: float, fnir: float) -> None:
    """InputError where one is not above 0 and below 1."""
    for name, rate in (("fpir", fpir), ("fnir", fnir)):
        if not 0 < rate < 1:
            raise InputError(f"{name} must be above 0 and below 1, not {rate:g}", "0.01 is 1 %.")


def _copies(faces: EmbeddingSet, one: np.ndarray, left: int, right: int) -> bool:
    return bool(np.array_equal(faces.vectors[one[left]], faces.vectors[one[right]]))


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
        found.append(
            f"{len(suspects):,} pairs of two names score like one person and were not counted: one person under two "
            f"names, twins, "
            f"one photo? {named}. Leave one image of each out with --exclude FILE if so"
        )
    if answer.threshold.value < answer.model.tail.start:
        found.append(
            f"at FNIR {fnir:g} more than {answer.model.tail.share:.2g} of the strangers' scores reach the threshold: no "
            f"gallery of "
            "any use holds at these rates"
        )
    if people < FEW_PEOPLE:
        found.append(
            f"{people:,} people are too few to tell the shape of the tail: it is taken from other networks, and the "
            f"interval has "
            f"how these differ; from {FEW_PEOPLE:,} people it is this network's own"
        )
    if fnir * own < 10:
        found.append(
            f"the threshold at FNIR {fnir:g} rests on {fnir * own:.1f} of {own:,} people with two images or more: give "
            f"more genuine pairs"
        )
    return found
