"""`estimate_capacity`: from embeddings to the number of people they tell apart, with what speaks for and against it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ..embeddings import EmbeddingSet, Floats
from ..errors import InputError, unknown_name
from ..given import FACES, TEXTS, SetLike, as_set, takes
from ..people import people_of
from ..results import signature
from .bound import (
    Work,
    bound_over_dims,
    changed,
    check_student,
    other_choices,
    preservation,
    warnings,
    whole_people,
)
from .classes import CLASSES, SHAPES, VolumeRatios
from .gallery_growth import Entries, GrowthCurve, growth_curve
from .intrinsic_dimension import IntrinsicDimension, intrinsic_dimension
from .left_out import leave_out
from .log_capacity import log_capacity
from .packing import own_angles, packing_point
from .person_pairs import Rows, Scores, different_images, one_each, pair_scores
from .result import CapacityPoint, CapacityResult
from .sizing import GallerySize, check_rates, gallery_size
from .students import EmbeddingStudent, ProbabilisticEmbeddings, Student

QS = (1e-1, 1e-2, 1e-3, 1e-5)
_STEPS, _FEW_STEPS = 800, 300  # of training; the few for what is only compared with the estimate
_DRAWS = 20  # of every person's covariance


@takes(faces=FACES, exclude=TEXTS)
def estimate_capacity(
    faces: SetLike,
    *,
    qs: Sequence[float] = QS,
    min_images: int = 2,
    shape: str = "full",
    person_class: str = "max",
    dim: int | None = None,
    fpir: float = 0.01,
    fnir: float = 0.05,
    exclude: Sequence[str] = (),
    student: Student | None = None,
    moments: ProbabilisticEmbeddings | None = None,
    validate: bool = False,
    sensitivity: bool = True,
    resamples: int = 100,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> CapacityResult:
    """How many people may the gallery hold, and how many can this representation tell apart?

    The first is `gallery_size`, from the tail of impostor scores. The second is the bound of Gong, Boddeti, Jain 2019, with
    its criticisms answered; it compares networks. The embeddings are unfolded into ℝ^m by DeepMDS, a student gives each
    its uncertainty, and the capacity is the number of times a person's ellipsoid goes into the population's by volume,
    which is an upper bound. No network library is needed.

    Args:
        faces: whose people are known (`facespace.people`); images of unknown people are left out and counted.
        qs: shares of a person's own images outside the ellipsoid (the paper calls them false accept rates).
        min_images: people with fewer images belong to the population only (the paper: 2 on LFW, 5 elsewhere).
        shape, person_class: full, axis or sphere; max, median, mean or min. They choose the headline; all are computed.
        dim: m; by default the intrinsic dimension of all images, the mean of two estimates.
        fpir, fnir: of the gallery's size.
        exclude: ids to leave out.
        student: a fitted one in place of an EmbeddingStudent trained here, such as an ImageStudent; its projection is used.
        moments: the student's for the set's images, in the set's order; by default those of the embeddings.
        validate: also measure false positive identifications in growing galleries.
        sensitivity: also estimate under other choices at the same m; the bound at other m is always estimated.
        resamples: draws of people behind the intervals.
        progress: called with steps done and steps in all.

    Raises:
        InputError: no people named, fewer than 10 of them with enough images, q outside 0 … 1; moments without their
            student or of another number of images; a dimension that is not the student's.
        UnknownNameError: a shape or class that does not exist.

    A smaller q gives a smaller capacity, though at a stricter FAR a system confuses fewer people: q acts as a false reject
    rate. `validation` measures the limit under both readings. Compare networks at the same `dim` only.
    """
    faces = as_set(faces)
    qs = sorted(set(qs), reverse=True)
    log_capacity(0.0, 0.0, 2, qs)  # refuses a q that is no probability
    for name, known, kind in ((shape, SHAPES, "shape"), (person_class, CLASSES, "class")):
        if name not in known:
            raise unknown_name(kind, name, known)
    check_student(student, moments, dim, len(faces))
    check_rates(fpir, fnir)
    kept = leave_out(faces, exclude)
    if exclude and moments is not None:
        moments = ProbabilisticEmbeddings(moments.mean[kept], moments.covariance[kept])
    size, unsized = _size(faces, fpir, fnir, exclude, seed)
    faces = faces.take(kept)
    people = people_of(faces).needed(faces.ids, "the set")
    rows, notes = different_images(faces, people)
    if len(rows) < len(faces):
        moments = None if moments is None else ProbabilisticEmbeddings(moments.mean[rows], moments.covariance[rows])
    copies = int(np.count_nonzero(people.known)) - len(rows)
    faces, person = faces.take(rows), people.codes[rows]
    images = np.bincount(person)
    classes = images >= max(min_images, 2)
    if min_images < 2 or classes.sum() < 10 or not qs:
        raise InputError(
            f"{int(classes.sum()):,} of {len(images):,} people have {min_images} images or more"
            + (f", where copies count once: there are {copies:,}" if copies else ""),
            "A capacity needs at least 10 people with 2 or more different images each, and one q.",
        )
    stages = _Stages(progress, 6 + sensitivity + validate)
    rng = np.random.default_rng(seed)
    unit = faces.normalized()
    dimensions = _dimensions(unit, person, rng, dim is None and student is None)
    m = student.projection.dim if student is not None else dim
    m = m if m is not None else dimensions["images"].chosen
    stages.next()
    scores = pair_scores(unit, person, seed)
    stages.next()
    work = Work(unit, person, min_images, seed)
    projection = work.project(m, _STEPS) if student is None else student.projection
    stages.next()
    student = student or EmbeddingStudent(projection, steps=_STEPS, seed=seed).fit(unit)
    stages.next()
    moments = moments or student.moments(unit)
    ratios = work.ratios(moments, resamples, _DRAWS)
    stages.next()
    packing = [point for q in qs if (point := packing_point(q, scores, own_angles(unit, person), m)) is not None]
    changes = [changed("nothing", m, ratios, qs[0])]
    if sensitivity:
        changes += other_choices(work, m, student, ratios, qs[0], _STEPS)
        stages.next()
    asked = next((q for q in qs if q <= 0.01), qs[-1])  # CapacityResult.point
    also = (dimensions["people"].chosen,) if "people" in dimensions else ()
    by_dim = bound_over_dims(work, m, also, asked, _FEW_STEPS)
    stages.next()
    validation = _validation(unit, projection.transform(unit), scores, qs, seed) if validate else ()
    tau, entries = scores.miss_threshold(asked), Entries.by_cosine(unit[scores.rows])
    check = None if tau is None else growth_curve(entries, tau, asked, "fnmr", "embedding", seed=seed)
    if validate:
        stages.next()
    counts = {
        "images": len(unit),
        "excluded": len(exclude),
        "images_of_unknown_people": int(np.count_nonzero(~people.known)),
        "copies": copies,
        "people": len(images),
        "classes": int(classes.sum()),
        "class_images": int(images[classes].sum()),
    }
    volumes = np.sort(ratios.volumes["full"]) / np.log(10)
    preserved = preservation(unit, projection.transform(unit), moments.mean, scores, seed)
    found = warnings(counts, m, dimensions, preserved, scores, qs)
    return CapacityResult(
        model=faces.model or "this set",
        shape=shape,
        person_class=person_class,
        points=tuple(_points(ratios, m, qs)),
        dim=m,
        intrinsic_dimension=dimensions,
        preservation=preserved,
        packing=tuple(packing),
        validation=tuple(validation),
        sensitivity=tuple(changes),
        by_dim=by_dim,
        volumes=tuple((volumes - np.median(volumes)).tolist()),
        population=ratios.population["full"] / np.log(10) - float(np.median(volumes)),
        excess=ratios.spread.excess,
        tau=ratios.spread.tau,
        counts=counts,
        warnings=tuple(dict.fromkeys([*unsized, *people.left_out("the set"), *notes, *found])),
        student=student.label,
        gallery_size=size,
        check=check,
        signature=signature(
            "capacity",
            model=faces.model or None,
            images=counts["images"],
            people=counts["people"],
            people_by=people.source,
            excluded=len(exclude) or None,
            classes=counts["classes"],
            min_images=min_images,
            m=m,
            projection=f"deepmds-{projection.steps}",
            student=student.label,
            interval=f"people-bootstrap-{resamples}",
            seed=seed,
        ),
    )


def _size(
    faces: EmbeddingSet, fpir: float, fnir: float, exclude: Sequence[str], seed: int
) -> tuple[GallerySize | None, Sequence[str]]:
    """The gallery's size and its warnings; where the set is too small for it, why."""
    people_of(faces).needed(faces.ids, "the set")
    try:
        size = gallery_size(faces, fpir=fpir, fnir=fnir, exclude=exclude, seed=seed)
    except InputError as problem:
        return None, [f"how many people the gallery may hold can't be told: {problem}"]
    return size, size.warnings


def _dimensions(unit: Floats, person: Rows, rng: np.random.Generator, needed: bool) -> dict[str, IntrinsicDimension]:
    """Of all images, and of one image of each person; left out where there are too few, unless it is needed."""
    found = {}
    for name, rows in (("images", unit), ("people", unit[one_each(person, rng)])):
        try:
            found[name] = intrinsic_dimension(rows, seed=int(rng.integers(2**31)))
        except InputError:
            if needed and name == "images":
                raise
    return found


def _points(ratios: VolumeRatios, m: int, qs: Sequence[float]) -> list[CapacityPoint]:
    return [
        CapacityPoint(
            q, r.shape, r.person_class, *(whole_people(log_capacity(v, 0.0, m, q)) for v in (r.value, r.low, r.high))
        )
        for r in ratios.ratios
        for q in qs
    ]


def _validation(unit: Floats, y: Floats, scores: Scores, qs: Sequence[float], seed: int) -> list[GrowthCurve]:
    """Growing galleries of one image a person, at the thresholds of both readings of q, and in the projection."""
    entries = Entries.by_cosine(unit[scores.rows])
    found = []
    for meaning, threshold in (("far", scores.threshold), ("fnmr", scores.miss_threshold)):
        for q in qs:
            tau = threshold(q)
            if tau is not None:
                found.append(growth_curve(entries, tau, q, meaning, "embedding", seed=seed))
    left, right = y[scores.pairs[:, 0]], y[scores.pairs[:, 1]]
    distances = replace(scores, genuine=np.sort(-np.square(left - right).sum(axis=1)))
    entries = Entries.by_distance(y[scores.rows])
    for q in qs:
        tau = distances.miss_threshold(q)
        if tau is not None:
            found.append(growth_curve(entries, tau, q, "fnmr", "projection", seed=seed))
    return found


class _Stages:
    """Counts the steps of the estimate for a progress bar."""

    def __init__(self, progress: Callable[[int, int], None] | None, whole: int) -> None:
        self._progress, self._whole, self._done = progress, whole, 0

    def next(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._whole)
