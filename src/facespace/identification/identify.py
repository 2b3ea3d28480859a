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
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..copies import COPY, copied_probes
from ..embeddings import EmbeddingSet, Floats, StoredSet
from ..engine import Engine, LocalEngine
from ..errors import InputError, shorten
from ..gallery import GALLERY, PROBES, gallery_of, search_gallery
from ..given import (
    ANY,
    COHORT,
    MAP,
    RATES,
    CohortLike,
    MapFile,
    RatesLike,
    SetLike,
    as_any,
    as_cohort,
    as_map,
    as_rates,
    takes,
)
from ..metrics import Dyads, Roc, few_nonmated, genuine_limits, tar_limits
from ..people import left_out, people_of
from ..results import signature
from ..shown import Result
from ..verification import (
    PairMap,
    cohort_label,
    cohort_warnings,
    compared_about,
    corrections,
    fitted_rows,
    fitted_warning,
    model_warnings,
)
from ._entries import check_apart, compared, excluded_rows, index_of, probe_vectors, some_of, told_excluded, without

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
class IdentificationResult(Result):
    """What a search of one gallery gave.

    Attributes:
        gallery, gallery_people, mated, nonmated: counts of entries, of their people, and of probes with and without a mate.
        excluded: how many images of both sides the caller left out.
        cmc: rates at the ranks asked for; fnir: at the FPIRs asked for, empty without non-mated probes.
        warnings, signature: as in every result.
        ranks: (mated,) rank of each mated probe; mate: (mated,) the score of its mate; best: (nonmated,) the greatest score
            of each non-mated probe. For figures; not in the JSON document.
    """

    reported_by: ClassVar[str] = "identification.identification_report"

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
    excluded: int = 0

    def brief(self) -> str:
        """The headline and its counts in a line."""
        rates = [f"rank-{r.rank} {100 * r.rate:.2f} % [{100 * r.low:.2f}, {100 * r.high:.2f}]" for r in self.cmc[:1]]
        rates += [
            f"FNIR {100 * r.fnir:.2f} % [{100 * r.low:.2f}, {100 * r.high:.2f}] at FPIR {r.fpir:g}" for r in self.fnir[:2]
        ]
        return f"{', '.join(rates)}, {self.gallery:,} entries, {self.mated + self.nonmated:,} probes"

    def to_dict(self) -> dict[str, Any]:
        """The `identify` document: rates between 0 and 1, intervals at 95 %."""
        return {
            "signature": self.signature,
            "gallery": {"entries": self.gallery, "people": self.gallery_people},
            "probes": {"mated": self.mated, "nonmated": self.nonmated},
            "excluded": self.excluded,
            "cmc": [asdict(row) for row in self.cmc],
            "fnir": [asdict(row) for row in self.fnir],
            "warnings": list(self.warnings),
        }

    def det(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(FPIR, FNIR) at every threshold at which one changes, FPIR ascending; empty without non-mated probes."""
        if not self.nonmated:
            return np.empty(0), np.empty(0)
        roc = Roc(np.where(self.ranks == 1, self.mate, np.float32(-3)), self.best)  # below every score: never accepted
        return roc.far, 1 - np.where(roc.thresholds > -3, roc.tar, np.mean(self.ranks == 1))


@takes(apart=True, gallery=ANY, probes=ANY, map=MAP, cohort=COHORT, fpirs=RATES)
def identify(
    gallery: SetLike,
    probes: SetLike,
    *,
    map: PairMap | MapFile | None = None,
    ranks: Sequence[int] = RANKS,
    fpirs: RatesLike = FPIRS,
    cohort: CohortLike | None = None,
    exclude: Sequence[str] = (),
    name: str = "identification",
    block: tuple[int, int] = (PROBES, GALLERY),
    engine: Engine | None = None,
) -> IdentificationResult:
    """Look every probe up in the gallery. Whose face it is, `facespace.people` says for both sets; images of unknown people
    are left out, with a warning that counts them.

    Scores are cosines; with `map` those of map.probe(probe) and map.reference(entry). A stored gallery is read a part at a
    time, on `engine`; probes are in memory. Besides these, memory is that of one block (probes × entries) of scores for each
    worker. `cohort` are embeddings of other people, by the probes' network and by the gallery's: ranking, thresholds and
    rates are then of scores corrected by it, as in `verify`. `exclude` are ids to leave out on either side, such as wrongly
    labelled images (`audit_labels`); ids that no set has are passed over.

    Raises:
        InputError: people unknown, images on both sides or in the cohort, no mated probe, ranks below 1, an FPIR outside
            0 … 1.
        DimensionError: the widths don't match.
    """
    gallery, probes, map, cohort, fpirs = as_any(gallery), as_any(probes), as_map(map), as_cohort(cohort), as_rates(fpirs)
    if not ranks or min(ranks) < 1:
        raise InputError(f"ranks are whole numbers from 1, not {shorten(list(ranks))}")
    for rate in fpirs:
        if not 0 <= rate < 1:
            raise InputError(f"a false positive identification rate is at least 0 and below 1, not {rate:g}")
    work = engine or LocalEngine()
    given = probes.load() if isinstance(probes, StoredSet) else probes
    looked_up, gone = without(given, exclude), excluded_rows(gallery, exclude, work)
    check_apart(gallery, looked_up, cohort, work)
    enrolled, seen = index_of(gallery, work, "the gallery"), index_of(looked_up, work, "the probes")
    asked = looked_up.take(np.flatnonzero(seen.people != 0)) if (seen.people == 0).any() else looked_up
    unknown = int(np.count_nonzero(np.delete(enrolled.people, gone) == 0))
    entries = len(gallery) - len(gone) - unknown
    enrolled.people[gone] = 0  # as of nobody known they are not searched
    names, codes = np.unique(np.concatenate([enrolled.people, seen.people]), return_inverse=True)
    codes = codes - int(names[0] == 0)  # −1 is unknown
    owner, who = codes[: len(enrolled)], codes[len(enrolled) :][seen.people != 0]
    x = probe_vectors(gallery, asked, map)
    offset = None if cohort is None else corrections(x, x[:0], map, cohort)[0]
    searched = gallery_of(gallery, owner, partial(compared, map, cohort), block[1])
    found = search_gallery(x, who, searched, work, probe_offset=offset, rows=block[0])
    mated = found.mated
    if not mated.any():
        raise InputError(
            f"none of the {len(asked):,} probes shows a person of the gallery: {shorten(_named(looked_up), 2)} against "
            f"{shorten(_named(some_of(gallery)), 2)}",
            "Names are compared letter by letter.",
        )
    rank, mate, best = found.rank[mated], found.mate[mated], found.other[~mated]
    # People of mated probes are the "genuine" ones; non-mated probes are pairs of their person with a shadow of him,
    # whom nobody else meets.
    count = len(names)
    dyads = Dyads(mated, who, np.where(mated, who, who + count))
    cmc: list[RankRate] = []
    for k in sorted(set(ranks)):
        deviations, low, high = genuine_limits(dyads, rank <= k, _LEVEL)
        least = cmc[-1].low if cmc else 0.0  # what holds of a rank holds of the next
        cmc.append(RankRate(int(k), deviations.mean, max(low, least), high))
    nonmated = len(best)
    people = len(np.unique(owner[owner >= 0]))
    warnings = told_excluded(len(gone), len(given) - len(looked_up))
    warnings += left_out(unknown, len(gallery) - len(gone), "the gallery")
    warnings += left_out(len(looked_up) - len(asked), len(looked_up), "the probes")
    if map is None:
        warnings += copied_probes(asked.ids, found.closest >= COPY)
    warnings += model_warnings([asked, gallery], map, "unrelated spaces name near chance")
    warnings += cohort_warnings(cohort, names[names != 0], "the gallery and the probes")
    warnings += fitted_warning(fitted_rows(map, asked), "probes")
    warnings += fitted_warning(fitted_rows(map, gallery, work)[owner >= 0], "gallery entries")
    if not nonmated and fpirs:
        warnings.append("every probe has a mate in the gallery: no FPIR, and so no FNIR")
    warnings += few_nonmated(nonmated, fpirs if nonmated else ())
    return IdentificationResult(
        gallery=entries,
        gallery_people=people,
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
            entries=entries,
            people=people,
            people_by="/".join(dict.fromkeys((enrolled.source, seen.source))),
            mated=int(mated.sum()),
            nonmated=nonmated,
            excluded=(len(gone) + len(given) - len(looked_up)) or None,
            cohort=cohort_label(cohort),
            about=compared_about(map, probes, gallery),
            rank="ties-against",
            interval="subjects-dyadic",
        ),
        ranks=rank,
        mate=mate,
        best=best,
        excluded=len(gone) + len(given) - len(looked_up),
    )


def _open_set(dyads: Dyads, rank: NDArray[np.int64], mate: Floats, best: Floats, fpir: float) -> FnirAtFpir:
    scores = np.where(rank == 1, mate, np.float32(-np.inf))
    row = tar_limits(dyads, scores, best, np.sort(best)[::-1], fpir, _LEVEL)
    threshold = Roc(mate, best).tar_at_far(fpir).threshold
    return FnirAtFpir(fpir, 1 - row.tar, 1 - row.high, 1 - row.low, threshold, len(row.rows))


def _named(faces: EmbeddingSet) -> list[str]:
    names = people_of(faces).names
    return list(names[names != ""].tolist())
