"""De-anonymisation audit [2021, section 5]: naming anonymous embeddings of one system in another's labelled gallery.

An attacker who holds some images' embeddings by both systems fits a map between them. Who can he name then among people of
whom he knew nothing? Probes are anonymous embeddings of system A, mapped; the gallery is system B's, with names. For every
probe the best match is taken: the rank-1 identification rate is the share of probes with a mate in the gallery whose best
match is their mate; a tie with another person's entry is no match, as everywhere (`facespace.gallery`). In the open set an
answer is given only above a threshold, which at most a share FPIR (false positive identification rate) of the probes without
a mate reaches; FNIR is the share of mated probes without the right answer (ISO/IEC 19795-1, at rank 1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from ..copies import COPY, copied_probes
from ..embeddings import EmbeddingSet, Floats
from ..errors import FacespaceError, InputError
from ..gallery import Search, search
from ..mapping import LinearMap, PairStatistics, fit_map, pair_statistics, refine_map
from ..metrics import few_nonmated
from ..people import people_of
from ..results import signature
from ._design import Design, Rows, divide
from ._rates import Answers, Rates, rates
from .linkage_result import FPIRS, LinkageBound, LinkagePoint, LinkageResult

LEAKED = (10, 25, 50, 100, 400)


def audit_linkage(
    source: EmbeddingSet,
    target: EmbeddingSet,
    *,
    leaked: Sequence[int] = LEAKED,
    repeats: int = 5,
    method: str | None = None,
    center: bool = True,
    refine: bool = False,
    fpirs: Sequence[float] = FPIRS,
    enrolled: int = 1,
    resamples: int = 500,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> LinkageResult:
    """Attack `target`'s gallery with `source`'s embeddings, and the other way round, for each number of leaked pairs.

    The people are divided once: a quarter (more where the largest leak needs it) whose images may leak, and the attacked
    ones. Of an attacked person `enrolled` images are in the gallery and up to 5 others are probes; people with fewer images
    are probes without a mate, or further entries of the gallery. No image, and no leaked person, is on both sides.

    Args:
        source, target: sets of two systems that share images whose people are known (`facespace.people`).
        leaked: numbers of leaked pairs.
        repeats: draws of leaked pairs for each number.
        method: family of the map; by default "anchored", which suits few pairs.
        center: fit and compare about the means; of few leaked pairs, about those of all embeddings the attacker holds.
        refine: also sharpen every map by `refine_map` on the probes and the gallery, which the attacker holds anyway. Where
            it refuses, the map as fitted is used, and counted.
        fpirs: false positive identification rates of the open-set table.
        resamples: draws of people behind the intervals.
        progress: called with attacks done and attacks in all.

    Raises:
        InputError: no shared images, no subjects, too few people, not enough images to leak, rates outside 0 … 1.
    """
    sizes = sorted(set(leaked))
    if not sizes or sizes[0] < 2 or repeats < 1 or enrolled < 1:
        raise InputError(
            f"a linkage audit needs 2 leaked pairs, 1 repeat and 1 enrolled image at least; got {list(leaked)}, {repeats} "
            f"and {enrolled}"
        )
    for rate in fpirs:
        if not 0 <= rate < 1:
            raise InputError(f"a false positive identification rate is at least 0 and below 1, not {rate:g}")
    joined = source.join(target)
    people = people_of(joined.left, joined.right).needed(joined.left.ids, "either set")
    named = np.flatnonzero(people.known)
    design = divide(people.names[named], sizes[-1], enrolled=enrolled, seed=seed)
    family = method or "anchored"
    sides = (joined.left.take(named), joined.right.take(named))
    names = _names(source, target)

    def score(found: list[Search]) -> Rates:
        named, best = [one.rank == 1 for one in found], [np.maximum(one.mate, one.other) for one in found]
        person = design.person[design.probes]
        return rates(Answers(np.array(named), np.array(best)), person, design.mated, fpirs, resamples=resamples, seed=seed)

    points: list[LinkagePoint] = []
    reasons: list[str] = []
    whole = 2 * len(sizes) * repeats
    with threadpool_limits(1):  # decompositions of this size gain nothing from threads
        native = [_search(faces.vectors[design.probes], faces.vectors[design.gallery], design) for faces in sides]
        bounds = [_bound(name, score([found])) for name, found in zip(names, native, strict=True)]
        for (one, two), (a, b) in ((names, sides), (names[::-1], sides[::-1])):
            probes, gallery = _bare(a.take(design.probes)), _bare(b.take(design.gallery))
            for size in sizes:
                plain: list[Search] = []
                sharp: list[Search] = []
                refused: list[str] = []
                for repeat in range(repeats):
                    rows = design.leak(repeat, seed)[:size]
                    # The attacker has the attacked embeddings too; few pairs are centred by all of them.
                    mine, theirs = (np.concatenate([rows, held]) for held in (design.probes, design.gallery))
                    fitted = fit_map(a.take(mine), b.take(theirs), family, center=center, judge=False, seed=seed)
                    plain.append(_attack(fitted, probes, gallery, design))
                    if refine:
                        known = pair_statistics(a.take(rows), b.take(rows))
                        better = _refined(fitted, known, probes, gallery, refused)
                        sharp.append(plain[-1] if better is fitted else _attack(better, probes, gallery, design))
                    if progress is not None:
                        progress(len(points) // (1 + refine) * repeats + repeat + 1, whole)
                points.append(_point(one, two, size, False, score(plain), 0))
                if refine:
                    points.append(_point(one, two, size, True, score(sharp), len(refused)))
                if refused:
                    reasons.append(f"{one} → {two}, {size} pairs: refine refused {len(refused)} of {repeats}: {refused[0]}")
    nonmated, ids = int((~design.mated).sum()), sides[0].ids[design.probes]
    left_out = len(joined.left_only) + len(joined.right_only)
    return LinkageResult(
        source=names[0],
        target=names[1],
        method=family,
        chance=design.chance,
        points=tuple(points),
        bounds=tuple(bounds),
        counts=_counts(design, nonmated),
        warnings=(
            *([f"{left_out:,} images are in one of the sets only and were left out"] if left_out else []),
            *people.left_out("both sets"),
            *(f"{one.model} was moved by a map: it is no system of its own" for one in (source, target) if one.mapped),
            *(
                warning
                for name, found in zip(names, native, strict=True)
                for warning in copied_probes(ids, np.maximum(found.mate, found.other) >= COPY, name)
            ),
            *few_nonmated(nonmated, fpirs),
            *reasons,
        ),
        signature=signature(
            "linkage",
            source=source.model or None,
            target=target.model or None,
            method=family + ("" if center or family == "identity" else "-uncentred"),
            leaked="/".join(map(str, sizes)),
            repeats=repeats,
            refine="yes" if refine else None,
            gallery=len(design.gallery),
            mated=int(design.mated.sum()),
            nonmated=nonmated,
            enrolled=enrolled,
            people_by=people.source,
            interval=f"people+repeats-bootstrap-{resamples}",
            seed=seed,
        ),
        fpirs=tuple(fpirs),
    )


def _attack(fitted: LinearMap, probes: EmbeddingSet, gallery: EmbeddingSet, design: Design) -> Search:
    return _search(fitted.probe(probes.vectors), fitted.reference(gallery.vectors), design)


def _search(probes: Floats, gallery: Floats, design: Design) -> Search:
    return search(probes, design.person[design.probes], gallery, design.person[design.gallery])


def _refined(
    fitted: LinearMap, known: PairStatistics, probes: EmbeddingSet, gallery: EmbeddingSet, refused: list[str]
) -> LinearMap:
    """The refined map, or `fitted` itself with the reason added to `refused`."""
    try:
        better: LinearMap = refine_map(fitted, probes, gallery, statistics=known).map
    except FacespaceError as error:
        refused.append(error.message)
        return fitted
    return better


def _bare(faces: EmbeddingSet) -> EmbeddingSet:
    """Without labels: the attacker has none for the probes, and the map may not know the gallery's."""
    return EmbeddingSet(faces.vectors, faces.ids, model=faces.model)


def _names(source: EmbeddingSet, target: EmbeddingSet) -> tuple[str, str]:
    one, two = source.model or "source", target.model or "target"
    return (one, two) if one != two else (f"{one} (source)", f"{two} (target)")


def _point(source: str, target: str, size: int, refine: bool, found: Rates, refused: int) -> LinkagePoint:
    rank1 = found.rank1
    return LinkagePoint(
        source, target, size, refine, rank1.value, rank1.low, rank1.high, found.fnir, found.each, refused
    )  # fmt: skip


def _bound(model: str, found: Rates) -> LinkageBound:
    return LinkageBound(model, found.rank1.value, found.rank1.low, found.rank1.high, found.fnir)


def _counts(design: Design, nonmated: int) -> dict[str, int]:
    def people(rows: Rows) -> int:
        return len(np.unique(design.person[rows]))

    return {
        "leaked_people": people(design.pool),
        "attacked_people": people(np.concatenate([design.probes, design.gallery])),
        "gallery": len(design.gallery),
        "mated_probes": len(design.probes) - nonmated,
        "nonmated_probes": nonmated,
    }
