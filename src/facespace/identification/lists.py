"""Identification by lists of templates: every gallery by itself, and the mean over galleries.

The published IJB-B/C evaluations look the mixed probes up in gallery G1 and in gallery G2, whose people differ, and quote
the mean of the two rates. Probes whose person is in the other gallery are the non-mated ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..datasets import TemplateList
from ..embeddings import EmbeddingSet
from ..errors import InputError
from ..given import COHORT, FACES, MAP, CohortLike, MapFile, SetLike, as_cohort, as_map, as_set, takes
from ..shown import Result
from ..verification import PairMap
from .identify import FPIRS, RANKS, IdentificationResult, identify


@dataclass(frozen=True)
class MeanRate:
    """The mean over galleries of the rate at `at`, a rank or an FPIR."""

    at: float
    rate: float


@dataclass(frozen=True, eq=False, repr=False)
class ListIdentification(Result):
    """A result for each gallery by its name, and the means; these have no interval, since galleries share probes."""

    galleries: dict[str, IdentificationResult]
    cmc: tuple[MeanRate, ...]
    fnir: tuple[MeanRate, ...]

    def brief(self) -> str:
        """The headline and its counts in a line."""
        rates = ", ".join(f"rank-{row.at:g} {100 * row.rate:.2f} %" for row in self.cmc[:1])
        return f"{rates}, the mean of {len(self.galleries)} galleries"

    def to_dict(self) -> dict[str, Any]:
        """The `identify` document of each gallery, and "mean"."""
        mean = {"cmc": [asdict(row) for row in self.cmc], "fnir": [asdict(row) for row in self.fnir]}
        return {"galleries": {name: found.to_dict() for name, found in self.galleries.items()}, "mean": mean}


@takes(gallery=FACES, probes=FACES, map=MAP, cohort=COHORT)
def identify_lists(
    gallery: SetLike,
    probes: SetLike,
    gallery_lists: Sequence[TemplateList],
    probe_list: TemplateList,
    *,
    map: PairMap | MapFile | None = None,
    ranks: Sequence[int] = RANKS,
    fpirs: Sequence[float] = FPIRS,
    cohort: CohortLike | None = None,
) -> ListIdentification:
    """`identify` for each of `gallery_lists`; the ids of both sets are the lists' templates, the subjects are the lists'.

    Raises InputError as `identify`, and for templates that a set doesn't have.
    """
    gallery, probes, map, cohort = as_set(gallery), as_set(probes), as_map(map), as_cohort(cohort)
    if not gallery_lists:
        raise InputError("identification by lists needs a list of gallery templates")
    looked_up = _listed(probes, probe_list)
    results: dict[str, IdentificationResult] = {}
    for one in gallery_lists:
        if one.name in results:
            raise InputError(f"two gallery lists are called {one.name!r}", "Give every list once.")
        known = _listed(gallery, one)
        results[one.name] = identify(
            known, looked_up, map=map, ranks=ranks, fpirs=fpirs, cohort=cohort, name=f"identify-{one.name}"
        )
    every = list(results.values())
    closed = zip(*(found.cmc for found in every), strict=True)
    opened = zip(*(found.fnir for found in every), strict=True) if all(found.fnir for found in every) else ()
    cmc = tuple(MeanRate(rows[0].rank, float(np.mean([row.rate for row in rows]))) for rows in closed)
    fnir = tuple(MeanRate(rows[0].fpir, float(np.mean([row.fnir for row in rows]))) for rows in opened)
    return ListIdentification(results, cmc, fnir)


def _listed(faces: EmbeddingSet, wanted: TemplateList) -> EmbeddingSet:
    rows = faces.rows(wanted.templates)
    return EmbeddingSet(faces.vectors[rows], wanted.templates, model=faces.model, subject=wanted.subjects)
