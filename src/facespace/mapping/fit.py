"""`fit_map`: two embedding sets in, a LinearMap out, or by the method joint a TwoSidedMap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, TypedDict, TypeVar, Unpack, overload

import numpy as np
from threadpoolctl import threadpool_limits

from ..datasets import PairProtocol
from ..embeddings import EmbeddingSet, Floats
from ..errors import InputError, unknown_name
from ..people import People, people_of
from .families import METHODS, JointMap, candidates, joint_candidates, make_estimator
from .held_out import FEWEST_PEOPLE, PARTS, HeldOut
from .linear_map import LinearMap
from .provenance import MOST, FittedOn
from .selection import Comparer
from .statistics import Moments, PairStatistics
from .two_sided_map import TwoSidedMap

C = TypeVar("C", bound=Comparer)

_FEWEST_UNNAMED = 10 * FEWEST_PEOPLE  # pairs to choose by where nobody is known: at ten photos a person, as many people


class _Options(TypedDict, total=False):
    alpha: float | Literal["auto"]
    rank: int | Literal["auto"]
    regularization: float | Literal["auto"]
    center: bool
    intercept: bool
    protocol: PairProtocol | None
    judge: bool
    provenance: bool
    seed: int


@overload
def fit_map(  # type: ignore[overload-overlap]  # a str that is no literal may be "joint" too; few callers have one
    source: EmbeddingSet, target: EmbeddingSet, method: Literal["joint"], **options: Unpack[_Options]
) -> TwoSidedMap: ...


@overload
def fit_map(source: EmbeddingSet, target: EmbeddingSet, method: str = "auto", **options: Unpack[_Options]) -> LinearMap: ...


def fit_map(
    source: EmbeddingSet,
    target: EmbeddingSet,
    method: str = "auto",
    *,
    alpha: float | Literal["auto"] = 1.0,
    rank: int | Literal["auto"] = "auto",
    regularization: float | Literal["auto"] = "auto",
    center: bool = True,
    intercept: bool = False,
    protocol: PairProtocol | None = None,
    judge: bool = True,
    provenance: bool = True,
    seed: int = 0,
) -> LinearMap | TwoSidedMap:
    """Fit the map from `source`'s space to `target`'s, or by "joint" of both into a common one, on L2-normalised vectors.

    Pairs are the ids that both sets have (the same image seen by both networks), or, with `protocol`, the genuine
    pairs of that list (left image by the source network, right image by the target network [2020, eq. 1]).

    Args:
        method: a family of `facespace.mapping.families.registry`, or "auto": the one with the least verification error in a
            5-fold cross-validation that keeps people together (`facespace.people` says who they are; where nobody is
            known every image is its own person, and the two embeddings of one image are the genuine pairs: the warnings
            then say that folds may share people). "auto" needs 10 people, or 100 pairs where nobody is known, and keeps the
            target's space; "joint" maps both sides into a common one, which loses less.
        alpha: ridge penalty of ridge and reduced-rank, or "auto" (generalised cross-validation).
        rank: of reduced-rank, or "auto".
        regularization: ρ of joint, or "auto": 0.03 or 0.1 by the same cross-validation, 0.1 where the people are too few.
        center: fit about the means and compare about the target's mean; False gives the papers' forms. The means are those
            of the pairs or, where these are fewer than twice the dimensions, of all embeddings given: they need no partner.
            The spread of all embeddings then helps the anchored family too.
        intercept: with `center=False`: fit b too, but compare about zero.
        judge: measure whether the pairs correspond, by five more fits without a fold each (`held_out.py`).
        provenance: keep hashes of the ids and people fitted on, so that whoever judges the map on these is warned.
        seed: of the people's division into folds.

    The map's `facts` say what was chosen, on how many pairs and subjects, how many ids found no partner, how far held-out
    pairs agree, and as `warnings` what speaks against the pairs: near chance, or part of them not corresponding.

    Raises:
        InputError: no shared ids, no pairs, joint without centring, auto of too few people.
        UnknownNameError: no such method.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, turn = rng.normal(size=(50, 4)), np.linalg.qr(rng.normal(size=(4, 4)))[0]
    >>> ids = [f"{i}" for i in range(50)]
    >>> a, b = EmbeddingSet(x, ids, model="a"), EmbeddingSet(x @ turn, ids, model="b")
    >>> bool(np.allclose(fit_map(a, b, "orthogonal", center=False).weight, turn, atol=1e-6))
    True
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    if method == "joint" and (intercept or not center):
        raise InputError("joint maps are fitted and compared about the means", "Leave center and intercept as they are.")
    x, y, people, facts = paired_vectors(source, target, protocol)
    fitted_on = _fitted_on(source, target, protocol, people) if provenance else None
    facts["provenance"] = (
        "kept" if fitted_on is not None else f"left out: more than {MOST:,} images" if provenance else "left out"
    )
    if method == "joint":
        held = HeldOut.of(x, y, people, seed)
        joint, chosen = _joint(held, regularization)
        facts |= chosen | (_agreement(held, joint) if judge else {})
        facts["warnings"] = [*facts.get("warnings", []), *_unnamed(facts)]
        statistics = PairStatistics.of(x, y, source_model=source.model, target_model=target.model)
        with _one_thread():
            both = TwoSidedMap.from_estimator(joint.fit_statistics(statistics), statistics, facts=facts)
        return replace(both, fitted=fitted_on)
    means, galleries = None, None
    if center and method != "identity" and few_pairs(len(x), source.dim, target.dim):
        galleries = Moments.of(source.normalized()), Moments.of(target.normalized())
        means = galleries[0].mean.astype(np.float32), galleries[1].mean.astype(np.float32)
        x, y = x - means[0], y - means[1]
        facts["means"] = f"of all {len(source):,} and {len(target):,} embeddings, not of the few pairs"
    own_means = center and means is None
    statistics = PairStatistics.of(x, y, source_model=source.model, target_model=target.model)
    held = HeldOut.of(x, y, people, seed)
    if method == "auto":
        options = candidates(source.dim, target.dim, galleries=galleries, center=own_means)
        estimator, chosen = _choose(options, held)
        facts |= {"method": method, **chosen}
    else:
        about_means = own_means or (intercept and not center)
        estimator = make_estimator(method, alpha=alpha, rank=rank, galleries=galleries, center=about_means)
        facts["method"] = method
    if judge:
        facts |= _agreement(held, estimator)
    facts["warnings"] = [*facts.get("warnings", []), *_unnamed(facts)]
    with _one_thread():
        estimator.fit_statistics(statistics)
    about_zero = method != "auto" and intercept and not center
    origin = np.zeros(statistics.target.dim) if about_zero else None
    facts["centred"] = (estimator.center or means is not None) and not about_zero
    fitted = replace(LinearMap.from_estimator(estimator, statistics, origin=origin, facts=facts), fitted=fitted_on)
    return fitted if means is None else fitted.shifted(*means)


def few_pairs(n: int, p: int, q: int) -> bool:
    """Are n pairs too few to give a map between widths p and q its means, where more embeddings are at hand?"""
    return n < 2 * max(p, q)


def pair_statistics(source: EmbeddingSet, target: EmbeddingSet, protocol: PairProtocol | None = None) -> PairStatistics:
    """The statistics that `fit_map` fits on with the same arguments; add them to others, or keep them for later fits."""
    x, y, _, _ = paired_vectors(source, target, protocol)
    return PairStatistics.of(x, y, source_model=source.model, target_model=target.model)


def paired_vectors(
    source: EmbeddingSet, target: EmbeddingSet, protocol: PairProtocol | None
) -> tuple[Floats, Floats, People, dict[str, Any]]:
    """Row-aligned L2-normalised vectors (n, p), (n, q) of the pairs, their people (n,), and counts for the record."""
    if protocol is None:
        joined = source.join(target)
        left, right = joined.left, joined.right
        facts: dict[str, Any] = {
            "pairing": "same",
            "source_unmatched": len(joined.left_only),
            "target_unmatched": len(joined.right_only),
        }
    else:
        genuine_left, genuine_right = protocol.left[protocol.same], protocol.right[protocol.same]
        left_rows, right_rows = source.find(genuine_left), target.find(genuine_right)
        both = (left_rows >= 0) & (right_rows >= 0)
        if not both.any():
            raise InputError(
                f"none of the {len(both):,} genuine pairs of {protocol.name!r} has an embedding in both sets",
                "Do the ids of the pairs list and of the sets have the same form?",
            )
        # One image may be in several pairs, so these are not sets but rows of sets.
        facts = {"pairing": "matched", "pairs_without_embedding": int((~both).sum())}
        left_rows, right_rows = left_rows[both], right_rows[both]
        people = people_of(source).take(left_rows)
        if people.source == "nobody":
            people = people_of(target).take(right_rows)
        return source.normalized()[left_rows], target.normalized()[right_rows], people, facts | _counted(people)
    people = people_of(left, right)
    return left.normalized(), right.normalized(), people, facts | _counted(people)


def _fitted_on(source: EmbeddingSet, target: EmbeddingSet, protocol: PairProtocol | None, people: People) -> FittedOn | None:
    if protocol is None:
        ids = source.ids[target.find(source.ids) >= 0]
    else:
        left, right = protocol.left[protocol.same], protocol.right[protocol.same]
        both = (source.find(left) >= 0) & (target.find(right) >= 0)
        ids = np.concatenate([left[both], right[both]])
    return FittedOn.of(ids, people.names) if len(ids) <= MOST else None


def _one_thread() -> Any:
    # Decompositions of some hundred rows gain little from threads and, on a busy machine, lose a factor of 50 by them.
    return threadpool_limits(1)


def _counted(people: People) -> dict[str, Any]:
    """Who told the people, how many they are (None where nobody is known), and how many pairs are of unknown ones."""
    known = people.names[people.known]
    return {
        "people_by": people.source,
        "subjects": len(np.unique(known)) if len(known) else None,
        "pairs_of_unknown_people": len(people.names) - len(known),
    }


def _joint(held: HeldOut, regularization: float | Literal["auto"]) -> tuple[JointMap, dict[str, Any]]:
    if regularization != "auto":
        return JointMap(regularization), {}
    if not (need := _too_few(held)):
        return _choose(joint_candidates(), held)
    given = JointMap()
    return given, {"note": f"ρ = {given.regularization:g} is not chosen from the data, which {need}"}


def _choose(options: Mapping[str, C], held: HeldOut) -> tuple[C, dict[str, Any]]:
    if need := _too_few(held):
        raise InputError(
            f"choosing a method by cross-validation {need}",
            f"Name a method instead: {', '.join(METHODS[1:])}.",
        )
    selection, judged = held.choose(options)
    return options[selection.chosen], {
        "family": selection.chosen.split("(")[0],
        "chosen": selection.chosen,
        "cross_validation": {"error": selection.losses, "parts": PARTS, "pairs": judged, "labelled": held.labelled},
        "seed": held.seed,
    }


def _too_few(held: HeldOut) -> str:
    """What a choice by cross-validation needs that these pairs don't have; "" if nothing."""
    if held.people >= (FEWEST_PEOPLE if held.labelled else _FEWEST_UNNAMED):
        return ""
    if held.labelled:
        return f"needs at least {FEWEST_PEOPLE} people; these pairs have {held.people}"
    unnamed = f"{_FEWEST_UNNAMED} pairs where nobody is known; these are {held.people}"
    return f"needs at least {FEWEST_PEOPLE} people, or {unnamed}"


def _unnamed(facts: Mapping[str, Any]) -> list[str]:
    """A warning where a choice was made on folds that may share people."""
    if facts.get("cross_validation", {}).get("labelled", True):
        return []
    told = "the folds that the choice was made on may share people, and its errors be too small"
    return [f"nobody is known in these pairs: {told}; give a set with subjects, or ids such as ann/1"]


def _agreement(held: HeldOut, estimator: Comparer) -> dict[str, Any]:
    agreement, warnings = held.agreement(estimator)
    return {"agreement": agreement, "warnings": warnings}
