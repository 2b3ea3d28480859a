"""The work of the template study: what maps are fitted on, and the scores of every ordered pair of networks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...datasets import TemplateProtocol, person_templates, single_images
from ...embeddings import EmbeddingSet, Floats, Strings
from ...errors import InputError
from ...mapping import FoldStatistics, JointMap, fit_map, make_estimator
from ...metrics import FEW_FALSE_ACCEPTS, ScoreHistogram
from ...people import People, people_in, people_of
from ...templates import TemplateVerificationResult, merge_shards, roc_points, score_templates
from ...verification import PairMap

POINTS = 600  # of each curve: every one near its left end, then evenly spaced in log FAR


@dataclass(frozen=True, eq=False)
class Design:
    """Which templates are compared, and which images the maps are fitted on.

    `people` and `shared`: how many people the fitted images show, and how many of these are in the pairs too; None where
    that is not known. `images`: how many of the fitted images are also in a template of the list.
    """

    protocol: TemplateProtocol
    fit: Strings
    people: int | None
    shared: int | None
    images: int
    left_out: int  # images that not all sets have, or of unknown people
    note: str = ""  # how the people were divided, where that is not as usual


@dataclass(frozen=True, eq=False)
class Measured:
    """One comparison: the result without the scores of its pairs, and points of its ROC (FAR, TAR), ascending.

    `general`: warnings about what was compared; `shared_accepts`: about false accepts that share people.
    """

    result: TemplateVerificationResult
    far: NDArray[np.float64]
    rate: NDArray[np.float64]
    general: tuple[str, ...]
    shared_accepts: tuple[str, ...]


class Centred:
    """A network compared with itself about a mean (d,): how much of a map's gain is the centring alone."""

    method = "centred"

    def __init__(self, mean: Floats) -> None:
        self.mean = mean

    def probe(self, x: Floats) -> Floats:
        """(n, d) → (n, d)."""
        return x - self.mean

    reference = probe


def design(
    sets: Sequence[EmbeddingSet], protocol: TemplateProtocol | None, fit_ids: Sequence[str] | None, name: str, seed: int
) -> Design:
    """The study's templates and fitted images; InputError where people are not known or nothing is left to fit on."""
    shared = sets[0].ids
    for faces in sets[1:]:
        shared = shared[faces.find(shared) >= 0]
    left_out = len(np.unique(np.concatenate([faces.ids for faces in sets]))) - len(shared)
    given = None if fit_ids is None else np.unique(np.asarray(fit_ids, dtype=np.str_))
    if given is not None:
        for faces in sets:
            faces.rows(given)  # raises, naming the set and the missing images
    if protocol is not None:
        if given is None:
            raise InputError(
                f"the study of {protocol.name!r} does not say which images the maps are fitted on",
                "Give fit_ids (--fit-ids FILE), such as the enrolment images, one id a line.",
            )
        named = _people(sets, given)
        people = None if named.source == "nobody" else named.names[named.known]
        # Only faces of templates that are compared count as seen.
        used = np.zeros(len(protocol.templates), dtype=np.bool_)
        used[protocol.left] = used[protocol.right] = True
        compared = np.unique(protocol.images[used[protocol.template]])
        overlap = int(np.isin(given, compared).sum())
        both = None
        if people is not None and protocol.subject is not None:
            both = len(np.intersect1d(people, protocol.subject[used]))
        return Design(protocol, given, None if people is None else len(np.unique(people)), both, overlap, left_out)
    everybody = _people(sets, shared).needed(shared, "the sets")
    shared, subjects = shared[everybody.known], everybody.names[everybody.known]
    left_out += int(np.count_nonzero(~everybody.known))
    note = ""
    if given is None:
        fit, note = _fitted(shared, subjects, seed)
        kept = np.ones(len(shared), dtype=np.bool_) if not note else ~np.isin(shared, fit)
    else:
        fit = given
        kept = ~np.isin(subjects, subjects[np.isin(shared, fit)])
    people = subjects[np.isin(shared, fit)]
    made = person_templates(shared[kept], subjects[kept], name=name, seed=seed)
    return Design(made, fit, len(np.unique(people)), 0, 0, left_out, note)


def _fitted(ids: Strings, subjects: Strings, seed: int) -> tuple[Strings, str]:
    """The images that maps are fitted on: of the people with one image, or where these are few of half of the people."""
    single = single_images(ids, subjects)
    people, person, images = np.unique(subjects, return_inverse=True, return_counts=True)
    if len(single) >= max(2, len(people) / 4):
        return single, ""
    several = np.flatnonzero(images >= 2)
    if len(several) < 4:
        raise InputError(
            f"{len(single):,} people have one image only and {len(several):,} more: too few to fit maps on some and to "
            "compare others",
            "Give sets of more people, or fit_ids (--fit-ids FILE): images of people who are then not compared.",
        )
    drawn = np.random.default_rng(seed).permutation(several)[: len(several) // 2]
    chosen = np.isin(person, drawn) | (images[person] == 1)
    count = len(np.unique(person[chosen]))
    return np.sort(ids[chosen]), (
        f"{len(single):,} of {len(people):,} people have one image only, so maps are fitted on the {int(chosen.sum()):,} "
        f"images of {count:,} people (half of those with several, seed {seed}), who are not compared"
    )


def _people(sets: Sequence[EmbeddingSet], ids: Strings) -> People:
    """Of the images `ids` (n,), which all of `sets` have."""
    return people_of(*(faces.select(ids) for faces in sets)) if len(ids) else people_in(ids)


class Maps:
    """Fits the map between any two of `sets` on their embeddings of the same images, `fit` (n,)."""

    def __init__(self, sets: Sequence[EmbeddingSet], fit: Strings, *, alpha: float, center: bool, seed: int) -> None:
        self.chosen = [faces.select(fit) for faces in sets]
        vectors = [faces.normalized() for faces in self.chosen]
        self.means = [x.mean(axis=0, dtype=np.float64).astype(np.float32) for x in vectors]
        self.alpha, self.center, self.seed = alpha, center, seed
        whole = np.zeros(len(fit), dtype=np.int64)
        self._statistics = FoldStatistics(vectors, whole, models=[faces.model for faces in sets])

    def fit(self, source: int, target: int, method: str) -> PairMap:
        """The fitted map, ready to compare."""
        if method == "auto":
            return fit_map(self.chosen[source], self.chosen[target], "auto", center=self.center, judge=False, seed=self.seed)
        statistics = self._statistics.without(source, target, ())
        if method == "joint":
            joint: PairMap = JointMap().fit_statistics(statistics)
            return joint
        family: PairMap = make_estimator(method, alpha=self.alpha, center=self.center).fit_statistics(statistics)
        return family


def measure(
    a: EmbeddingSet,
    b: EmbeddingSet | None,
    protocol: TemplateProtocol,
    fars: Sequence[float],
    *,
    map: PairMap | None = None,
    intervals: bool,
    allow_missing: bool,
    workers: int = 1,
) -> Measured:
    """Score pooled templates and keep what a study needs: no scores of pairs, which are most of the memory."""
    shard = score_templates(
        a, b, protocol=protocol, map=map, fars=fars, allow_missing=allow_missing, keep_scores=intervals, workers=workers
    )
    result = merge_shards([shard], fars=fars, intervals=intervals)
    placed = {*shard.warnings, *(row.warning for row in result.tar)}
    rest = tuple(text for text in result.warnings if text not in placed)
    light = replace(result, scores=None, same=None, person_left=None, person_right=None)
    return Measured(light, *roc_points(result.roc, POINTS), shard.warnings, rest)


Key = tuple[int, int, str]


def every_pair(
    pooled: Sequence[EmbeddingSet],
    maps: Maps,
    protocol: TemplateProtocol,
    methods: Sequence[str],
    fars: Sequence[float],
    *,
    intervals: bool,
    allow_missing: bool,
    workers: int,
    progress: Callable[[int, int], None] | None,
) -> dict[Key, Measured]:
    """Every ordered pair (source, target) under every method; the result does not depend on `workers`."""
    tasks = [(s, t, m) for s, t in itertools.permutations(range(len(pooled)), 2) for m in methods]

    def work(task: Key) -> tuple[Key, Measured]:
        source, target, method = task
        sides, fitted = (pooled[source], pooled[target]), maps.fit(source, target, method)
        found = measure(*sides, protocol, fars, map=fitted, intervals=intervals, allow_missing=allow_missing)
        return task, replace(found, result=replace(found.result, histogram=empty))

    done: dict[Key, Measured] = {}
    empty = ScoreHistogram(1)  # a cell's curve is kept as points, instead of 25 MB of counts
    _ = protocol.people  # computed once, before the threads ask for it
    with threadpool_limits(1), ThreadPoolExecutor(workers) as threads:
        for key, value in threads.map(work, tasks):
            done[key] = value
            if progress is not None:
                progress(len(done), len(tasks))
    return done


def study_warnings(plan: Design, fars: Sequence[float], impostor: int, found: Sequence[Measured]) -> tuple[str, ...]:
    """What a reader must know, each matter once however many comparisons it concerns."""
    notes = [plan.note] * bool(plan.note) + [text for one in found for text in one.general]
    few = [far for far in fars if far * impostor < FEW_FALSE_ACCEPTS]
    notes += [
        f"TAR at FAR {far:g} hangs on a handful of scores: of {impostor:,} impostor pairs {far * impostor:.3g} are expected "
        f"to be accepted there, and fewer than {FEW_FALSE_ACCEPTS} are too few to place the threshold"
        for far in few
    ]
    unknown = [text for one in found for text in one.shared_accepts if text.startswith("the people")]
    notes += unknown[:1]
    shared = [
        one.shared_accepts for one in found if one.shared_accepts and not one.shared_accepts[0].startswith("the people")
    ]
    if shared:
        notes.append(
            f"in {len(shared):,} of {len(found):,} comparisons people share the false accepts, such as: {shared[0][0]}"
        )
    if plan.left_out and plan.shared == 0 and plan.images == 0:
        notes.append(f"{plan.left_out:,} images that not all sets have were left out")
    if plan.images or plan.shared:
        whom = "" if plan.shared is None else f", and {plan.shared:,} of their {plan.people:,} people are in the pairs"
        notes.append(
            f"maps have seen what they are judged on: {plan.images:,} of the {len(plan.fit):,} images they are fitted on "
            f"are in templates of {plan.protocol.name!r} too{whom}"
        )
    elif plan.shared is None:
        notes.append("whether the people that maps are fitted on are also in the pairs is not known")
    return tuple(dict.fromkeys(notes))
