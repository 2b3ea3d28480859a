"""`audit_mixture`: which templates of a gallery come from another network?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ...embeddings import EmbeddingSet, Floats
from ...engine import LocalEngine
from ...errors import DimensionError, InputError
from ...given import ANY, SetLike, as_any, takes
from ...metrics import open_end
from ...results import signature
from ...row_index import AnySet, Hashes, RowIndex, ids_of
from ._components import FEWEST, LIMIT, LONG, Components, find_components, separate
from ._gaussian import Doubles, Gaussian
from ._reference import Reference, lengths_kept
from .result import MixtureResult, Verdict

SAMPLE = 20_000  # templates that the laws are fitted on
PER_PERSON = 5  # of them, so that nobody with hundreds of images looks like a network
_DRAWS = 500
_NEARLY_ALL = 0.9
_EXCESS = 3.0  # standard errors

Scorer = Callable[[EmbeddingSet], Doubles]


@takes(faces=ANY, reference=ANY)
def audit_mixture(
    faces: SetLike, reference: SetLike | None = None, *, false_alarms: float = 0.01, sample: int = SAMPLE, seed: int = 0
) -> MixtureResult:
    """Find the templates that another network made, from the embeddings alone or beside a set of the network's own.

    Without a reference two Gaussians are looked for whose principal directions differ as only those of two networks do
    (`_components.py`): which of them is the right network's can't be told, and the smaller one is named. With a reference
    each template has a score of how unlikely it is (`_reference.py`), and those above a threshold that a share
    `false_alarms` of the reference's own people exceed are named; where these have other directions, they begin the second
    Gaussian, and the scores are log odds.

    Templates of the same network with swapped channels, of other crops, or that a map brought into its space, have its
    directions. They are not told from the embeddings alone but where most of the set is unlike, and with a reference only
    as far as docs/mixture.md says. People with many images count by 5 of them in the laws. Large stored sets are read twice:
    `sample` templates, then all in blocks.

    Raises InputError for too few templates, DimensionError where the reference has another width.

    >>> from facespace.datasets import demo_sets
    >>> audit_mixture(demo_sets()[-1]).verdict
    'one network'
    """
    faces, reference = as_any(faces), as_any(reference)
    if not 0 < false_alarms < 1:
        raise InputError(f"false alarms are a share between 0 and 1, not {false_alarms}", "0.01 is one in a hundred.")
    if reference is not None and reference.dim != faces.dim:
        raise DimensionError(
            f"the reference has vectors of width {reference.dim}, the set of {faces.dim}",
            "Were they made by another network?",
        )
    if len(faces) < 5 * FEWEST:
        raise InputError(
            f"{len(faces):,} templates are too few to tell networks apart", f"Give at least {5 * FEWEST}, better 1,000."
        )
    whole = RowIndex.of(faces, LocalEngine())
    seen = _sampled(faces, whole, sample, seed)
    if reference is None:
        return _alone(faces, whole, seen, sample, seed)
    clean = _sampled(reference, RowIndex.of(reference, LocalEngine()), sample, seed)
    law = Reference.of(clean, lengths_kept(seen), seed)
    threshold = law.threshold(false_alarms)
    scores = _scored(faces, law.scores)
    named = scores > threshold
    verdict, agreement, found = _judged(law, seen, threshold, false_alarms)
    by = "improbability"
    if verdict == "one network":
        named[:] = False
    elif found is not None:
        by, threshold = "log odds", 0.0
        sign = 1 if found.main_is_of(law.gaussian) else -1
        scores = _scored(faces, lambda part: sign * found.log_odds(part.normalized()))
        named = scores > threshold
    return _result(
        faces, whole, scores, named, threshold, by, verdict, agreement, seen, (reference.model, false_alarms), sample, seed
    )


def _alone(faces: AnySet, whole: RowIndex, seen: EmbeddingSet, sample: int, seed: int) -> MixtureResult:
    unit = seen.normalized()
    found = find_components(unit, seed)
    named = np.zeros(len(faces), dtype=np.bool_)
    if found is None or not found.two_networks:
        own = Gaussian.of(unit)
        scores = _scored(faces, lambda part: own.distances(part.normalized()))
        agreement = 1.0 if found is None else found.agreement
        return _result(
            faces, whole, scores, named, np.inf, "improbability", "one network", agreement, seen, None, sample, seed
        )
    scores = _scored(faces, lambda part: found.log_odds(part.normalized()))
    named = scores > 0
    return _result(faces, whole, scores, named, 0.0, "log odds", "two networks", found.agreement, seen, None, sample, seed)


def _judged(
    law: Reference, seen: EmbeddingSet, threshold: float, false_alarms: float
) -> tuple[Verdict, float, Components | None]:
    """What the named templates are: of another network if their directions differ, else unlike where they are too many."""
    unit = seen.normalized()
    named = law.scores(seen) > threshold
    share, count = float(named.mean()), int(named.sum())
    if count < FEWEST:
        return "one network", 1.0, None
    agreement = law.gaussian.agreement(unit[named])
    if agreement < LIMIT and share > _NEARLY_ALL:
        return "another network", agreement, None
    # The named ones may hold clean ones too: the second Gaussian goes on from them alone.
    found = separate(unit, named.astype(np.float64), LONG) if share <= _NEARLY_ALL else None
    if found is not None and found.two_networks:
        return "two networks", found.agreement, found
    if agreement < LIMIT:
        return "two networks", agreement, None
    error = np.sqrt(false_alarms * (1 - false_alarms) * (1 / len(named) + 1 / len(law.held_out)) * PER_PERSON)
    return ("one network" if share < false_alarms + _EXCESS * error else "unlike the reference"), agreement, None


def _result(
    faces: AnySet,
    whole: RowIndex,
    scores: Floats,
    named: NDArray[np.bool_],
    threshold: float,
    by: str,
    verdict: Verdict,
    agreement: float,
    seen: EmbeddingSet,
    reference: tuple[str, float] | None,
    sample: int,
    seed: int,
) -> MixtureResult:
    rows = np.flatnonzero(named)
    order = rows[np.argsort(-scores[rows], kind="stable")]
    ids = ids_of(faces, np.sort(order))[np.argsort(np.argsort(order))] if len(order) else np.empty(0, dtype=np.str_)
    unit = whole.people if whole.people.any() else whole.ids
    low, high = _interval(named, unit, seed)
    people = len(np.unique(whole.people[whole.people != 0]))
    warnings = []
    if reference is None and verdict == "two networks":
        warnings.append("without a reference it can't be told which of the two networks is the right one; fewer are named")
    told, alarms = (None, None) if reference is None else (reference[0] or "unknown", reference[1])
    return MixtureResult(
        model=faces.model,
        reference=told,
        verdict=verdict,
        templates=len(faces),
        people=people,
        sampled=len(seen),
        foreign=len(rows),
        share=len(rows) / len(faces),
        low=low,
        high=high,
        agreement=agreement,
        false_alarms=alarms,
        threshold=float(threshold),
        scored_by="log odds" if by == "log odds" else "improbability",
        scores=scores,
        ids=ids,
        foreign_scores=scores[order],
        warnings=tuple(warnings),
        signature=signature(
            "mixture", model=faces.model or "unknown", templates=len(faces), people=people or "unknown",
            reference="none" if told is None else told, false_alarms=alarms, sample=sample, seed=seed,
        ),
    )  # fmt: skip


def _sampled(faces: AnySet, index: RowIndex, sample: int, seed: int) -> EmbeddingSet:
    """Up to `sample` templates drawn by chance, and PER_PERSON of one person."""
    order = np.random.default_rng([seed, 4]).permutation(len(faces))
    person = index.people[order]
    grouped = np.argsort(person, kind="stable")
    sorted_people = person[grouped]
    place = np.arange(len(grouped)) - np.searchsorted(sorted_people, sorted_people)
    kept = np.zeros(len(order), dtype=np.bool_)
    kept[grouped] = (place < PER_PERSON) | (sorted_people == 0)
    return faces.take(np.sort(order[kept][:sample]))


def _scored(faces: AnySet, score: Scorer) -> Floats:
    """(n,) scores of all templates, a block at a time."""
    return np.concatenate([score(part).astype(np.float32) for part in _blocks(faces)])


def _blocks(faces: AnySet) -> Iterator[EmbeddingSet]:
    if not isinstance(faces, EmbeddingSet):
        yield from faces.batches()
        return
    for start in range(0, len(faces), SAMPLE):
        yield faces.take(np.arange(start, min(start + SAMPLE, len(faces))))


def _interval(named: NDArray[np.bool_], unit: Hashes, seed: int) -> tuple[float, float]:
    """95 % limits of the share that is named, from draws of people (of templates where nobody is known)."""
    person = np.unique(unit, return_inverse=True)[1]
    whole, hits = np.bincount(person).astype(float), np.bincount(person, weights=named)
    if named.all() or not named.any():  # draws would all say the same
        return open_end(float(named.mean()), (named.mean(),) * 2, whole)
    rng = np.random.default_rng([seed, 5])
    shares = np.empty(_DRAWS)
    for draw in range(_DRAWS):
        times = rng.poisson(1.0, len(whole))
        shares[draw] = times @ hits / max(float(times @ whole), 1.0)
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(low), float(high)
