"""TemplateVerificationResult, and `merge_shards`, which makes it of scored parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..metrics import CurveLimits, Roc, ScoreHistogram, TarAtFar, subject_intervals
from ..results import fields, signature
from ..shown import Result
from ..verification import NOBODY_KNOWN
from .shards import TemplateShard, whole

TEMPLATE_FARS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)


@dataclass(frozen=True, eq=False, repr=False)
class TemplateVerificationResult(Result):
    """What was measured on one list of template pairs.

    Attributes:
        signature: protocol, networks, map, pooling, counts and interval in one line.
        pairs, genuine, impostor: how many pairs were scored.
        templates, faces: how many templates the list has, of how many rows.
        people: how many people are in the pairs, None when that is not known.
        tar: TAR at each FAR asked for, with 95 % intervals where they were computed.
        nearest: the same rates read at the nearest FAR, as published scripts do; empty unless asked for.
        auc, eer: area under the ROC; equal error rate. curve: their 95 % intervals.
        auc_error: how far `auc` may be from that of all scores.
        warnings: what a reader must know before quoting the figures.
        interval: how the intervals were made.
        missing_faces: rows of the list without an embedding; skipped: pairs left out because a template had none.
        histogram: the scores, counted; `roc` is its ROC.
        scores, same, person_left, person_right: of every pair, for comparisons with another system; None when only
            counts were kept, or people are not known.
    """

    reported_by: ClassVar[str] = "templates.template_report"

    signature: str
    pairs: int
    genuine: int
    impostor: int
    templates: int
    faces: int
    people: int | None
    tar: tuple[TarAtFar, ...]
    nearest: tuple[TarAtFar, ...]
    auc: float
    auc_error: float
    eer: float
    warnings: tuple[str, ...]
    interval: str
    missing_faces: int
    skipped: int
    histogram: ScoreHistogram
    scores: NDArray[np.float32] | None
    same: NDArray[np.bool_] | None
    person_left: NDArray[np.int32] | None
    person_right: NDArray[np.int32] | None
    curve: CurveLimits = field(default_factory=CurveLimits)

    @property
    def roc(self) -> Roc:
        """The ROC, exact from the highest score down to `histogram.exact_far`."""
        return self.histogram.roc()

    def brief(self) -> str:
        """The headline and its counts in a line."""

        def between(low: float | None, high: float | None) -> str:
            return "" if low is None or high is None else f" [{100 * low:.2f}, {100 * high:.2f}]"

        rates = ", ".join(f"TAR {100 * r.tar:.2f} %{between(r.low, r.high)} at {r.far:g}" for r in self.tar)
        return f"{self.pairs:,} pairs, {rates}"

    def to_dict(self) -> dict[str, Any]:
        """The `verify` document: rates between 0 and 1, intervals at 95 %."""
        return {
            **fields(self, "signature", "pairs", "genuine", "impostor", "templates", "faces", "people"),
            "accuracy": None,
            "tar": [row.to_dict() for row in self.tar],
            "tar_at_nearest_far": [fields(row, "far", "tar", "false_accepts") for row in self.nearest],
            **fields(self, "auc", "auc_error", "eer", "interval"),
            **self.curve.to_dict(),
            "missing": {"faces": self.missing_faces, "pairs": self.skipped},
            "warnings": list(self.warnings),
        }


def merge_shards(
    shards: Sequence[TemplateShard],
    *,
    fars: Sequence[float] = TEMPLATE_FARS,
    nearest: bool = False,
    intervals: bool = True,
) -> TemplateVerificationResult:
    """The result of all parts of one comparison, in any order: the same numbers as of one run.

    Raises InputError when parts are missing, given twice, or of different comparisons.
    """
    shard = whole(shards)
    facts, histogram = shard.facts, shard.histogram
    if (held := (len(histogram), histogram.n_genuine)) != (facts["pairs"], facts["genuine"]) or not 0 < held[1] < held[0]:
        raise InputError(
            f"the shards hold the scores of {held[0]:,} pairs, {held[1]:,} of them genuine, of a comparison of "
            f"{facts['pairs']:,} pairs, {facts['genuine']:,} of them genuine",
            "Were they changed? Make them again with --shard.",
        )
    tar = tuple(histogram.tar_at_far(far) for far in fars)
    warnings = list(shard.warnings)
    interval, count = "none", None
    more: tuple[str, ...] = ()
    roc, curve = histogram.roc(), CurveLimits()
    people = None if shard.left is None or shard.right is None else (shard.left, shard.right)
    if people is not None:
        count = len(np.union1d(np.unique(people[0]), np.unique(people[1])))
    if intervals and shard.scores is not None and shard.same is not None:
        interval = "subjects-dyadic" if people else "pairs-independent"
        if people is None:
            warnings.append(NOBODY_KNOWN)
        found = subject_intervals(shard.scores, shard.same, None, people, fars, eer=roc.eer)
        tar = tuple(replace(row, low=low, high=high) for row, (low, high) in zip(tar, found.tar, strict=True))
        more, curve = found.warnings, found.curve
    line = signature(
        str(facts["protocol"]),
        **{key: facts.get(key) for key in ("model", "target", "map", "mapped", "pooling", "templates", "pairs")},
        skipped=facts["skipped"] or None,
        missing=facts["missing_faces"] or None,
        cohort=facts.get("cohort"),
        about=facts.get("about"),
        interval=interval,
    )
    return TemplateVerificationResult(
        signature=line,
        pairs=len(histogram),
        genuine=histogram.n_genuine,
        impostor=histogram.n_impostor,
        **{count: int(facts[count]) for count in ("templates", "faces", "missing_faces", "skipped")},
        people=count,
        tar=tar,
        nearest=tuple(roc.tar_at_nearest_far(far) for far in fars) if nearest else (),
        auc=roc.auc,
        auc_error=histogram.auc_error,
        eer=roc.eer,
        warnings=(*warnings, *(row.warning for row in tar if row.warning), *more),
        interval=interval,
        histogram=histogram,
        scores=shard.scores,
        same=shard.same,
        person_left=shard.left,
        person_right=shard.right,
        curve=curve,
    )
