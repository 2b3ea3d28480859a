"""How many pairs would a map need? A learning curve from a user's own pairs, carried on beyond them.

The verification error of a map fitted on n pairs follows error(n) = a + b n^−c once it has left chance. The curve is
measured by cross-validation over people at several sizes, fitted on the log scale, and solved for n. Thresholds too come
from pairs that the maps have not seen: among few pairs, those a map was fitted on score too well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ...errors import InputError, unknown_name
from ...given import FACES, PAIRS, ProtocolLike, SetLike, as_pairs, as_set, takes
from ...metrics import majority_rate
from ...results import fields, signature
from ...shown import Result
from ..training_images import in_several_folds
from ._curve import Doubles, check_loss, check_names, check_values, points
from ._pair_work import PairWork, Progress, known_methods
from ._power_law import PowerLaw, fit_law

Against = Literal["target", "limit"]

SIZES = 10  # measured between SMALLEST and all
SMALLEST = 12
CEILING = 0.5  # of the error of chance; errors above are near it, where the power law does not hold


@dataclass(frozen=True, eq=False, repr=False)
class PairsNeeded(Result):
    """The estimate and what it rests on.

    Attributes:
        pairs: how many pairs the sets share.
        against: "target": the loss is against the target network's own accuracy; "limit": against endless pairs.
        allowed: the error that may remain.
        needed: estimated pairs for it, None when the curve never comes down to it.
        low, high: 95 % interval; None: more than 10 million, or never.
        extrapolated: the estimate lies beyond the sizes that were measured.
        error_now, error_limit: on all pairs, and with endless pairs, by the curve.
        sizes, errors: the measured curve, each (k,).
        law: the fitted curve.
    """

    signature: str
    source: str
    target: str
    method: str
    pairs: int
    loss: float
    against: Against
    allowed: float
    needed: int | None
    low: int | None
    high: int | None
    extrapolated: bool
    sizes: tuple[int, ...]
    errors: Doubles
    law: PowerLaw
    warnings: tuple[str, ...]

    @property
    def more(self) -> int | None:
        """Pairs still missing; 0 when there are enough, None when no number is enough."""
        return None if self.needed is None else max(self.needed - self.pairs, 0)

    def answer(self) -> str:
        """One sentence for a person."""
        goal = "the target network's own accuracy" if self.against == "target" else "what endless pairs would give"
        aim = f"to lose at most {points(self.loss)} against {goal}"
        if self.needed is None:
            floor = f"{100 * (self.law.a - self.allowed):.1f} points short of it however many there are"
            doubt = "" if self.low is None else f" The 95 % interval begins at {self.low:,} pairs, so that is not certain."
            return f"No number of pairs is enough {aim}, by this curve: {self.method} would stay about {floor}.{doubt}"
        high = "no upper bound" if self.high is None else f"{self.high:,}"
        span = (
            f"(95 % interval {self.low:,} to {high}; {'extrapolated' if self.extrapolated else 'within the measured sizes'})"
        )
        if not self.more:
            return f"Your {self.pairs:,} pairs are enough {aim}: about {self.needed:,} would do {span}."
        return f"About {self.more:,} more pairs are needed, {self.needed:,} in all, {aim} {span}."

    def brief(self) -> str:
        """The headline and its counts in a line."""
        return self.answer()

    def to_dict(self) -> dict[str, Any]:
        """The `study pairs-needed` document."""
        return {
            **fields(self, "signature", "source", "target", "method", "pairs", "loss", "against"),
            **fields(self, "needed", "low", "high", "more", "extrapolated"),
            "allowed_error": self.allowed,
            "error_now": self.law.error(self.pairs),
            "error_limit": self.law.a,
            "law": {"a": self.law.a, "b": self.law.b, "c": self.law.c},
            "points": [{"pairs": n, "error": e} for n, e in zip(self.sizes, self.errors.tolist(), strict=True)],
            "answer": self.answer(),
            "warnings": list(self.warnings),
        }


@takes(paired=("source", "target"), source=FACES, target=FACES, protocol=PAIRS)
def pairs_needed(
    source: SetLike,
    target: SetLike,
    loss: float = 0.01,
    *,
    method: str = "ridge",
    protocol: ProtocolLike | None = None,
    against: Against | None = None,
    sizes: Sequence[int] | None = None,
    repeats: int = 5,
    alpha: float = 1.0,
    center: bool = True,
    resamples: int = 200,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress = None,
) -> PairsNeeded:
    """Estimate how many pairs a map from `source` to `target` needs to lose at most `loss` of accuracy.

    Args:
        source, target: two networks' sets that share ids; people are told apart by a `subject` column, else each image
            is its own person, and only the comparison of one image across the networks can be judged.
        loss: a fraction, 0.01 being one point.
        method: a family of `facespace.mapping`.
        protocol: a pairs list with folds to judge by, in place of pairs drawn from the sets.
        against: what the loss is counted from; by default "target" where that can be measured, else "limit".
        sizes: numbers of pairs to measure at; by default 10 up to all that a training part has.
        repeats: draws of each size in each fold.
        alpha, center: as in `cross_model_study`.
        resamples: of folds and repeats, behind the interval.
        seed: of folds, draws and resamples.

    Raises:
        InputError: too few people, or errors near chance at all sizes.
    """
    source, target, protocol = as_set(source), as_set(target), as_pairs(protocol)
    check_names(source, target)
    (method,) = known_methods([method])
    check_loss(loss, positive=True)
    if protocol is None:
        work = PairWork.of_sets(source, target, seed)
    else:
        work = PairWork.of_protocol(source, target, protocol, "same", "protocol")
    own = work.own_accuracy()
    one_image = bool(np.min(work.own[work.judged.same]) > 1 - 1e-5)
    if against is None:
        against = "limit" if one_image else "target"
    if against not in ("target", "limit"):
        raise unknown_name("reference of the loss", against, ("target", "limit"))
    tried = _sizes(work.available, sizes)
    how: dict[str, Any] = {"alpha": alpha, "center": center, "repeats": repeats, "seed": seed}
    accuracy = work.by_size([method], tried, workers=workers, progress=progress, **how)[0]
    errors, own_errors = 1 - accuracy, 1 - own
    floor = 0.5 / len(work.fold)  # half an error stands for none, which has no logarithm
    counts = np.bincount(work.fold).astype(np.float64)  # folds of people differ in their pairs; every pair counts alike
    mean = np.average(errors.mean(axis=1), axis=1, weights=counts)
    chance = 1 - majority_rate(work.judged.same)
    used = mean <= CEILING * chance
    if used.sum() < 4:
        raise InputError(
            f"at {tried[-1]:,} pairs the map still errs on {100 * mean[-1]:.0f} % of the comparisons, near chance, "
            f"which errs on {100 * chance:.0f} %: too few pairs to see where the curve leads",
            "Add pairs, or choose a method that needs fewer, such as rotation.",
        )
    n = np.asarray(tried, dtype=np.float64)[used]
    law = fit_law(n, np.maximum(mean[used], floor))
    base = float(np.average(own_errors, weights=counts)) if against == "target" else law.a
    allowed = base + loss
    rng = np.random.default_rng([seed, 1])
    drawn = []
    for _ in range(resamples):
        folds = rng.integers(0, errors.shape[2], errors.shape[2])
        rows = rng.integers(0, repeats, repeats)
        sample = np.average(errors[used][:, rows].mean(axis=1)[:, folds], axis=1, weights=counts[folds])
        other = fit_law(n, np.maximum(sample, floor))
        native = float(np.average(own_errors[folds], weights=counts[folds]))
        drawn.append(other.pairs(loss + (native if against == "target" else other.a)))
    low, high = np.quantile(drawn, [0.025, 0.975], method="inverted_cdf").tolist()
    estimate = law.pairs(allowed)
    warnings = [] if protocol is None else in_several_folds((source, target), protocol)
    if one_image:
        warnings.append(
            "No two images of one person are known, so the curve is that of recognising one image across the networks, "
            "which is easier than comparing two images: expect to need more. A subject column mends this."
        )
    if math.isfinite(estimate) and estimate > 4 * tried[-1]:
        warnings.append(f"The estimate is more than four times the largest size measured ({tried[-1]:,}): a direction only.")
    line = signature(
        "pairs-needed",
        protocol=None if protocol is None else protocol.name,
        source=source.model,
        target=target.model,
        pairs=len(work.x),
        judged=len(work.fold),
        folds=work.folds,
        method=method,
        against=against,
        loss=loss,
        **how,
    )
    return PairsNeeded(
        line,
        source.model,
        target.model,
        method,
        len(work.x),
        loss,
        against,
        allowed,
        _whole(estimate),
        _whole(low),
        _whole(high),
        estimate > tried[-1],
        tried,
        mean,
        law,
        tuple(warnings),
    )


def _whole(pairs: float) -> int | None:
    return math.ceil(pairs) if math.isfinite(pairs) else None


def _sizes(available: int, sizes: Sequence[int] | None) -> tuple[int, ...]:
    if sizes is not None:
        tried = tuple(size for size in check_values(sizes, 2, "sizes") if size <= available)
    else:
        tried = tuple(np.unique(np.geomspace(SMALLEST, max(available, SMALLEST), SIZES).round().astype(int)).tolist())
    if len(tried) < 4 or tried[-1] > available:
        raise InputError(
            f"a learning curve needs at least 4 sizes of training; {available:,} pairs can be trained on, sizes {tried}",
            "Add pairs, or name smaller sizes.",
        )
    return tried
