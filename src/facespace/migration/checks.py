"""Is `next` what the plan promises? Every row once, the vectors as the map gives them, and people as promised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import Floats
from ..gallery.stores import Place, Store, Templates
from ..metrics import Dyads, genuine_limits
from ..results import fields
from ..row_index import text_hashes
from .evidence import Evidence
from .guarantee import loss_of
from .plan import MigrationPlan
from .run import Fill

Hashes = NDArray[np.uint64]

SAMPLE = 10_000  # rows that are mapped again and compared
_EXACT = 1e-5  # of a number of a unit vector; products in batches of other sizes differ by less
_HALF = 1e-3  # where a store keeps numbers of 16 bits, which halfvec, halffloat and float16 are


@dataclass(frozen=True)
class Checked:
    """What `verify` found.

    Attributes:
        current, next: rows of either place. missing: of these, how many ids only the current place has; extra: only next.
        sampled, differing: rows mapped again, and those whose vector in `next` is another; `largest` difference of a number.
        fresh: what fresh pairs gave, None where none were given.
        faults: why it is not as promised; none if it is.
    """

    current: int
    next: int
    missing: int
    extra: int
    sampled: int
    differing: int
    largest: float
    fresh: dict[str, Any] | None
    faults: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON document."""
        names = ("current", "next", "missing", "extra", "sampled", "differing", "largest", "fresh", "faults")
        return fields(self, *names)


def check_next(store: Store, fill: Fill, fresh: dict[str, Any] | None, fresh_faults: tuple[str, ...] = ()) -> Checked:
    """Compare both places, each read once: 8 bytes a row are kept, and the rows of a sample chosen by their ids' hashes."""
    info = store.info()
    share = min(1.0, SAMPLE / max(info.count, 1))
    current, before = _hashes_and_sample(store, "current", share)
    # What was made anew, before a way back, is no map's work.
    after_hashes, after = _hashes_and_sample(store, "next", share, fill.mapped)
    twice = len(after_hashes) - len(np.unique(after_hashes))
    missing = int(np.setdiff1d(current, after_hashes).size)
    extra = int(np.setdiff1d(after_hashes, current).size)
    shared = sorted(before.keys() & after.keys())
    largest, differing = 0.0, 0
    if shared:
        old = np.stack([before[one] for one in shared])
        wanted = fill.map(Templates(shared, old)).vectors
        found = np.stack([after[one] for one in shared])
        difference = np.abs(found - wanted).max(axis=1)
        largest = float(difference.max())
        differing = int((difference > (_HALF if any(word in info.type for word in ("half", "16")) else _EXACT)).sum())
    faults = []
    if missing or extra or twice:
        faults.append(
            f"{missing:,} templates of the gallery are not in the next place, {extra:,} there are not in the gallery, and "
            f"{twice:,} are there twice; were rows added or deleted? run again"
        )
    if differing:
        faults.append(f"{differing:,} of {len(shared):,} templates, mapped again, have another vector in the next place")
    if not shared and not (current.size and after_hashes.size):
        faults.append("no template of the sample is in both places")
    counts = len(current), len(after_hashes), missing, extra
    return Checked(*counts, len(shared), differing, largest, fresh, (*faults, *fresh_faults))


def _hashes_and_sample(store: Store, place: Place, share: float, model: str = "") -> tuple[Hashes, dict[str, Floats]]:
    """Hashes of all ids, and of the sample (of rows by `model`, if given) the vectors."""
    hashes: list[Hashes] = []
    sample: dict[str, Floats] = {}
    limit = np.uint64(min(int(share * 2**64), 2**64 - 1))
    for batch in store.scan(place):
        found = text_hashes(np.asarray(batch.ids, dtype=np.str_))
        hashes.append(found)
        for row in np.flatnonzero(found <= limit).tolist():
            if not model or batch.models is None or batch.models[row] == model:
                sample[batch.ids[row]] = np.array(batch.vectors[row])
    return (np.concatenate(hashes) if hashes else np.empty(0, dtype=np.uint64)), sample


def check_fresh(plan: MigrationPlan, fill: Fill, evidence: Evidence) -> tuple[dict[str, Any], tuple[str, ...]]:
    """TAR, FAR and the loss of new people at the plan's thresholds; and what of it contradicts the promise.

    It does where the interval of what was found and the promised one have no number in common.
    """
    way = fill.direction
    promise, old_promise = plan.arms[plan.direction], plan.arms["old"]
    genuine, impostor = evidence.scores(way)
    before, _ = evidence.scores("old")
    accepted = genuine >= promise["threshold"]
    trials = evidence.trials
    left, right = trials.sides
    dyads = Dyads(np.arange(len(left)) < len(trials.one), left, right)
    _, low, high = genuine_limits(dyads, accepted, plan.level)
    loss = loss_of(before >= old_promise["threshold"], accepted, evidence.person[trials.one], plan.level)
    wrong = np.flatnonzero(impostor >= promise["threshold"])
    rate = dyads.of_impostors(wrong)
    spread = 1.96 * float(np.sqrt(rate.variance)) + 3 / len(impostor)
    found = {
        "people": evidence.pairs_people,
        "tar": {"value": float(accepted.mean()), "low": low, "high": high, "promised": [promise["low"], promise["high"]]},
        "far": {
            "value": rate.mean,
            "low": max(rate.mean - spread, 0.0),
            "high": rate.mean + spread,
            "promised": [promise["far_low"], promise["far_high"]],
        },
        "loss": {
            "value": loss.loss,
            "low": loss.low,
            "high": loss.high,
            "promised": [plan.losses[plan.direction][end] for end in ("low", "high")],
        },
    }
    faults = []
    for name in ("tar", "far", "loss"):
        one: Any = found[name]
        if one["low"] > one["promised"][1] or one["high"] < one["promised"][0]:
            found_here = f"{one['value']:.4g} [{one['low']:.4g}, {one['high']:.4g}]"
            promised = f"{one['promised'][0]:.4g} to {one['promised'][1]:.4g}"
            faults.append(f"{name} of {evidence.pairs_people:,} fresh people is {found_here}, promised was {promised}")
    return found, tuple(faults)
