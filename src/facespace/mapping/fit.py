"""`fit_map`: two embedding sets in, a LinearMap out, or by the method joint a TwoSidedMap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, TypedDict, TypeVar, Unpack, overload

import numpy as np
from threadpoolctl import threadpool_limits

from ..engine import Engine, LocalEngine
from ..errors import DimensionError, InputError, unknown_name
from ..given import ANY, MAP, PAIRS, MapFile, ProtocolLike, SetLike, as_any, as_map, as_pairs, takes
from ..row_index import AnySet
from .correspondence import CorrespondenceResult, check_shuffled, without_broken
from .families import (
    METHODS,
    TWO_SIDED,
    AnchoredMap,
    IdentityMap,
    JointMap,
    LikelihoodMap,
    LinearEstimator,
    all_candidates,
    candidates,
    joint_candidates,
    make_estimator,
)
from .held_out import HeldOut, check_spread
from .linear_map import LinearMap
from .pairs import PARTS, Pairing, excluded_rows, moments_of
from .provenance import MOST
from .selection import Comparer
from .statistics import Moments, PairStatistics
from .two_sided_map import TwoSidedMap

C = TypeVar("C", bound=Comparer)

_FEW_FOR_MEANS = 200  # embeddings, of which a mean would scatter more than networks' domains differ


class _Options(TypedDict, total=False):
    alpha: float | Literal["auto"]
    rank: int | Literal["auto"]
    regularization: float | Literal["auto"]
    center: bool
    intercept: bool
    protocol: ProtocolLike | None
    judge: bool
    provenance: bool
    robust: bool | CorrespondenceResult
    seed: int
    exclude: ProtocolLike | None
    beside: tuple[Moments, Moments] | None
    start: LinearMap | MapFile | None
    engine: Engine | None
    progress: Callable[[str, int, int], None] | None


@overload
def fit_map(  # type: ignore[overload-overlap]  # a str that is no literal may be "joint" too; few callers have one
    source: SetLike, target: SetLike, method: Literal["joint", "likelihood"], **options: Unpack[_Options]
) -> TwoSidedMap: ...


@overload
def fit_map(  # type: ignore[overload-overlap]
    source: SetLike, target: SetLike, method: Literal["auto-both"], **options: Unpack[_Options]
) -> LinearMap | TwoSidedMap: ...


@overload
def fit_map(source: SetLike, target: SetLike, method: str = "auto", **options: Unpack[_Options]) -> LinearMap: ...


@takes(paired=("source", "target"), source=ANY, target=ANY, protocol=PAIRS, exclude=PAIRS, start=MAP)
def fit_map(
    source: SetLike,
    target: SetLike,
    method: str = "auto",
    *,
    alpha: float | Literal["auto"] = 1.0,
    rank: int | Literal["auto"] = "auto",
    regularization: float | Literal["auto"] = "auto",
    center: bool = True,
    intercept: bool = False,
    protocol: ProtocolLike | None = None,
    judge: bool = True,
    provenance: bool = True,
    robust: bool | CorrespondenceResult = False,
    seed: int = 0,
    exclude: ProtocolLike | None = None,
    beside: tuple[Moments, Moments] | None = None,
    start: LinearMap | MapFile | None = None,
    engine: Engine | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> LinearMap | TwoSidedMap:
    """Fit the map from `source`'s space to `target`'s, or by "joint" of both into a common one, on L2-normalised vectors.

    Pairs are the ids that both sets have (the same image seen by both networks), or, with `protocol`, the genuine
    pairs of that list (left image by the source network, right image by the target network [2020, eq. 1]).

    The sets may be larger than memory (`EmbeddingSet.open`): their vectors are then read once, a block at a time, and the
    map is the one of the same sets in memory, to rounding.

    Args:
        method: a family of `facespace.mapping.families.registry`, or "auto": by the verification error in a 5-fold
            cross-validation that keeps people together (`selection.select`; `facespace.people` says who they are; where
            nobody is known every image is its own person, and the two embeddings of one image are the genuine pairs: the
            warnings then say that folds may share people). "auto" needs 10 people, or 100 pairs where nobody is known, and
            keeps the target's space; "joint" maps both sides into a common one, which loses less; "likelihood" scores by the
            ratio of likelihoods there, and serves comparison alone; "auto-both" chooses among all of these.
        alpha: ridge penalty of ridge and reduced-rank, or "auto" (generalised cross-validation).
        rank: of reduced-rank, or "auto".
        regularization: ρ of joint and likelihood, or "auto": of joint 0.03 or 0.1 by the same cross-validation, else 0.1.
        center: fit about the means and compare about the target's mean; False gives the papers' forms. The means are those
            of the pairs or, where these are fewer than twice the dimensions, of all embeddings given: they need no partner.
            The spread of all embeddings then helps the anchored family too.
        intercept: with `center=False`: fit b too, but compare about zero.
        judge: measure whether the pairs correspond, by five more fits without a fold each (`held_out.py`).
        robust: leave out the pairs that `check_pairs` lists, or that its result for the same arguments has.
        provenance: keep hashes of the ids and people fitted on, so that whoever judges the map on these is warned.
        seed: of the people's division into folds.
        exclude: pairs that the map will be judged on: images that are in it, or of its people, are left out of both sets.
        beside: moments of more L2-normalised embeddings of either network than are given, for the means of few pairs.
        start: a map of the same networks fitted on other pairs, such as `shipped_map`, which these pairs sharpen
            (`AnchoredMap`): by "anchored", or by "auto" where it is better, by cross-validation, than the start as it is.
            Where people are too few to choose, "auto" sharpens. Of fewer than 200 embeddings the means are the start's too.
            Of pairs that the start was fitted on, more than 1 %, "auto" chooses without it.
        engine: where stored sets are worked on; by default threads of this process.
        progress: called with (what is done, rows done, rows in all) while stored sets are read.

    The map's `facts` say what was chosen, on how many pairs and subjects, how many ids found no partner, how far held-out
    pairs agree, and as `warnings` what speaks against the pairs: near chance, or part of them not corresponding.

    Raises:
        InputError: no shared ids, no pairs, joint without centring, auto of too few people; a thousand pairs or more that
            score like strangers' (ids shuffled), unless `judge=False`.
        UnknownNameError: no such method.

    >>> import numpy as np
    >>> from facespace import EmbeddingSet
    >>> rng = np.random.default_rng(0)
    >>> x, turn = rng.normal(size=(50, 4)), np.linalg.qr(rng.normal(size=(4, 4)))[0]
    >>> ids = [f"{i}" for i in range(50)]
    >>> a, b = EmbeddingSet(x, ids, model="a"), EmbeddingSet(x @ turn, ids, model="b")
    >>> bool(np.allclose(fit_map(a, b, "orthogonal", center=False).weight, turn, atol=1e-6))
    True
    """
    source, target = as_any(source), as_any(target)
    protocol, exclude, start = as_pairs(protocol), as_pairs(exclude), as_map(start)
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    both_sides = method in (*TWO_SIDED, "auto-both")
    if both_sides and (intercept or not center):
        raise InputError(f"{method} maps are fitted and compared about the means", "Leave center and intercept as they are.")
    pairs = Pairing.of(
        source, target, protocol, exclude=exclude, seed=seed, engine=engine or LocalEngine(), progress=progress
    )
    if robust:
        pairs = without_broken(pairs, source.model, target.model, robust, seed)
    p, q = source.dim, target.dim
    if start is not None:
        _check_start(start, source, target, method, center)
    means, galleries = None, None
    if not both_sides and center and method != "identity" and few_pairs(pairs.n, p, q):
        out = (None, None) if exclude is None else excluded_rows(source, target, exclude, pairs.engine)
        galleries = moments_of(source, pairs.engine, out[0]), moments_of(target, pairs.engine, out[1])
        if beside is not None:
            galleries = galleries[0] + beside[0], galleries[1] + beside[1]
        means = galleries[0].mean.astype(np.float32), galleries[1].mean.astype(np.float32)
        if start is not None and min(galleries[0].n, galleries[1].n) < _FEW_FOR_MEANS:
            means = start.source_mean, start.bias + start.source_mean @ start.weight
    folds = judge or method in ("auto", "auto-both") or (method == "joint" and regularization == "auto")
    sums = pairs.sums(means, folds=folds, provenance=(provenance or start is not None) and pairs.n <= MOST)
    statistics, whole = replace(sums.statistics, source_model=source.model, target_model=target.model), sums.fitted_on
    if center and method != "identity":
        check_spread(statistics, means)
    judges, known = (True, []) if start is None or whole is None else whole.judge(start.fitted)
    fitted_on = whole if provenance else None
    held = HeldOut.of(sums, pairs.division, seed) if folds else None
    unknown = f"left out: more than {MOST:,} images" if provenance else "left out"
    facts = {**pairs.facts, "provenance": unknown if fitted_on is None else "kept"}
    found: LinearEstimator | JointMap | LikelihoodMap | None = None
    if both_sides:
        found, chosen = _both_sides(method, held, regularization, p, q)
        facts |= chosen
    if isinstance(found, JointMap | LikelihoodMap):
        facts |= _agreement(held if judge else None, found, pairs.n)
        facts["warnings"] = [*facts.get("warnings", []), *_unnamed(facts)]
        with _one_thread():
            both = TwoSidedMap.from_estimator(found.fit_statistics(statistics), statistics, facts=facts)
        return replace(both, fitted=fitted_on)
    if means is not None and galleries is not None:  # means are of these, or of the start
        told = f"of all {galleries[0].n:,} and {galleries[1].n:,} embeddings"
        own = start is None or means[0] is not start.source_mean
        facts["means"] = f"{told}, not of the few pairs" if own else "of the start, not of the few embeddings"
    own_means = center and means is None
    if found is not None:
        estimator = found
        facts["method"] = method
    elif start is not None and (method == "anchored" or (held is not None and held.too_few)):
        estimator = AnchoredMap(start=start.weight.astype(np.float64), center=own_means)
        facts |= {"method": "anchored", "start": start.method}
    elif method == "auto":
        weight = start.weight.astype(np.float64) if start is not None and judges else None
        estimator, chosen = _choose(candidates(p, q, galleries=galleries, start=weight, center=own_means), held)
        facts |= {"method": method, **chosen} | ({} if start is None or weight is None else {"start": start.method})
    else:
        about_means = own_means or (intercept and not center)
        estimator = make_estimator(method, alpha=alpha, rank=rank, galleries=galleries, center=about_means)
        facts["method"] = method
    facts |= _agreement(held if judge else None, estimator, pairs.n)
    facts["warnings"] = [*facts.get("warnings", []), *_unnamed(facts), *known]
    with _one_thread():
        estimator.fit_statistics(statistics.stored() if method.startswith("auto") else statistics)
    about_zero = not method.startswith("auto") and intercept and not center
    origin = np.zeros(statistics.target.dim) if about_zero else None
    facts["centred"] = (estimator.center or means is not None) and not about_zero
    if fitted_on is not None and start is not None and "start" in facts:
        fitted_on = fitted_on.and_of(start.fitted)
    fitted = replace(LinearMap.from_estimator(estimator, statistics, origin=origin, facts=facts), fitted=fitted_on)
    return fitted if means is None else fitted.shifted(*means)


def _check_start(start: LinearMap, source: AnySet, target: AnySet, method: str, center: bool) -> None:
    if method not in ("auto", "anchored") or not center:
        raise InputError(
            f"a start is sharpened by the methods auto and anchored, about the means, not by {method}",
            "Leave out one of both.",
        )
    start.check_model(source, "source")
    if start.weight.shape != (source.dim, target.dim):
        widths = f"{start.weight.shape[0]} → {start.weight.shape[1]}"
        raise DimensionError(f"the start maps {widths} numbers, the sets have {source.dim} and {target.dim}")
    if start.target_model and target.model and start.target_model != target.model:
        raise InputError(f"the start leads to {start.target_model!r}, but the target was made by {target.model!r}")


def few_pairs(n: int, p: int, q: int) -> bool:
    """Are n pairs too few to give a map between widths p and q its means, where more embeddings are at hand?"""
    return n < 2 * max(p, q)


@takes(paired=("source", "target"), source=ANY, target=ANY, protocol=PAIRS, exclude=PAIRS)
def pair_statistics(
    source: SetLike,
    target: SetLike,
    protocol: ProtocolLike | None = None,
    *,
    exclude: ProtocolLike | None = None,
    engine: Engine | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> PairStatistics:
    """The statistics that `fit_map` fits on with the same arguments; add them to others, or keep them for later fits."""
    source, target, protocol, exclude = as_any(source), as_any(target), as_pairs(protocol), as_pairs(exclude)
    pairs = Pairing.of(source, target, protocol, exclude=exclude, engine=engine or LocalEngine(), progress=progress)
    return replace(pairs.sums().statistics, source_model=source.model, target_model=target.model)


def _one_thread() -> Any:
    # Decompositions of some hundred rows gain little from threads and, on a busy machine, lose a factor of 50 by them.
    return threadpool_limits(1)


def _both_sides(
    method: str, held: HeldOut | None, regularization: float | Literal["auto"], p: int, q: int
) -> tuple[LinearEstimator | JointMap | LikelihoodMap, dict[str, Any]]:
    if method == "auto-both":
        return _choose(all_candidates(p, q), held)
    if method == "likelihood":
        return LikelihoodMap() if regularization == "auto" else LikelihoodMap(regularization), {}
    if regularization != "auto":
        return JointMap(regularization), {}
    assert held is not None  # whoever lets choose has asked for folds
    if not (need := held.too_few):
        return _choose(joint_candidates(), held)
    given = JointMap()
    return given, {"note": f"ρ = {given.regularization:g} is not chosen from the data, which {need}"}


def _choose(options: Mapping[str, C], held: HeldOut | None) -> tuple[C, dict[str, Any]]:
    assert held is not None  # whoever lets choose has asked for folds
    if need := held.too_few:
        raise InputError(
            f"choosing a method by cross-validation {need}",
            f"Name a method instead: {', '.join(METHODS[1:])}.",
        )
    selection, judged = held.choose(options)
    return options[selection.chosen], {
        "family": selection.chosen.split("(")[0],
        "chosen": selection.chosen,
        "cross_validation": {
            "error": selection.losses,
            "behind": selection.behind,
            "best": selection.best,
            "parts": PARTS,
            "pairs": judged,
            "labelled": held.labelled,
        },
        "seed": held.seed,
    }


def _unnamed(facts: Mapping[str, Any]) -> list[str]:
    """A warning where a choice was made on folds that may share people."""
    if facts.get("cross_validation", {}).get("labelled", True):
        return []
    told = "the folds that the choice was made on may share people, and its errors be too small"
    return [f"nobody is known in these pairs: {told}; give a set with subjects, or ids such as ann/1"]


def _agreement(held: HeldOut | None, estimator: Comparer, n: int) -> dict[str, Any]:
    if held is None:
        return {}
    agreement, warnings = held.agreement(estimator)
    if not isinstance(estimator, IdentityMap):  # the control may well score like strangers
        check_shuffled(agreement, n, held.x.shape[1], held.y.shape[1])
    return {"agreement": agreement, "warnings": warnings}
