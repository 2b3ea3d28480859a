"""refine_map: two unpaired galleries sharpen a map that was fitted on few pairs.

    map the source gallery → mutual nearest neighbours by margin → fit on the best of them → take more → … until stable

The galleries must share people, not images: their labels are not used. While the matches are few and unsure, a
rigid map is fitted to them and the start together; once they are stable and many, a canonical one to them alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ...embeddings import Floats, check_width, normalize
from ...engine import LocalEngine
from ...errors import FacespaceError, InputError
from ...given import ANY, MAP, MapFile, SetLike, as_any, as_map, takes
from ...io import jsonable
from ...people import people_of
from ...results import fields, signature
from ...row_index import AnySet, RowIndex, mixed
from ...shown import Result
from ..linear_map import LinearMap
from ..provenance import FittedOn
from ..statistics import Doubles, PairStatistics
from ._gallery import Gallery, Moved
from ._neighbours import Mutual, Rows, Side, mutual_neighbours
from ._refitting import agreement, enough, fit_weight, held_out_retrieval, match_statistics, recentred

FIRST, WIDEN, LAST = 0.2, 0.1, 0.8  # share of the mutual neighbours that is taken: at first, more each time, at last
ANCHOR = 0.75  # weight of the start against the matches while they are unsure
STABLE = 0.95  # agreement with the previous matches that ends a phase
FEWEST = 30  # matches
HELD_OUT = 1000  # held-out matches that are searched
HELD_OUT_LIMIT = 0.85  # least share of them found
MISSES_LIMIT = 0.3  # at most this share of the misses that a start wrong by construction ends with


class RefineRefused(FacespaceError):
    """The galleries gave no map that can be trusted; `record` holds the iterations that led there."""

    def __init__(self, message: str, hint: str = "", record: tuple[RefineStep, ...] = ()) -> None:
        super().__init__(message, hint)
        self.record = record


@dataclass(frozen=True)
class RefineStep:
    """One iteration.

    Attributes:
        family: what was fitted, "rigid" or "canonical".
        accepted: number of matches that it was fitted on.
        mutual: mutual nearest neighbours per searched source row.
        margin: mean margin of the accepted matches.
        agreement: share of the accepted matches that the previous iteration had accepted too.
        pair_agreement: ⟨XW, Y⟩ / ‖XW‖‖Y‖ over the start's pairs (None without them), held out in the canonical phase.
    """

    family: str
    accepted: int
    mutual: float
    margin: float
    agreement: float
    pair_agreement: float | None


@dataclass(frozen=True, eq=False, repr=False)
class RefineResult(Result):
    """The sharpened map and how it came about.

    Attributes:
        map: the refined LinearMap; its facts say the same as this result in short.
        record: one RefineStep per iteration.
        converged: were the matches stable before the iterations ran out?
        held_out: a map fitted on half of the matches finds this share of the other half.
        by_chance: the same after as many iterations from a random start on the same galleries, which ends wrong.
        signature: what was run, for reproduction.
    """

    map: LinearMap
    record: tuple[RefineStep, ...]
    converged: bool
    held_out: float
    by_chance: float
    signature: str

    def brief(self) -> str:
        """The headline and its counts in a line."""
        told = (
            f"half of the matches find {100 * self.held_out:.1f} % of the other half, {100 * self.by_chance:.1f} % by chance"
        )
        return f"{self.map!r}, {self.record[-1].accepted:,} matches, {told}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the matrices."""
        return {
            **fields(self, "signature", "converged", "held_out", "by_chance"),
            "matches": self.record[-1].accepted,
            "record": [jsonable(step) for step in self.record],
            "limits": {"held_out": HELD_OUT_LIMIT, "misses": MISSES_LIMIT},
        }


@takes(apart=True, start=MAP, source=ANY, target=ANY)
def refine_map(
    start: LinearMap | MapFile,
    source: SetLike,
    target: SetLike,
    *,
    statistics: PairStatistics | None = None,
    iterations: int = 40,
    anchors: int = 20_000,
    block: int = 2048,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> RefineResult:
    """Sharpen `start` with a gallery of each network that show, in part, the same people on other images.

    Time is that of 4 · anchors · (n + m) · q operations an iteration, of which there are some 25 in all (half of them from
    a random start, for comparison). Measured on one busy core: 5,000 × 5,000 of width 128, 20 seconds in all; 200,000 ×
    200,000 of width 512 with 2,000 anchors, 14 seconds of processor time an iteration (so with a million each, 4,000
    anchors take about two minutes an iteration). Memory beyond the galleries is a few `anchors` × q and `block` × `block`;
    the galleries may lie in files (`EmbeddingSet.open`), which every iteration reads: the source's once, the target's twice.

    Args:
        start: a map fitted on few pairs; uncentred ones are the better starts.
        source, target: the galleries, (n, p) and (m, q); labels are not used.
        statistics: of the pairs that `start` was fitted on; they anchor the first iterations better than the start's
            weight does, and judge the result, which is not fitted on them.
        iterations: at most so many.
        anchors: source rows that are searched for a partner; where the gallery has more they are drawn by the hashes of
            their ids, whatever order they lie in.
        block: rows of a tile of scores; changes nothing but memory and time.
        seed: of the anchors and of the halves for the held-out test.
        progress: called with iterations done, and in all: twice `iterations`, until it is known that fewer are needed.

    Raises:
        RefineRefused: the galleries don't overlap enough or the start is too weak, with what speaks for it.
        DimensionError, InputError: sets of another width or network than the map's, or numbers that make no sense.
    """
    start, source, target = as_map(start), as_any(source), as_any(target)
    _check(start, source, target, statistics, iterations, anchors, block)
    left, right = Gallery(source), Gallery(target)
    rng = np.random.default_rng(seed)
    searched = np.arange(len(source))
    if len(source) > anchors:
        order = mixed(RowIndex.of(source, LocalEngine()).ids, seed)
        searched = np.sort(np.argsort(order, kind="stable")[:anchors])
    about_means = None if statistics is None else recentred(statistics, left, right)
    run = _Run(left, right, searched, about_means, block, progress or (lambda done, whole: None))
    anchor = start.weight.astype(np.float64) if about_means is None else about_means.cross
    weight, matches, record, converged = run.iterate(
        Moved(left, start.probe), Moved(right, start.reference), anchor, iterations
    )
    held_out = run.consistency(matches, seed)
    # The same from a start that is wrong by construction: so much do matches in these galleries confirm each other anyway.
    turn = np.linalg.qr(rng.normal(size=(len(start.weight),) * 2))[0]
    astray = run.iterate(*run.sides(turn @ start.weight), turn @ anchor, len(record), len(record))[1]
    by_chance = run.consistency(astray, seed)
    _judge(held_out, by_chance, record)
    facts: dict[str, Any] = {"method": "refine", "start": start.method, "start_pairs": start.facts.get("pairs")}
    facts |= {"held_out": held_out, "by_chance": by_chance}
    facts |= {"pairs": len(matches), "pairing": "mutual neighbours", "iterations": len(record), "converged": converged}
    line = signature("refine", source=len(source), target=len(target), anchors=len(searched), seed=seed)
    fitted = _linear_map(start, weight, left, right, source, target, facts)
    if start.fitted is not None:  # else it doesn't say all
        seen = [_seen(source, matches.left), _seen(target, matches.right)]
        fitted = replace(fitted, fitted=FittedOn.union([start.fitted, *seen]))
    return RefineResult(fitted, tuple(record), converged, held_out, by_chance, line)


@dataclass(frozen=True, eq=False)
class _Run:
    source: Gallery
    target: Gallery
    searched: Rows
    statistics: PairStatistics | None  # about the galleries' means
    block: int
    progress: Callable[[int, int], None]

    def iterate(
        self, probe: Side, reference: Side, anchor: Doubles, iterations: int, before: int = 0
    ) -> tuple[Doubles, Mutual, list[RefineStep], bool]:
        record: list[RefineStep] = []
        previous: set[int] = set()
        canonical = False
        while True:
            found = self.match(probe, reference)
            taken = max(int(min(FIRST + WIDEN * len(record), LAST) * len(found)), min(FEWEST, len(found)))
            if taken < FEWEST:
                _refuse(f"only {len(found)} mutual neighbours were found, fewer than {FEWEST}", record)
            matches = replace(found, left=found.left[:taken], right=found.right[:taken], margin=found.margin[:taken])
            now = set((matches.left * len(self.target) + matches.right).tolist())
            same = len(now & previous) / len(now)
            previous = now
            wide = FIRST + WIDEN * len(record) >= LAST
            settled = wide and same >= STABLE
            done = settled and (canonical or not self.enough(taken))
            canonical = canonical or ((settled or len(record) >= iterations // 2) and self.enough(taken))
            statistics = match_statistics(self.source, self.target, matches.left, matches.right)
            weight = fit_weight(statistics, canonical, anchor, ANCHOR)
            seen = None if self.statistics is None else agreement(weight, self.statistics)
            family = "canonical" if canonical else "rigid"
            record.append(RefineStep(family, taken, found.share, float(matches.margin.mean()), same, seen))
            self.progress(before + len(record), before + iterations if before else 2 * iterations)
            if done or len(record) >= iterations:
                return weight, matches, record, done
            probe, reference = self.sides(weight)

    def sides(self, weight: Doubles) -> tuple[Side, Side]:
        small = weight.astype(np.float32)
        probe = partial(_about, self.source.mean, small)
        return Moved(self.source, probe), Moved(self.target, partial(_about, self.target.mean, None))

    def match(self, probe: Side, reference: Side) -> Mutual:
        return mutual_neighbours(self.searched, probe, reference, self.block)

    def enough(self, matches: int) -> bool:
        return enough(matches, self.source, self.target)

    def consistency(self, matches: Mutual, seed: int) -> float:
        canonical = self.enough(len(matches) // 2)
        return held_out_retrieval(matches, self.source, self.target, canonical, HELD_OUT, seed)


def _judge(held_out: float, by_chance: float, record: list[RefineStep]) -> None:
    """RefineRefused where the matches confirm each other hardly better than those of a start that is wrong."""
    if held_out < HELD_OUT_LIMIT or 1 - held_out > MISSES_LIMIT * (1 - by_chance):
        _refuse(
            f"the matches don't confirm each other: a map fitted on half of them finds {held_out:.1%} of the other half; "
            f"from a random start on these galleries it is {by_chance:.1%}",
            record,
        )


def _refuse(reason: str, record: list[RefineStep]) -> None:
    raise RefineRefused(
        f"refining gave no map to be trusted: {reason}",
        "Either the galleries show too few of the same people, or the start is too weak. Start from more pairs (25 usually "
        "do, fitted without centring), or give larger galleries of the same people.",
        tuple(record),
    )


def _about(mean: Floats, weight: Floats | None, vectors: Floats) -> Floats:
    centred: Floats = normalize(vectors) - mean
    return centred if weight is None else np.asarray(centred @ weight)


def _linear_map(
    start: LinearMap,
    weight: Doubles,
    left: Gallery,
    right: Gallery,
    source: AnySet,
    target: AnySet,
    facts: dict[str, Any],
) -> LinearMap:
    """The map about the galleries' means, ‖XW‖ like ‖Y‖, with the source gallery's spectrum for `check`."""
    scatter = left.moments.scatter(center=True)
    mapped = float(np.sum(weight * (scatter @ weight))) / len(source)
    weight = weight * np.sqrt(np.trace(right.moments.scatter(center=True)) / len(target) / max(mapped, 1e-30))
    origin, bias = right.moments.mean, right.moments.mean - left.moments.mean @ weight
    names = start.source_model or source.model, start.target_model or target.model
    return LinearMap.of(weight, bias, origin, left.mean, left.moments.variances(), names, facts)


def _seen(faces: AnySet, rows: Rows) -> FittedOn:
    some = faces.take(np.unique(rows))
    return FittedOn.of(some.ids, people_of(some).names)


def _check(
    start: LinearMap,
    source: AnySet,
    target: AnySet,
    statistics: PairStatistics | None,
    iterations: int,
    anchors: int,
    block: int,
) -> None:
    if not isinstance(start, LinearMap):
        raise InputError(
            "refining starts from a map into the target's own space, not from a two-sided one",
            "Fit the start by another method than joint.",
        )
    p, q = start.weight.shape
    for faces, width, side in ((source, p, "source"), (target, q, "target")):
        check_width(np.broadcast_to(0, (len(faces), faces.dim)), width, f"the {side} gallery of this map")
    start.check_model(source, "source")
    start.check_model(target, "target")
    if statistics is not None and statistics.cross.shape != (p, q):
        widths = f"{statistics.source.dim} → {statistics.target.dim}"
        raise InputError(f"the pairs' statistics have widths {widths}; the map {p} → {q}")
    for name, value in (("iterations", iterations), ("anchors", anchors), ("block", block)):
        if value < 1:
            raise InputError(f"{name} must be at least 1; got {value}")
