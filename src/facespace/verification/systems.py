"""`compare_systems`: two systems, each one embedding space or two with a map between them, on the same list of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..datasets import person_pairs
from ..embeddings import EmbeddingSet
from ..errors import InputError
from ..given import FACES, MAP, PAIRS, MapFile, ProtocolLike, SetLike, as_pairs, takes
from ..metrics import SystemComparison, compare_scores, kfold_accuracy
from .cohort import mapped_scores
from .pair_people import subjects_of
from .provenance import compared_about, fitted_pairs, fitted_warning, model_warnings
from .scores import PairMap, pair_rows
from .verify import FARS, judged_folds


@dataclass(frozen=True, eq=False)
class System:
    """Left images from `a`, right ones from `b` (from `a` too if None), with `map` from a's space to b's; as in `verify`."""

    a: EmbeddingSet
    b: EmbeddingSet | None = None
    map: PairMap | None = None
    name: str = ""

    if TYPE_CHECKING:

        def __init__(
            self, a: SetLike, b: SetLike | None = None, map: PairMap | MapFile | None = None, name: str = ""
        ) -> None: ...

    def __post_init__(self) -> None:
        for name, kind in (("a", FACES), ("b", FACES), ("map", MAP)):
            if name == "a" or getattr(self, name) is not None:
                object.__setattr__(self, name, kind(getattr(self, name), name, ""))

    @property
    def title(self) -> str:
        """`name`, else the networks and the method of the map."""
        target = "" if self.b is None else f" → {self.b.model or 'B'}"
        method = "" if self.map is None else f" ({getattr(self.map, 'method', type(self.map).__name__)})"
        return self.name or f"{self.a.model or 'A'}{target}{method}"


@takes(protocol=PAIRS)
def compare_systems(
    first: System,
    second: System,
    *,
    protocol: ProtocolLike | None = None,
    fars: Sequence[float] = FARS,
    allow_missing: bool = False,
    seed: int = 0,
) -> SystemComparison:
    """TAR@FAR and k-fold accuracy of both, and the differences second − first with intervals over people.

    Folds are the protocol's, or random ones of `seed`, the same for both. With `allow_missing`, pairs that either
    system can't score are left out for both, with a warning. Without `protocol` the pairs are those that
    `datasets.person_pairs` makes of the images that all sets have.

    Raises:
        InputError: ids without embedding (unless `allow_missing`), a map without its target set.
        DimensionError: the widths don't match.
    """
    protocol = as_pairs(protocol)
    for system in (first, second):
        if not isinstance(system, System):
            raise InputError(f"a {type(system).__name__} is no System", "System(set), or System(old, new, map).")
    if protocol is None:
        protocol = person_pairs(first.a, *(f for f in (first.b, second.a, second.b) if f is not None), seed=seed)
    kept = np.ones(len(protocol), dtype=np.bool_)
    for system in (first, second):
        if system.map is not None and system.b is None:
            raise InputError(f"{system.title}: a map compares two sets, but only one is given", "Give the target's set.")
        kept &= pair_rows(protocol, system.a, system.b or system.a, allow_missing=allow_missing).kept
    used = protocol if kept.all() else protocol.take(kept)
    both = [(s, s.b or s.a, pair_rows(used, s.a, s.b or s.a)) for s in (first, second)]
    scores = [mapped_scores(s.a, b, rows, s.map) for s, b, rows in both]
    fold, told = judged_folds(used, seed)
    notes = [*protocol.notes, *told]
    correct = None
    if fold is not None:
        place = np.unique(fold, return_inverse=True)[1]
        right = [(s >= kfold_accuracy(s, used.same, fold).thresholds[place]) == used.same for s in scores]
        correct = right[0], right[1]
    names = (first.title, second.title)
    if names[0] == names[1]:
        names = (f"{names[0]} (first)", f"{names[1]} (second)")
    notes += [f"{protocol.excluded:,} pairs of images that were to be left out don't count"] * bool(protocol.excluded)
    if left_out := int((~kept).sum()):
        notes.append(f"{left_out:,} of {len(protocol):,} pairs were left out: images without an embedding")
    for name, (s, b, rows) in zip(names, both, strict=True):
        told = fitted_warning(fitted_pairs(s.map, s.a, b, rows), "pairs") + model_warnings([s.a, b], s.map)
        notes += [f"{name}: {warning}" for warning in told]
    about = [compared_about(s.map, s.a, s.b) for s in (first, second)]
    if None not in about and about[0] != about[1]:
        notes.append(f"{names[0]} is compared about {about[0]}, {names[1]} about {about[1]}")
    known = subjects_of(used, first.a, first.b or first.a)
    return compare_scores(
        scores[0],
        scores[1],
        used.same,
        None if known is None else (known[0].names, known[1].names),
        fars,
        correct=correct,
        fold=fold,
        names=names,
        protocol=protocol.name if not protocol.excluded else f"{protocol.name}|excluded:{protocol.excluded}",
        warnings=notes,
    )
