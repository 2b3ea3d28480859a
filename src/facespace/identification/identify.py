"""Identification: whose face is it, among those of a gallery? Closed set (CMC) and open set (FNIR at FPIR).

A probe is mated if its person is in the gallery. Its rank is the place of the best entry of its person: 1 + how many entries
of other people score at least as much, so a tie counts against it. CMC(k) is the share of the mated probes of rank ≤ k.
In the open set an answer is given only at or above a threshold. FPIR, the false positive identification rate, is the share
of the non-mated probes that get one; the threshold is the smallest whose FPIR is not above the one asked for. FNIR, the
false negative identification rate, is the share of the mated probes whose mate is not at rank 1 and at or above the
threshold (ISO/IEC 19795-1; BLUFR's DIR is 1 − FNIR at rank 1).

Intervals are of the probes' people, as those of TAR at FAR (`intervals.py`); the gallery stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..copies import COPY, copied_probes, equal_to
from ..embeddings import EmbeddingSet, Floats, check_vectors
from ..errors import DimensionError, InputError, shorten
from ..gallery import GALLERY, PROBES, search
from ..metrics import Dyads, Roc, few_nonmated, genuine_limits, tar_limits
from ..people import People, people_of
from ..results import signature
from ..verification import (
    Cohort,
    PairMap,
    check_cohort,
    cohort_label,
    corrections,
    fitted_rows,
    fitted_warning,
    model_warnings,
)

RANKS = (1, 5, 10, 20)
FPIRS = (1e-1, 1e-2)
_LEVEL = 0.95


@dataclass(frozen=True)
class RankRate:
    """CMC at one rank: the share `rate` of the mated probes whose mate is among the first `rank`, with its interval."""

    rank: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class FnirAtFpir:
    """FNIR with an answer given from `threshold` on, which `false_positives` non-mated probes reach, with its interval."""

    fpir: float
    fnir: float
    low: float
    high: float
    threshold: float
    false_positives: int


@dataclass(frozen=True, eq=False, repr=False)
class IdentificationResult:
    """What a search of one gallery gave.

    Attributes:
        gallery, gallery_people, mated, nonmated: counts of entries, of their people, and of probes with and without a mate.
        cmc: rates at the ranks asked for; fnir: at the FPIRs asked for, empty without non-mated probes.
        warnings, signature: as in every result.
        ranks: (mated,) rank of each mated probe; mate: (mated,) the score of its mate; best: (nonmated,) the greatest score
            of each non-mated probe. For figures; not in the JSON document.
    """

    gallery: int
    gallery_people: int
    mated: int
    nonmated: int
    cmc: tuple[RankRate, ...]
    fnir: tuple[FnirAtFpir, ...]
    warnings: tuple[str, ...]
    signature: str
    ranks: NDArray[np.int64]
    mate: Floats
    best: Floats

    def to_dict(self) -> dict[str, Any]:
        """The `identify` document: rates between 0 and 1, intervals at 95 %."""
        return {
            "signature": self.signature,
            "gallery": {"entries": self.gallery, "people": self.gallery_people},
            "probes": {"mated": self.mated, "nonmated": self.nonmated},
            "cmc": [asdict(row) for row in self.cmc],
            "fnir": [asdict(row) for row in self.fnir],
            "warnings": list(self.warnings),
        }

    def __repr__(self) -> str:
        rates = [f"rank-{row.rank} {100 * row.rate:.2f} %" for row in self.cmc[:1]]
        rates += [f"FNIR {100 * row.fnir:.2f} % at FPIR {row.fpir:g}" for row in self.fnir]
        return f"IdentificationResult({', '.join(rates)}, {self.gallery:,} entries, {self.mated + self.nonmated:,} probes)"

    def det(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(FPIR, FNIR) at every threshold at which one changes, FPIR ascending; empty without non-mated probes."""
        if not self.nonmated:
            return np.empty(0), np.empty(0)
        roc = Roc(np.where(self.ranks == 1, self.mate, np.float32(-3)), self.best)  # below every score: never accepted
        return roc.far, 1 - np.where(roc.thresholds > -3, roc.tar, np.mean(self.ranks == 1))


def identify(
    gallery: EmbeddingSet,
    probes: EmbeddingSet,
    *,
    map: PairMap | None = None,
    ranks: Sequence[int] = RANKS,
    fpirs: Sequence[float] = FPIRS,
    cohort: Cohort | None = None,
    name: str = "identification",
    block: tuple[int, int] = (PROBES, GALLERY),
) -> IdentificationResult:
    """Look every probe up in the gallery. Whose face it is, `facespace.people` says for both sets; images of unknown people
    are left out, with a warning that counts them.

    Scores are cosines; with `map` those of map.probe(probe) and map.reference(entry). Besides the sets, memory is that of
    one block (probes × entries) of scores. `cohort` are embeddings of other people, by the probes' network and by the
    gallery's: ranking, thresholds and rates are then of scores corrected by it, as in `verify`.

    Raises:
        InputError: people unknown, images on both sides or in the cohort, no mated probe, ranks below 1, an FPIR outside
            0 … 1.
        DimensionError: the widths don't match.
    """
    if not ranks or min(ranks) < 1:
        raise InputError(f"ranks are whole numbers from 1, not {shorten(list(ranks))}")
    for rate in fpirs:
        if not 0 <= rate < 1:
            raise InputError(f"a false positive identification rate is at least 0 and below 1, not {rate:g}")
    if (twice := probes.find(gallery.ids) >= 0).any():
        raise InputError(
            f"{int(twice.sum()):,} images are in the gallery and among the probes: {shorten(gallery.ids[twice].tolist())}",
            "A probe would find itself; take every image on one side only.",
        )
    check_cohort(cohort, np.concatenate([gallery.ids, probes.ids]), "the gallery and the probes")
    (gallery, enrolled), (probes, looked_up) = _known(gallery, "the gallery"), _known(probes, "the probes")
    owners, seen = enrolled.names[enrolled.known], looked_up.names[looked_up.known]
    _, person = np.unique(np.concatenate([owners, seen]), return_inverse=True)
    owner, who = person[: len(owners)], person[len(owners) :]
    x = probes.vectors if map is None else np.asarray(map.probe(probes.vectors))
    y = gallery.vectors if map is None else np.asarray(map.reference(gallery.vectors))
    if x.shape[1] != y.shape[1]:
        raise DimensionError(
            f"probes of width {x.shape[1]} can't be looked up in a gallery of width {y.shape[1]}",
            "The sets are of different networks: fit a map from the probes' to the gallery's (facespace map fit).",
        )
    if map is not None:
        check_vectors(x, probes.ids)
        check_vectors(y, gallery.ids)
    offsets = (None, None) if cohort is None else corrections(x, y, map, cohort)
    found = search(x, who, y, owner, probe_offset=offsets[0], gallery_offset=offsets[1], block=block)
    mated = found.mated
    if not mated.any():
        raise InputError(
            f"none of the {len(probes):,} probes shows a person of the gallery: {shorten(seen.tolist(), 2)} against "
            f"{shorten(owners.tolist(), 2)}",
            "Names are compared letter by letter.",
        )
    rank, mate, best = found.rank[mated], found.mate[mated], found.other[~mated]
    # People of mated probes are the "genuine" ones; non-mated probes are pairs of their person with a shadow of him,
    # whom nobody else meets.
    count = int(person.max()) + 1
    dyads = Dyads(mated, who, np.where(mated, who, who + count))
    cmc: list[RankRate] = []
    for k in sorted(set(ranks)):
        deviations, low, high = genuine_limits(dyads, rank <= k, _LEVEL)
        least = cmc[-1].low if cmc else 0.0  # what holds of a rank holds of the next
        cmc.append(RankRate(int(k), deviations.mean, max(low, least), high))
    nonmated = len(best)
    warnings = [*enrolled.left_out("the gallery"), *looked_up.left_out("the probes")]
    if map is None:
        closest = np.maximum(found.mate, found.other) if cohort is None else None  # corrected scores are no cosines
        warnings += copied_probes(probes.ids, equal_to(x, y) if closest is None else closest >= COPY)
    warnings += _warnings(gallery, probes, map, nonmated, fpirs)
    return IdentificationResult(
        gallery=len(gallery),
        gallery_people=len(np.unique(owner)),
        mated=int(mated.sum()),
        nonmated=nonmated,
        cmc=tuple(cmc),
        fnir=tuple(_open_set(dyads, rank, mate, best, fpir) for fpir in fpirs) if nonmated else (),
        warnings=tuple(warnings),
        signature=signature(
            name,
            gallery=gallery.model or None,
            probes=probes.model or None,
            map=None if map is None else getattr(map, "method", type(map).__name__),
            entries=len(gallery),
            people=len(np.unique(owner)),
            people_by="/".join(dict.fromkeys((enrolled.source, looked_up.source))),
            mated=int(mated.sum()),
            nonmated=nonmated,
            cohort=cohort_label(cohort),
            rank="ties-against",
            interval="subjects-dyadic",
        ),
        ranks=rank,
        mate=mate,
        best=best,
    )


def _open_set(dyads: Dyads, rank: NDArray[np.int64], mate: Floats, best: Floats, fpir: float) -> FnirAtFpir:
    scores = np.where(rank == 1, mate, np.float32(-np.inf))
    row = tar_limits(dyads, scores, best, np.sort(best)[::-1], fpir, _LEVEL)
    threshold = Roc(mate, best).tar_at_far(fpir).threshold
    return FnirAtFpir(fpir, 1 - row.tar, 1 - row.high, 1 - row.low, threshold, len(row.rows))


def _known(faces: EmbeddingSet, side: str) -> tuple[EmbeddingSet, People]:
    """The images whose people are known, and these people."""
    people = people_of(faces).needed(faces.ids, side)
    rows = np.flatnonzero(people.known)
    return (faces, people) if len(rows) == len(faces) else (faces.take(rows), people)


def _warnings(
    gallery: EmbeddingSet, probes: EmbeddingSet, map: PairMap | None, nonmated: int, fpirs: Sequence[float]
) -> list[str]:
    warnings = []
    warnings += model_warnings([probes, gallery], map, "unrelated spaces name near chance")
    warnings += fitted_warning(fitted_rows(map, probes), "probes")
    warnings += fitted_warning(fitted_rows(map, gallery), "gallery entries")
    if not nonmated and fpirs:
        warnings.append("every probe has a mate in the gallery: no FPIR, and so no FNIR")
    return warnings + few_nonmated(nonmated, fpirs if nonmated else ())
