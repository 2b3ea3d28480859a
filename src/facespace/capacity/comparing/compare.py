"""`compare_capacity`: how many people the gallery may hold by one network and by another, on the same people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from ...embeddings import EmbeddingSet
from ...errors import InputError, shorten
from ...given import SEVERAL, TEXTS, SetLike, as_sets, takes
from ...people import people_of
from ...results import signature
from ..left_out import leave_out
from ..person_pairs import Rows, different_images
from ..sizing import Answer, Asked, Estimated, Sample, check_rates, enough, evidence_of_all, measured, ratio
from .bounds import DimBound, check_classes, dim_bound, dims_of
from .result import CapacityComparison, NetworkPair, NetworkSize

_CURVE, _BEYOND = 21, 10
_ENDS = (2.5, 97.5)


@takes(sets=SEVERAL, names=TEXTS, exclude=TEXTS)
def compare_capacity(
    sets: Sequence[SetLike],
    *,
    names: Sequence[str] | None = None,
    fpir: float = 0.01,
    fnir: float = 0.05,
    exclude: Sequence[str] = (),
    bound: bool = True,
    dim: int | None = None,
    q: float = 0.01,
    resamples: int = 300,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> CapacityComparison:
    """N* of several networks, with the ratios of every two of them, from the same images of the same people.

    Images are those whose ids all sets have. Every network is given the same pairs of images, the same suspicious pairs are
    left out (those that any of them suspects), and every draw of people is the same for all: ratios of N* have narrower
    intervals than N* itself, since the people are much of the error. The paper's bound (Gong, Boddeti, Jain 2019) comes
    second, with one m for all, and over m.

    Args:
        sets: two or more, (n, d) each of its own width, of people that one of them names (`facespace.people`).
        names: of the networks; by default what the sets say.
        fpir, fnir, exclude, resamples: as for `gallery_size`.
        bound: whether to estimate the paper's bound, which takes minutes for many images.
        dim: m of the bound, by default the largest intrinsic dimension of any network's images (estimates are too low).
        q: of the bound, the share of a person's own images outside the ellipsoid.
        progress: called with steps done and steps in all.

    Raises:
        InputError: fewer than two sets, or names of another number; no ids in common; a rate outside 0 … 1; no people
            named; fewer than 30 people, or fewer than one below τ_β; for the bound fewer than 10 with two images.
    """
    sets = as_sets(sets)
    check_rates(fpir, fnir)
    if len(sets) < 2:
        raise InputError("one network can't be compared with itself", "Give two sets or more.")
    called = _names(sets, names)
    parts, person, notes = _same_images(sets, exclude)
    if bound:
        check_classes(person, q)
    units = [part.normalized() for part in parts]
    sample = Sample.of(person, seed)
    enough(len(sample.one), sample.own, fnir)
    done = _Steps(progress, len(parts) * (4 if bound else 1))
    evidence, suspects = evidence_of_all([partial(sample.scored, unit) for unit in units], len(sample.one))
    if suspects:
        named = shorten([f"{parts[0].ids[sample.one[a]]} = {parts[0].ids[sample.one[b]]}" for a, b in suspects])
        many = len(suspects) > 1
        said = "pairs of two names score" if many else "pair of two names scores"
        notes.append(
            f"{len(suspects):,} {said} like one person by some network, and {'were' if many else 'was'} counted for none: "
            f"{named}. Leave one image of {'each' if many else 'it'} out with --exclude FILE if so"
        )
    people = len(sample.one)
    sizes = np.unique(np.round(np.geomspace(min(10, people - 1), _BEYOND * people, _CURVE)))
    answers, found = [], []
    for place, (impostors, genuine) in enumerate(evidence):
        answer = Asked(fpir, fnir, resamples, sample.whole, seed, place).of(impostors, genuine)
        answers.append(answer)
        found.append(_network(called[place], answer, measured(impostors, answer, fpir), sizes))
        done()
    bounds: list[DimBound | None] = [None] * len(parts)
    m = None
    if bound:
        own = dims_of(units, seed)
        m = dim or max(own)
        bounds = [dim_bound(unit, person, m, mine, q, 100, seed, done) for unit, mine in zip(units, own, strict=True)]
    order = sorted(range(len(parts)), key=lambda i: -answers[i].people.value)
    drawn = np.array([answers[i].sizes for i in order])
    first, counts = evidence[0][0], {"images": len(parts[0]), "people": people}
    counts |= {"impostor_pairs": first.pairs, "genuine_pairs": len(sample.pairs), "genuine_people": sample.own}
    return CapacityComparison(
        fpir=fpir,
        fnir=fnir,
        networks=tuple(NetworkSize(*found[i], bounds[i]) for i in order),
        pairs=tuple(
            _pair(called[a], called[b], answers[a], answers[b]) for at, a in enumerate(order) for b in order[at + 1 :]
        ),
        order_support=float(np.mean(np.all(np.diff(drawn, axis=0) < 0, axis=0))),
        sizes=sizes,
        dim=m,
        counts={**counts, "set_images": [len(one) for one in sets]},
        warnings=tuple(notes),
        signature=signature(
            "capacity-comparison",
            models=",".join(called),
            images=len(parts[0]),
            people=people,
            people_by=people_of(*parts).source,
            excluded=len(exclude) or None,
            fpir=f"{fpir:g}",
            fnir=f"{fnir:g}",
            m=m,
            interval=f"people-bootstrap-{resamples}",
            seed=seed,
        ),
    )


def _names(sets: Sequence[EmbeddingSet], names: Sequence[str] | None) -> list[str]:
    if names is not None and len(names) != len(sets):
        raise InputError(f"{len(names)} names for {len(sets)} sets", "Give one for each set.")
    told = list(names) if names is not None else [one.model or "set" for one in sets]
    return [name if told.count(name) == 1 else f"{name} ({place})" for place, name in enumerate(told, 1)]


def _same_images(sets: Sequence[EmbeddingSet], exclude: Sequence[str]) -> tuple[list[EmbeddingSet], Rows, list[str]]:
    """The sets on the ids that all have, with known people and without copies, their people (n,), and what was left out."""
    ids = sets[0].ids
    for one in sets[1:]:
        ids = ids[one.find(ids) >= 0]
    if not len(ids):
        raise InputError("the sets have no id in common", "Compare networks on the same images: ids are what they share.")
    notes = []
    if fewer := [len(one) - len(ids) for one in sets if len(one) > len(ids)]:
        notes.append(
            f"compared on the {len(ids):,} images that all sets have; {max(fewer):,} of a set's own "
            f"{'were' if max(fewer) > 1 else 'was'} left out at most"
        )
    parts = [one.take(one.find(ids)) for one in sets]
    kept = leave_out(parts[0], exclude)
    parts = [part.take(kept) for part in parts]
    people = people_of(*parts).needed(parts[0].ids, "the sets")
    for part in parts[1:]:
        _same_people(parts[0], part)
    notes += people.left_out("the sets")
    rows = np.flatnonzero(people.known)
    for part in parts:  # a copy is none by every network: two decodings of a file may differ by a bit
        different, _ = different_images(part, people)
        rows = np.intersect1d(rows, different)
    if copies := int(np.count_nonzero(people.known)) - len(rows):
        many = copies > 1
        notes.append(
            f"{copies:,} {'images are copies' if many else 'image is a copy'} of another one of "
            f"{'their' if many else 'its'} person and {'count' if many else 'counts'} once"
        )
    return [part.take(rows) for part in parts], people.take(rows).codes, notes


def _same_people(one: EmbeddingSet, other: EmbeddingSet) -> None:
    if one.subject is None or other.subject is None:
        return
    wrong = np.flatnonzero(one.subject != other.subject)
    if len(wrong):
        raise InputError(
            f"the sets name different people for {len(wrong):,} of {len(one):,} images: {shorten(one.ids[wrong].tolist())}",
            "Give sets with the same subject column.",
        )


def _network(
    name: str, answer: Answer, counted: Estimated | None, sizes: np.ndarray
) -> tuple[str, Estimated, Estimated | None, Estimated, Estimated, np.ndarray, np.ndarray, np.ndarray]:
    value = answer.model.fpir(answer.threshold.value, sizes)
    drawn = [one.fpir(answer.threshold.value, sizes) for one in answer.draws]
    low, high = np.percentile(drawn, _ENDS, axis=0)
    ends = np.minimum(low, value), np.maximum(high, value)
    return name, answer.people, counted, answer.threshold, answer.far, value, *ends


def _pair(name: str, other: str, one: Answer, two: Answer) -> NetworkPair:
    return NetworkPair(name, other, *ratio(one, two))


class _Steps:
    """Counts steps for a progress bar."""

    def __init__(self, progress: Callable[[int, int], None] | None, whole: int) -> None:
        self._progress, self._whole, self._done = progress, whole, 0

    def __call__(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._whole)
