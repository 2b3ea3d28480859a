"""Who is it? Each probe's best entry of the gallery, as a table: with or without anybody knowing who the probes show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embeddings import Floats, StoredSet, Strings
from ..engine import Engine, LocalEngine
from ..gallery import closest_entries, gallery_of
from ..given import ANY, COHORT, MAP, CohortLike, MapFile, SetLike, as_any, as_cohort, as_map, takes
from ..io import write_table
from ..people import left_out, people_of
from ..results import fields, signature
from ..row_index import text_hashes
from ..shown import Result
from ..verification import PairMap, cohort_label, cohort_warnings, compared_about, corrections, model_warnings
from ._entries import check_apart, compared, excluded_rows, index_of, named_rows, probe_vectors, told_excluded, without


@dataclass(frozen=True, eq=False, repr=False)
class Matches(Result):
    """The best entry of each of n probes.

    Attributes:
        probe: (n,) ids. shown: (n,) who they show, "" where that is not known.
        person: (n,) the person of the best entry. entry: (n,) its id. score: (n,) its score.
        thresholds: by name the scores from which on an answer is given.
        warnings, signature: as in every result.
    """

    probe: Strings
    shown: Strings
    person: Strings
    entry: Strings
    score: Floats
    thresholds: Mapping[str, float]
    warnings: tuple[str, ...]
    signature: str

    def __len__(self) -> int:
        return len(self.probe)

    def brief(self) -> str:
        """How many probes, and how many get an answer, in a line."""
        return ", ".join([f"{len(self):,} probes", *self.counts()])

    def above(self, name: str) -> NDArray[np.bool_]:
        """(n,) whether an answer is given at the threshold of this name."""
        return np.asarray(self.score >= np.float32(self.thresholds[name]), dtype=np.bool_)

    def counts(self) -> list[str]:
        """At each threshold how many probes get an answer, in words."""
        return [
            f"{int(self.above(name).sum()):,} above {value:.4f} ({name.replace('_', ' ')})"
            for name, value in self.thresholds.items()
        ]

    def columns(self) -> dict[str, NDArray[Any]]:
        """probe, person, gallery_id, score, above_… for each threshold, and shown."""
        above = {f"above_{name}": self.above(name) for name in self.thresholds}
        found: dict[str, NDArray[Any]] = {"probe": self.probe, "person": self.person, "gallery_id": self.entry}
        return {**found, "score": self.score, **above, "shown": self.shown}

    def save(self, path: str | Path) -> Path:
        """Write the columns as .csv or .parquet. Raises OutputError."""
        return write_table(Path(path), self.columns())

    def to_dict(self) -> dict[str, Any]:
        """The document of `identify --matches` where nobody knows who the probes show."""
        answered = {name: int(self.above(name).sum()) for name in self.thresholds}
        return {**fields(self, "signature"), "probes": len(self), "thresholds": dict(self.thresholds), "answered": answered,
                "warnings": list(self.warnings)}  # fmt: skip


@takes(apart=True, gallery=ANY, probes=ANY, map=MAP, cohort=COHORT)
def match_probes(
    gallery: SetLike,
    probes: SetLike,
    *,
    map: PairMap | MapFile | None = None,
    thresholds: Mapping[str, float] | None = None,
    cohort: CohortLike | None = None,
    exclude: Sequence[str] = (),
    engine: Engine | None = None,
) -> Matches:
    """Every probe's best entry of the gallery, scored as by `identify`; of equal ones the first.

    Who the probes show need not be known. Entries of unknown people answer nobody and are left out, with a warning.
    `thresholds`, scores by name, become columns of the table. `exclude` as in `identify`.

    Raises:
        InputError: nobody known in the gallery, images on both sides or in the cohort.
        DimensionError: the widths don't match.
    """
    gallery, probes, map, cohort = as_any(gallery), as_any(probes), as_map(map), as_cohort(cohort)
    work = engine or LocalEngine()
    given = probes.load() if isinstance(probes, StoredSet) else probes
    asked, gone = without(given, exclude), excluded_rows(gallery, exclude, work)
    check_apart(gallery, asked, cohort, work)
    enrolled = index_of(gallery, work, "the gallery")
    unknown = int(np.count_nonzero(np.delete(enrolled.people, gone) == 0))
    owner = np.where(enrolled.people == 0, -1, 0)  # known is enough here
    owner[gone] = -1
    known = np.flatnonzero(owner == 0)
    x = probe_vectors(gallery, asked, map)
    offset = None if cohort is None else corrections(x, x[:0], map, cohort)[0]
    found = closest_entries(x, gallery_of(gallery, owner, partial(compared, map, cohort)), work, probe_offset=offset)
    rows, place = np.unique(known[found.entry], return_inverse=True)
    ids, names = named_rows(gallery, rows)
    warnings = told_excluded(len(gone), len(given) - len(asked))
    warnings += left_out(unknown, len(gallery) - len(gone), "the gallery")
    warnings += model_warnings([asked, gallery], map, "unrelated spaces name near chance")
    shown = people_of(asked).names
    people = np.concatenate([enrolled.people, text_hashes(shown)])
    warnings += cohort_warnings(cohort, people[people != 0], "the gallery and the probes")
    line = signature(
        "matches",
        gallery=gallery.model or None,
        probes=asked.model or None,
        map=None if map is None else getattr(map, "method", type(map).__name__),
        entries=len(known),
        people_by=enrolled.source,
        asked=len(asked),
        excluded=(len(gone) + len(given) - len(asked)) or None,
        cohort=cohort_label(cohort),
        about=compared_about(map, asked, gallery),
    )
    return Matches(asked.ids, shown, names[place], ids[place], found.score, dict(thresholds or {}), tuple(warnings), line)
