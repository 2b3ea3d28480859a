"""`check_pairs`: which pairs of two sets don't correspond, by maps that saw neither them nor the ones found before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine import Engine, LocalEngine
from ...errors import InputError
from ...given import ANY, PAIRS, ProtocolLike, SetLike, as_any, as_pairs, takes
from ...metrics import Roc, open_end
from ...results import fields, signature
from ...row_index import Hashes, mixed
from ..held_out import FEWEST_PEOPLE, HeldOut
from ..pairs import Pairing
from ._odds import log_odds
from ._scores import Judges
from .result import CorrespondenceResult

ROUNDS = 8
REGULARIZATION = 0.1
NOTHING_TO_START_FROM = 0.6  # an AUC: below it there are no true pairs to be seen
_DRAWS = 500
_MANY = 1000  # pairs, of which noise is no excuse


@takes(paired=("source", "target"), source=ANY, target=ANY, protocol=PAIRS, exclude=PAIRS)
def check_pairs(
    source: SetLike,
    target: SetLike,
    protocol: ProtocolLike | None = None,
    *,
    exclude: ProtocolLike | None = None,
    seed: int = 0,
    engine: Engine | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> CorrespondenceResult:
    """List the pairs that disagree: ids exchanged or shuffled, other images under the same ids.

    Pairs are those of `fit_map` with the same arguments. Joint maps fitted without a fold's people score its pairs
    (`_scores.py`); those that look like strangers' (`_odds.py`: log odds above 0) are listed, the maps are fitted without
    them and all pairs scored again, until the list stays as it is or `ROUNDS` are done. Nothing is drawn but the folds. Sets
    larger than memory are read twice a round, a block at a time.

    Raises InputError for fewer than 10 people, or where hardly any pair corresponds.

    >>> from facespace.datasets import demo_sets
    >>> one, two = (faces.take(np.arange(1000)) for faces in demo_sets()[2:])
    >>> check_pairs(one, two).broken
    0
    """
    source, target, protocol, exclude = as_any(source), as_any(target), as_pairs(protocol), as_pairs(exclude)
    pairs = Pairing.of(
        source, target, protocol, exclude=exclude, seed=seed, engine=engine or LocalEngine(), progress=progress
    )
    return judged_pairs(pairs, source.model, target.model, seed)


def judged_pairs(pairs: Pairing, source: str, target: str, seed: int) -> CorrespondenceResult:
    """`check_pairs` of a pairing."""
    keep = np.ones(pairs.n, dtype=np.bool_)
    first, auc, settled, rounds = float("nan"), float("nan"), False, 0
    odds = np.zeros(pairs.n)
    for rounds in range(1, ROUNDS + 1):
        chosen = pairs.only(keep)
        sums = chosen.sums(folds=True)
        held = HeldOut.of(sums, chosen.division, seed)
        if held.people < FEWEST_PEOPLE:
            raise InputError(
                f"whether pairs correspond is judged on people held out: that takes {FEWEST_PEOPLE}, here are {held.people}",
                "Give more images.",
            )
        units = _units(sums.sample)
        judges = Judges.of(held, units, REGULARIZATION)
        z, strangers = pairs.total(judges).of(pairs.division.key), judges.of_strangers(held, units)
        auc = Roc(z[keep].astype(np.float32), strangers.astype(np.float32)).auc
        if rounds == 1:
            first = auc
            if auc < NOTHING_TO_START_FROM:
                raise InputError(
                    f"the pairs do not correspond: their scores by maps that did not see them are those of strangers "
                    f"(AUC {auc:.2f}), so there is nothing to tell the broken ones by",
                    "Are both sets' ids of the same images, in the same order?",
                )
        odds = log_odds(z, strangers)
        new = odds <= 0
        if settled := bool(np.array_equal(new, keep)):
            break
        keep = new
    listed = np.flatnonzero(~keep)
    listed = listed[np.argsort(-odds[listed], kind="stable")]
    low, high = _interval(~keep, pairs.division.unit, seed)
    broken = len(listed)
    warnings = [] if settled else [f"the list still changed after {ROUNDS} rounds"]
    return CorrespondenceResult(
        source, target, pairs.n, broken, broken / pairs.n, low, high, first, auc, rounds, settled,
        pairs.names(listed), odds[listed], keep, tuple(warnings),
        signature("correspondence", source=source or "unknown", target=target or "unknown", pairs=pairs.n, seed=seed),
    )  # fmt: skip


def without_broken(pairs: Pairing, source: str, target: str, found: bool | CorrespondenceResult, seed: int) -> Pairing:
    """The pairs that are not listed by `found`, or by what is found now, and in their facts how many were left out.

    Raises InputError where `found` is of other pairs.
    """
    told = found if isinstance(found, CorrespondenceResult) else judged_pairs(pairs, source, target, seed)
    if told.pairs != pairs.n:
        raise InputError(
            f"the list of disagreeing pairs is of {told.pairs:,} pairs, not of these {pairs.n:,}",
            "Give check_pairs the arguments that fit_map gets.",
        )
    kept = pairs.only(told.keep)
    return replace(kept, facts={**kept.facts, "robust": fields(told, "broken", "share", "rounds", "settled")})


def check_shuffled(agreement: Mapping[str, Any], n: int, p: int, q: int) -> None:
    """Raise InputError where many pairs' held-out scores are those of strangers: no map is to be had from them."""
    if agreement.get("auc", 1.0) < NOTHING_TO_START_FROM and n >= max(_MANY, 2 * max(p, q)):
        raise InputError(
            f"the pairs do not correspond: the scores of {n:,} pairs by maps that did not see them are near chance "
            f"(AUC {agreement['auc']:.2f} against impostors)",
            "Are both sets' ids of the same images? judge=False (--unjudged) fits all the same.",
        )


def _units(sample: tuple[tuple[NDArray[np.generic], ...], ...]) -> Hashes:
    """Hashes of the sample's people, in the order of `HeldOut`."""
    _, _, unit, key, _ = (np.concatenate(pieces) for pieces in zip(*sample, strict=True))
    return np.asarray(unit[np.argsort(mixed(key), kind="stable")])


def _interval(broken: NDArray[np.bool_], unit: Hashes, seed: int) -> tuple[float, float]:
    person = np.unique(unit, return_inverse=True)[1]
    whole, hits = np.bincount(person).astype(float), np.bincount(person, weights=broken)
    if broken.all() or not broken.any():  # draws would all say the same
        return open_end(float(broken.mean()), (broken.mean(),) * 2, whole)
    rng = np.random.default_rng([seed, 6])
    shares = []
    for _ in range(_DRAWS):
        times = rng.poisson(1.0, len(whole))
        shares.append(times @ hits / max(float(times @ whole), 1.0))
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(low), float(high)
