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
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from threadpoolctl import threadpool_limits

from ..copies import COPY, copied_probes
from ..embeddings import EmbeddingSet
from ..engine import Engine, LocalEngine
from ..errors import FacespaceError, InputError
from ..gallery import Search
from ..given import ANY, SetLike, as_any, takes
from ..mapping import LinearMap, PairStatistics, fit_map, pair_statistics, refine_map
from ..metrics import few_nonmated
from ..people import left_out
from ..results import signature
from ..row_index import AnySet
from ._systems import Shared, System
from .design import Design, Rows, divide, fitting_sizes
from .linkage_result import FPIRS, LinkageBound, LinkagePoint, LinkageResult
from .rates import Answers, Rates, rates

LEAKED = (10, 25, 50, 100, 400)


@takes(paired=("source", "target"), source=ANY, target=ANY)
def audit_linkage(
    source: SetLike,
    target: SetLike,
    *,
    leaked: Sequence[int] | None = None,
    repeats: int = 5,
    method: str | None = None,
    center: bool = True,
    refine: bool = False,
    fpirs: Sequence[float] = FPIRS,
    enrolled: int = 1,
    resamples: int = 500,
    seed: int = 0,
    engine: Engine | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> LinkageResult:
    """Attack `target`'s gallery with `source`'s embeddings, and the other way round, for each number of leaked pairs.

    The people are divided once: a quarter (more where the largest leak needs it) whose images may leak, and the attacked
    ones. Of an attacked person `enrolled` images are in the gallery and up to 5 others are probes; people with fewer images
    are probes without a mate, or further entries of the gallery. No image, and no leaked person, is on both sides. At most
    10,000 probes with a mate and 10,000 without are looked up: so many fix the rates, and the gallery, whose size counts, is
    that of all people. Who is what hangs on the hashes of ids and names, and not on the order of rows.

    The sets may be larger than memory (`EmbeddingSet.open`). Time is that of 2 · repeats · len(leaked) searches of the
    probes in a gallery (twice as many with `refine`, and the refinements); a stored gallery is first copied to a temporary
    file.

    Args:
        source, target: sets of two systems that share images whose people are known (`facespace.people`).
        leaked: numbers of leaked pairs; by default those of 10, 25, 50, 100 and 400 for which the sets have images.
        repeats: draws of leaked pairs for each number.
        method: family of the map; by default "anchored", which suits few pairs.
        center: fit and compare about the means; of few leaked pairs, about those of all embeddings the attacker holds.
        refine: also sharpen every map by `refine_map` on the probes and the gallery, which the attacker holds anyway. Where
            it refuses, the map as fitted is used, and counted.
        fpirs: false positive identification rates of the open-set table.
        resamples: draws of people behind the intervals.
        engine: where stored sets are read and galleries searched; by default threads of this process.
        progress: called with attacks done and attacks in all.

    Raises:
        InputError: no shared images, no subjects, too few people, not enough images to leak, rates outside 0 … 1.
    """
    source, target = as_any(source), as_any(target)
    sizes = sorted(set(LEAKED if leaked is None else leaked))
    if not sizes or sizes[0] < 2 or repeats < 1 or enrolled < 1:
        raise InputError(
            f"a linkage audit needs 2 leaked pairs, 1 repeat and 1 enrolled image at least; got {sizes}, {repeats} "
            f"and {enrolled}"
        )
    for rate in fpirs:
        if not 0 <= rate < 1:
            raise InputError(f"a false positive identification rate is at least 0 and below 1, not {rate:g}")
    work = engine or LocalEngine()
    shared = Shared.of(source, target, work)
    if leaked is None:
        sizes = list(fitting_sizes(shared.people, LEAKED, seed=seed))
    design = divide(shared.people, sizes[-1], enrolled=enrolled, seed=seed)
    family = method or "anchored"
    names = _names(source, target)

    def score(found: list[Search]) -> Rates:
        named, best = [one.rank == 1 for one in found], [np.maximum(one.mate, one.other) for one in found]
        person = design.person[design.probes]
        return rates(Answers(np.array(named), np.array(best)), person, design.mated, fpirs, resamples=resamples, seed=seed)

    points: list[LinkagePoint] = []
    reasons: list[tuple[str, int, str]] = []
    whole = 2 * len(sizes) * repeats
    leaks = [design.leak(repeat, seed)[: sizes[-1]] for repeat in range(repeats)]
    with threadpool_limits(1), TemporaryDirectory(prefix="facespace-") as scratch:  # small decompositions: no threads
        files = [Path(scratch) / f"{side}.parquet" for side in ("source", "target")]
        pool = np.unique(np.concatenate(leaks))
        sides = [
            System.of(faces, rows, design, pool, work, file)
            for faces, rows, file in zip((source, target), shared.rows, files, strict=True)
        ]
        native = [side.search(side.probes.vectors, design) for side in sides]
        bounds = [_bound(name, score([found])) for name, found in zip(names, native, strict=True)]
        for (one, two), (a, b) in ((names, sides), (names[::-1], sides[::-1])):
            beside = None if family == "joint" else (a.of_probes, b.of_gallery)  # few pairs are centred by all embeddings
            for size in sizes:
                plain: list[Search] = []
                sharp: list[Search] = []
                refused: list[str] = []
                for repeat, rows in enumerate(leaks):
                    pairs = a.leak(rows[:size]), b.leak(rows[:size])
                    fitted = fit_map(*pairs, family, center=center, judge=False, beside=beside, seed=seed)
                    plain.append(b.search(fitted.probe(a.probes.vectors), design, fitted))
                    if refine:
                        better = _refined(fitted, pair_statistics(*pairs), a.probes, b.gallery, refused)
                        attack = plain[-1] if better is fitted else b.search(better.probe(a.probes.vectors), design, better)
                        sharp.append(attack)
                    if progress is not None:
                        progress(len(points) // (1 + refine) * repeats + repeat + 1, whole)
                points.append(_point(one, two, size, False, score(plain), 0))
                if refine:
                    points.append(_point(one, two, size, True, score(sharp), len(refused)))
                if refused:
                    reasons.append((f"{size} pairs of {one} → {two}", len(refused), refused[0]))
        ids = sides[0].probes.ids
    nonmated = int((~design.mated).sum())
    return LinkageResult(
        source=names[0],
        target=names[1],
        method=family,
        chance=design.chance,
        points=tuple(points),
        bounds=tuple(bounds),
        counts=_counts(design, nonmated),
        warnings=(
            *([f"{shared.left_out:,} images are in one of the sets only and were left out"] * bool(shared.left_out)),
            *_fewer(sizes, leaked is None),
            *left_out(shared.unknown, shared.whole, "both sets"),
            *(f"{one.model} was moved by a map: it is no system of its own" for one in (source, target) if one.mapped),
            *(
                warning
                for name, found in zip(names, native, strict=True)
                for warning in copied_probes(ids, np.maximum(found.mate, found.other) >= COPY, name)
            ),
            *few_nonmated(nonmated, fpirs),
            *_refusals(reasons, repeats),
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
            people_by=shared.source,
            interval=f"people+repeats-bootstrap-{resamples}",
            seed=seed,
        ),
        fpirs=tuple(fpirs),
    )


def _refined(
    fitted: LinearMap, known: PairStatistics, probes: EmbeddingSet, gallery: AnySet, refused: list[str]
) -> LinearMap:
    """The refined map, or `fitted` itself with the reason added to `refused`."""
    try:
        better: LinearMap = refine_map(fitted, probes, gallery, statistics=known).map
    except FacespaceError as error:
        refused.append(error.message)
        return fitted
    return better


def _refusals(reasons: Sequence[tuple[str, int, str]], repeats: int) -> list[str]:
    """One warning for all: where maps could not be refined, how many there, and the first reason."""
    if not reasons:
        return []
    told = "; ".join(f"{count} with {where}" for where, count, _ in reasons)
    return [f"refine refused (of {repeats} maps each) {told}; the maps as fitted were used. The first: {reasons[0][2]}"]


def _fewer(sizes: Sequence[int], chosen: bool) -> list[str]:
    lacking = [f"{size:,}" for size in LEAKED if size not in sizes] if chosen else []
    what = f"{' and '.join(lacking)} leaked pairs were left out" if len(sizes) > 1 or sizes[0] in LEAKED else ""
    what = what or f"{sizes[0]:,} pairs leak, and not {LEAKED[0]} to {LEAKED[-1]}"
    return [f"{what}: half of the people, who are not attacked, have too few images for more"] if lacking else []


def _names(source: AnySet, target: AnySet) -> tuple[str, str]:
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
