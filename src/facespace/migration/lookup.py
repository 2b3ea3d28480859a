"""Who is found first in the whole gallery: rank 1, and FNIR at an FPIR, of the gallery's own size.

Each person of the evidence is enrolled with one image and looked up with another, among all templates of the gallery that
are not theirs. Before the move both are the old network's; in a direction the gallery's templates are taken through its map
as they are read, so that nothing is written. The new network alone can't be judged so: it has no templates of these people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..embeddings import Floats, normalize
from ..gallery.stores import Templates
from ..metrics import allowed_accepts, few_nonmated
from ..results import fields
from .evidence import Direction, Evidence

SEARCHES = 1000  # people looked up; each more costs a product with the whole gallery


@dataclass(frozen=True)
class Lookup:
    """What searches of one way give, each with its exact interval (Clopper, Pearson) over people.

    Attributes:
        name: "old" or the direction's.
        rank1, rank1_low, rank1_high: share of the people found first.
        fpir: share of searches of people who are not enrolled that may give an answer; `threshold` is chosen so.
        fnir, fnir_low, fnir_high: share of the enrolled people who are not found first, or below the threshold.
    """

    name: str
    rank1: float
    rank1_low: float
    rank1_high: float
    fpir: float
    fnir: float
    fnir_low: float
    fnir_high: float
    threshold: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON document."""
        names = ("name", "rank1", "rank1_low", "rank1_high", "fpir", "fnir", "fnir_low", "fnir_high", "threshold")
        return fields(self, *names)


@dataclass(frozen=True)
class Lookups:
    """All ways: `rows`, of `people` searched among `templates` of the gallery; `own` of its templates were left out."""

    rows: tuple[Lookup, ...]
    people: int
    templates: int
    own: int
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON document."""
        return {**fields(self, "people", "templates", "own"), "rows": [row.to_dict() for row in self.rows]}


def look_up(
    evidence: Evidence,
    names: Sequence[str],
    directions: Sequence[Direction],
    gallery: Iterator[Templates],
    fpir: float,
    *,
    seed: int = 0,
    progress: Callable[[int], None] = lambda rows: None,
) -> Lookups:
    """Search people of the evidence among the templates of a gallery, which are read once.

    Args:
        evidence: of people with the `names` (P,).
        gallery: all of it; in a person's search the templates with ids of their images, or of their name, are left out.
    """
    enrolled, looked = _one_pair_each(evidence, seed)
    place_of = {code: place for place, code in enumerate(evidence.person[enrolled].tolist())}
    known = {names[code]: place for code, place in place_of.items()}
    images = zip(evidence.ids.tolist(), evidence.person.tolist(), strict=True)
    own_ids = {one: place_of[code] for one, code in images if code in place_of}
    ways = {"old": Direction("old", None, None), **{one.name: one for one in directions}}
    sides = {name: _sides(name, way, evidence, enrolled, looked) for name, way in ways.items()}
    mates = {name: np.vecdot(templates, queries) for name, (templates, queries) in sides.items()}
    best = {name: np.full(len(enrolled), -np.inf, dtype=np.float32) for name in ways}
    count = own = 0
    for batch in gallery:
        mine = _own(batch, known, own_ids)
        for name, way in ways.items():
            scores = sides[name][1] @ way.template(batch.vectors).T
            for row, place in mine:
                scores[place, row] = -np.inf
            np.maximum(best[name], scores.max(axis=1), out=best[name])
        count += len(batch)
        own += len(mine)
        progress(count)
    rows = tuple(_lookup(name, mates[name], best[name], fpir) for name in ways)
    return Lookups(rows, len(enrolled), count, own, tuple(few_nonmated(len(enrolled), [fpir])))


def _one_pair_each(evidence: Evidence, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of the image enrolled and of the one looked up, for at most 1,000 people, both by chance."""
    order = np.random.default_rng(seed).permutation(len(evidence.person))
    ranked = order[np.argsort(evidence.person[order], kind="stable")]
    code = evidence.person[ranked]
    first = np.flatnonzero(np.r_[True, code[1:] != code[:-1]])
    first = first[np.bincount(code)[code[first]] > 1]
    first = np.sort(np.random.default_rng(seed).permutation(first)[:SEARCHES])
    return ranked[first], ranked[first + 1]


def _sides(
    name: str, way: Direction, evidence: Evidence, enrolled: NDArray[np.intp], looked: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    queries = normalize(evidence.old[looked]) if name == "old" else way.query(evidence.new[looked])
    return way.template(evidence.old[enrolled]), queries


def _own(batch: Templates, known: dict[str, int], own_ids: dict[str, int]) -> list[tuple[int, int]]:
    """(row, place of the search) of templates of the people who are looked up, told by id or name."""
    found = {row: own_ids[one] for row, one in enumerate(batch.ids) if one in own_ids}
    found |= {row: known[name] for row, name in enumerate(batch.people or ()) if name is not None and name in known}
    return list(found.items())


def _lookup(name: str, mate: Floats, other: Floats, fpir: float) -> Lookup:
    n = len(mate)
    down = np.sort(other)[::-1]
    threshold = np.nextafter(down[min(allowed_accepts(fpir, n), n - 1)], np.float32(np.inf))
    first = mate > other
    hits, found = int(first.sum()), int((first & (mate >= threshold)).sum())
    low, high = (_limits(count, n) for count in (hits, n - found))
    return Lookup(name, hits / n, *low, fpir, (n - found) / n, *high, float(threshold))


def _limits(count: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's.

    >>> [round(x, 4) for x in _limits(0, 100)]
    [0.0, 0.0362]
    """
    found = stats.binomtest(count, n).proportion_ci(level, method="exact")
    return float(found.low), float(found.high)
